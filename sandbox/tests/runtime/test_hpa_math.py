# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many replicas an autoscaler wants: figures worked out by hand from the real controller's rules."""

from __future__ import annotations

from decimal import Decimal

import pytest

from llmops_gke_sandbox.agents.managed_prometheus import relabelled
from llmops_gke_sandbox.controllers.autoscaling.calculation import Memory, for_pods, for_total, for_value, settle


def _values(*values: int) -> dict[str, Decimal]:
    return {f"pod-{index}": Decimal(value) for index, value in enumerate(values)}


@pytest.mark.parametrize(
    ("values", "pods", "current", "wanted"),
    [
        ((25,), 1, 1, 3),
        ((11,), 1, 1, 1),  # within a tenth of the target
        ((12,), 1, 1, 2),
        ((2, 2), 2, 2, 1),
        ((30,), 2, 2, 3),  # the pod without a value counts as idle
        ((15,), 2, 2, 2),  # counted so, the other direction comes out: nothing is done
        ((5,), 2, 2, 2),  # counted as on target, 15 of 20: still two
    ],
)
def test_replicas_by_a_metric_of_pods(values, pods, current, wanted):
    assert for_pods(_values(*values), pods, Decimal(10), current) == wanted


def test_replicas_by_external_metrics():
    assert for_total(Decimal(250), Decimal(100), 1) == 3
    assert for_total(Decimal(205), Decimal(100), 2) == 2
    assert for_value(Decimal(30), Decimal(10), 2, 2) == 6
    assert for_value(Decimal(9), Decimal(10), 2, 2) == 2


def test_the_highest_of_the_window_stands_on_the_way_down():
    memory = Memory()
    assert settle(memory, {}, 0, 2, 2) == (2, "")
    assert settle(memory, {}, 100, 2, 1) == (2, "window")
    assert settle(memory, {}, 299, 2, 1) == (2, "window")
    assert settle(memory, {}, 301, 2, 1) == (1, "")


def test_a_window_on_the_way_up():
    memory, behavior = Memory(), {"scaleUp": {"stabilizationWindowSeconds": 60}}
    assert settle(memory, behavior, 0, 1, 1) == (1, "")
    assert settle(memory, behavior, 30, 1, 3) == (1, "window")
    assert settle(memory, behavior, 90, 1, 3) == (3, "")


def test_policies_bound_the_pace():
    memory = Memory()
    policy = {"policies": [{"type": "Pods", "value": 2, "periodSeconds": 60}]}
    assert settle(memory, {"scaleUp": policy}, 0, 1, 9) == (3, "policy")
    memory.changed(0, 2)
    assert settle(memory, {"scaleUp": policy}, 30, 3, 9) == (3, "policy")
    assert settle(memory, {"scaleUp": policy}, 61, 3, 9) == (5, "policy")
    half = {"scaleDown": {"stabilizationWindowSeconds": 0, "policies": [
        {"type": "Percent", "value": 50, "periodSeconds": 60}]}}  # fmt: skip
    assert settle(Memory(), half, 0, 8, 1) == (4, "policy")
    off = {"scaleDown": {"stabilizationWindowSeconds": 0, "selectPolicy": "Disabled"}}
    assert settle(Memory(), off, 0, 8, 1) == (8, "policy")


def test_the_defaults_let_it_double_or_add_four():
    assert settle(Memory(), {}, 0, 1, 20) == (5, "policy")
    assert settle(Memory(), {}, 0, 8, 20) == (16, "policy")


def test_relabelling():
    rename = {"sourceLabels": ["__name__"], "regex": "A_(.*)", "targetLabel": "__name__", "replacement": "a_$1"}
    assert relabelled("A_UTIL", {"gpu": "0"}, [rename]) == ("a_UTIL", {"gpu": "0"})
    assert relabelled("B", {}, [rename]) == ("B", {})
    keep = {"action": "keep", "sourceLabels": ["gpu"], "regex": "1"}
    assert relabelled("B", {"gpu": "0"}, [keep]) is None
    assert relabelled("B", {"gpu": "0"}, [{**keep, "action": "drop"}]) == ("B", {"gpu": "0"})
    with pytest.raises(ValueError, match="labeldrop"):
        relabelled("B", {}, [{"action": "labeldrop"}])
