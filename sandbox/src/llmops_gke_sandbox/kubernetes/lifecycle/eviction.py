# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evictions: a pod is deleted only as its PodDisruptionBudget allows. After registry/core/pod/storage/eviction.go."""

from __future__ import annotations

from llmops_gke_sandbox.kubernetes.apply.patches import MERGE
from llmops_gke_sandbox.kubernetes.errors import ApiError, Cause, bad_request, internal
from llmops_gke_sandbox.kubernetes.options import DeleteOptions, WriteOptions
from llmops_gke_sandbox.kubernetes.schema.kinds import Kind
from llmops_gke_sandbox.kubernetes.selectors import selector_matches
from llmops_gke_sandbox.kubernetes.verbs import Verbs

_MANAGER = "kube-apiserver"
_VIOLATION = "Cannot evict pod as it would violate the pod's disruption budget."
_BUSY_SECONDS = 10


def evict(verbs: Verbs, kind: Kind, namespace: str, name: str, body: object) -> dict:
    """Evict a pod and return the Status that says so.

    :param body: an Eviction.
    :raises ApiError: 404 for a pod that is not there, 429 where a budget forbids it now, 500 for two budgets.
    """
    if not isinstance(body, dict) or body.get("kind", "Eviction") != "Eviction":
        raise bad_request("the body must be an object of kind Eviction")
    options = DeleteOptions.of(body.get("deleteOptions") or {}, {})
    pod = verbs.get(kind, namespace, name)
    budget = None if _has_little_to_lose(pod) else _budget_of(verbs, pod)
    spends = budget is not None and not _may_go_for_nothing(budget, pod)
    if spends:
        _refuse_violation(budget)
    if options.dry_run:
        return _success()
    if spends:
        _spend(verbs, budget, pod)
    _mark(verbs, kind, pod)
    verbs.delete(kind, namespace, name, options)
    return _success()


def _has_little_to_lose(pod: dict) -> bool:
    """Whether no budget counts the pod."""
    return pod["status"].get("phase") in ("Succeeded", "Failed", "Pending") or "deletionTimestamp" in pod["metadata"]


def _budget_of(verbs: Verbs, pod: dict) -> dict | None:
    budgets = verbs.registry.named("poddisruptionbudgets.policy")
    labels = pod["metadata"].get("labels") or {}
    found = [
        one
        for one in verbs.store.items(budgets, pod["metadata"]["namespace"])
        if "selector" in one["spec"] and selector_matches(one["spec"]["selector"], labels)
    ]
    if len(found) > 1:
        raise internal(
            "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        )
    return found[0] if found else None


def _may_go_for_nothing(budget: dict, pod: dict) -> bool:
    """Whether the pod's going costs the budget nothing: it is not ready, and the budget does not mind."""
    conditions = pod["status"].get("conditions") or []
    if any(one["type"] == "Ready" and one["status"] == "True" for one in conditions):
        return False
    if budget["spec"].get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    healthy, wanted = (budget["status"].get(name, 0) for name in ("currentHealthy", "desiredHealthy"))
    return healthy >= wanted > 0


def _refuse_violation(budget: dict) -> None:
    meta, status = budget["metadata"], budget.get("status") or {}
    if status.get("observedGeneration", 0) < meta.get("generation", 0):
        text = f"The disruption budget {meta['name']} is still being processed by the server."
        raise _violation(text, {"retryAfterSeconds": _BUSY_SECONDS})
    if status.get("disruptionsAllowed", 0) <= 0:
        healthy, wanted = (status.get(name, 0) for name in ("currentHealthy", "desiredHealthy"))
        text = f"The disruption budget {meta['name']} needs {wanted} healthy pods and has {healthy} currently"
        raise _violation(text, {})


def _violation(message: str, details: dict) -> ApiError:
    cause = Cause("DisruptionBudget", message, "")._asdict()
    del cause["field"]
    return ApiError(429, "TooManyRequests", _VIOLATION, {"causes": [cause], **details})


def _spend(verbs: Verbs, budget: dict, pod: dict) -> None:
    meta, status = budget["metadata"], budget["status"]
    left = status["disruptionsAllowed"] - 1
    spent = {"disruptionsAllowed": left, "disruptedPods": {pod["metadata"]["name"]: verbs.now()}}
    kind = verbs.registry.named("poddisruptionbudgets.policy")
    options = WriteOptions(_MANAGER)
    verbs.patch(kind, meta["namespace"], meta["name"], {"status": spent}, MERGE, options, "status")


def _mark(verbs: Verbs, kind: Kind, pod: dict) -> None:
    told = {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
        "lastTransitionTime": verbs.now(),
    }
    meta = pod["metadata"]
    others = [one for one in pod["status"].get("conditions") or [] if one["type"] != told["type"]]
    body = {"status": {"conditions": [*others, told]}}
    verbs.patch(kind, meta["namespace"], meta["name"], body, MERGE, WriteOptions(_MANAGER), "status")


def _success() -> dict:
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
