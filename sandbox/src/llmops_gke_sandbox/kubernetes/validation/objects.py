# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks that every object passes: metadata, what the schema requires, and what its kind refuses (see checks)."""

from __future__ import annotations

from llmops_gke_sandbox.kubernetes.errors import ApiError, Cause, invalid
from llmops_gke_sandbox.kubernetes.schema.kinds import Kind
from llmops_gke_sandbox.kubernetes.schema.types import Type, type_of
from llmops_gke_sandbox.kubernetes.validation.checks import check_create, check_status, check_update, has_checks
from llmops_gke_sandbox.kubernetes.validation.checks.metadata import metadata, updated_metadata
from llmops_gke_sandbox.kubernetes.validation.custom_values import custom_values
from llmops_gke_sandbox.kubernetes.validation.messages import required


def validate_create(kind: Kind, obj: dict) -> None:
    """Refuse a new object that is not valid.

    :raises ApiError: 422 with every cause.
    """
    _raise(kind, obj, [*metadata(kind, obj), *_required(kind, obj), *check_create(kind, obj)])


def validate_update(kind: Kind, old: dict, new: dict) -> None:
    """Refuse an object that may not replace ``old``.

    :raises ApiError: 422 with every cause.
    """
    _raise(kind, new, [*updated_metadata(kind, new), *_required(kind, new), *check_update(kind, old, new)])


def validate_status(kind: Kind, obj: dict) -> None:
    """Refuse a status that is not valid.

    :raises ApiError: 422 with every cause.
    """
    _raise(kind, obj, check_status(kind, obj))


def _raise(kind: Kind, obj: dict, causes: list[Cause]) -> None:
    if causes:
        raise invalid(kind, obj["metadata"]["name"], causes)


def _required(kind: Kind, obj: dict) -> list[Cause]:
    """Return what the schema requires and the object lacks; kinds with checks of their own have it there."""
    causes: list[Cause] = []
    of = type_of(kind)
    if kind.custom is not None:
        return list(custom_values(of, obj))
    for name, value in obj.items() if not has_checks(kind) else ():
        if name not in ("metadata", "status", "kind", "apiVersion"):
            _collect_missing(of.field(name), value, name, causes)
    return causes


def _collect_missing(of: Type | None, value: object, path: str, causes: list[Cause]) -> None:
    if of is None:
        return
    if isinstance(value, list):
        for index, item in enumerate(value):
            _collect_missing(of.items, item, f"{path}[{index}]", causes)
    if not isinstance(value, dict):
        return
    for name in of.required:
        if value.get(name) is None or (value[name] in ("", [], {}) and name in _NEVER_EMPTY):
            causes.append(required(f"{path}.{name}"))
    for name, below in value.items():
        if isinstance(below, dict | list):
            _collect_missing(of.field(name), below, f"{path}.{name}", causes)


_NEVER_EMPTY = ("name", "mountPath", "kind", "key")


def refuse_missing_name(kind: Kind, obj: dict) -> ApiError:
    """Return the failure of a create without a name and without generateName."""
    cause = required("metadata.name", "name or generateName is required")
    return invalid(kind, obj["metadata"].get("name", ""), [cause])
