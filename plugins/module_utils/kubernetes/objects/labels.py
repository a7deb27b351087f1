# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels and annotations of objects that others make: their form, and how one manager owns just them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ...core.errors import InvalidOption
from . import managed_fields

# https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_PREFIX = re.compile(r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")

_FIELDS = ("labels", "annotations")


def check(labels: Mapping[str, Any], annotations: Mapping[str, Any], *, keys_only: bool) -> None:
    """Refuse with InvalidOption what the API would refuse: keys of another form, values that are no (label) text.

    keys_only: for their removal, where values do not matter.
    """
    for option, entries in zip(_FIELDS, (labels, annotations), strict=True):
        for key, value in entries.items():
            prefix, slash, name = str(key).rpartition("/")
            if not _NAME.fullmatch(name) or (slash and not _PREFIX.fullmatch(prefix)):
                accepted = "keys of at most 63 letters, digits, '-', '_' and '.', after an optional DNS prefix and '/'"
                raise InvalidOption(option, key, accepted)
            if keys_only:
                continue
            if not isinstance(value, str):
                raise InvalidOption(f"{option}.{key}", value, 'text; quote it, as in "true" or "1"')
            if option == "labels" and value and not _NAME.fullmatch(value):
                accepted = (
                    "nothing, or at most 63 letters, digits, '-', '_' and '.' with a letter or digit at both ends"
                )
                raise InvalidOption(f"labels.{key}", value, accepted)


def owned_keys(live: dict[str, Any], manager: str) -> dict[str, set[str]]:
    """The keys of labels and of annotations that ``manager`` has applied to the object."""
    metadata = (managed_fields.owned(live, manager) or {}).get("f:metadata") or {}
    return {field: {key[2:] for key in metadata.get(f"f:{field}") or {} if key != "."} for field in _FIELDS}


def desired(
    live: dict[str, Any], wanted: Mapping[str, Mapping[str, Any]], manager: str, *, absent: bool
) -> tuple[dict[str, Any], list[str]]:
    """The manifest by which ``manager`` owns the wanted labels and annotations (or no more), and nothing else.

    What it has applied before stays, so that tasks can each add their own. The uid keeps the apply from making a
    stub of an object that was deleted meanwhile. Also gives the keys (``labels.x``) that were to go but belong to
    others, who would not know.
    """
    mine = owned_keys(live, manager)
    identity = {key: live["metadata"][key] for key in ("name", "namespace", "uid") if key in live["metadata"]}
    body: dict[str, Any] = {"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": identity}
    foreign = []
    for field in _FIELDS:
        there, given = live["metadata"].get(field) or {}, wanted.get(field) or {}
        entries = {key: there[key] for key in sorted(mine[field]) if key in there}
        if absent:
            foreign += [f"{field}.{key}" for key in given if key in there and key not in mine[field]]
            entries = {key: value for key, value in entries.items() if key not in given}
        else:
            entries.update(given)
        if entries:
            identity[field] = entries
    return body, foreign
