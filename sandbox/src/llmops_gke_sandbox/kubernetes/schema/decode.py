# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What decoding into Go's types and encoding again does to an object: builtin kinds lose what their types lack."""

from __future__ import annotations

import base64
import binascii
import marshal
import re
from dataclasses import dataclass, field

from llmops_gke_sandbox.kubernetes import quantity
from llmops_gke_sandbox.kubernetes.schema.kinds import Kind
from llmops_gke_sandbox.kubernetes.schema.types import Type, type_of
from llmops_gke_sandbox.kubernetes.schema.zero_values import zero_value


def copy(value):
    """Return a deep copy of JSON data (marshal is several times quicker than copy.deepcopy)."""
    return marshal.loads(marshal.dumps(value))


class DecodeError(ValueError):
    """A value does not fit the field's type; the message is the one of Go's decoder.

    :ivar converted: the message where an object is converted that was read already, as an apply is.
    """

    def __init__(self, message: str, converted: str | None = None) -> None:
        super().__init__(message)
        self.converted = converted or message


@dataclass
class Decoded:
    """A decoded object and the undeclared fields that were dropped from it, by path (``spec.foo``)."""

    obj: dict
    unknown: list[str] = field(default_factory=list)


def decode(kind: Kind, obj: dict) -> Decoded:
    """Return an object as the server holds it: undeclared fields dropped, quantities in one form, no nulls.

    :raises DecodeError: if a value does not fit its field.
    """
    unknown: list[str] = []
    walk = _custom if kind.custom is not None else _value
    found = walk(type_of(kind), obj, "", unknown, kind.kind)
    found = {"kind": kind.kind, "apiVersion": kind.api_version, **found}
    found["kind"], found["apiVersion"] = kind.kind, kind.api_version
    found.setdefault("metadata", {})
    if kind.custom is None:
        fill(found, zero_value(kind))
    return Decoded(found, unknown)


def fill(obj: dict, zero: dict) -> None:
    """Add, in place, the fields that Go's encoder always writes."""
    for name, value in zero.items():
        if name not in obj:
            obj[name] = copy(value)
        elif isinstance(value, dict) and isinstance(obj[name], dict):
            fill(obj[name], value)


# Lists that are not the same empty as left out: they have defaults.
_KEPT_EMPTY = {("HPAScalingRules", "policies")}


def _value(kind: Type, value: object, path: str, unknown: list[str], owner: str) -> object:
    if kind.shape == "any":
        return value
    if kind.shape == "scalar":
        return _scalar(kind, value, path, owner)
    if kind.shape == "list":
        if not isinstance(value, list):
            raise _mismatch(value, owner, path, f"[]{_go_type(kind.items)}")
        return [_value(kind.items, item, f"{path}[{index}]", unknown, owner) for index, item in enumerate(value)]
    if not isinstance(value, dict):
        raise _mismatch(value, owner, path, _go_type(kind))
    found = {}
    name_of = kind.ref.rsplit(".", 1)[-1] or owner
    for name, below in value.items():
        here = f"{path}.{name}" if path else name
        field_type = kind.field(name)
        if field_type is None:
            unknown.append(here)
        elif below is not None:
            # Of a map's values the decoder names the map alone.
            decoded = _value(field_type, below, path if kind.shape == "map" else here, unknown, name_of)
            kept = name in kind.required or (name_of, name) in _KEPT_EMPTY
            if decoded or kept or field_type.shape not in ("map", "list"):
                found[name] = decoded
    return found


def _scalar(kind: Type, value: object, path: str, owner: str) -> object:
    if kind.format == "quantity":
        if isinstance(value, bool | dict | list):
            raise DecodeError(str(quantity.QuantityError()))
        try:
            return quantity.canonical(value)
        except quantity.QuantityError as error:
            raise DecodeError(str(error)) from None
    if kind.scalar == "string" and not isinstance(value, str):
        raise _mismatch(value, owner, path, "string")
    if kind.scalar == "boolean" and not isinstance(value, bool):
        raise _mismatch(value, owner, path, "bool")
    if kind.scalar == "numeric" and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise _mismatch(value, owner, path, _go_type(kind))
    if kind.format.startswith("int") and isinstance(value, float):
        if not value.is_integer():
            text = str(_mismatch(value, owner, path, _go_type(kind))).replace("number", f"number {value}")
            raise DecodeError(text, f"cannot convert float64 to {kind.format}")
        return int(value)
    if kind.format == "byte":
        return _bytes(value)
    return value


def _bytes(value: str) -> str:
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        wrong = re.search(r"[^A-Za-z0-9+/]", value)
        at = wrong.start() if wrong else len(value) - len(value) % 4
        raise DecodeError(f"error decoding from json: illegal base64 data at input byte {at}") from None
    return value


def _go_type(kind: Type) -> str:
    if kind.shape == "scalar":
        return {"numeric": kind.format or "int64", "boolean": "bool"}.get(kind.scalar, "string")
    if kind.shape == "map":
        return "map[string]string"
    package, _, name = kind.ref.removeprefix("io.k8s.").rpartition(".")
    return f"{package.split('.')[-1]}.{name}" if name else "object"


def _mismatch(value: object, owner: str, path: str, wanted: str) -> DecodeError:
    got = {dict: "object", list: "array", str: "string", bool: "bool"}.get(type(value), "number")
    trail = re.sub(r"\[\d+\]", "", path)
    text = f"json: cannot unmarshal {got} into Go struct field {owner}.{trail} of type {wanted}"
    return DecodeError(text, f"cannot convert {_go_type_of(value)} to {wanted}")


def _go_type_of(value: object) -> str:
    known = {dict: "map[string]interface {}", list: "[]interface {}", str: "string", bool: "bool", float: "float64"}
    return known.get(type(value), "int64")


def _custom(kind: Type, value: object, path: str, unknown: list[str], owner: str) -> object:
    """Prune what a custom resource's schema does not declare; values keep their form."""
    if kind.shape not in ("struct", "map", "list"):
        return value
    if kind.shape == "list":
        if not isinstance(value, list):
            return value
        return [_custom(kind.items, item, f"{path}[{index}]", unknown, owner) for index, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    found = {}
    for name, below in value.items():
        here = f"{path}.{name}" if path else name
        field_type = kind.field(name)
        if field_type is None:
            unknown.append(here)
        elif below is not None:
            found[name] = _custom(field_type, below, here, unknown, owner)
    return found
