# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""How objects go."""

from __future__ import annotations

CORE = "/api/v1/namespaces/default"
MAP = f"{CORE}/configmaps/c"


async def make(client, **metadata: object) -> dict:
    return (await client("POST", f"{CORE}/configmaps", {"metadata": {"name": "c", **metadata}}))[1]


async def test_a_finalizer_holds_an_object_until_it_is_removed(client):
    await make(client, finalizers=["example.com/hold"])
    status, body = await client("DELETE", MAP)
    assert status == 200 and body["metadata"]["deletionTimestamp"]
    assert (await client("GET", MAP))[0] == 200
    await client.merge(MAP, {"metadata": {"finalizers": None}})
    assert (await client("GET", MAP))[0] == 404


async def test_a_second_delete_does_not_move_the_first(client):
    await make(client, finalizers=["example.com/hold"])
    _, first = await client("DELETE", MAP)
    _, second = await client("DELETE", MAP)
    assert first == second


async def test_deletion_cannot_be_taken_back(client):
    made = await make(client, finalizers=["example.com/hold"])
    await client("DELETE", MAP)
    _, body = await client("PUT", MAP, {"metadata": {"name": "c", "finalizers": made["metadata"]["finalizers"]}})
    assert body["metadata"]["deletionTimestamp"]


async def test_orphan_and_foreground_leave_their_finalizer(client):
    await make(client)
    _, body = await client("DELETE", f"{MAP}?propagationPolicy=Orphan")
    assert body["metadata"]["finalizers"] == ["orphan"]
    _, body = await client("DELETE", MAP, {"propagationPolicy": "Foreground"})
    assert body["metadata"]["finalizers"] == ["foregroundDeletion"]


async def test_an_unknown_policy_is_refused(client):
    await make(client)
    status, body = await client("DELETE", MAP, {"propagationPolicy": "Later"})
    assert (status, body["reason"]) == (422, "Invalid")


async def test_preconditions_protect_a_newer_object(client):
    made = await make(client)
    status, body = await client("DELETE", MAP, {"preconditions": {"uid": "another"}})
    assert (status, body["reason"]) == (409, "Conflict")
    status, _ = await client("DELETE", MAP, {"preconditions": {"uid": made["metadata"]["uid"]}})
    assert status == 200


async def test_a_dry_run_deletes_nothing(client):
    await make(client)
    assert (await client("DELETE", MAP, {"dryRun": ["All"]}))[1]["status"] == "Success"
    assert (await client("GET", MAP))[0] == 200


async def test_a_pod_on_a_node_is_given_its_time(client, cluster):
    spec = {"containers": [{"name": "c", "image": "i"}], "terminationGracePeriodSeconds": 7}
    pods = f"{CORE}/pods"
    await client("POST", pods, {"metadata": {"name": "free"}, "spec": spec})
    await client("POST", pods, {"metadata": {"name": "bound"}, "spec": {**spec, "nodeName": "n"}})
    await client("DELETE", f"{pods}/free")
    assert (await client("GET", f"{pods}/free"))[0] == 404
    _, body = await client("DELETE", f"{pods}/bound")
    assert body["metadata"]["deletionGracePeriodSeconds"] == 7
    assert (await client("GET", f"{pods}/bound"))[0] == 200
    await cluster.api.delete("pods", "bound", "default", grace_period=0)
    assert (await client("GET", f"{pods}/bound"))[0] == 404


async def test_a_namespace_ends_when_its_content_is_declared_gone(client, cluster):
    await client("POST", "/api/v1/namespaces", {"metadata": {"name": "x"}})
    _, body = await client("DELETE", "/api/v1/namespaces/x")
    assert body["status"]["phase"] == "Terminating"
    await cluster.api.patch("namespaces", "x", {"spec": {"finalizers": []}}, subresource="finalize")
    assert (await client("GET", "/api/v1/namespaces/x"))[0] == 404


async def test_a_collection_is_deleted_by_selector(client):
    for name in ("a", "b", "c"):
        labels = {"keep": "yes"} if name == "b" else {}
        await client("POST", f"{CORE}/configmaps", {"metadata": {"name": name, "labels": labels}})
    await client("DELETE", f"{CORE}/configmaps?labelSelector=!keep")
    _, body = await client("GET", f"{CORE}/configmaps")
    assert [item["metadata"]["name"] for item in body["items"]] == ["b"]
