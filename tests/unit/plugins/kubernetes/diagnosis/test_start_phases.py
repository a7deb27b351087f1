# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pod's way in phases, and how it came by its node."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.diagnosis.node_provisioning import (
    NodeProvisioning,
    node_provisioning,
)
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.diagnosis.pod_startup import itemised, under_way

BEGIN = datetime(2026, 1, 1, 12, tzinfo=UTC)


def at(seconds: float | None) -> datetime | None:
    return None if seconds is None else BEGIN + timedelta(seconds=seconds)


def text(seconds: float) -> str:
    return at(seconds).isoformat().replace("+00:00", "Z")


def ends(**seconds: float | None) -> list[tuple[str, datetime | None]]:
    return [(name, at(second)) for name, second in seconds.items()]


@pytest.mark.parametrize(
    ("given", "last", "expected"),
    [
        ({"a": 5, "b": 7.5}, 10, {"a": 5.0, "b": 2.5}),
        # What nothing tells of is a part of the next one.
        ({"a": None, "b": 7}, 10, {"b": 7.0}),
        ({"a": 5, "b": None}, 10, {"a": 5.0}),
        # Moments in whole seconds beside exact ones.
        ({"a": 5, "b": 4.2, "c": 6}, 10, {"a": 5.0, "b": 0.0, "c": 1.0}),
        ({"a": 5, "b": 10.9, "c": 10}, 10, {"a": 5.0, "b": 5.0, "c": 0.0}),
        ({}, 10, {}),
    ],
)
def test_the_phases_follow_each_other_and_add_up(given, last, expected):
    found = itemised(BEGIN, ends(**given), at(last))
    assert {phase["name"]: phase["seconds"] for phase in found} == expected
    assert list(expected) == [phase["name"] for phase in found]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"a": None, "b": None}, {"name": "a", "seconds": 30.0}),
        ({"a": 8, "b": None, "c": None}, {"name": "b", "seconds": 22.0}),
        # The one before is over, whether anything told of it or not.
        ({"a": None, "b": 12, "c": None}, {"name": "c", "seconds": 18.0}),
        ({"a": 8, "b": 31}, None),
        ({"a": 31, "b": None}, {"name": "b", "seconds": 0.0}),
    ],
)
def test_the_phase_that_is_under_way_follows_the_last_that_is_over(given, expected):
    assert under_way(BEGIN, ends(**given), at(30)) == expected


def pod(scheduled: float | None = None) -> dict:
    told = {"type": "PodScheduled", "status": "True"}
    conditions = [] if scheduled is None else [told | {"lastTransitionTime": text(scheduled)}]
    return {"metadata": {"uid": "p", "creationTimestamp": text(0)}, "status": {"conditions": conditions}}


def node(created: float, ready: float, status: str = "True") -> dict:
    condition = {"type": "Ready", "status": status, "lastTransitionTime": text(ready)}
    return {"metadata": {"creationTimestamp": text(created)}, "status": {"conditions": [condition]}}


def event(reason: str, seconds: float, message: str = "", uid: str = "p", field: str = "firstTimestamp") -> dict:
    return {"reason": reason, "message": message, field: text(seconds), "involvedObject": {"uid": uid}}


ASKED = event("TriggeredScaleUp", 8)


@pytest.mark.parametrize(
    ("place", "events", "expected"),
    [
        (node(60, 70), [ASKED], NodeProvisioning(at(8), at(70))),
        (node(60, 70), [], NodeProvisioning(None, at(70))),
        (node(60, 70), [event("TriggeredScaleUp", 9, field="eventTime")], NodeProvisioning(at(9), at(70))),
        # Of somebody else's pod, and of a node that was there already.
        (node(60, 70), [event("TriggeredScaleUp", 8, uid="q")], NodeProvisioning(None, at(70))),
        (node(-60, -50), [ASKED], NodeProvisioning()),
        # Ready again after a while in which it was not: when it first was is not known.
        (node(60, 500), [ASKED], NodeProvisioning(at(8), at(60))),
        (node(60, 70, "False"), [ASKED], NodeProvisioning(at(8), None)),
        (None, [ASKED], NodeProvisioning(at(8), None)),
        (None, [], NodeProvisioning()),
    ],
)
def test_how_a_pod_came_by_its_node(place, events, expected):
    assert node_provisioning(pod(scheduled=80), place, events) == expected


def test_pools_that_could_not_grow_are_told_each_once_and_the_wait_for_them_is_the_machines():
    events = [
        event("TriggeredScaleUp", 90),
        event("FailedScaleUp", 70, "no\n Spot"),
        event("FailedScaleUp", 80, "no Spot"),
        ASKED,
    ]
    assert node_provisioning(pod(scheduled=200), node(150, 160), events) == NodeProvisioning(
        at(8), at(160), ("no Spot",)
    )
