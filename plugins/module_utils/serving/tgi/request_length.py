# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether TGI lets requests be longer than the model was made for (TGI 2.4 to 3.3.7: its launcher does not ask)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...models.positions import read_positions
from ..engine import TooLong

_LIMITS = ("MAX_TOTAL_TOKENS", "MAX_INPUT_TOKENS", "MAX_INPUT_LENGTH")
_REWRITES = "ROPE_SCALING"
"""Lets the model have another scaling than its config.json."""


def too_long(config: Mapping[str, Any], environment: Mapping[str, Any]) -> Iterator[TooLong]:
    """See Engine.too_long."""
    most = read_positions(config)
    if most is None or _REWRITES in environment:
        return
    for name in _LIMITS:
        asked = str(environment.get(name))
        if asked.isdecimal() and int(asked) > most.tokens:
            outcome = "the server starts, but answers get unreliable beyond that length"
            yield TooLong(f"environment.{name}", int(asked), most, outcome)
            return
