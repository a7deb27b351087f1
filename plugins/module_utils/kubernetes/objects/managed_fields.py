# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Field sets (FieldsV1): what a manager owns of an object, and so what an apply could change.

The API server writes down, for each manager, the tree of the fields that it applied
(https://kubernetes.io/docs/reference/using-api/server-side-apply/). The tree knows how every list is put together
(``k:`` by keys, ``v:`` as a set, a leaf as one piece), so nothing here needs the kinds' schemas.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...core.result import Change
from .quantities import same_amount
from .server_forms import ServerForms

Tree = dict[str, Any]

_NEVER_OWNED = frozenset(
    {"name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "selfLink", "managedFields"}
)
"""Fields of metadata that the server leaves out of every field set."""


def owned(obj: dict[str, Any] | None, manager: str) -> Tree | None:
    """The fields that ``manager`` has applied to ``obj``, or None where it never has, in this version of the API."""
    for entry in entries(obj or {}):
        if (
            entry.get("manager") == manager
            and entry.get("operation") == "Apply"
            and not entry.get("subresource")
            and entry.get("apiVersion") == (obj or {}).get("apiVersion")
        ):
            return entry.get("fieldsV1") or {}
    return None


def entries(obj: dict[str, Any]) -> list[dict[str, Any]]:
    """Who has written what of ``obj``: its managedFields."""
    return (obj.get("metadata") or {}).get("managedFields") or []


def owners(obj: dict[str, Any], path: Sequence[str]) -> list[dict[str, Any]]:
    """The entries of all who own a field; path: its parts as a tree has them (``f:spec``, ``f:replicas``)."""
    found = []
    for entry in entries(obj):
        tree: Any = entry.get("fieldsV1") or {}
        for part in path:
            tree = None if tree is None else tree.get(part)
        if tree is not None:
            found.append(entry)
    return found


def without(obj: dict[str, Any], manager: str, path: Sequence[str]) -> dict[str, Any]:
    """``obj``, as if ``manager`` had not applied that field but somebody else."""
    kept = [
        {**entry, "fieldsV1": _cut(entry.get("fieldsV1") or {}, path)}
        if entry.get("manager") == manager and entry.get("operation") == "Apply"
        else entry
        for entry in entries(obj)
    ]
    return {**obj, "metadata": {**obj["metadata"], "managedFields": kept}}


def _cut(tree: Tree, path: Sequence[str]) -> Tree:
    part, rest = path[0], path[1:]
    inner = _cut(tree[part], rest) if rest and part in tree else {}
    return {key: value for key, value in {**tree, part: inner}.items() if key != part or inner}


def substance(manifest: dict[str, Any]) -> dict[str, Any]:
    """The part of a manifest that can be owned: all but its identity."""
    kept = {key: value for key, value in manifest.items() if key not in ("apiVersion", "kind", "metadata")}
    metadata = {key: value for key, value in manifest["metadata"].items() if key not in _NEVER_OWNED}
    return {"metadata": metadata, **kept} if metadata else kept


def settled(manifest: dict[str, Any], live: dict[str, Any], tree: Tree) -> bool:
    """Whether applying ``manifest`` over ``live`` can surely change nothing, where its manager owns ``tree``.

    False may also mean that it cannot be told from here: then the server decides.
    """
    wanted = substance(manifest)
    compare = _Comparison(ServerForms.of(manifest["apiVersion"], manifest["kind"]))
    return compare.owned_fields(wanted, live, tree, "")


def project(live: Any, tree: Tree) -> Any:
    """``live`` cut down to the fields of ``tree``."""
    if not _children(tree):
        return live
    if isinstance(live, dict):
        return {key: project(value, tree[f"f:{key}"]) for key, value in live.items() if f"f:{key}" in tree}
    if isinstance(live, list):
        return [project(item, subtree) for item, _label, subtree in _items(live, tree)]
    return live


def union(one: Tree, other: Tree) -> Tree:
    """The fields of both trees."""
    return {key: union(one.get(key, {}), other.get(key, {})) for key in {**one, **other}}


def changes(before: Any, after: Any, tree: Tree, path: str = "") -> list[Change]:
    """The differences between two states of an object in the fields of ``tree``, each named by its path.

    An item of a keyed list is named by its keys: ``spec.containers[name=server].image``. What is there on one side
    only is one change, with its fields of ``tree``.
    """
    if before is None or after is None or not _children(tree):
        if before == after:
            return []
        return [Change(path, project(before, tree), project(after, tree))]
    if isinstance(before, dict) and isinstance(after, dict):
        found = []
        for key in sorted(_children(tree)):
            name = key[2:]
            inner = f"{path}.{name}" if path else name
            found += changes(before.get(name), after.get(name), tree[key], inner)
        return found
    if isinstance(before, list) and isinstance(after, list):
        old = {label: (item, subtree) for item, label, subtree in _items(before, tree)}
        new = {label: (item, subtree) for item, label, subtree in _items(after, tree)}
        found = []
        for label in {**old, **new}:
            subtree = (old.get(label) or new[label])[1]
            was, now = old.get(label, (None,))[0], new.get(label, (None,))[0]
            found += changes(was, now, subtree, f"{path}[{label}]")
        return found
    return [Change(path, before, after)]


def given_up(live: Any, before: Tree, after: Tree, path: str = "") -> list[str]:
    """The fields of ``live`` that a manager owned before and does not own after, each by its path."""
    found = []
    for part in sorted(_children(before)):
        if isinstance(live, dict):
            name, value = part[2:], live.get(part[2:])
            inner = f"{path}.{name}" if path else name
        else:
            value = next((item for item in live if _fits(item, part, strict=True)), None)
            inner = f"{path}[{_label(part)}]"
        if value in (None, [], {}):
            continue
        found += given_up(value, before[part], after[part], inner) if part in after else [inner]
    return found


def _children(tree: Tree) -> set[str]:
    """The parts of a node; none for a leaf, which is owned as one piece."""
    return {key for key in tree if key != "."}


@dataclass(frozen=True)
class _Comparison:
    """Compares what is wanted with what is there. forms: in which other forms the server may have put it."""

    forms: ServerForms

    def owned(self, want: Any, live: Any, tree: Tree, name: str) -> bool:
        """Whether ``want`` has just the fields of ``tree``, and ``live`` its values there. name: the field's."""
        parts = _children(tree)
        if not parts:
            return self.equal(want, live, name)
        if isinstance(want, dict) and isinstance(live, dict):
            return self.owned_fields(want, live, tree, name)
        if isinstance(want, list) and isinstance(live, list):
            return self._owned_items(want, live, tree)
        return False

    def owned_fields(self, want: dict[str, Any], live: dict[str, Any], tree: Tree, name: str) -> bool:
        """As owned, for a mapping that is owned field by field."""
        return _children(tree) <= {f"f:{key}" for key in want} and all(
            self._owned_field(value, live, tree.get(f"f:{key}"), key, name) for key, value in want.items()
        )

    def _owned_field(self, want: Any, live: dict[str, Any], tree: Tree | None, key: str, name: str) -> bool:
        """tree: None where the manager does not own the field."""
        if want == {} and not _children(tree or {}) and self.forms.sets_nothing(key, name):
            return True
        if live.get(key) in (None, [], {}) and self.forms.is_dropped(key, want):
            return not _children(tree or {})
        if tree is not None:
            return key in live and self.owned(want, live[key], tree, _within(self.forms, name, key))
        # Nothing in it is owned, so there must be nothing in it to own.
        if want == [] or not isinstance(want, dict) or not isinstance(live.get(key, {}), dict):
            return want == [] and live.get(key) == []
        return bool(want) and self.owned_fields(want, live.get(key) or {}, {}, key)

    def _owned_items(self, want: list[Any], live: list[Any], tree: Tree) -> bool:
        """As owned, for a list that is owned item by item; another order is a difference."""
        places = []
        for part in _children(tree):
            mine = [index for index, item in enumerate(want) if _fits(item, part, strict=False)]
            theirs = [index for index, item in enumerate(live) if _fits(item, part, strict=True)]
            if len(mine) != 1 or len(theirs) != 1 or not self.owned(want[mine[0]], live[theirs[0]], tree[part], ""):
                return False
            places.append((mine[0], theirs[0]))
        places.sort()
        order = [place for _mine, place in places]
        return [mine for mine, _place in places] == list(range(len(want))) and order == sorted(order)

    def equal(self, want: Any, live: Any, name: str) -> bool:
        """Whether two whole values are one to the server; 1 and true are not."""
        if isinstance(want, dict) and isinstance(live, dict):
            want = self.forms.completed(name, want)
            there = {key for key, value in live.items() if value is not None or key in want}
            return there <= want.keys() and all(
                self.equal(value, live[key], _within(self.forms, name, key))
                if live.get(key) is not None
                else self.forms.is_dropped(key, value)
                for key, value in want.items()
            )
        if isinstance(want, list) and isinstance(live, list):
            return len(want) == len(live) and all(
                self.equal(one, other, name) for one, other in zip(want, live, strict=True)
            )
        if isinstance(want, bool) or isinstance(live, bool):
            return want is live
        return want == live or (name in self.forms.amounts and same_amount(want, live))


def _within(forms: ServerForms, name: str, key: str) -> str:
    """The name under which a part of field ``name`` is compared: amounts are in maps by resource."""
    return name if name in forms.amounts else key


def _fits(item: Any, part: str, *, strict: bool) -> bool:
    """Whether a list's item is the one that ``part`` names; not strict: keys left out count as the server's default."""
    marker, _sep, text = part.partition(":")
    named = json.loads(text)
    if marker == "v":
        return item == named
    if marker != "k" or not isinstance(item, dict):
        return False
    return all(item[key] == value if key in item else not strict for key, value in named.items())


def _items(live: list[Any], tree: Tree) -> list[tuple[Any, str, Tree]]:
    """The items of ``live`` that ``tree`` names, each with its label and its own tree."""
    found = []
    for item in live:
        for part in sorted(_children(tree)):
            if _fits(item, part, strict=True):
                found.append((item, _label(part), tree[part]))
                break
    return found


def _label(part: str) -> str:
    marker, _sep, text = part.partition(":")
    named = json.loads(text)
    return ",".join(f"{key}={value}" for key, value in named.items()) if marker == "k" else f"={named}"
