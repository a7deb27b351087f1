# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a field is: where it lives in the API's body, how it is compared, and how it can change.

A resource is a tuple of rows (cluster/table.py, node_pool/table.py). Options, documentation, comparison, plan and
errors all read them, so a field is added by adding its row.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal[
    "bool",
    "int",
    "int64",
    "float",
    "str",
    "name",
    "cidr",
    "version",
    "duration",
    "time",
    "clock",
    "recurrence",
    "map",
    "set",
    "keyed",
    "named",
]
"""How a value is written and compared.

int64: a number that JSON carries as a string. name: a Compute resource, by its name or by its path. cidr: a block,
of which ``/17`` means any of that size. version: ``1.33`` agrees with any 1.33. duration: ``90s``. time: RFC 3339.
clock: ``03:00``, a time of the day. recurrence: an RRULE of RFC 5545. map: string to string. set: strings in any
order. keyed: a list of objects, each known by its ``keys``. named: objects by name in the API (a map), a list of
objects with ``name`` in the options.
"""

OPTION_TYPES: dict[str, dict[str, Any]] = {
    "bool": {"type": "bool"},
    "int": {"type": "int"},
    "int64": {"type": "int"},
    "float": {"type": "float"},
    "map": {"type": "dict"},
    "set": {"type": "list", "elements": "str"},
    "keyed": {"type": "list", "elements": "dict"},
    "named": {"type": "list", "elements": "dict"},
}
"""The option's type in Ansible, by kind; a string for the other kinds."""

ABSENT: dict[str, Any] = {
    "bool": False,
    "int": 0,
    "int64": 0,
    "float": 0.0,
    "map": {},
    "set": [],
    "keyed": [],
    "named": [],
}
"""What the API means by leaving a field out; None for the other kinds."""

ADDED_SCOPES = ("https://www.googleapis.com/auth/monitoring.write",)
"""Scopes that GKE gives nodes whatever was asked for."""


@dataclass(frozen=True)
class Verb:
    """The call that changes a part of a resource.

    root: path of the part in the resource. body: path in the request's body where its value goes; empty where the
    part's own fields are the request's. suffix: the custom verb after the resource's name, if any. base: from (what
    ``root`` holds now, what the user named of it) the values that must go along because the API replaces the part
    whole. along: request path -> resource path of what else the request must carry. only_changed: what agrees already
    is not sent. text: paths of numbers that this request takes as strings.
    """

    root: str
    body: str
    method: str = "PUT"
    suffix: str = ""
    base: Callable[[Any, Any], dict[str, Any]] = lambda have, want: {}
    along: tuple[tuple[str, str], ...] = ()
    only_changed: bool = False
    text: tuple[str, ...] = ()

    def place(self, path: str) -> str:
        """Where in the request's body the value of a resource's path goes."""
        return (self.body + path.removeprefix(self.root)).removeprefix(".")


@dataclass(frozen=True)
class Immutable:
    """The API cannot change it in place; remedy says what a person can do instead."""

    remedy: str


@dataclass(frozen=True)
class CreateOnly:
    """Only the create request has it; it means nothing afterwards and is not compared."""


@dataclass(frozen=True)
class Value:
    """A value: path in the API's terms (``autoscaling.minNodeCount``), kind, its description, enum choices.

    required: of a list's entry, that it cannot be left out. option_name: the option's name, where it is not the path's.
    absent: what the API means by leaving it out, where that is not the kind's own. same: from (what is, what is wanted)
    whether both mean the same, where the kind does not tell.
    """

    path: str
    kind: Kind
    description: str
    choices: tuple[str, ...] = ()
    required: bool = False
    option_name: str = ""
    absent: Any = None
    same: Callable[[Any, Any], bool] | None = None

    @property
    def option(self) -> str:
        """The path in the option's terms (``autoscaling.min_node_count``)."""
        return self.option_name or ".".join(snake_case(part) for part in self.path.split("."))


@dataclass(frozen=True, kw_only=True)
class Field(Value):
    """A value that is compared and changed.

    items, keys: of a list of objects, its entries' values, and the paths that identify an entry. partial: of a map, a
    set or a list of objects, that entries which the user did not name are left alone. added: of a set, entries that GKE
    adds by itself. unless: path of a bool; while that is on, GKE manages the field by itself, so it is not compared.
    create_path: where a create request has it, if elsewhere. refuses: from (what is, what is wanted) the reason why the
    API would not take this very change, or None.
    """

    change: Verb | Immutable | CreateOnly
    items: tuple[Value, ...] = ()
    keys: tuple[str, ...] = ()
    partial: bool = False
    added: tuple[str, ...] = ()
    unless: str = ""
    create_path: str = ""
    refuses: Callable[[Any, Any], str | None] | None = None


def keep(have: Any, _want: Any) -> dict[str, Any]:
    """A verb's ``base`` for a part that the API replaces whole."""
    return have


def snake_case(name: str) -> str:
    """``gcsFuseCsiDriverConfig`` -> ``gcs_fuse_csi_driver_config``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def dig(tree: Any, path: str) -> Any:
    """The value at a dotted path of nested dictionaries, or None."""
    for part in path.split("."):
        if not isinstance(tree, dict):
            return None
        tree = tree.get(part)
    return tree


def put(tree: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at a dotted path, making the dictionaries on the way."""
    *way, last = path.split(".")
    for part in way:
        tree = tree.setdefault(part, {})
    tree[last] = value
