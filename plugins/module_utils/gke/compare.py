# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From rows of fields, options and a live resource to differences and request bodies. Pure; sends nothing.

Everything is compared in the option's terms and only as far as the user named it: what GKE fills in by itself, and
what others manage, is no difference.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any

from ..core.result import Change
from .fields.equivalence import as_wanted, text
from .fields.field import ABSENT, CreateOnly, Field, Value, Verb, dig, put

_OF_GKE = re.compile(r"goog-.*|nvidia\.com/gpu|(?:[\w.-]+\.)?(?:kubernetes\.io|k8s\.io|gke\.io|cloud\.google\.com)/.*")
_CHOSEN_BY_GKE = frozenset({"version", "networkConfig.podIpv4CidrBlock"})
"""What GKE chooses better for a new resource than to have it as the old one has."""
LISTS = ("keyed", "named")


def of_gke(key: str) -> bool:
    """Whether GKE sets a label's or taint's key by itself; it stays even where a list is to be exact."""
    return _OF_GKE.fullmatch(key) is not None


def exact_choices(fields: Iterable[Field]) -> list[str]:
    """The options that ``exactly`` can name: what is else merged into what is there."""
    return [field.option for field in fields if field.partial and isinstance(field.change, Verb)]


def rows_for(fields: Sequence[Field], options: dict[str, Any]) -> tuple[Field, ...]:
    """The rows as a task wants them compared: those that ``exactly`` names are not partial."""
    exact = options.get("exactly") or ()
    return tuple(replace(field, partial=field.partial and field.option not in exact) for field in fields)


def wanted(field: Field, options: dict[str, Any]) -> Any:
    """What the user named for the field, in the option's terms and a canonical order; None where nothing."""
    value = dig(options, field.option)
    if value is None:
        return None
    if field.kind == "set":
        return sorted(set(value))
    if field.kind == "map":
        return {text(key): text(item) for key, item in value.items()}
    if field.kind in LISTS:
        return sorted((_named_entry(field, entry) for entry in value), key=lambda entry: _key(field, entry))
    return value


def present(field: Field, resource: dict[str, Any], want: Any) -> Any:
    """What the resource holds for the field, in the option's terms, as far as ``want`` names it."""
    have = dig(resource, field.path)
    if have is None:
        return _absent(field, want)
    if field.kind == "map":
        return {key: value for key, value in have.items() if key in want or _is_removed(field, key)}
    if field.kind == "set":
        return sorted(item for item in have if item in want or not (field.partial or item in field.added))
    if field.kind in LISTS:
        return _present_entries(field, _entries(field, have), want)
    return as_wanted(field, have, want)


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
        if isinstance(field.change, CreateOnly) or _left_to_gke(field, fields, options, resource):
            continue
        # What a field that GKE managed so far says is not how many nodes there are.
        unknown = field.unless and dig(resource, field.unless)
        have = None if unknown else present(field, resource, want)
        if have != want:
            yield field, Change(field.option, have, want)


def create_body(fields: Iterable[Field], options: dict[str, Any]) -> dict[str, Any]:
    """The resource as the API wants it in a create request: what the user named, nothing else."""
    body: dict[str, Any] = {}
    for field, want in named(fields, options):
        put(body, field.create_path or field.path, _api_value(field, want, None))
    return body


def replacement_body(fields: Sequence[Field], options: dict[str, Any], resource: dict[str, Any]) -> dict[str, Any]:
    """The body of a create request for what takes the place of ``resource``, without its name.

    What the user named, and for the rest what the other one has.
    """
    body = create_body(fields, options)
    verbs = {field.change for field in fields if isinstance(field.change, Verb) and field.change.body}
    settled: set[str] = set()
    for verb in verbs:
        rows = [field for field in fields if field.change is verb]
        # Of a part that is changed whole, the verb knows what of the old goes with what is new.
        if any(wanted(field, options) is not None for field in rows):
            put(body, verb.root, dig(change_body(verb, fields, options, resource), verb.body))
            settled |= {field.path for field in rows}
    for field in fields:
        have = dig(resource, field.path)
        if field.path in settled | _CHOSEN_BY_GKE or have is None or wanted(field, options) is not None:
            continue
        if field.kind == "map":
            have = {key: value for key, value in have.items() if not of_gke(key)}
        if field.kind == "keyed" and field.partial:
            have = [entry for entry in have if not of_gke(entry.get("key", ""))]
        put(body, field.path, have)
    return body


