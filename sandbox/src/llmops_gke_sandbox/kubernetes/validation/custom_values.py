# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of custom resources against the schema of their definition: what is missing, and what is of another type.

Source: k8s.io/apiextensions-apiserver, pkg/apiserver/validation.
"""

from __future__ import annotations

from llmops_gke_sandbox.kubernetes.errors import Cause
from llmops_gke_sandbox.kubernetes.schema.types import Type
from llmops_gke_sandbox.kubernetes.validation.messages import Causes, required

_TYPES = {"string": str, "boolean": bool, "integer": int, "number": (int, float), "array": list, "object": dict}
_PARTS_OF_ALL = ("metadata", "kind", "apiVersion")


def custom_values(of: Type, obj: dict) -> Causes:
    """Check a custom resource, but for what the server itself defines in it."""
    yield from (required(name) for name in of.required if obj.get(name) is None)
    for name, value in obj.items():
        if name not in _PARTS_OF_ALL:
            yield from _value(of.field(name), value, name)


def _value(of: Type | None, value: object, path: str) -> Causes:
    if of is None or value is None:
        return
    wanted = "integer,string" if of.schema.get("x-kubernetes-int-or-string") else of.schema.get("type")
    if wanted and not any(_is(value, name) for name in wanted.split(",")):
        shown = next(name for name in _TYPES if _is(value, name))
        message = f'Invalid value: "{shown}": {path} in body must be of type {wanted}: "{shown}"'
        yield Cause("FieldValueTypeInvalid", message, path)
        return
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _value(of.items, item, f"{path}[{index}]")
    if isinstance(value, dict):
        yield from (required(f"{path}.{name}") for name in of.required if value.get(name) is None)
        for name, below in value.items():
            yield from _value(of.field(name), below, f"{path}.{name}")


def _is(value: object, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, _TYPES[name])
