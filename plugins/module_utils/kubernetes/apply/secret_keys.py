# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of Secrets that an apply takes away. Only their names are told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...core.errors import LlmopsError
from ..client.resources import ObjectRef
from ..objects import managed_fields, masking
from ..objects.manifests import Manifest
from .outcomes import Outcome

Pairs = Iterable[tuple[ObjectRef, "dict[str, Any] | None", "dict[str, Any] | None"]]
"""Objects, each as it is and as it will be; None where it is not, or will not be, there."""


class KeyMustStay(LlmopsError):
    """An apply would take away a key of a Secret that must stay; ``object`` and ``keys`` say which."""

    kind = "key_must_stay"


def lost(pairs: Pairs) -> dict[ObjectRef, list[str]]:
    """The keys that each Secret loses. One that is deleted loses none that another one of its namespace will have."""
    pairs = [pair for pair in pairs if masking.is_secret(pair[1] or pair[2] or {})]
    found = {}
    for ref, before, after in pairs:
        others = {key for other, _before, new in pairs if other.namespace == ref.namespace for key in _keys(new)}
        keys = _keys(before) - (_keys(after) if after else others)
        if keys:
            found[ref] = sorted(keys)
    return found


def lost_in(outcomes: Iterable[Outcome]) -> dict[ObjectRef, list[str]]:
    """The keys that each Secret has lost, or would lose."""
    return lost(
        (one.ref, one.before, None if one.action == "deleted" else one.after) for one in outcomes if one.changed
    )


def refuse(
    keep: Mapping[str, str],
    manifests: Sequence[Manifest],
    lives: Sequence[dict[str, Any] | None],
    stale: Sequence[Outcome],
    manager: str,
) -> None:
    """Raise KeyMustStay where applying the manifests over ``lives``, and deleting what is stale, takes away a key of
    ``keep``; that has by the key what to do instead."""
    if not keep:
        return
    pairs = [
        (manifest.ref, live, _applied(manifest.body, live, manager))
        for manifest, live in zip(manifests, lives, strict=True)
    ]
    for ref, keys in lost([*pairs, *((one.ref, one.before, None) for one in stale)]).items():
        going = [key for key in keys if key in keep]
        if going:
            advice = "; ".join(dict.fromkeys(keep[key] for key in going))
            raise KeyMustStay(
                f"{ref} would lose {', '.join(going)}: {advice}; nothing was applied", object=str(ref), keys=going
            )


def _applied(manifest: dict[str, Any], live: dict[str, Any] | None, manager: str) -> dict[str, Any]:
    """The keys after an apply: those of the manifest, and those that others own or nobody does."""
    owners = {key: managed_fields.owners(live or {}, ("f:data", f"f:{key}")) for key in _keys(live)}
    own = {
        key
        for key, entries in owners.items()
        if entries and all(one.get("manager") == manager and one.get("operation") == "Apply" for one in entries)
    }
    return {**manifest, "data": dict.fromkeys(_keys(manifest) | (_keys(live) - own))}


def _keys(secret: dict[str, Any] | None) -> set[str]:
    return set((secret or {}).get("data") or ())
