# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of an object may be shown: no value of a Secret, no bookkeeping of the API server."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from ...core.result import Change

HIDDEN = "********"

SHORTEST_SECRET = 6
"""Characters; hiding every occurrence of a shorter string would make a result unreadable and protect nothing."""

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""kubectl's annotation repeats the whole manifest, values included."""


def is_secret(obj: dict[str, Any]) -> bool:
    """Whether the object, or manifest, is a core Secret."""
    return obj.get("kind") == "Secret" and obj.get("apiVersion") == "v1"


def shown(obj: dict[str, Any] | None) -> dict[str, Any] | None:
    """The object as a result may hold it: without managedFields, a Secret's values hidden."""
    if obj is None:
        return None
    metadata = {key: value for key, value in (obj.get("metadata") or {}).items() if key != "managedFields"}
    clean = {**obj, "metadata": metadata}
    return _hide(clean, clean, HIDDEN) if is_secret(obj) else clean


def shown_pair(kind: dict[str, Any], before: Any, after: Any) -> tuple[Any, Any]:
    """Two states of some fields of ``kind``'s object, for a diff: a Secret's values hidden.

    Those that differ are marked with their side, so that the diff shows that they changed.
    """
    if not is_secret(kind):
        return before, after
    return (
        _hide(before, after, f"{HIDDEN} (before)") if before else before,
        _hide(after, before, f"{HIDDEN} (after)") if after else after,
    )


def shown_changes(kind: dict[str, Any], changes: list[Change]) -> tuple[Change, ...]:
    """Changes of ``kind``'s object, both values hidden where they are a Secret's."""
    if not is_secret(kind):
        return tuple(changes)
    return tuple(
        Change(change.field, _side(change.before, "before"), _side(change.after, "after"))
        if change.field.partition(".")[0] == "data" or _LAST_APPLIED in change.field
        else change
        for change in changes
    )


def secret_strings(manifest: dict[str, Any]) -> set[str]:
    """Every string by which a Secret's manifest could give itself away: values as they are, encoded and decoded."""
    if not is_secret(manifest):
        return set()
    found: set[str] = set()
    for value in _strings(manifest.get("stringData")):
        found |= {value, value.strip(), base64.b64encode(value.encode()).decode()}
    for value in _strings(manifest.get("data")):
        found.add(value)
        try:
            decoded = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
        found |= {decoded, decoded.strip()}
    return {value for value in found if len(value) >= SHORTEST_SECRET}


def _hide(obj: dict[str, Any], other: dict[str, Any] | None, mark: str) -> dict[str, Any]:
    """``obj`` with its values replaced: by ``mark`` where ``other`` has another one, else by HIDDEN."""
    clean = dict(obj)
    others = {**(obj.get("data") or {}), **((other or {}).get("data") or {})}
    if clean.get("data"):
        clean["data"] = {key: HIDDEN if others[key] == value else mark for key, value in clean["data"].items()}
    annotations = (clean.get("metadata") or {}).get("annotations") or {}
    if _LAST_APPLIED in annotations:
        clean["metadata"] = {**clean["metadata"], "annotations": {**annotations, _LAST_APPLIED: HIDDEN}}
    return clean


def _side(value: Any, side: str) -> str | None:
    return None if value is None else f"{HIDDEN} ({side})"


def _strings(values: Any) -> list[str]:
    return [value for value in values.values() if isinstance(value, str)] if isinstance(values, dict) else []
