# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The longest text that a model was made for, by its config.json. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_NAMES = (
    "max_position_embeddings",
    "n_positions",
    "max_seq_len",
    "seq_length",
    "max_target_positions",
    "max_sequence_length",
    "max_seq_length",
    "seq_len",
)
"""What families call their positions; the least counts."""

_WHOLE = "model_max_length"
"""Where a model has it, it counts instead of all of them."""

_SCALED = frozenset({"su", "longrope", "llama3"})
"""Kinds of RoPE scaling by which the positions are told as they are with it."""


@dataclass(frozen=True)
class Positions:
    """tokens: prompt and answer together. source: what in the config.json says so."""

    tokens: int
    source: str


def read_positions(config: Mapping[str, Any]) -> Positions | None:
    """The positions with the model's own RoPE scaling, or None where the configuration does not tell them."""
    text = config.get("text_config") or config
    named = {name: text[name] for name in _NAMES if _counts(text.get(name))}
    if _counts(text.get(_WHOLE)):
        named = {_WHOLE: text[_WHOLE]}
    if not named:
        return None
    name = min(named, key=named.__getitem__)
    # Gemma 3 tells its positions as they are with the scaling, whatever kind it has.
    if "gemma3" in str(text.get("model_type")):
        return Positions(named[name], name)
    tokens, factor = named[name], 1.0
    for scaling in _scalings(text):
        kind = scaling.get("rope_type") or scaling.get("type")
        if kind not in _SCALED:
            factor = scaling["factor"] if _counts(scaling.get("factor")) else factor
            original = scaling.get("original_max_position_embeddings")
            tokens = original if kind == "yarn" and _counts(original) else tokens
    return Positions(int(tokens * factor), name if factor == 1 else f"{name} and the RoPE scaling")


def _scalings(text: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The model's RoPE scaling; of a model with layers of several kinds, that of each kind."""
    found = text.get("rope_parameters") or text.get("rope_scaling")
    if not isinstance(found, Mapping):
        return []
    each = [one for one in found.values() if isinstance(one, Mapping)]
    return each or [found]


def _counts(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0
