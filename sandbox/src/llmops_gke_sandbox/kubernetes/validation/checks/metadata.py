# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of what every object has: its name, labels, annotations, owners and finalizers.

Source: k8s.io/apimachinery, pkg/api/validation/objectmeta.go.
"""

from __future__ import annotations

from llmops_gke_sandbox.kubernetes.errors import Cause
from llmops_gke_sandbox.kubernetes.schema.kinds import Kind
from llmops_gke_sandbox.kubernetes.validation.messages import (
    Causes,
    Form,
    dns_label,
    formed,
    label_value,
    qualified_name,
    subdomain,
    wrong,
)

_FREE_NAMES = ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
_FINALIZERS = ("foregroundDeletion", "orphan")


def _path_segment(value: str) -> list[str]:
    if value in (".", ".."):
        return [f"may not be '{value}'"]
    return [f"may not contain '{sign}'" for sign in "/%" if sign in value]


def _undotted(value: str) -> list[str]:
    return ["must not contain dots"] if "." in value else dns_label(value)


_NAMES: dict[str, Form] = {
    "Namespace": _undotted,
    "Service": _undotted,
    **dict.fromkeys(_FREE_NAMES, _path_segment),
}


def name_form(kind: Kind) -> Form:
    """Return the form of names of a kind."""
    return _NAMES.get(kind.kind, subdomain) if kind.custom is None else subdomain


# How often the server looks at the metadata of an object that is updated, and says what it finds each time.
_ROUNDS = {
    **dict.fromkeys(("APIService", "ConfigMap", "Job", "Namespace", "Node", "PersistentVolumeClaim", "Pod"), 4),
    **dict.fromkeys(("Secret", "ServiceAccount", *_FREE_NAMES), 4),
    "PodDisruptionBudget": 2,
}
_USUAL_ROUNDS = 3
# Kinds whose finalizers need not be known ones.
_FREE_FINALIZERS = ("APIService", "CustomResourceDefinition", "PodDisruptionBudget")


def metadata(kind: Kind, obj: dict) -> Causes:
    """Check a new object's metadata."""
    found = obj["metadata"]
    form = name_form(kind)
    if found.get("generateName"):
        # What is generated follows, so a dash at the end is right.
        prefix = found["generateName"]
        masked = prefix[:-1] + "a" if prefix.endswith("-") else prefix
        yield from (wrong("metadata.generateName", prefix, message) for message in form(masked))
    yield from formed("metadata.name", found["name"], form)
    yield from _changeable(found)
    yield from _finalizer_names(found)
    yield from _known_finalizers(kind, found)


def updated_metadata(kind: Kind, obj: dict) -> Causes:
    """Check what an update may change of an object's metadata."""
    rounds = _ROUNDS.get(kind.kind, _USUAL_ROUNDS) if kind.custom is None else _USUAL_ROUNDS
    found = obj["metadata"]
    for _ in range(rounds):
        yield from _changeable(found)
    for _ in range(rounds // 2):
        yield from _finalizer_names(found)
    for _ in range(rounds // 2):
        yield from _known_finalizers(kind, found)


def _changeable(found: dict) -> Causes:
    yield from labels(found.get("labels"), "metadata.labels")
    yield from annotations(found.get("annotations"), "metadata.annotations")
    for owner in found.get("ownerReferences") or ():
        for name in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(name):
                yield wrong(f"metadata.ownerReferences.{name}", owner.get(name, ""), "must not be empty")


def _finalizer_names(found: dict) -> Causes:
    for name in found.get("finalizers") or ():
        yield from formed("metadata.finalizers", name, qualified_name)


def _known_finalizers(kind: Kind, found: dict) -> Causes:
    if kind.custom is not None or kind.kind in _FREE_FINALIZERS:
        return
    for index, name in enumerate(found.get("finalizers") or ()):
        if "/" not in name and name not in _FINALIZERS:
            message = "name is neither a standard finalizer name nor is it fully qualified"
            yield wrong(f"metadata.finalizers[{index}]", name, message)


def labels(found: dict | None, path: str) -> Causes:
    """Check labels, or what is written like them: a node selector, a Service's selector."""
    for key, value in sorted((found or {}).items()):
        yield from formed(path, key, qualified_name)
        yield from formed(path, value, label_value)


def annotations(found: dict | None, path: str) -> Causes:
    """Check annotations: their keys; values are free."""
    for key in sorted(found or {}):
        # Capitals are allowed in an annotation's domain.
        yield from (wrong(path, key, message) for message in qualified_name(key.lower()))


def label_selector(selector: dict | None, path: str) -> Causes:
    """Check a LabelSelector object."""
    selector = selector or {}
    yield from labels(selector.get("matchLabels"), f"{path}.matchLabels")
    for index, one in enumerate(selector.get("matchExpressions") or ()):
        yield from expression(one, f"{path}.matchExpressions[{index}]", OPERATORS)


OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")
NODE_OPERATORS = (*OPERATORS, "Gt", "Lt")


def expression(one: dict, path: str, operators: tuple[str, ...]) -> Causes:
    """Check one expression of a selector of labels."""
    operator, values = one.get("operator", ""), one.get("values") or []
    if operator not in operators:
        yield wrong(f"{path}.operator", operator, "not a valid selector operator")
    elif operator in ("In", "NotIn") and not values:
        yield _values(path, "Required", "must be specified when `operator` is 'In' or 'NotIn'")
    elif operator in ("Exists", "DoesNotExist") and values:
        yield _values(path, "Forbidden", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
    elif operator in ("Gt", "Lt") and len(values) != 1:
        yield _values(path, "Required", "must be specified single value when `operator` is 'Lt' or 'Gt'")
    yield from formed(f"{path}.key", one.get("key", ""), qualified_name)
    for index, value in enumerate(values):
        yield from formed(f"{path}.values[{index}]", value, label_value)


def _values(path: str, reason: str, message: str) -> Cause:
    word = "Required value" if reason == "Required" else reason
    return Cause(f"FieldValue{reason}", f"{word}: {message}", f"{path}.values")
