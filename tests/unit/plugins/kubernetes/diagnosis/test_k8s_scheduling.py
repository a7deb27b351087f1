# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods that no node takes: what is short, and whether the cluster can grow."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.option_names import OptionNames, plain
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.diagnosis.scheduling import unscheduled
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.wait.states import Failed, Waiting
from tests.unit.plugins.kubernetes.k8s_support import FakeView, event

MESSAGE = (
    "0/3 nodes are available: 1 Insufficient nvidia.com/gpu, 2 node(s) didn't match Pod's node affinity/selector. "
    "no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
)
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "m-1", "namespace": "ns", "uid": "p"},
    "status": {"conditions": [{"type": "PodScheduled", "status": "False", "message": MESSAGE}]},
}
GROWS = event(
    POD,
    "TriggeredScaleUp",
    "pod triggered scale-up: [{https://www.googleapis.com/compute/v1/projects/p/zones/us-central1-a/instanceGroups/"
    "gke-pool-grp 0->1 (max: 2)}]",
    type="Normal",
    time="2026-01-01T00:00:00Z",
)
FULL = event(
    POD,
    "NotTriggerScaleUp",
    "pod didn't trigger scale-up: 1 max node group size reached, 1 node(s) didn't match Pod's node affinity/selector",
    type="Normal",
    count=2,
    time="2026-01-02T00:00:00Z",
)
PAUSES = event(
    POD,
    "NotTriggerScaleUp",
    "pod didn't trigger scale-up: 1 in backoff after failed scale-up, 1 max node group size reached",
    type="Normal",
    count=9,
    time="2026-01-04T00:00:00Z",
)


def state(*events, room_comes=False, news=True):
    return unscheduled(FakeView(Event=events, news=news), POD, room_comes=room_comes)


def test_what_is_short_is_told_with_the_number_of_nodes():
    found = state()
    assert isinstance(found, Waiting)
    assert found.why == (
        "no node fits pod m-1: of 3 nodes, 1 Insufficient nvidia.com/gpu, "
        "2 node(s) didn't match Pod's node affinity/selector"
    )


def test_a_pool_that_grows_is_waited_for():
    found = state(GROWS)
    assert isinstance(found, Waiting)
    assert found.why.endswith("; a pool grows for it ([{gke-pool-grp 0->1 (max: 2)}])")


def test_a_pool_at_its_maximum_ends_the_wait():
    found = state(FULL)
    assert isinstance(found, Failed)
    assert "1 max node group size reached" in found.why
    assert plain(found.advice) == "raise the pool's maximum, or free what its nodes hold"
    roles = {"max_surge": "model_server_max_surge", "max_unavailable": "model_server_max_unavailable"}
    assert OptionNames(roles).render(found.advice) == (
        "raise the pool's maximum (gpu_nodepool_max_node_count), or free what its nodes hold; for a rollout, let the "
        "old pod end first (model_server_max_surge: 0, model_server_max_unavailable: 1)"
    )


@pytest.mark.parametrize(
    ("events", "room_comes"),
    [
        # It has only been looked at once.
        ([{**FULL, "count": 1}], False),
        # A node is on its way already.
        ([GROWS, FULL], False),
        # A pod that is going may make room.
        ([FULL], True),
        # A zone without machines is tried again later.
        ([{**FULL, "message": "pod didn't trigger scale-up: 1 in backoff after failed scale-up"}], False),
    ],
)
def test_what_may_heal_is_only_named(events, room_comes):
    found = state(*events, room_comes=room_comes)
    assert isinstance(found, Waiting)
    assert "no pool grows for it" in found.why


def test_a_refusal_from_before_there_was_room_counts_only_once_it_is_repeated():
    """Between a pod's end and the next one's placement no pod is going, and what the autoscaler said is out of date."""
    events = [FULL]
    view = FakeView(Event=events)
    for room_comes in (True, False):
        assert isinstance(unscheduled(view, POD, room_comes=room_comes), Waiting)
    events[0] = {**FULL, "count": 3, "metadata": {**FULL["metadata"], "resourceVersion": "3"}}
    assert isinstance(unscheduled(FakeView(Event=events), POD, room_comes=False), Failed)
    view._objects["Event"] = events
    assert isinstance(unscheduled(view, POD, room_comes=False), Failed)


@pytest.mark.parametrize(("cause", "kind"), [("GCE quota exceeded", Failed), ("GCE out of resources", Waiting)])
def test_a_pool_that_could_not_grow_is_named_with_the_cause(cause, kind):
    message = f"Node scale up in zones us-central1-a associated with this pod failed: {cause}. Pod is at risk."
    failed = event(POD, "FailedScaleUp", message, time="2026-01-03T00:00:00Z")
    found = state(GROWS, failed)
    assert isinstance(found, Waiting), "another pool may take over"
    assert cause in found.why
    for said in ([failed, PAUSES], [{**failed, "count": 2}]):
        found = state(GROWS, *said)
        assert isinstance(found, kind)
        assert cause in found.why


STOCKOUT = event(
    POD,
    "FailedScaleUp",
    "Node scale up in zones us-central1-a associated with this pod failed: GCE out of resources. Pod is at risk.",
    time="2026-01-03T00:00:00Z",
)


def test_while_the_autoscaler_waits_with_a_pool_its_reason_is_told():
    found = state(GROWS, STOCKOUT, PAUSES)
    assert isinstance(found, Waiting)
    assert "a pool could not grow for it (Node scale up in zones us-central1-a" in found.why
    assert found.why.endswith("GCE out of resources. Pod is at risk. It is tried again later)")


def test_a_full_pool_is_no_end_while_another_is_tried_again_later():
    assert isinstance(state(PAUSES), Waiting)


def test_a_pool_that_takes_over_is_named():
    over = {**GROWS, "message": GROWS["message"].replace("gke-pool-grp", "gke-on-demand-grp")}
    found = state(GROWS, STOCKOUT, {**over, "lastTimestamp": "2026-01-05T00:00:00Z"})
    assert found.why.endswith("; a pool grows for it ([{gke-on-demand-grp 0->1 (max: 2)}])")


QUOTA = event(POD, "FailedScaleUp", "Node scale up failed: GCE quota exceeded.", count=2, time="2026-01-03T00:00:00Z")


@pytest.mark.parametrize("said", [FULL, QUOTA])
def test_what_was_said_before_the_wait_began_does_not_end_it(said):
    assert isinstance(state(said), Failed)
    found = state(said, news=False)
    assert isinstance(found, Waiting)
    assert "for it (" in found.why
