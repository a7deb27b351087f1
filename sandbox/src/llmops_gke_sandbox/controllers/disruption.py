# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""PodDisruptionBudgets: how many pods may go just now. After pkg/controller/disruption."""

from __future__ import annotations

import math

from llmops_gke_sandbox.control.controller import Controller
from llmops_gke_sandbox.control.objects import (
    controller_of,
    is_deleting,
    is_pod_active,
    is_pod_ready,
    key_of,
    labels_of,
    timestamp,
    with_condition,
)
from llmops_gke_sandbox.control.plane import Plane
from llmops_gke_sandbox.kubernetes.selectors import selector_matches

_RESOURCE = "poddisruptionbudgets.policy"
_SCALED = {"ReplicaSet": "replicasets.apps", "StatefulSet": "statefulsets.apps"}


class DisruptionController(Controller):
    """Counts the healthy pods of each budget and says how many of them may be evicted."""

    component = "controllermanager"

    def __init__(self, plane: Plane) -> None:
        super().__init__(plane)
        self._budgets = self.follow(_RESOURCE)
        self._pods = self.follow("pods", self._budgets_of)
        self._owners = {kind: self.store(resource) for kind, resource in _SCALED.items()}

    async def reconcile(self, key: str) -> None:
        budget = self._budgets.by_key(key)
        if budget is None or is_deleting(budget):
            return
        pods = [
            pod
            for pod in self._pods.all(budget["metadata"]["namespace"])
            if _selects(budget, pod) and is_pod_active(pod)
        ]
        spec, expected = budget["spec"], self._expected(pods)
        if "maxUnavailable" in spec:
            wanted = max(0, expected - _scaled(spec["maxUnavailable"], expected))
        else:
            wanted = _scaled(spec.get("minAvailable", 1), expected)
            expected = len(pods) if isinstance(spec.get("minAvailable", 1), int) else expected
        healthy = sum(is_pod_ready(pod) for pod in pods)
        allowed = max(0, healthy - wanted) if expected else 0
        have, now = budget.get("status") or {}, timestamp(self.clock.now())
        told = {
            "type": "DisruptionAllowed",
            "status": "True" if allowed else "False",
            "reason": "SufficientPods" if allowed else "InsufficientPods",
            "message": "",
            "observedGeneration": budget["metadata"].get("generation"),
        }
        status = {
            "observedGeneration": budget["metadata"].get("generation"),
            "disruptionsAllowed": allowed,
            "currentHealthy": healthy,
            "desiredHealthy": wanted,
            "expectedPods": expected,
            "conditions": with_condition(have.get("conditions") or [], told, now),
        }
        await self.client.update_status(_RESOURCE, budget, status)

    def _expected(self, pods: list[dict]) -> int:
        """Return how many pods those who control these want; a pod without a controller counts as one."""
        wanted: dict[str, int] = {}
        for pod in pods:
            reference = controller_of(pod)
            store = self._owners.get(reference["kind"]) if reference else None
            owner = store.get(reference["name"], pod["metadata"]["namespace"]) if store else None
            wanted[reference["uid"] if owner else key_of(pod)] = owner["spec"].get("replicas", 1) if owner else 1
        return sum(wanted.values())

    def _budgets_of(self, pod: dict) -> list[str]:
        budgets = self._budgets.all(pod["metadata"]["namespace"])
        return [key_of(one) for one in budgets if _selects(one, pod)]


def _selects(budget: dict, pod: dict) -> bool:
    """Whether a budget counts a pod; one without a selector counts none, one with an empty selector all."""
    return "selector" in budget["spec"] and selector_matches(budget["spec"]["selector"], labels_of(pod))


def _scaled(value: int | str, total: int) -> int:
    """Return a number, or a percentage of the total, rounded up."""
    return value if isinstance(value, int) else math.ceil(total * int(value.rstrip("%")) / 100)
