# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a sandbox brought to an API server that somebody else runs goes with it, and nothing else does.

That somebody is a second cluster with its controllers, which has what a fresh Kubernetes has: no definitions of managed
Prometheus, and namespaces and definitions that end only when their content and finalizers are gone.
"""

from __future__ import annotations

import asyncio
import logging

import aiohttp
import pytest_asyncio

from llmops_gke_sandbox.config import Config
from llmops_gke_sandbox.remote import belongings
from llmops_gke_sandbox.server import Sandbox

from .conftest import SPEED, write_kubeconfig
from .remote_support import Cloud

DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"
MONITORING = ["clusterpodmonitorings.monitoring.googleapis.com", "podmonitorings.monitoring.googleapis.com"]
MANAGED = "gke-managed-system"
EXPORTED = {"monitoringConfig": {"componentConfig": {"enableComponents": ["SYSTEM_COMPONENTS", "DCGM"]}}}
PODS = {
    "metadata": {"name": "mine"},
    "spec": {"selector": {"matchLabels": {"app": "mine"}}, "endpoints": [{"port": "http"}]},
}


@pytest_asyncio.fixture
async def server(others):
    """A server that has never seen a sandbox."""
    for name in MONITORING:
        await others.api.delete(DEFINITIONS, name)
    assert definitions(others) == []
    return others


@pytest_asyncio.fixture
async def start(server, tmp_path):
    """Starts sandboxes around it, one after the other; each is stopped by the test, or at its end."""
    file, made = write_kubeconfig(tmp_path, server), []

    async def sandbox() -> Cloud:
        directory = tmp_path / f"sandbox-{len(made)}"
        directory.mkdir()
        one = Sandbox(Config(directory=directory, speed=SPEED, kubernetes={"kubeconfig": str(file)}))
        await one.start()
        made.append((one, session := aiohttp.ClientSession()))
        return Cloud(one, session)

    yield sandbox
    for one, session in made:
        await session.close()
        if one.store.all():
            await one.stop()


def definitions(world) -> list[str]:
    return sorted(one["metadata"]["name"] for one in world.api.list_now(DEFINITIONS))


def namespaces(world) -> set[str]:
    return {one["metadata"]["name"] for one in world.api.list_now("namespaces")}


async def monitored(cloud, world) -> None:
    """Create a cluster with GKE's exporter, and wait until that runs on its GPU node."""
    assert (await cloud.create(**EXPORTED))["status"] == "RUNNING"
    assert definitions(world) == MONITORING
    await world.until(lambda: [one for one in world.api.list_now("pods", MANAGED) if one["spec"].get("nodeName")])


async def delete(cloud) -> None:
    operation = await cloud.google("DELETE", "/c1")
    while operation["status"] != "DONE":
        await asyncio.sleep(0.01)
        operation = await cloud.google("GET", f"/../operations/{operation['name']}")
    assert "error" not in operation


async def test_the_cluster_s_deletion_leaves_nothing(server, start):
    before = namespaces(server)
    cloud = await start()
    await monitored(cloud, server)
    await delete(cloud)
    assert (definitions(server), namespaces(server), server.api.list_now("nodes")) == ([], before, [])


async def test_the_sandbox_s_end_leaves_nothing_either(server, start):
    before = namespaces(server)
    cloud = await start()
    await monitored(cloud, server)
    await cloud.sandbox.stop()
    assert (definitions(server), namespaces(server), server.api.list_now("nodes")) == ([], before, [])


async def test_what_others_had_before_stays(server, start):
    await server.api.create("namespaces", {"metadata": {"name": MANAGED}})
    for definition in belongings.MONITORING:
        await server.api.create(DEFINITIONS, definition)
    cloud = await start()
    await monitored(cloud, server)
    await delete(cloud)
    assert definitions(server) == MONITORING
    assert MANAGED in namespaces(server)
    # But for what is the sandbox's in it.
    await server.until(lambda: not server.api.list_now("pods", MANAGED))
    assert server.api.list_now("daemonsets.apps", MANAGED) == []


async def test_what_others_put_into_it_keeps_it(server, start, caplog):
    cloud = await start()
    await monitored(cloud, server)
    await server.api.create("podmonitorings.monitoring.googleapis.com", PODS, "default")
    await server.api.create("configmaps", {"metadata": {"name": "mine"}}, MANAGED)
    with caplog.at_level(logging.WARNING):
        await delete(cloud)
    assert definitions(server) == MONITORING[1:]
    assert MANAGED in namespaces(server)
    assert "podmonitorings.monitoring.googleapis.com stays" in caplog.text
    assert f"namespace {MANAGED} stays" in caplog.text
    # The next sandbox knows that it is one's own, and takes it along.
    await server.api.delete("podmonitorings.monitoring.googleapis.com", "mine", "default")
    await server.api.delete("configmaps", "mine", MANAGED)
    await cloud.sandbox.stop()
    following = await start()
    await monitored(following, server)
    await following.sandbox.stop()
    assert definitions(server) == []
    assert MANAGED not in namespaces(server)


async def test_an_end_that_takes_long_is_not_waited_for_for_ever(server, start, monkeypatch, caplog):
    monkeypatch.setattr(belongings, "PATIENCE", 0.3)
    cloud = await start()
    await monitored(cloud, server)
    (pod,) = server.api.list_now("pods", MANAGED)
    held = {"metadata": {"finalizers": ["example.com/held"]}}
    await server.api.patch("daemonsets.apps", "dcgm-exporter", held, MANAGED)
    for name in MONITORING:
        await server.api.patch(DEFINITIONS, name, held)
    with caplog.at_level(logging.WARNING):
        await cloud.sandbox.stop()
    assert caplog.text.count("is not gone yet") == 4
    # The next sandbox waits for the end of what is going, and then has its own.
    following = asyncio.create_task((await start()).create(**EXPORTED))
    await asyncio.sleep(0.1)
    released = {"metadata": {"finalizers": None}}
    monkeypatch.setattr(belongings, "PATIENCE", 20)
    for name in MONITORING:
        await server.api.patch(DEFINITIONS, name, released)
    await server.api.patch("daemonsets.apps", "dcgm-exporter", released, MANAGED)
    assert (await following)["status"] == "RUNNING"
    assert definitions(server) == MONITORING
    await server.until(
        lambda: [
            one for one in server.api.list_now("pods", MANAGED) if one["metadata"]["uid"] != pod["metadata"]["uid"]
        ]
    )
