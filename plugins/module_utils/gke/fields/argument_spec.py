# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument specs made from the field tables; documented by documentation.py."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..compare import exact_choices
from .field import OPTION_TYPES, Field, Value


def spec_of(values: Iterable[Value]) -> dict[str, Any]:
    """The argument spec of a table's options, nested as the API's fields are."""
    spec: dict[str, Any] = {}
    for value in values:
        *groups, name = value.option.split(".")
        level = spec
        for group in groups:
            level = level.setdefault(group, {"type": "dict", "no_log": False, "options": {}})["options"]
        level[name] = _leaf(value)
    return spec


def _leaf(value: Value) -> dict[str, Any]:
    # No field is a secret; that is said because some have a name that looks like one, such as a taint's key.
    leaf = dict(OPTION_TYPES.get(value.kind, {"type": "str", "no_log": False}))
    if value.choices:
        leaf["choices"] = list(value.choices)
    if value.required:
        leaf["required"] = True
    if isinstance(value, Field) and value.items:
        leaf["options"] = spec_of(value.items)
    return leaf


def exactly_spec(fields: Iterable[Field]) -> dict[str, Any]:
    """The spec of the option ``exactly`` for a table."""
    return {"type": "list", "elements": "str", "choices": exact_choices(fields)}