def predicted(fields: Sequence[Field], options: dict[str, Any], resource: dict[str, Any]) -> dict[str, Any]:
    """The resource after all differences are made good, as far as that can be known."""
    after = deepcopy(resource)
    for field, change in differences(fields, options, resource):
        put(after, field.path, _api_value(field, change.after, dig(resource, field.path)))
    return after


def change_body(
    verb: Verb, fields: Iterable[Field], options: dict[str, Any], resource: dict[str, Any]
) -> dict[str, Any]:
    """The body of ``verb``'s request: all that the user named of its part, over what must go along."""
    given: list[tuple[str, Any]] = []
    for field, want in named(fields, options):
        if field.change is not verb or (verb.only_changed and present(field, resource, want) == want):
            continue
        value = _api_value(field, want, dig(resource, field.path))
        given.append((verb.place(field.path), str(value) if field.path in verb.text else value))
    asked: dict[str, Any] = {}
    for place, value in given:
        put(asked, place, value)
    body: dict[str, Any] = {}
    base = verb.base(dig(resource, verb.root) or {}, dig(asked, verb.body))
    if base:
        put(body, verb.body, deepcopy(base))
    for place, value in given:
        put(body, place, value)
    for place, path in verb.along:
        put(body, place, dig(resource, path))
    return body


def shown(fields: Iterable[Field], options: dict[str, Any], resource: dict[str, Any]) -> dict[str, Any]:
    """What the user named of the resource, in the option's terms: one side of a diff."""
    tree: dict[str, Any] = {}
    for field, want in named(fields, options):
        put(tree, field.option, present(field, resource, want))
    return tree


def _absent(value: Value, want: Any) -> Any:
    """What the API means by leaving a value out; it leaves out empty strings, too."""
    if value.absent is not None:
        return value.absent
    return "" if want == "" else deepcopy(ABSENT.get(value.kind))


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
        if match is None and not _is_removed(field, _key(field, whole)[0]):
            continue
        tree: dict[str, Any] = {}
        for item in field.items:
            asked, value = dig(match, item.option), dig(whole, item.option)
            if match is None and value is not None:
                put(tree, item.option, value)
            elif asked is not None:
                known = _absent(item, asked) if value is None else as_wanted(item, value, asked)
                put(tree, item.option, known)
        shown_entries.append(tree)
    return sorted(shown_entries, key=lambda entry: _key(field, entry))


def _option_entry(field: Field, entry: dict[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for item in field.items:
        value = dig(entry, item.path)
        if value is not None:
            put(tree, item.option, as_wanted(item, value, None))
    return tree


def _key(field: Field, entry: dict[str, Any]) -> tuple[str, ...]:
    options = [item.option for item in field.items if item.path in field.keys]
    return tuple(str(dig(entry, option)) for option in options)


def _api_value(field: Field, want: Any, have: Any) -> Any:
    """A wanted value in the API's terms, over the live one where the field names only a part of it."""
    if field.kind == "map":
        return {**{key: value for key, value in (have or {}).items() if not _is_removed(field, key)}, **want}
    if field.kind == "set" and field.partial:
        return sorted({*(have or []), *want})
    if field.kind in LISTS:
        live = {_key(field, _option_entry(field, entry)): entry for entry in _entries(field, have or [])}
        entries = [_merged(live.pop(_key(field, entry), {}), _api_entry(field.items, entry)) for entry in want]
        entries += [entry for key, entry in live.items() if not _is_removed(field, key[0])]
        return {entry.pop("name"): entry for entry in entries} if field.kind == "named" else entries
    return str(want) if field.kind == "int64" else want


def _is_removed(field: Field, key: str) -> bool:
    """Whether an entry that the user did not name is removed."""
    return not field.partial and not of_gke(key)


def _entries(field: Field, have: Any) -> list[dict[str, Any]]:
    """The API's objects of a field as a list."""
    return [{"name": name, **entry} for name, entry in dict(have).items()] if field.kind == "named" else have


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
