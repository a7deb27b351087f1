# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading: lists in pages and by selectors, as they were, and as tables."""

from __future__ import annotations

import pytest

MAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


@pytest.fixture
async def maps(client):
    for name, labels in {"a": {"tier": "1", "app": "x"}, "b": {"tier": "2"}, "c": {"app": "y"}}.items():
        await client("POST", MAPS, {"metadata": {"name": name, "labels": labels}})


def names(body: dict) -> str:
    return "".join(item["metadata"]["name"] for item in body["items"])


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("app=x", "a"),
        ("app==y", "c"),
        ("app!=x", "bc"),
        ("app", "ac"),
        ("!app", "b"),
        ("app in (x, y),tier", "a"),
        ("app notin (x)", "bc"),
        ("tier>1", "b"),
        ("tier<2", "a"),
        ("app=", ""),
    ],
)
async def test_label_selectors(client, maps, selector, found):
    status, body = await client("GET", f"{MAPS}?labelSelector={selector.replace('=', '%3D').replace(',', '%2C')}")
    assert (status, names(body)) == (200, found)


@pytest.mark.parametrize("selector", ["app in x", "=x", "app x", "app in (x"])
async def test_label_selectors_that_do_not_parse_are_refused(client, selector):
    status, body = await client("GET", f"{MAPS}?labelSelector={selector.replace('=', '%3D')}")
    assert (status, body["reason"]) == (400, "BadRequest")


async def test_pods_are_found_by_node_and_phase(client):
    spec = {"containers": [{"name": "c", "image": "i"}]}
    await client("POST", PODS, {"metadata": {"name": "p"}, "spec": {**spec, "nodeName": "n"}})
    await client("POST", PODS, {"metadata": {"name": "q"}, "spec": spec})
    found = names((await client("GET", f"{PODS}?fieldSelector=spec.nodeName%3Dn%2Cstatus.phase!%3DRunning"))[1])
    assert found == "p"
    status, body = await client("GET", f"{PODS}?fieldSelector=spec.nope%3Dn")
    assert (status, body["message"]) == (400, "field label not supported: spec.nope")


async def test_pages_show_one_moment_whatever_is_written_between(client, maps):
    _, first = await client("GET", f"{MAPS}?limit=1")
    assert (names(first), first["metadata"]["remainingItemCount"]) == ("a", 2)
    await client("POST", MAPS, {"metadata": {"name": "bb"}})
    await client("DELETE", f"{MAPS}/c")
    _, rest = await client("GET", f"{MAPS}?limit=9&continue={first['metadata']['continue']}")
    assert names(rest) == "bc"
    assert rest["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


async def test_a_continue_token_that_is_none_is_refused(client):
    assert (await client("GET", f"{MAPS}?limit=1&continue=nope"))[0] == 400


async def test_a_list_of_all_namespaces_pages_across_them(client):
    _, body = await client("GET", "/api/v1/namespaces")
    for namespace in ("default", "kube-public", "kube-system"):
        await client("POST", f"/api/v1/namespaces/{namespace}/configmaps", {"metadata": {"name": "m"}})
    _, first = await client("GET", "/api/v1/configmaps?limit=2")
    _, rest = await client("GET", f"/api/v1/configmaps?continue={first['metadata']['continue']}")
    assert [item["metadata"]["namespace"] for item in first["items"] + rest["items"]] == [
        "default",
        "kube-public",
        "kube-system",
    ]


async def test_tables_have_the_columns_that_kubectl_prints(client):
    spec = {"containers": [{"name": "c", "image": "i"}]}
    await client("POST", PODS, {"metadata": {"name": "p"}, "spec": spec})
    await client.merge(
        f"{PODS}/p/status",
        {
            "status": {
                "phase": "Running",
                "containerStatuses": [
                    {
                        "name": "c",
                        "ready": False,
                        "restartCount": 3,
                        "image": "i",
                        "imageID": "",
                        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                    }
                ],
            }
        },
    )
    _, body = await client("GET", PODS, accept=TABLE)
    shown = {
        column["name"]: cell
        for column, cell in zip(body["columnDefinitions"], body["rows"][0]["cells"], strict=True)
        if not column["priority"]
    }
    age = shown.pop("Age")
    assert age.endswith("s")
    assert shown == {"Name": "p", "Ready": "0/1", "Status": "CrashLoopBackOff", "Restarts": "3"}
    assert body["rows"][0]["object"]["kind"] == "PartialObjectMetadata"


async def test_a_table_can_carry_whole_objects(client, maps):
    _, body = await client("GET", f"{MAPS}/a?includeObject=Object", accept=TABLE)
    assert body["rows"][0]["object"]["kind"] == "ConfigMap"


async def test_metadata_alone_can_be_asked_for(client, maps):
    _, body = await client("GET", MAPS, accept="application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io")
    assert body["kind"] == "PartialObjectMetadataList" and names(body) == "abc"
    assert body["items"][0].keys() == {"kind", "apiVersion", "metadata"}


async def test_every_kind_can_be_listed_as_a_table(client, cluster):
    _, groups = await client("GET", "/apis")
    paths = ["/api/v1", *(f"/apis/{one['preferredVersion']['groupVersion']}" for one in groups["groups"])]
    listed = 0
    for path in paths:
        for resource in (await client("GET", path))[1]["resources"]:
            if "list" in resource["verbs"]:
                status, body = await client("GET", f"{path}/{resource['name']}", accept=TABLE)
                assert (status, body["kind"]) == (200, "Table"), resource["name"]
                listed += 1
    assert listed > 30


async def test_schemas_are_served_for_every_group(client):
    _, index = await client("GET", "/openapi/v3")
    for path, where in index["paths"].items():
        status, document = await client("GET", where["serverRelativeURL"])
        assert status == 200 and document["components"]["schemas"], path
    _, apps = await client("GET", index["paths"]["apis/apps/v1"]["serverRelativeURL"])
    assert "#/$defs" not in str(apps) and "io.k8s.api.apps.v1.Deployment" in apps["components"]["schemas"]
    patch = apps["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"]
    assert {one["name"] for one in patch["parameters"]} >= {"fieldValidation", "dryRun"}
