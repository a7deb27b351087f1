# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readers of Kubernetes objects: keys, owners, selectors, conditions, time."""

from __future__ import annotations

from datetime import UTC, datetime

SIMULATED = {"llmops-gke-sandbox/simulated": "true"}


def simulated(obj: dict) -> dict:
    """Return the object (a shallow copy) with the mark of what a sandbox brought, so that one can take it back."""
    return {**obj, "metadata": {**obj["metadata"], "annotations": {**annotations_of(obj), **SIMULATED}}}


def is_simulated(obj: dict) -> bool:
    """Tell whether a sandbox brought the object."""
    return annotations_of(obj).items() >= SIMULATED.items()


def key_of(obj: dict) -> str:
    """Return "namespace/name", or "name" for what lies in no namespace."""
    meta = obj["metadata"]
    return f"{meta['namespace']}/{meta['name']}" if meta.get("namespace") else meta["name"]


def split_key(key: str) -> tuple[str | None, str]:
    """Return (namespace or None, name) of a key."""
    namespace, slash, name = key.rpartition("/")
    return (namespace if slash else None), name


def uid_of(obj: dict) -> str:
    """Return the object's uid."""
    return obj["metadata"]["uid"]


def labels_of(obj: dict) -> dict[str, str]:
    """Return the object's labels, {} where it has none."""
    return obj["metadata"].get("labels") or {}


def annotations_of(obj: dict) -> dict[str, str]:
    """Return the object's annotations, {} where it has none."""
    return obj["metadata"].get("annotations") or {}


def is_deleting(obj: dict) -> bool:
    """Tell whether the object's deletion has begun."""
    return "deletionTimestamp" in obj["metadata"]


def controller_of(obj: dict) -> dict | None:
    """Return the owner reference of the one controller of this object, or None."""
    references = obj["metadata"].get("ownerReferences") or []
    return next((reference for reference in references if reference.get("controller")), None)


def is_controlled_by(obj: dict, owner: dict) -> bool:
    """Tell whether ``owner`` is the controller of ``obj``; by uid, so a namesake of former times is not."""
    reference = controller_of(obj)
    return reference is not None and reference["uid"] == uid_of(owner)


def controller_reference(owner: dict) -> dict:
    """Return the owner reference that makes ``owner`` the controller of a new object."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": uid_of(owner),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def selects(selector: dict | None, labels: dict[str, str]) -> bool:
    """Tell whether a LabelSelector (matchLabels, matchExpressions) takes these labels; an empty one takes nothing.

    Controllers refuse an empty selector, so nothing is the safe meaning here.
    """
    selector = selector or {}
    wanted = selector.get("matchLabels") or {}
    expressions = selector.get("matchExpressions") or []
    if not wanted and not expressions:
        return False
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        meets_expression(expression, labels) for expression in expressions
    )


def meets_expression(expression: dict, labels: dict[str, str]) -> bool:
    """Tell whether labels meet one requirement: In, NotIn, Exists, DoesNotExist, Gt, Lt."""
    key, operator, values = expression["key"], expression["operator"], expression.get("values") or []
    have = labels.get(key)
    match operator:
        case "In":
            return have in values
        case "NotIn":
            return have not in values
        case "Exists":
            return have is not None
        case "DoesNotExist":
            return have is None
        case "Gt" | "Lt":
            try:
                left, right = int(have), int(values[0])
            except (TypeError, ValueError, IndexError):
                return False
            return left > right if operator == "Gt" else left < right
    return False


def timestamp(moment: datetime) -> str:
    """Return an aware moment as metav1.Time is written: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def micro_timestamp(moment: datetime) -> str:
    """Return an aware moment as metav1.MicroTime is written."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def condition(obj: dict, kind: str) -> dict | None:
    """Return the object's status condition of this type, or None."""
    conditions = (obj.get("status") or {}).get("conditions") or []
    return next((one for one in conditions if one["type"] == kind), None)


def condition_is(obj: dict, kind: str, status: str = "True") -> bool:
    """Tell whether the object has the condition with this status."""
    have = condition(obj, kind)
    return have is not None and have["status"] == status


def with_condition(conditions: list[dict], new: dict, now: str) -> list[dict]:
    """Return the conditions with ``new`` in place of the one of its type, or appended.

    ``lastTransitionTime`` moves only when the status does, as API conventions have it; an equal condition stays as
    it is, so that nothing is written for nothing.
    """
    old = next((one for one in conditions if one["type"] == new["type"]), None)
    moved = old is None or old["status"] != new["status"]
    merged = {**new, "lastTransitionTime": now if moved else old.get("lastTransitionTime", now)}
    if old is None:
        return [*conditions, merged]
    return [merged if one is old else one for one in conditions]


def is_pod_ready(pod: dict) -> bool:
    """Tell whether the pod's Ready condition is True."""
    return condition_is(pod, "Ready")


def is_pod_active(pod: dict) -> bool:
    """Tell whether the pod counts for its controller: it neither ended nor is being deleted."""
    return (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed") and not is_deleting(pod)
