# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new pod in a pool that is full: it waits for an old one only where that one may end first."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.diagnosis.objects import diagnose
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.wait.states import Failed, State, Waiting
from tests.unit.plugins.kubernetes.diagnosis.test_k8s_diagnosis import DEPLOYMENT, STATE, pod, replica_set
from tests.unit.plugins.kubernetes.k8s_support import FakeView, event

UNPLACED = [{"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available: 1 Insufficient gpu."}]
GOING = {"deletionTimestamp": "2026-01-01T00:00:00Z"}


def found(strategy: dict[str, Any] | None, replicas: int = 1, older: int = 1, **of_old: Any) -> State:
    new, old = pod(conditions=UNPLACED), pod(name="m-0", owner="old", conditions=[{"type": "Ready", "status": "True"}])
    old["metadata"] |= of_old
    full = event(new, "NotTriggerScaleUp", "pod didn't trigger scale-up: 1 max node group size reached", count=2)
    sets = [replica_set(), replica_set("old", 1, replicas=older)]
    spec = {"replicas": replicas} | ({"strategy": strategy} if strategy else {})
    return diagnose(FakeView(Pod=[new, old], ReplicaSet=sets, Event=[full]), {**DEPLOYMENT, "spec": spec}, STATE)


def rolling(away: Any, surge: Any = 1) -> dict[str, Any]:
    return {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": away, "maxSurge": surge}}


@pytest.mark.parametrize(
    ("strategy", "replicas"),
    [
        (rolling(0), 1),
        (rolling("25%"), 3),
        # What Kubernetes fills in is 25 % of both.
        (None, 1),
        ({"type": "RollingUpdate"}, 2),
    ],
)
def test_old_pods_that_stay_until_the_new_one_is_ready_leave_no_room(strategy, replicas):
    state = found(strategy, replicas)
    assert isinstance(state, Failed)
    assert "raise the pool's maximum" in state.advice


@pytest.mark.parametrize(
    ("strategy", "replicas"),
    [
        (rolling(1), 1),
        (rolling("25%"), 4),
        # Kubernetes takes one of both for 1 where both come to 0.
        (rolling(0, surge=0), 1),
        (rolling("10%", surge=0), 1),
        ({"type": "Recreate"}, 1),
    ],
)
def test_old_pods_that_may_end_first_are_waited_for(strategy, replicas):
    assert isinstance(found(strategy, replicas), Waiting)


def test_so_are_those_that_are_going():
    assert isinstance(found(rolling(0), **GOING), Waiting)


def test_where_no_old_one_is_left_nothing_is_waited_for():
    assert isinstance(found(rolling(1), older=0), Failed)
