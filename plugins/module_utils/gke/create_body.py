# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A resource born in the place of another: what the user named, and for the rest what the other one has. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from . import compare
from .fields.field import Field, Verb, dig, put

_GIVEN_ANEW = frozenset({"version", "networkConfig.podIpv4CidrBlock"})
"""What GKE chooses better for a new resource than to have it as the old one has."""


def successor(fields: Sequence[Field], options: dict[str, Any], current: dict[str, Any]) -> dict[str, Any]:
    """The body of a create request for what takes the place of ``current``, without its name."""
    body = compare.birth(fields, options)
    verbs = {field.change for field in fields if isinstance(field.change, Verb) and field.change.body}
    settled: set[str] = set()
    for verb in verbs:
        rows = [field for field in fields if field.change is verb]
        # Of a part that is changed whole, the verb knows what of the old goes with what is new.
        if any(compare.wanted(field, options) is not None for field in rows):
            put(body, verb.root, dig(compare.change_body(verb, fields, options, current), verb.body))
            settled |= {field.path for field in rows}
    _carry(body, (field for field in fields if field.path not in settled | _GIVEN_ANEW), options, current)
    return body


def _carry(body: dict[str, Any], fields: Iterable[Field], options: dict[str, Any], current: dict[str, Any]) -> None:
    for field in fields:
        have = dig(current, field.path)
        if have is None or compare.wanted(field, options) is not None:
            continue
        if field.kind == "map":
            have = {key: value for key, value in have.items() if not compare.of_gke(key)}
        if field.kind == "keyed" and field.partial:
            have = [entry for entry in have if not compare.of_gke(entry.get("key", ""))]
        put(body, field.path, have)
