# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where pods go, and what the scheduler says when they can't."""

from __future__ import annotations

import pytest

from llmops_gke_sandbox.controllers.scheduling.placement import (
    Refusal,
    matches_affinity,
    preference,
    requests_of,
    untolerated,
    without_room,
)
from llmops_gke_sandbox.controllers.scheduling.scheduler import unschedulable_message

from .conftest import DEFAULT_POOL, GPU, GPU_POOL, SPEED, TOLERANT, ZONE, pod


async def _unschedulable(world, name: str) -> str:
    def message() -> str | None:
        conditions = (world.pod(name) or {}).get("status", {}).get("conditions", ())
        return next((one["message"] for one in conditions if one.get("reason") == "Unschedulable"), None)

    return await world.until(message)


async def test_no_nodes(empty):
    await empty.api.create("pods", pod("one"))
    assert await _unschedulable(empty, "one") == "no nodes available to schedule pods"
    (event,) = empty.events("one", "FailedScheduling")
    assert (event["type"], event["source"], event["reportingComponent"]) == ("Warning", {}, "default-scheduler")
    assert [one["metadata"]["name"] for one in empty.runtime.unschedulable_pods()] == ["one"]


async def test_reasons_are_counted_by_node(gpu_world):
    await gpu_world.runtime.add_node(DEFAULT_POOL, ZONE, "plain-2")
    await gpu_world.api.create("pods", pod("first", **GPU, **TOLERANT))
    await gpu_world.started("first")
    await gpu_world.api.create("pods", pod("second", **GPU, **TOLERANT))
    assert await _unschedulable(gpu_world, "second") == (
        "0/3 nodes are available: 3 Insufficient nvidia.com/gpu. no new claims to deallocate, preemption: "
        "0/3 nodes are available: 1 No preemption victims found for incoming pod, 2 Preemption is not helpful for "
        "scheduling."
    )
    await gpu_world.api.create("pods", pod("third", container={"resources": {"requests": {"cpu": "500"}}}))
    message = await _unschedulable(gpu_world, "third")
    assert "1 node(s) had untolerated taint(s), 2 Insufficient cpu" in message


async def test_a_new_node_takes_what_waited(world):
    await world.api.create("pods", pod("one", **GPU, **TOLERANT))
    await _unschedulable(world, "one")
    world.clock.speed = 40.0
    await world.runtime.add_node(GPU_POOL, ZONE, "gpu-1")
    # Its GPU driver is still to come, but nobody needs to ask for another node.
    await world.until(lambda: world.api.get_now("nodes", "gpu-1"))
    assert "nvidia.com/gpu" not in world.api.get_now("nodes", "gpu-1")["status"]["allocatable"]
    await world.until(lambda: world.runtime.unschedulable_pods() == [])
    world.clock.speed = SPEED
    assert (await world.started("one"))["spec"]["nodeName"] == "gpu-1"
    assert world.runtime.unschedulable_pods() == []


async def test_a_freed_gpu_goes_to_the_next(gpu_world):
    await gpu_world.api.create("pods", pod("first", **GPU, **TOLERANT))
    await gpu_world.started("first")
    await gpu_world.api.create("pods", pod("second", **GPU, **TOLERANT))
    await _unschedulable(gpu_world, "second")
    await gpu_world.api.delete("pods", "first", "default")
    await gpu_world.started("second")


async def test_the_selector_must_match(gpu_world):
    await gpu_world.api.create("pods", pod("one", nodeSelector={"cloud.google.com/gke-accelerator": "nvidia-h100"}))
    message = await _unschedulable(gpu_world, "one")
    assert "1 node(s) didn't match Pod's node affinity/selector" in message
    assert "1 node(s) had untolerated taint(s)" in message


async def test_a_cordoned_node_takes_nothing_until_it_is_released(world):
    await world.api.patch("nodes", "plain-1", {"spec": {"unschedulable": True}})
    await world.api.create("pods", pod("one"))
    assert "1 node(s) were unschedulable" in await _unschedulable(world, "one")
    await world.api.patch("nodes", "plain-1", {"spec": {"unschedulable": False}})
    await world.started("one")


async def test_room_is_counted(world):
    big = {"container": {"resources": {"requests": {"cpu": "3", "ephemeral-storage": "1Gi"}}}}
    await world.api.create("pods", pod("one", **big))
    await world.started("one")
    await world.api.create("pods", pod("two", **big))
    assert "1 Insufficient cpu." in await _unschedulable(world, "two")
    await world.api.create("pods", pod("three", container={"resources": {"requests": {"ephemeral-storage": "1Ti"}}}))
    assert "1 Insufficient ephemeral-storage." in await _unschedulable(world, "three")


async def test_the_fault_unschedulable_holds_a_pod_until_it_is_lifted(world):
    fault = world.faults.add("unschedulable", match={"pod": "one"}, message="0/1 nodes are available: test.")
    await world.api.create("pods", pod("one"))
    assert await _unschedulable(world, "one") == "0/1 nodes are available: test."
    world.faults.remove(fault)
    await world.started("one")


