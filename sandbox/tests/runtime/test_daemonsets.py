# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""DaemonSets: a pod on every node that takes it, and on no other."""

from __future__ import annotations

from .conftest import DEFAULT_POOL, GPU_POOL, PAUSE, TOLERANT, ZONE, pod_spec


def _daemon_set(name: str = "agent", **fields) -> dict:
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": pod_spec(**fields)},
        },
    }


def _nodes(world) -> set[str]:
    return {one["spec"].get("nodeName", "") for one in world.pods("agent")}


def _status(world) -> dict:
    return world.api.get_now("daemonsets.apps", "agent", "default")["status"]


async def test_it_runs_where_taints_are_tolerated_and_follows_nodes(world):
    await world.runtime.add_node(GPU_POOL, ZONE, "gpu-1")
    await world.api.create("daemonsets.apps", _daemon_set())
    await world.until(lambda: _status(world).get("numberAvailable") == 1)
    assert _nodes(world) == {"plain-1"}
    await world.runtime.add_node(DEFAULT_POOL, ZONE, "plain-2")
    await world.until(lambda: _status(world).get("numberAvailable") == 2)
    assert _nodes(world) == {"plain-1", "plain-2"}
    await world.runtime.remove_node("plain-1")
    await world.until(lambda: _nodes(world) == {"plain-2"})
    await world.until(lambda: _status(world)["desiredNumberScheduled"] == _status(world)["numberReady"] == 1)


async def test_affinity_keeps_it_on_gpu_nodes(world):
    term = {"matchExpressions": [{"key": "cloud.google.com/gke-accelerator", "operator": "Exists"}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    await world.api.create("daemonsets.apps", _daemon_set(affinity={"nodeAffinity": required}, **TOLERANT))
    await world.until(lambda: _status(world).get("observedGeneration") == 1)
    assert _status(world)["desiredNumberScheduled"] == 0
    await world.runtime.add_node(GPU_POOL, ZONE, "gpu-1")
    await world.until(lambda: _status(world).get("numberAvailable") == 1)
    assert _nodes(world) == {"gpu-1"}


async def test_a_new_template_replaces_one_pod_at_a_time(world):
    await world.runtime.add_node(DEFAULT_POOL, ZONE, "plain-2")
    await world.api.create("daemonsets.apps", _daemon_set())
    await world.until(lambda: _status(world).get("numberAvailable") == 2)
    old = {one["metadata"]["uid"] for one in world.pods("agent")}
    container = {"name": "main", "image": PAUSE, "env": [{"name": "VERSION", "value": "2"}]}
    await world.api.patch(
        "daemonsets.apps", "agent", {"spec": {"template": {"spec": {"containers": [container]}}}}, "default"
    )

    def rolled() -> bool:
        assert _status(world).get("numberReady", 0) >= 1
        return old.isdisjoint(one["metadata"]["uid"] for one in world.pods("agent"))

    await world.until(rolled)
    await world.until(lambda: _status(world).get("updatedNumberScheduled") == _status(world)["numberReady"] == 2)


async def test_a_failed_daemon_pod_is_replaced(world):
    await world.api.create("daemonsets.apps", _daemon_set())
    await world.until(lambda: _status(world).get("numberAvailable") == 1)
    (first,) = world.pods("agent")
    world.faults.add("evicted", times=1, match={"pod": "agent-.*"})
    await world.until(lambda: world.pod(first["metadata"]["name"]) is None)
    await world.until(lambda: _status(world).get("numberAvailable") == 1)
