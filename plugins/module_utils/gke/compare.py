# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From rows of fields, options and a live resource to differences and request bodies. Pure; sends nothing.

Everything is compared in the option's terms and only as far as the user named it: what GKE fills in by itself, and
what others manage, is no difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from typing import Any

from ansible_collections.llmops.gke.plugins.module_utils.gke.fields import (
    ABSENT,
    AtBirth,
    Field,
    Value,
    Verb,
    dig,
    put,
)
from ansible_collections.llmops.gke.plugins.module_utils.result import Change


def wanted(field: Field, options: dict[str, Any]) -> Any:
    """What the user named for the field, in the option's terms and a canonical order; None where nothing."""
    value = dig(options, field.option)
    if value is None:
        return None
    if field.kind == "set":
        return sorted(set(value))
    if field.kind == "map":
        return {str(key): "" if item is None else str(item) for key, item in value.items()}
    if field.kind == "keyed":
        return sorted((_named_entry(field, entry) for entry in value), key=lambda entry: _key(field, entry))
    return value


def present(field: Field, resource: dict[str, Any], want: Any) -> Any:
    """What the resource holds for the field, in the option's terms, as far as ``want`` names it."""
    have = dig(resource, field.path)
    if have is None:
        return deepcopy(ABSENT.get(field.kind)) if field.absent is None else field.absent
    if field.kind == "int64":
        return int(have)
    if field.kind == "name":
        return want if have.rpartition("/")[2] == str(want).rpartition("/")[2] else have
    if field.kind == "cidr":
        return want if want.startswith("/") and have.endswith(want) else have
    if field.kind == "version":
        return want if have == want or have.startswith((f"{want}.", f"{want}-")) else have
    if field.kind == "map":
        return {key: have[key] for key in want if key in have}
    if field.kind == "set":
        return sorted(item for item in have if not field.partial or item in want)
    if field.kind == "keyed":
        return _present_entries(field, have, want)
    return have


def named(fields: Iterable[Field], options: dict[str, Any]) -> Iterator[tuple[Field, Any]]:
    """Each field that the user named, with what is wanted of it."""
    for field in fields:
        want = wanted(field, options)
        if want is not None:
            yield field, want


def differences(
    fields: Sequence[Field], options: dict[str, Any], resource: dict[str, Any]
) -> Iterator[tuple[Field, Change]]:
    """Each field in which the resource is not as wanted, in the rows' order."""
    for field, want in named(fields, options):
        if isinstance(field.change, AtBirth) or _left_to_gke(field, fields, options, resource):
            continue
        have = present(field, resource, want)
        if have != want:
            yield field, Change(field.option, have, want)


def birth(fields: Iterable[Field], options: dict[str, Any]) -> dict[str, Any]:
    """The resource as the API wants it in a create request: what the user named, nothing else."""
    body: dict[str, Any] = {}
    for field, want in named(fields, options):
        put(body, field.path, _api_value(field, want, None))
    return body


def overlaid(fields: Sequence[Field], options: dict[str, Any], resource: dict[str, Any]) -> dict[str, Any]:
    """The resource after all differences are made good, as far as that can be known."""
    after = deepcopy(resource)
    for field, change in differences(fields, options, resource):
        put(after, field.path, _api_value(field, change.after, dig(resource, field.path)))
    return after


def change_body(
    verb: Verb, fields: Iterable[Field], options: dict[str, Any], resource: dict[str, Any]
) -> dict[str, Any]:
    """The body of ``verb``'s request: all that the user named of its part, over what must go along."""
    body: dict[str, Any] = {}
    for field, want in named(fields, options):
        if field.change is not verb:
            continue
        value = _api_value(field, want, dig(resource, field.path))
        place = verb.body + field.path.removeprefix(verb.root)
        put(body, place, str(value) if verb.text else value)
    base = deepcopy(verb.base(dig(resource, verb.root) or {}, dig(body, verb.body)))
    if base:
        put(body, verb.body, _merged(base, dig(body, verb.body)))
    for place, path in verb.along:
        put(body, place, dig(resource, path))
    return body


def shown(fields: Iterable[Field], options: dict[str, Any], resource: dict[str, Any]) -> dict[str, Any]:
    """What the user named of the resource, in the option's terms: one side of a diff."""
    tree: dict[str, Any] = {}
    for field, want in named(fields, options):
        put(tree, field.option, present(field, resource, want))
    return tree


def _left_to_gke(field: Field, fields: Sequence[Field], options: dict[str, Any], resource: dict[str, Any]) -> bool:
    if not field.unless:
        return False
    switch = next(row for row in fields if row.path == field.unless)
    want = wanted(switch, options)
    return bool(dig(resource, field.unless) if want is None else want)


def _named_entry(field: Field, entry: dict[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for item in field.items:
        value = dig(entry, item.option)
        if value is not None:
            put(tree, item.option, value)
    return tree


def _present_entries(field: Field, have: list[dict[str, Any]], want: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The live entries, each with the values that are named in the wanted entry of the same key (all, if none is)."""
    by_key = {_key(field, entry): entry for entry in want}
    shown_entries = []
    for entry in have:
        whole = _option_entry(field, entry)
        match = by_key.get(_key(field, whole))
        if match is None and field.partial:
            continue
        tree: dict[str, Any] = {}
        for item in field.items:
            asked, value = dig(match, item.option), dig(whole, item.option)
            if match is None and value is not None:
                put(tree, item.option, value)
            elif asked is not None:
                put(tree, item.option, ABSENT.get(item.kind) if value is None else value)
        shown_entries.append(tree)
    return sorted(shown_entries, key=lambda entry: _key(field, entry))


def _option_entry(field: Field, entry: dict[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for item in field.items:
        value = dig(entry, item.path)
        if value is not None:
            put(tree, item.option, int(value) if item.kind == "int64" else value)
    return tree


def _key(field: Field, entry: dict[str, Any]) -> tuple[str, ...]:
    options = [item.option for item in field.items if item.path in field.keys]
    return tuple(str(dig(entry, option)) for option in options)


def _api_value(field: Field, want: Any, have: Any) -> Any:
    """A wanted value in the API's terms, over the live one where the field names only a part of it."""
    if field.kind == "map":
        return {**(have or {}), **want}
    if field.kind == "set" and field.partial:
        return sorted({*(have or []), *want})
    if field.kind == "keyed":
        live = {_key(field, _option_entry(field, entry)): entry for entry in have or []}
        entries = [_merged(live.pop(_key(field, entry), {}), _api_entry(field.items, entry)) for entry in want]
        return entries + list(live.values()) if field.partial else entries
    return str(want) if field.kind == "int64" else want


def _api_entry(items: Iterable[Value], entry: dict[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for item in items:
        value = dig(entry, item.option)
        if value is not None:
            put(tree, item.path, str(value) if item.kind == "int64" else value)
    return tree


def _merged(base: dict[str, Any], over: Any) -> dict[str, Any]:
    """``over`` laid over ``base``, dictionaries key by key."""
    result = dict(base)
    for key, value in (over or {}).items():
        known = result.get(key)
        result[key] = _merged(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return result
