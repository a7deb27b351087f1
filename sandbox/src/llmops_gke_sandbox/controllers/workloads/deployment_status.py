# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Deployment's status: counts and the conditions Available, Progressing and ReplicaFailure. No requests here.

After pkg/controller/deployment/progress.go and util/deployment_util.go in Kubernetes.
"""

from __future__ import annotations

from llmops_gke_sandbox.control.objects import condition, with_condition
from llmops_gke_sandbox.controllers.workloads.rollout import bounds, replicas_of

NEW_SET_AVAILABLE = "NewReplicaSetAvailable"
DEADLINE_EXCEEDED = "ProgressDeadlineExceeded"


def counts(deployment: dict, sets: list[dict], new: dict | None) -> dict:
    """Return the counting part of the status."""

    def total(field: str, ones: list[dict]) -> int:
        return sum((one.get("status") or {}).get(field, 0) for one in ones)

    available = total("availableReplicas", sets)
    return {
        "observedGeneration": deployment["metadata"].get("generation"),
        "replicas": total("replicas", sets) or None,
        "updatedReplicas": (total("replicas", [new]) if new else 0) or None,
        "readyReplicas": total("readyReplicas", sets) or None,
        "availableReplicas": available or None,
        "unavailableReplicas": max(0, sum(replicas_of(one) for one in sets) - available) or None,
        "terminatingReplicas": total("terminatingReplicas", sets),
        "collisionCount": (deployment.get("status") or {}).get("collisionCount"),
    }


def is_complete(deployment: dict, counted: dict) -> bool:
    """Tell whether all replicas are of the new template, available, and alone."""
    wanted = replicas_of(deployment)
    return all((counted[field] or 0) == wanted for field in ("updatedReplicas", "replicas", "availableReplicas"))


def has_progressed(deployment: dict, counted: dict) -> bool:
    """Tell whether these counts are nearer to the end than the status that is written."""
    old = deployment.get("status") or {}

    def rose(field: str) -> bool:
        return (counted[field] or 0) > old.get(field, 0)

    outdated = (counted["replicas"] or 0) - (counted["updatedReplicas"] or 0)
    outdated_before = old.get("replicas", 0) - old.get("updatedReplicas", 0)
    return rose("updatedReplicas") or rose("readyReplicas") or rose("availableReplicas") or outdated < outdated_before


def conditions(
    deployment: dict, counted: dict, new: dict | None, sets: list[dict], *, moved: bool, late: bool, now: str
) -> list[dict]:
    """Return the conditions that go with these counts.

    :param moved: the rollout has come nearer to its end, or has just begun.
    :param late: the progress deadline has passed since it last did.
    """
    result = list((deployment.get("status") or {}).get("conditions") or [])
    result = _set(result, _available(deployment, counted), now)
    progressing = _progressing(deployment, counted, new, moved=moved, late=late)
    if progressing is not None:
        result = _set(result, progressing, now, refresh=moved and progressing["reason"] == "ReplicaSetUpdated")
    failure = next((found for one in sets if (found := condition(one, "ReplicaFailure"))), None)
    result = [one for one in result if one["type"] != "ReplicaFailure"]
    return result if failure is None else [*result, {**failure, "lastUpdateTime": failure["lastTransitionTime"]}]


def _available(deployment: dict, counted: dict) -> dict:
    _surge, unavailable = bounds(deployment)
    if (counted["availableReplicas"] or 0) >= replicas_of(deployment) - unavailable:
        return _condition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    return _condition(
        "Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability."
    )


def _progressing(deployment: dict, counted: dict, new: dict | None, *, moved: bool, late: bool) -> dict | None:
    if deployment["spec"].get("progressDeadlineSeconds") is None:
        return None
    have = condition(deployment, "Progressing")
    subject = f'ReplicaSet "{new["metadata"]["name"]}"' if new else f'Deployment "{deployment["metadata"]["name"]}"'
    was_complete = have is not None and have["reason"] == NEW_SET_AVAILABLE
    if was_complete and counted["replicas"] == counted["updatedReplicas"] and f"{subject} " in have["message"]:
        # A finished rollout stays finished when pods die later.
        return None
    if is_complete(deployment, counted):
        return _condition("Progressing", "True", NEW_SET_AVAILABLE, f"{subject} has successfully progressed.")
    if moved or have is None:
        return _condition("Progressing", "True", "ReplicaSetUpdated", f"{subject} is progressing.")
    if late:
        return _condition("Progressing", "False", DEADLINE_EXCEEDED, f"{subject} has timed out progressing.")
    return None


def _condition(kind: str, status: str, reason: str, message: str) -> dict:
    return {"type": kind, "status": status, "reason": reason, "message": message}


def _set(have: list[dict], new: dict, now: str, *, refresh: bool = False) -> list[dict]:
    """Put a condition in; lastUpdateTime moves with any change, and with progress (``refresh``)."""
    old = next((one for one in have if one["type"] == new["type"]), None)
    same = old is not None and all(old.get(key) == value for key, value in new.items())
    if same and not refresh:
        return have
    return with_condition(have, {**new, "lastUpdateTime": now}, now)
