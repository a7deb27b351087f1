# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Walks over values by their types: checking, naming their fields, comparing, removing fields.

These are the primitives of server-side apply. Source: sigs.k8s.io/structured-merge-diff, typed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from llmops_gke_sandbox.kubernetes.apply.fieldsets import Fields, Path, compact, shown, tree
from llmops_gke_sandbox.kubernetes.go_values import go, go_syntax
from llmops_gke_sandbox.kubernetes.schema.types import ANY, Type

ABSENT = object()
"""No value at all; None is a value, JSON's null."""


class TypedError(ValueError):
    """A value does not fit its type."""


def shape_of(kind: Type, value: object) -> str:
    """Return the shape by which a value is walked: ``map``, ``list`` or ``scalar``; a free value shows its own."""
    if kind.shape in ("struct", "map"):
        return "map"
    if kind.shape != "any":
        return kind.shape
    return "map" if isinstance(value, dict) else "list" if isinstance(value, list) else "scalar"


def is_atomic(kind: Type, shape: str) -> bool:
    """Whether a value of this type is owned as a whole."""
    return kind.atomic or (kind.shape == "any" and shape == "list")


def child(kind: Type, name: str) -> Type:
    """Return the type of a field; a free one for what is not declared."""
    return kind.field(name) or ANY


def item_element(kind: Type, item: object) -> str:
    """Return the path element that identifies an item of a keyed list or a set.

    :raises TypedError: if a key field is missing.
    """
    if kind.is_set:
        return "v:" + compact(item)
    if not isinstance(item, dict):
        raise TypedError("associative list with keys may not have non-map elements")
    keys = {}
    for key in kind.keys:
        found = item.get(key)
        found = kind.key_default(key) if found is None else found
        if found is not None:
            keys[key] = found
        else:
            raise TypedError(
                f'associative list with keys has an element that omits key field "{key}" '
                "(and doesn't have default value)"
            )
    return "k:" + compact(keys)


def check(kind: Type, value: object, path: Path = ()) -> list[str]:
    """Return what does not fit: undeclared fields, wrong types, items that cannot be told apart."""
    if value is None:
        return []
    shape = shape_of(kind, value)
    if shape == "map":
        return _check_map(kind, value, path)
    if shape == "list":
        return _check_list(kind, value, path)
    return _check_scalar(kind, value, path)


def _check_scalar(kind: Type, value: object, path: Path) -> list[str]:
    at = shown(path)
    if kind.scalar == "string" and not isinstance(value, str):
        return [f"{at}: expected string, got &value.valueUnstructured{{Value:{go_syntax(value)}}}"]
    if kind.scalar == "boolean" and not isinstance(value, bool):
        return [f"{at}: expected boolean, got &{{{go(value)}}}"]
    if kind.scalar == "numeric" and (isinstance(value, bool) or not isinstance(value, int | float)):
        return [f"{at}: expected numeric (int or float), got {_type(value)}"]
    return []


def _type(value: object) -> str:
    if isinstance(value, dict | list):
        return "map" if isinstance(value, dict) else "list"
    return "boolean" if isinstance(value, bool) else "string"


def _check_map(kind: Type, value: object, path: Path) -> list[str]:
    if not isinstance(value, dict):
        return [f"{shown(path)}: expected map, got &{{{go(value)}}}"]
    wrong = []
    for name, below in value.items():
        here = (*path, f"f:{name}")
        found = kind.field(name)
        wrong += check(found, below, here) if found else [f"{shown(here)}: field not declared in schema"]
    return wrong


def _check_list(kind: Type, value: object, path: Path) -> list[str]:
    if not isinstance(value, list):
        return [f"{shown(path)}: expected list, got &{{{go(value)}}}"]
    wrong: list[str] = []
    seen: set[str] = set()
    for index, item in enumerate(value):
        element = f"i:{index}"
        if not is_atomic(kind, "list"):
            try:
                element = item_element(kind, item)
            except TypedError as error:
                wrong.append(f"{shown(path)}: element {index}: {error}")
                continue
            if element in seen:
                wrong.append(f"{shown(path)}: duplicate entries for key {shown((element,))}")
                continue
            seen.add(element)
        wrong += check(kind.items, item, (*path, element))
    return wrong


