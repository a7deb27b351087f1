# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many replicas a HorizontalPodAutoscaler wants: tolerance, stabilisation windows, policies. Pure but for memory.

Source: kubernetes/kubernetes pkg/controller/podautoscaler (replica_calculator.go, horizontal.go).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

TOLERANCE = Decimal("0.1")
_UP = {
    "stabilizationWindowSeconds": 0,
    "selectPolicy": "Max",
    "policies": [
        {"type": "Pods", "value": 4, "periodSeconds": 15},
        {"type": "Percent", "value": 100, "periodSeconds": 15},
    ],
}
_DOWN = {
    "stabilizationWindowSeconds": 300,
    "selectPolicy": "Max",
    "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}],
}


def for_pods(values: Mapping[str, Decimal], pods: int, target: Decimal, current: int) -> int:
    """Replicas by a metric of pods: their average is to be ``target``.

    Pods without a value count as idle where the others want more, and as on target where they want less.

    :param pods: how many the target has.
    """
    if not values:
        return current
    ratio = sum(values.values()) / len(values) / target
    if abs(ratio - 1) <= TOLERANCE:
        return current
    missing = max(pods - len(values), 0)
    filled = sum(values.values()) + (Decimal(0) if ratio > 1 else target) * missing
    counted = len(values) + missing
    new_ratio = filled / counted / target
    if abs(new_ratio - 1) <= TOLERANCE or (new_ratio > 1) != (ratio > 1):
        return current
    wanted = math.ceil(new_ratio * counted)
    return current if (ratio < 1 and wanted > current) or (ratio > 1 and wanted < current) else wanted


def for_total(total: Decimal, target: Decimal, current: int) -> int:
    """Replicas by a sum of which each replica is to bear ``target`` (External, AverageValue)."""
    ratio = total / (target * current)
    return current if abs(ratio - 1) <= TOLERANCE else math.ceil(total / target)


def for_value(value: Decimal, target: Decimal, ready: int, current: int) -> int:
    """Replicas by a value that is to be ``target`` as a whole (External, Value)."""
    ratio = value / target
    return current if abs(ratio - 1) <= TOLERANCE else math.ceil(ratio * ready)


@dataclass
class Memory:
    """What was wanted, and what was done, of one autoscaler; moments in seconds of life's time."""

    wanted: list[tuple[float, int]] = field(default_factory=list)
    done: list[tuple[float, int]] = field(default_factory=list)

    def changed(self, moment: float, by: int) -> None:
        """Remember that replicas were added, or removed where ``by`` is negative."""
        self.done.append((moment, by))


def settle(memory: Memory, behavior: dict, moment: float, current: int, wanted: int) -> tuple[int, str]:
    """Return the replicas after stabilisation and policies, and what held them back: "", "window" or "policy"."""
    up, down = {**_UP, **(behavior.get("scaleUp") or {})}, {**_DOWN, **(behavior.get("scaleDown") or {})}
    up_window, down_window = up["stabilizationWindowSeconds"], down["stabilizationWindowSeconds"]
    memory.wanted.append((moment, wanted))
    longest = max(up_window, down_window)
    memory.wanted = [(then, count) for then, count in memory.wanted if moment - then <= longest]
    lowest = min(count for then, count in memory.wanted if moment - then <= up_window)
    highest = max(count for then, count in memory.wanted if moment - then <= down_window)
    stable = max(lowest, current) if wanted > current else min(highest, current) if wanted < current else current
    held = "window" if stable != wanted else ""
    if stable > current:
        limit = _limit(memory, up, moment, current, 1)
        stable, held = (limit, "policy") if stable > limit else (stable, held)
    elif stable < current:
        limit = _limit(memory, down, moment, current, -1)
        stable, held = (limit, "policy") if stable < limit else (stable, held)
    return stable, held


def _limit(memory: Memory, rules: dict, moment: float, current: int, sign: int) -> int:
    """Return how far the policies let the count go in a direction: 1 is up, -1 is down."""
    if rules.get("selectPolicy") == "Disabled":
        return current
    limits = []
    for policy in rules["policies"]:
        moved = sum(by for then, by in memory.done if moment - then <= policy["periodSeconds"] and by * sign > 0)
        start, amount = current - moved, policy["value"]
        if policy["type"] == "Pods":
            limits.append(start + sign * amount)
        elif sign > 0:
            limits.append(math.ceil(start * (1 + amount / 100)))
        else:
            limits.append(int(start * (1 - amount / 100)))
    farthest = (rules.get("selectPolicy") or "Max") == "Max"
    limit = max(limits) if farthest is (sign > 0) else min(limits)
    return max(limit, current) if sign > 0 else min(limit, current)
