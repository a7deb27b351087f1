# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both clients of controllers and agents keep the protocol: inside the process, and over HTTP to the same server."""

from __future__ import annotations

import asyncio
import inspect
import ssl
from pathlib import Path

import pytest

from llmops_gke_sandbox.kubernetes.api import KubernetesApi
from llmops_gke_sandbox.kubernetes.errors import ApiError
from llmops_gke_sandbox.kubernetes.local_api import LocalApi
from llmops_gke_sandbox.remote.http_api import HttpApi
from llmops_gke_sandbox.remote.kubeconfig import Access

VERBS = [name for name in vars(KubernetesApi) if not name.startswith("_")]


def config_map(name: str, **data: str) -> dict:
    return {"metadata": {"name": name}, "data": data}


@pytest.fixture(params=[LocalApi, HttpApi])
async def api(request, cluster):
    """A client of the cluster, which is new."""
    if request.param is LocalApi:
        yield cluster.api
        return
    tls = ssl.create_default_context(cadata=cluster.ca_certificate.decode())
    over_http = HttpApi(Access(Path("kubeconfig"), f"https://{cluster.endpoint}", tls, "admin-token"))
    yield over_http
    await over_http.close()


def test_the_protocol_has_verbs():
    assert {"get", "list", "create", "patch", "delete", "watch"} <= set(VERBS)


@pytest.mark.parametrize("client", [LocalApi, HttpApi])
@pytest.mark.parametrize("verb", VERBS)
def test_a_client_has_each_verb_with_the_parameters_of_the_protocol(client, verb):
    promised, kept = getattr(KubernetesApi, verb), getattr(client, verb)
    assert inspect.signature(kept) == inspect.signature(promised)
    assert inspect.iscoroutinefunction(kept) == inspect.iscoroutinefunction(promised)


async def test_objects_belong_to_the_caller(api):
    made = await api.create("configmaps", config_map("c", a="1"), "default")
    made["data"]["a"] = "changed"
    found = await api.get("configmaps", "c", "default")
    assert found["data"] == {"a": "1"}
    found["data"].clear()
    assert (await api.list("configmaps", "default"))[0]["data"] == {"a": "1"}


async def test_writes_own_their_fields(api, client):
    await api.create("configmaps", config_map("c", a="1"), "default", manager="agent")
    _, body = await client("GET", "/api/v1/namespaces/default/configmaps/c")
    assert [entry["manager"] for entry in body["metadata"]["managedFields"]] == ["agent"]


async def test_failures_carry_the_servers_words(api):
    with pytest.raises(ApiError) as failure:
        await api.patch("configmaps", "none", {}, "default")
    assert (failure.value.status, failure.value.reason) == (404, "NotFound")
    with pytest.raises(ApiError) as failure:
        await api.create("configmaps", config_map("c"), "nowhere")
    assert failure.value.message == 'namespaces "nowhere" not found'
    with pytest.raises(ApiError, match="no resource nopes"):
        await api.list("nopes")


async def test_absence_is_not_a_failure_of_get_and_delete(api):
    assert await api.get("configmaps", "none", "default") is None
    await api.delete("configmaps", "none", "default")


async def test_delete_by_uid_spares_a_successor(api):
    await api.create("configmaps", config_map("c"), "default")
    with pytest.raises(ApiError) as failure:
        await api.delete("configmaps", "c", "default", uid="another")
    assert failure.value.status == 409


async def test_a_watch_starts_with_what_is_there_and_misses_nothing(api):
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


async def test_nodes_carry_status_from_their_creation(api):
    node = {"metadata": {"name": "n"}, "status": {"capacity": {"cpu": "4000m"}}}
    made = await api.create("nodes", node)
    assert made["status"]["capacity"] == {"cpu": "4"}


async def test_what_is_listed_says_what_it_is_and_comes_in_order(api):
    for namespace, name in (("kube-system", "a"), ("default", "b"), ("default", "a")):
        await api.create("services", {"metadata": {"name": name}, "spec": {"ports": [{"port": 1}]}}, namespace)
    listed = await api.list("services")
    assert {(obj["apiVersion"], obj["kind"]) for obj in listed} == {("v1", "Service")}
    named = [(obj["metadata"]["namespace"], obj["metadata"]["name"]) for obj in listed]
    assert named == sorted(named)
    assert {("default", "a"), ("default", "b"), ("kube-system", "a")} <= set(named)
    assert [obj["metadata"]["name"] for obj in await api.list("services", "kube-system")] == ["a"]


async def test_a_watch_goes_on_where_a_snapshot_ended(api):
    await api.create("configmaps", config_map("before"), "default")
    objects, version = await api.snapshot("configmaps")
    await api.create("configmaps", config_map("after"), "default")
    assert "before" in [obj["metadata"]["name"] for obj in objects]
    watch = api.watch("configmaps", since=version)
    change, obj = await asyncio.wait_for(anext(watch), 5)
    await watch.aclose()
    assert (change, obj["metadata"]["name"], obj["kind"]) == ("ADDED", "after", "ConfigMap")