def field_set(kind: Type, value: object) -> Fields:
    """Return the fields that a value, given by an applier, claims."""
    found: Fields = set()
    _collect(kind, value, (), found)
    return found


def _collect(kind: Type, value: object, path: Path, found: Fields) -> None:
    shape = shape_of(kind, value)
    if shape == "scalar" or is_atomic(kind, shape):
        found.add(path)
    elif shape == "map":
        for name, below in (value or {}).items():
            here = (*path, f"f:{name}")
            _collect(child(kind, name), below, here, found)
            if below is None or below == {} or not kind.declares(name):
                found.add(here)
    else:
        for item in value or ():
            here = (*path, item_element(kind, item))
            _collect(kind.items, item, here, found)
            found.add(here)


@dataclass
class Comparison:
    """How one value became another, as sets of fields."""

    removed: Fields = field(default_factory=set)
    modified: Fields = field(default_factory=set)
    added: Fields = field(default_factory=set)


def compare(kind: Type, old: object, new: object) -> Comparison:
    """Return what differs between two values of one type."""
    result = Comparison()
    _compare(kind, old, new, (), result)
    return result


def _compare(kind: Type, old: object, new: object, path: Path, result: Comparison) -> None:
    shape = shape_of(kind, old if new is ABSENT or new is None else new)
    empty = shape != "scalar" and (old is ABSENT or not old) and (new is ABSENT or not new)
    if shape == "scalar" or empty or is_atomic(kind, shape):
        if old is ABSENT:
            result.added.add(path)
        elif new is ABSENT:
            result.removed.add(path)
        elif old != new:
            result.modified.add(path)
        return
    if shape == "map":
        _compare_maps(kind, old, new, path, result)
    else:
        _compare_lists(kind, old, new, path, result)
    if path and old is ABSENT:
        result.added.add(path)
    elif path and new is ABSENT:
        result.removed.add(path)


def _compare_maps(kind: Type, old: object, new: object, path: Path, result: Comparison) -> None:
    left = old if isinstance(old, dict) else {}
    right = new if isinstance(new, dict) else {}
    for name in left.keys() | right.keys():
        before, after = left.get(name, ABSENT), right.get(name, ABSENT)
        if before is not after:
            _compare(child(kind, name), before, after, (*path, f"f:{name}"), result)


def _compare_lists(kind: Type, old: object, new: object, path: Path, result: Comparison) -> None:
    left = {item_element(kind, item): item for item in (old if isinstance(old, list) else ())}
    right = {item_element(kind, item): item for item in (new if isinstance(new, list) else ())}
    for element in left.keys() | right.keys():
        _compare(kind.items, left.get(element, ABSENT), right.get(element, ABSENT), (*path, element), result)


def remove(kind: Type, value: object, fields: Fields) -> object:
    """Return a value without the given fields; None where nothing is left of it."""
    return _remove(kind, value, tree(fields)) if fields else value


def _remove(kind: Type, value: object, gone: dict) -> object:
    shape = shape_of(kind, value)
    if shape == "scalar":
        return value
    if not value or is_atomic(kind, shape):
        return None
    if shape == "map":
        kept: dict = {}
        for name, below in value.items():
            part = gone.get(f"f:{name}")
            if part is None:
                kept[name] = below
            elif "." not in part:
                kept[name] = _remove(child(kind, name), below, part)
        return kept or None
    items = []
    for item in value:
        part = gone.get(item_element(kind, item))
        if part is None:
            items.append(item)
        elif "." not in part:
            items.append(_remove(kind.items, item, part))
    return items or None


def named(kind: Type, fields: Fields) -> Fields:
    """Return the fields and, of their ancestors, those that are declared fields of a struct."""
    complete = set(fields)
    for path in fields:
        here: Type = kind
        for depth, element in enumerate(path[:-1]):
            if element.startswith("f:"):
                name = element[2:]
                if here.declares(name):
                    complete.add(path[: depth + 1])
                here = child(here, name)
            else:
                here = here.items
    return complete
