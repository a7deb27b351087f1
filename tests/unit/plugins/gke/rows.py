# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of fields as small as a test needs them."""

from __future__ import annotations

from typing import Any

from ansible_collections.llmops.gke.plugins.module_utils.gke import compare
from ansible_collections.llmops.gke.plugins.module_utils.gke.fields.field import Field, Value, Verb

PART = Verb("part", "part")
"""Changes the resource's ``part``."""


def row(path: str, kind: Any = "str", change: Any = None, **more: Any) -> Field:
    """A field of a resource, which is changed with the whole of what its path begins with."""
    root = path.partition(".")[0]
    change = change or (PART if root == PART.root else Verb(root, root))
    return Field(path, kind, "What it is.", change=change, **more)


def item(path: str, kind: Any = "str") -> Value:
    """A value of a list's entries."""
    return Value(path, kind, "What it is.")


def taints(**more: Any) -> Field:
    """A list of objects that two of their values identify."""
    values = (item("key"), item("value"), item("effect"), item("seconds", "int64"), item("more.on", "bool"))
    return row("part.taints", "keyed", items=values, keys=("key", "effect"), **more)


def disks(**more: Any) -> Field:
    """A map of objects by name."""
    values = (item("name"), item("sizeGb", "int64"), item("use.mode"))
    return row("part.disks", "named", items=values, keys=("name",), **more)


def difference(field: Field, want: Any, have: dict[str, Any]) -> list[tuple[Any, Any]]:
    """Before and after of the difference, if there is one; want: the value of the field's option in ``part``."""
    options = {"part": {field.option.partition(".")[2]: want}}
    found = list(compare.differences([field], options, {"part": have}))
    assert all(about is field and change.field == field.option for about, change in found)
    return [(change.before, change.after) for _field, change in found]
