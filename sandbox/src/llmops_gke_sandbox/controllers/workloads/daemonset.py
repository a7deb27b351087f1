# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""DaemonSets: one pod on every node that takes it."""

from __future__ import annotations

from llmops_gke_sandbox.control.controller import Controller
from llmops_gke_sandbox.control.objects import (
    controller_of,
    is_controlled_by,
    is_deleting,
    is_pod_active,
    is_pod_ready,
    key_of,
    labels_of,
)
from llmops_gke_sandbox.control.plane import Plane
from llmops_gke_sandbox.controllers.scheduling.placement import matches_affinity, untolerated
from llmops_gke_sandbox.controllers.workloads.pods import pod_from_template, template_hash

_HASH_LABEL = "controller-revision-hash"
# What every daemon pod tolerates (pkg/controller/daemon/util AddOrUpdateDaemonPodTolerations).
_TOLERATIONS = tuple(
    {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": effect}
    for key, effect in (
        ("not-ready", "NoExecute"),
        ("unreachable", "NoExecute"),
        ("disk-pressure", "NoSchedule"),
        ("memory-pressure", "NoSchedule"),
        ("pid-pressure", "NoSchedule"),
        ("unschedulable", "NoSchedule"),
    )
)


class DaemonSetController(Controller):
    """Creates a pod for each node that matches, deletes those of nodes that no longer do, and rolls updates."""

    component = "daemonset-controller"

    def __init__(self, plane: Plane) -> None:
        super().__init__(plane)
        self._sets = self.follow("daemonsets.apps")
        self._pods = self.follow("pods", _set_of)
        self._nodes = self.follow("nodes", lambda _node: [key_of(one) for one in self._sets.all()])

    async def reconcile(self, key: str) -> None:
        daemon_set = self._sets.by_key(key)
        if daemon_set is None:
            return
        hashed = template_hash(daemon_set["spec"]["template"])
        if not is_deleting(daemon_set):
            await self._place(daemon_set, hashed)
            await self._roll(daemon_set, hashed)
        await self._report(daemon_set, hashed)

    async def _place(self, daemon_set: dict, hashed: str) -> None:
        wanted = self._wanted_nodes(daemon_set)
        placed: dict[str, list[dict]] = {}
        for pod in self._owned(daemon_set):
            placed.setdefault(_node_of(pod), []).append(pod)
        for node, pods in placed.items():
            active = [pod for pod in pods if not is_deleting(pod)]
            failed = [pod for pod in active if not is_pod_active(pod)]
            surplus = active if node not in wanted else failed or active[1:]
            for pod in surplus:
                await self.client.delete("pods", pod)
                await self.events.normal(daemon_set, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")
        for node in sorted(wanted - placed.keys()):
            pod = _pinned(pod_from_template(daemon_set, {_HASH_LABEL: hashed}), node)
            created = await self.client.create("pods", pod, daemon_set["metadata"]["namespace"])
            await self.events.normal(daemon_set, "SuccessfulCreate", f"Created pod: {created['metadata']['name']}")

    async def _roll(self, daemon_set: dict, hashed: str) -> None:
        """Delete outdated pods, as many at a time as may be unavailable."""
        strategy = daemon_set["spec"].get("updateStrategy") or {}
        if strategy.get("type", "RollingUpdate") != "RollingUpdate":
            return
        pods = self._owned(daemon_set)
        allowed = _allowed((strategy.get("rollingUpdate") or {}).get("maxUnavailable", 1), len(pods))
        unavailable = sum(not is_pod_ready(pod) or is_deleting(pod) for pod in pods)
        outdated = [pod for pod in pods if labels_of(pod).get(_HASH_LABEL) != hashed and not is_deleting(pod)]
        for pod in sorted(outdated, key=is_pod_ready):
            if is_pod_ready(pod):
                if unavailable >= allowed:
                    return
                unavailable += 1
            await self.client.delete("pods", pod)
            await self.events.normal(daemon_set, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")

    async def _report(self, daemon_set: dict, hashed: str) -> None:
        wanted = self._wanted_nodes(daemon_set)
        pods = [pod for pod in self._owned(daemon_set) if not is_deleting(pod)]
        placed = [pod for pod in pods if _node_of(pod) in wanted]
        ready = sum(is_pod_ready(pod) for pod in placed)
        status = {
            "currentNumberScheduled": len(placed),
            "numberMisscheduled": len(pods) - len(placed),
            "desiredNumberScheduled": len(wanted),
            "numberReady": ready,
            "numberAvailable": ready or None,
            "numberUnavailable": (len(wanted) - ready) or None,
            "updatedNumberScheduled": sum(labels_of(pod).get(_HASH_LABEL) == hashed for pod in placed) or None,
            "observedGeneration": daemon_set["metadata"].get("generation"),
        }
        await self.client.update_status("daemonsets.apps", daemon_set, status)

    def _wanted_nodes(self, daemon_set: dict) -> set[str]:
        pod = {"spec": _with_tolerations(daemon_set["spec"]["template"]["spec"])}
        return {
            node["metadata"]["name"]
            for node in self._nodes.all()
            if matches_affinity(pod, node)
            and not untolerated(pod, node["spec"].get("taints") or [], ("NoSchedule", "NoExecute"))
        }

    def _owned(self, daemon_set: dict) -> list[dict]:
        pods = self._pods.all(daemon_set["metadata"]["namespace"])
        return [pod for pod in pods if is_controlled_by(pod, daemon_set)]


def _set_of(pod: dict) -> list[str]:
    reference = controller_of(pod)
    if reference is None or reference["kind"] != "DaemonSet":
        return []
    return [f"{pod['metadata']['namespace']}/{reference['name']}"]


def _with_tolerations(spec: dict) -> dict:
    return {**spec, "tolerations": [*(spec.get("tolerations") or []), *_TOLERATIONS]}


def _pinned(pod: dict, node: str) -> dict:
    """Bind a pod to a node by affinity, as the real controller does: the scheduler still decides whether it fits."""
    spec = _with_tolerations(pod["spec"])
    field = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
    affinity = dict(spec.get("affinity") or {})
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [field]}}
    affinity["nodeAffinity"] = {**(affinity.get("nodeAffinity") or {}), **required}
    return {**pod, "spec": {**spec, "affinity": affinity}}


def _node_of(pod: dict) -> str:
    """Return the node a daemon pod is on or is meant for."""
    if pod["spec"].get("nodeName"):
        return pod["spec"]["nodeName"]
    affinity = ((pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    ) or {"nodeSelectorTerms": []}
    for term in affinity["nodeSelectorTerms"]:
        for field in term.get("matchFields") or []:
            if field["key"] == "metadata.name":
                return field["values"][0]
    return ""


def _allowed(value: int | str, total: int) -> int:
    if isinstance(value, str) and value.endswith("%"):
        return max(1, -(-total * int(value[:-1]) // 100))
    return int(value)
