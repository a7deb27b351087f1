# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of field paths, and FieldsV1, the form in which managedFields carries them.

A path is a tuple of elements written as FieldsV1 writes them: ``f:spec`` (a field), ``k:{"name":"x"}`` (an item of
a keyed list), ``v:"x"`` (an item of a set). A set of fields is a plain ``set`` of paths.
Source: sigs.k8s.io/structured-merge-diff, fieldpath.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

Path = tuple[str, ...]
Fields = set[Path]


def compact(value: object) -> str:
    """Return JSON as path elements carry it: sorted, without spaces."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def decode(fields_v1: dict) -> Fields:
    """Return the paths that a FieldsV1 object names."""
    found: Fields = set()
    _decode(fields_v1, (), found)
    return found


def _decode(node: dict, path: Path, found: Fields) -> None:
    for element, below in node.items():
        if element == ".":
            found.add(path)
            continue
        here = (*path, element)
        if below:
            _decode(below, here, found)
        else:
            found.add(here)


def tree(fields: Iterable[Path]) -> dict:
    """Return the paths as nested dicts; a node that is itself in the set holds the key ``.``."""
    root: dict = {}
    for path in fields:
        node = root
        for element in path:
            node = node.setdefault(element, {})
        node["."] = {}
    return root


def encode(fields: Iterable[Path]) -> dict:
    """Return the FieldsV1 object of a set of paths."""
    return _encode(tree(fields))


def _encode(node: dict) -> dict:
    if len(node) == 1 and "." in node:
        return {}
    return {element: {} if element == "." else _encode(node[element]) for element in sorted(node)}


def without_below(fields: Fields, removed: Fields) -> Fields:
    """Return the fields without those in ``removed`` and without anything below those."""
    return {path for path in fields if not any(path[:length] in removed for length in range(1, len(path) + 1))}


def shown(path: Path) -> str:
    """Return a path as messages show it: ``.spec.containers[name="x"].image``."""
    text = ""
    for element in path:
        sort, _, rest = element.partition(":")
        if sort == "f":
            text += f".{rest}"
        elif sort == "k":
            keys = json.loads(rest)
            text += "[" + ",".join(f"{key}={compact(value)}" for key, value in sorted(keys.items())) + "]"
        else:
            text += f"[={rest}]" if sort == "v" else f"[{rest}]"
    return text
