# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a pod fits a node: taints, affinity, selectors, ports, resources. No requests here.

The reasons are worded as kube-scheduler's plugins word them in 1.36 (pkg/scheduler/framework/plugins).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from llmops_gke_sandbox.control.objects import labels_of, meets_expression
from llmops_gke_sandbox.kubernetes.quantity import parse as parse_quantity

UNSCHEDULABLE_TAINT = "node.kubernetes.io/unschedulable"

Amounts = dict[str, Decimal]


@dataclass(frozen=True)
class Refusal:
    """Why a node does not take a pod.

    :param reasons: one phrase each.
    :param final: True where no eviction of other pods could help.
    """

    reasons: tuple[str, ...]
    final: bool


def requests_of(pod: dict) -> Amounts:
    """Return what a pod asks for, a limit standing for a missing request; init containers count by their largest."""
    spec = pod["spec"]
    total: Amounts = {}
    for container in spec["containers"]:
        for name, amount in _container_requests(container).items():
            total[name] = total.get(name, Decimal(0)) + amount
    for container in spec.get("initContainers") or []:
        for name, amount in _container_requests(container).items():
            total[name] = max(total.get(name, Decimal(0)), amount)
    for name, amount in (spec.get("overhead") or {}).items():
        total[name] = total.get(name, Decimal(0)) + parse_quantity(amount)
    return total


def free_on(node: dict, pods: list[dict]) -> Amounts:
    """Return what of a node's allocatable its pods leave."""
    free = {name: parse_quantity(amount) for name, amount in (node["status"].get("allocatable") or {}).items()}
    free["pods"] = free.get("pods", Decimal(110)) - len(pods)
    for pod in pods:
        for name, amount in requests_of(pod).items():
            free[name] = free.get(name, Decimal(0)) - amount
    return free


def untolerated(pod: dict, taints: list[dict], effects: tuple[str, ...]) -> dict | None:
    """Return the first taint of these effects that the pod does not tolerate, or None."""
    tolerations = pod["spec"].get("tolerations") or []
    for taint in taints:
        if taint["effect"] in effects and not any(_tolerates(one, taint) for one in tolerations):
            return taint
    return None


def refusal(pod: dict, node: dict, pods: list[dict]) -> Refusal | None:
    """Return why the node does not take the pod, or None if it does.

    :param pods: the pods that are on the node already.
    """
    taints = node["spec"].get("taints") or []
    if node["spec"].get("unschedulable") and untolerated(
        pod, [{"key": UNSCHEDULABLE_TAINT, "effect": "NoSchedule"}], ("NoSchedule",)
    ):
        return Refusal(("node(s) were unschedulable",), final=True)
    if untolerated(pod, taints, ("NoSchedule", "NoExecute")):
        return Refusal(("node(s) had untolerated taint(s)",), final=True)
    if not matches_affinity(pod, node):
        return Refusal(("node(s) didn't match Pod's node affinity/selector",), final=True)
    if _host_ports(pod) & {port for one in pods for port in _host_ports(one)}:
        return Refusal(("node(s) didn't have free ports for the requested pod ports",), final=False)
    return _lack(pod, node, pods)


def without_room(waiting: list[dict], nodes: list[dict], pods: list[dict]) -> list[dict]:
    """Return those of the waiting pods that no node takes, each of the others having taken the room it needs.

    :param pods: all pods, those on nodes among them.
    """
    on = {node["metadata"]["name"]: [] for node in nodes}
    for pod in pods:
        if (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed"):
            on.get(pod["spec"].get("nodeName"), []).append(pod)
    left = []
    for pod in waiting:
        node = next((one for one in nodes if refusal(pod, one, on[one["metadata"]["name"]]) is None), None)
        if node is None:
            left.append(pod)
        else:
            on[node["metadata"]["name"]].append(pod)
    return left


def matches_affinity(pod: dict, node: dict) -> bool:
    """Tell whether the node meets the pod's nodeSelector and its required node affinity."""
    labels = labels_of(node)
    if any(labels.get(key) != value for key, value in (pod["spec"].get("nodeSelector") or {}).items()):
        return False
    affinity = ((pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    )
    if not affinity:
        return True
    fields = {"metadata.name": node["metadata"]["name"]}
    return any(_meets(term, labels, fields) for term in affinity["nodeSelectorTerms"])


def preference(pod: dict, node: dict) -> int:
    """Return the sum of the weights of the pod's preferred node affinity that the node meets."""
    labels, fields = labels_of(node), {"metadata.name": node["metadata"]["name"]}
    preferred = ((pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}).get(
        "preferredDuringSchedulingIgnoredDuringExecution"
    )
    return sum(term["weight"] for term in preferred or [] if _meets(term["preference"], labels, fields))


def _meets(term: dict, labels: dict[str, str], fields: dict[str, str]) -> bool:
    """Tell whether a node meets a term of an affinity; a term that says nothing is met by none."""
    expressions, by_field = term.get("matchExpressions") or [], term.get("matchFields") or []
    return bool(expressions or by_field) and (
        all(meets_expression(one, labels) for one in expressions)
        and all(meets_expression(one, fields) for one in by_field)
    )


def _lack(pod: dict, node: dict, pods: list[dict]) -> Refusal | None:
    free, wanted = free_on(node, pods), requests_of(pod)
    reasons = ["Too many pods"] if free["pods"] < 1 else []
    lacking = sorted(name for name, amount in wanted.items() if amount > 0 and amount > free.get(name, Decimal(0)))
    reasons += [f"Insufficient {name}" for name in lacking]
    if not reasons:
        return None
    allocatable = node["status"].get("allocatable") or {}
    return Refusal(
        tuple(reasons), final=any(wanted[name] > parse_quantity(allocatable.get(name, 0)) for name in lacking)
    )


def _container_requests(container: dict) -> Amounts:
    resources = container.get("resources") or {}
    amounts = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
    return {name: parse_quantity(amount) for name, amount in amounts.items()}


def _tolerates(toleration: dict, taint: dict) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    if toleration.get("key") and toleration["key"] != taint["key"]:
        return False
    if toleration.get("operator", "Equal") == "Exists":
        return True
    return bool(toleration.get("key")) and (toleration.get("value") or "") == (taint.get("value") or "")


def _host_ports(pod: dict) -> set[tuple[str, int]]:
    ports = (port for container in pod["spec"]["containers"] for port in container.get("ports") or [])
    return {(port.get("protocol", "TCP"), port["hostPort"]) for port in ports if port.get("hostPort")}
