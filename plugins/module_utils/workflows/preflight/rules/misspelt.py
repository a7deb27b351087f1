# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option that was meant by a name that none has. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from ....gke.fields.field import snake_case

_LIKE = 0.75
"""Of difflib's ratio: below it, two names are two words."""


def meant(path: str, spec: Mapping[str, Any]) -> str | None:
    """The path of an option in an argument spec, or None where nothing is near: ``config.diskSizeGb`` is spelt as the
    API does, ``disk_size_gb`` lies in ``config``, ``config.disk_size`` lacks its end."""
    parent, _dot, leaf = path.rpartition(".")
    known = list(_paths(spec))
    name = snake_case(leaf)
    for found in (
        [one for one in known if one == f"{parent}.{name}".removeprefix(".")],
        [one for one in known if one.rpartition(".")[2] == name],
        _like(name, [one for one in known if one.rpartition(".")[0] == parent]),
        _like(name, known),
    ):
        if found:
            return min(found, key=lambda one: (one.count("."), one))
    return None


def _paths(spec: Mapping[str, Any], parent: str = "") -> Iterator[str]:
    for name, option in spec.items():
        yield f"{parent}{name}"
        yield from _paths(option.get("options") or {}, f"{parent}{name}.")


def _like(name: str, known: list[str]) -> list[str]:
    leaves = {one.rpartition(".")[2] for one in known}
    near = difflib.get_close_matches(name, leaves, n=1, cutoff=_LIKE)
    return [one for one in known if one.rpartition(".")[2] in near]
