# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""ReplicaSets: as many pods of a template as asked for."""

from __future__ import annotations

import asyncio

from llmops_gke_sandbox.control.controller import Controller
from llmops_gke_sandbox.control.objects import (
    controller_of,
    controller_reference,
    is_controlled_by,
    is_deleting,
    is_pod_active,
    is_pod_ready,
    labels_of,
    selects,
    timestamp,
    with_condition,
)
from llmops_gke_sandbox.control.plane import Plane
from llmops_gke_sandbox.controllers.workloads.pods import (
    Availability,
    deletion_rank,
    has_template_labels,
    pod_from_template,
)
from llmops_gke_sandbox.kubernetes.errors import ApiError

_BURST = 500


class ReplicaSetController(Controller):
    """Creates and deletes pods until their number is spec.replicas, and reports how many are ready and available."""

    component = "replicaset-controller"

    def __init__(self, plane: Plane) -> None:
        super().__init__(plane)
        self._sets = self.follow("replicasets.apps")
        self._pods = self.follow("pods", self._sets_of)
        self._pods.subscribe(self._forget_gone)
        self._availability = Availability()

    async def reconcile(self, key: str) -> None:
        replica_set = self._sets.by_key(key)
        if replica_set is None:
            return
        pods = await self._claim(replica_set)
        active = [pod for pod in pods if is_pod_active(pod)]
        failure = None
        if not is_deleting(replica_set):
            failure = await self._scale(replica_set, active)
        await self._report(key, replica_set, failure)
        if failure:
            raise failure

    async def _scale(self, replica_set: dict, active: list[dict]) -> ApiError | None:
        """Create or delete pods; return the refusal that stopped it."""
        missing = replica_set["spec"].get("replicas", 1) - len(active)
        for _ in range(min(missing, _BURST)):
            try:
                pod = await self.client.create(
                    "pods", pod_from_template(replica_set), replica_set["metadata"]["namespace"]
                )
            except ApiError as error:
                await self.events.warning(replica_set, "FailedCreate", f"Error creating: {error.message}")
                return error
            await self.events.normal(replica_set, "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}")
        for pod in sorted(active, key=deletion_rank)[: max(0, -missing)]:
            await self.client.delete("pods", pod)
            await self.events.normal(replica_set, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")
        return None

    async def _report(self, key: str, replica_set: dict, failure: ApiError | None) -> None:
        pods = [pod for pod in self._pods.all(replica_set["metadata"]["namespace"]) if _owns(replica_set, pod)]
        active = [pod for pod in pods if is_pod_active(pod)]
        now = asyncio.get_running_loop().time()
        min_ready = self.clock.scaled(replica_set["spec"].get("minReadySeconds", 0))
        waits = [self._availability.remaining(pod, min_ready, now) for pod in active]
        if pending := [wait for wait in waits if wait]:
            self.enqueue_after(key, min(pending) * self.clock.speed)
        status = {
            "replicas": len(active),
            "fullyLabeledReplicas": sum(has_template_labels(pod, replica_set["spec"]["template"]) for pod in active)
            or None,
            "readyReplicas": sum(is_pod_ready(pod) for pod in active) or None,
            "availableReplicas": sum(wait == 0 for wait in waits) or None,
            "terminatingReplicas": sum(is_deleting(pod) for pod in pods),
            "observedGeneration": replica_set["metadata"].get("generation"),
            "conditions": self._conditions(replica_set, failure) or None,
        }
        # The set may be gone by now: its own deletion is not a failure.
        if self._sets.by_key(key) is not None:
            await self.client.update_status("replicasets.apps", replica_set, status)

    def _conditions(self, replica_set: dict, failure: ApiError | None) -> list[dict]:
        have = (replica_set.get("status") or {}).get("conditions") or []
        if failure is None:
            return [one for one in have if one["type"] != "ReplicaFailure"]
        new = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": failure.message}
        return with_condition(have, new, timestamp(self.clock.now()))

    async def _claim(self, replica_set: dict) -> list[dict]:
        """Return the set's pods, after taking in those that its selector takes and nobody controls."""
        namespace, claimed = replica_set["metadata"]["namespace"], []
        for pod in self._pods.all(namespace):
            if _owns(replica_set, pod):
                claimed.append(pod)
            elif (
                controller_of(pod) is None
                and is_pod_active(pod)
                and not is_deleting(replica_set)
                and selects(replica_set["spec"]["selector"], labels_of(pod))
            ):
                references = [*(pod["metadata"].get("ownerReferences") or []), controller_reference(replica_set)]
                body = {"metadata": {"ownerReferences": references}}
                claimed.append(await self.client.patch("pods", pod["metadata"]["name"], body, namespace))
        return claimed

    def _sets_of(self, pod: dict) -> list[str]:
        reference, namespace = controller_of(pod), pod["metadata"]["namespace"]
        if reference is not None:
            return [f"{namespace}/{reference['name']}"] if reference["kind"] == "ReplicaSet" else []
        return [
            f"{namespace}/{one['metadata']['name']}"
            for one in self._sets.all(namespace)
            if selects(one["spec"]["selector"], labels_of(pod))
        ]

    def _forget_gone(self, old: dict | None, new: dict | None) -> None:
        if old is not None and new is None:
            self._availability.forget(old)


def _owns(replica_set: dict, pod: dict) -> bool:
    return is_controlled_by(pod, replica_set) and selects(replica_set["spec"]["selector"], labels_of(pod))
