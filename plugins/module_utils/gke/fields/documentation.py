# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of a field table's options, in Ansible's form."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..compare import exact_choices
from .field import OPTION_TYPES, Field, Value, snake_case


def documented(values: Iterable[Value], groups: Mapping[str, str], within: str = "") -> dict[str, Any]:
    """The options of a table, nested as the API's fields are.

    groups: what each option that only holds others is for, by its API path. within: the path of the keyed list whose
    entries these are.
    """
    options: dict[str, Any] = {}
    for value in values:
        *way, name = value.path.split(".")
        level = options
        for depth, part in enumerate(way, start=1):
            path = ".".join(([within] if within else []) + way[:depth])
            group = {"description": [groups[path]], "type": "dict", "suboptions": {}}
            level = level.setdefault(snake_case(part), group)["suboptions"]
        level[value.option_name or snake_case(name)] = _leaf(value, groups)
    return options


def as_suboptions(option: str, options: dict[str, Any]) -> dict[str, Any]:
    """The documentation of a module's options as that of the entries of a list option of another module."""
    names = "|".join(options)
    return json.loads(re.sub(rf"O\((?=(?:{names})\b)", f"O({option}[].", json.dumps(options)))


def exactly(fields: Iterable[Field]) -> dict[str, Any]:
    """The option that makes the named lists and maps exact."""
    return {
        "description": [
            "Options whose entries are replaced as a whole: an entry that is not given, such as a label that is no "
            "longer in the inventory, is removed instead of being left alone.",
            "Entries that GKE sets itself (C(nvidia.com/gpu), C(goog-*), names under C(kubernetes.io), C(k8s.io), "
            "C(gke.io) and C(cloud.google.com)) are always kept.",
        ],
        "type": "list",
        "elements": "str",
        "choices": exact_choices(fields),
    }


def _leaf(value: Value, groups: Mapping[str, str]) -> dict[str, Any]:
    leaf: dict[str, Any] = {"description": [value.description], **OPTION_TYPES.get(value.kind, {"type": "str"})}
    if value.choices:
        leaf["choices"] = list(value.choices)
    if value.required:
        leaf["required"] = True
    if isinstance(value, Field) and value.items:
        leaf["suboptions"] = documented(value.items, groups, value.path)
    return leaf