def test_the_message_sorts_by_the_text_with_its_count():
    refusals = [Refusal(("b",), True)] * 10 + [Refusal(("a", "c"), False)] * 2
    assert unschedulable_message(refusals).startswith("0/12 nodes are available: 10 b, 2 a, 2 c. no new claims")


def test_requests_take_limits_for_missing_requests_and_the_largest_init_container():
    resources = {"limits": {"cpu": "2", "nvidia.com/gpu": "1"}, "requests": {"cpu": "500m"}}
    spec = {
        "containers": [{"resources": resources}, {"resources": {"requests": {"cpu": "250m"}}}],
        "initContainers": [{"resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}],
    }
    assert requests_of({"spec": spec}) == {"cpu": 1, "nvidia.com/gpu": 1, "memory": 2**30}


TAINT = {"key": "k", "value": "v", "effect": "NoSchedule"}


@pytest.mark.parametrize(
    ("toleration", "tolerated"),
    [
        ({"operator": "Exists"}, True),
        ({"key": "k", "operator": "Exists"}, True),
        ({"key": "k", "value": "v"}, True),
        ({"key": "k", "operator": "Equal", "value": "v", "effect": "NoSchedule"}, True),
        ({"key": "k", "value": "w"}, False),
        ({"key": "k", "operator": "Exists", "effect": "NoExecute"}, False),
        ({"key": "l", "operator": "Exists"}, False),
        ({"value": "v"}, False),
    ],
)
def test_tolerations(toleration, tolerated):
    found = untolerated({"spec": {"tolerations": [toleration]}}, [TAINT], ("NoSchedule",))
    assert (found is None) is tolerated


@pytest.mark.parametrize(
    ("expression", "matches"),
    [
        ({"operator": "In", "values": ["5", "6"]}, True),
        ({"operator": "NotIn", "values": ["5"]}, False),
        ({"operator": "Exists"}, True),
        ({"operator": "DoesNotExist"}, False),
        ({"operator": "Gt", "values": ["4"]}, True),
        ({"operator": "Lt", "values": ["5"]}, False),
    ],
)
def test_node_affinity(expression, matches):
    term = {"matchExpressions": [{"key": "size", **expression}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    one = {"spec": {"affinity": {"nodeAffinity": required}}}
    assert matches_affinity(one, {"metadata": {"name": "n", "labels": {"size": "5"}}}) is matches


PREFERS_SPOT = {
    "affinity": {
        "nodeAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {
                    "weight": 100,
                    "preference": {
                        "matchExpressions": [{"key": "cloud.google.com/gke-spot", "operator": "In", "values": ["true"]}]
                    },
                }
            ]
        }
    }
}
SPOT_POOL = {**DEFAULT_POOL, "name": "spot", "config": {"machineType": "n1-standard-4", "spot": True}}


async def test_a_preferred_node_goes_before_the_others_which_are_taken_all_the_same(world):
    await world.runtime.add_node(SPOT_POOL, ZONE, "spot-1")
    whole = {"container": {"resources": {"requests": {"cpu": "3"}}}}
    for name in ("one", "two"):
        await world.api.create("pods", pod(name, **whole, **PREFERS_SPOT))
        await world.started(name)
    assert [world.pod(name)["spec"]["nodeName"] for name in ("one", "two")] == ["spot-1", "plain-1"]


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ([], 0),
        ([(5, {"matchExpressions": [{"key": "a", "operator": "In", "values": ["1"]}]})], 5),
        ([(5, {"matchExpressions": [{"key": "a", "operator": "In", "values": ["2"]}]})], 0),
        ([(5, {"matchExpressions": [{"key": "a", "operator": "Exists"}]}), (7, {"matchFields": []})], 5),
    ],
)
def test_preferences_add_up(terms, expected):
    preferred = [{"weight": weight, "preference": preference} for weight, preference in terms]
    node_affinity = {"preferredDuringSchedulingIgnoredDuringExecution": preferred}
    node = {"metadata": {"name": "n", "labels": {"a": "1"}}}
    assert preference({"spec": {"affinity": {"nodeAffinity": node_affinity}}}, node) == expected


def test_a_pod_for_which_a_node_has_room_wants_no_further_one():
    node = {"metadata": {"name": "n"}, "spec": {}, "status": {"allocatable": {"cpu": "4", "nvidia.com/gpu": "2"}}}
    here, one, two, ended = (pod(name, **GPU) for name in ("here", "one", "two", "ended"))
    here["spec"]["nodeName"] = ended["spec"]["nodeName"] = "n"
    ended["status"] = {"phase": "Failed"}
    assert without_room([one, two], [node], [here, ended, one, two]) == [two]
    assert without_room([one], [], [one]) == [one]
