# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scheduler: binds pods to nodes, and says why where it can't."""

from __future__ import annotations

from collections import Counter

from llmops_gke_sandbox.control.controller import Controller
from llmops_gke_sandbox.control.objects import (
    condition,
    controller_of,
    is_deleting,
    key_of,
    timestamp,
    with_condition,
)
from llmops_gke_sandbox.control.plane import Plane
from llmops_gke_sandbox.controllers.scheduling.placement import Refusal, free_on, preference, refusal, untolerated

# A fault has no event of its own when it is lifted, so a pod held back by one is looked at again.
_FAULT_RETRY_SECONDS = 10.0


class Scheduler(Controller):
    """Finds a node for each pod that has none, as soon as anything changes that could help."""

    manager = "kube-scheduler"
    component = "default-scheduler"

    def __init__(self, plane: Plane) -> None:
        super().__init__(plane)
        self._pods = self.store("pods")
        self._nodes = self.store("nodes")
        self._pods.subscribe(self._pod_changed)
        self._nodes.subscribe(self._node_changed)

    async def reconcile(self, key: str) -> None:
        pod = self._pods.by_key(key)
        if pod is None or not _is_waiting(pod):
            return
        meta = pod["metadata"]
        fault = self.plane.faults.take("unschedulable", namespace=meta["namespace"], pod=meta["name"])
        nodes = list(self._nodes.all())
        if fault is not None:
            self.enqueue_after(key, _FAULT_RETRY_SECONDS)
            message = fault.get("message") or f"0/{len(nodes)} nodes are available: {len(nodes)} node(s) were refused."
            await self._refuse(pod, message)
            return
        refusals: list[Refusal] = []
        fitting: list[dict] = []
        for node in nodes:
            refused = refusal(pod, node, self._pods_on(node))
            if refused is None:
                fitting.append(node)
            else:
                refusals.append(refused)
        if fitting:
            await self._bind(pod, min(fitting, key=lambda node: self._rank(pod, node)))
        else:
            await self._refuse(pod, unschedulable_message(refusals))

    async def _bind(self, pod: dict, node: dict) -> None:
        meta, name = pod["metadata"], node["metadata"]["name"]
        await self.client.patch("pods", meta["name"], {"spec": {"nodeName": name}}, meta["namespace"])
        text = f"Successfully assigned {meta['namespace']}/{meta['name']} to {name}"
        await self.events.normal(pod, "Scheduled", text, action="Binding")

    async def _refuse(self, pod: dict, message: str) -> None:
        meta, have = pod["metadata"], condition(pod, "PodScheduled")
        await self.events.warning(pod, "FailedScheduling", message, action="Scheduling")
        if have is not None and have.get("message") == message:
            return
        new = {
            "type": "PodScheduled",
            "observedGeneration": meta.get("generation"),
            "status": "False",
            "lastProbeTime": None,
            "reason": "Unschedulable",
            "message": message,
        }
        status = pod.get("status") or {}
        conditions = with_condition(status.get("conditions") or [], new, timestamp(self.clock.now()))
        body = {"status": {"phase": status.get("phase", "Pending"), "conditions": conditions}}
        await self.client.patch("pods", meta["name"], body, meta["namespace"], subresource="status")

    def _rank(self, pod: dict, node: dict) -> tuple:
        """Return the sort key of a fitting node: gladly taken, preferred, few siblings there, much room, name."""
        on_node = self._pods_on(node)
        owner = (controller_of(pod) or {}).get("uid")
        siblings = sum((controller_of(one) or {}).get("uid") == owner for one in on_node) if owner else 0
        disliked = untolerated(pod, node["spec"].get("taints") or [], ("PreferNoSchedule",)) is not None
        room = free_on(node, on_node).get("cpu", 0)
        return disliked, -preference(pod, node), siblings, -room, node["metadata"]["name"]

    def _pods_on(self, node: dict) -> list[dict]:
        name = node["metadata"]["name"]
        return [pod for pod in self._pods.all() if pod["spec"].get("nodeName") == name and not _has_ended(pod)]

    def _pod_changed(self, old: dict | None, new: dict | None) -> None:
        if new is not None and _is_waiting(new):
            # Its own change of status is no reason to try again.
            if old is None or old["spec"] != new["spec"]:
                self.enqueue(key_of(new))
        elif old is not None and (new is None or _has_ended(new)) and not _has_ended(old):
            self._try_all()

    def _node_changed(self, old: dict | None, new: dict | None) -> None:
        def relevant(node: dict) -> tuple:
            spec, status = node["spec"], node.get("status") or {}
            return (
                spec.get("taints"),
                spec.get("unschedulable"),
                node["metadata"].get("labels"),
                status.get("allocatable"),
            )

        if old is None or new is None or relevant(old) != relevant(new):
            self._try_all()

    def _try_all(self) -> None:
        for pod in self._pods.all():
            if _is_waiting(pod):
                self.enqueue(key_of(pod))


def unschedulable_message(refusals: list[Refusal]) -> str:
    """Return kube-scheduler's sentence: every reason with the number of nodes it holds for, sorted, and preemption."""
    if not refusals:
        return "no nodes available to schedule pods"
    total = len(refusals)
    reasons = Counter(reason for one in refusals for reason in one.reasons)
    listed = ", ".join(sorted(f"{count} {reason}" for reason, count in reasons.items()))
    preemption = Counter(
        "Preemption is not helpful for scheduling" if one.final else "No preemption victims found for incoming pod"
        for one in refusals
    )
    helpless = ", ".join(sorted(f"{count} {reason}" for reason, count in preemption.items()))
    available = f"0/{total} nodes are available: "
    return f"{available}{listed}. no new claims to deallocate, preemption: {available}{helpless}."


def _is_waiting(pod: dict) -> bool:
    return not pod["spec"].get("nodeName") and not is_deleting(pod) and not _has_ended(pod)


def _has_ended(pod: dict) -> bool:
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
