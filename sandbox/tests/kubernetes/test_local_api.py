"""The client inside the process: same verbs and semantics as over HTTP."""

from __future__ import annotations

import asyncio

import pytest

from llmops_gke_sandbox.kubernetes.errors import ApiError


def config_map(name: str, **data: str) -> dict:
    return {"metadata": {"name": name}, "data": data}


async def test_objects_belong_to_the_caller(cluster):
    api = cluster.api
    made = await api.create("configmaps", config_map("c", a="1"), "default")
    made["data"]["a"] = "changed"
    found = await api.get("configmaps", "c", "default")
    assert found["data"] == {"a": "1"}
    found["data"].clear()
    assert api.list_now("configmaps", "default")[0]["data"] == {"a": "1"}


async def test_writes_are_seen_over_http_and_own_their_fields(cluster, client):
    await cluster.api.create("configmaps", config_map("c", a="1"), "default", manager="agent")
    _, body = await client("GET", "/api/v1/namespaces/default/configmaps/c")
    assert [entry["manager"] for entry in body["metadata"]["managedFields"]] == ["agent"]


async def test_failures_carry_the_servers_words(cluster):
    api = cluster.api
    with pytest.raises(ApiError) as failure:
        await api.patch("configmaps", "none", {}, "default")
    assert (failure.value.status, failure.value.reason) == (404, "NotFound")
    with pytest.raises(ApiError) as failure:
        await api.create("configmaps", config_map("c"), "nowhere")
    assert failure.value.message == 'namespaces "nowhere" not found'
    with pytest.raises(ApiError, match="no resource nopes"):
        await api.list("nopes")


async def test_absence_is_not_a_failure_of_get_and_delete(cluster):
    assert await cluster.api.get("configmaps", "none", "default") is None
    await cluster.api.delete("configmaps", "none", "default")


async def test_delete_by_uid_spares_a_successor(cluster):
    api = cluster.api
    await api.create("configmaps", config_map("c"), "default")
    with pytest.raises(ApiError) as failure:
        await api.delete("configmaps", "c", "default", uid="another")
    assert failure.value.status == 409


async def test_a_watch_starts_with_what_is_there_and_misses_nothing(cluster):
    api = cluster.api
    await api.create("configmaps", config_map("a"), "default")
    await api.create("configmaps", config_map("other"), "kube-system")
    seen = []

    async def read():
        async for event, obj in api.watch("configmaps", "default"):
            seen.append((event, obj["metadata"]["name"], obj.get("data")))
            if len(seen) == 1:
                await api.patch("configmaps", "a", {"data": {"k": "1"}}, "default")
                await api.create("configmaps", config_map("elsewhere"), "kube-system")
                await api.delete("configmaps", "a", "default")
            if len(seen) == 3:
                return

    await asyncio.wait_for(read(), 5)
    assert seen == [("ADDED", "a", None), ("MODIFIED", "a", {"k": "1"}), ("DELETED", "a", {"k": "1"})]


async def test_nodes_carry_status_from_their_creation(cluster):
    node = {"metadata": {"name": "n"}, "status": {"capacity": {"cpu": "4000m"}}}
    made = await cluster.api.create("nodes", node)
    assert made["status"]["capacity"] == {"cpu": "4"}
