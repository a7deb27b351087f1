# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scores of endpoints, between 0 and 1, higher is better. Pure.

Source: llm-d/llm-d-router v0.10.0, pkg/epp/framework/plugins/scheduling/scorer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_BLOCK = 64
"""Characters of a prompt that are taken together, about the tokens of a block of the cache."""


def metric(text: str, name: str) -> float | None:
    """Return the first value of a metric in a page of them; None where it is not there."""
    found = re.search(rf"^{re.escape(name)}(?:\{{[^}}]*\}})? (\S+)$", text, re.MULTILINE) if name else None
    return float(found[1]) if found else None


def of_counts(values: Mapping[str, float | None]) -> dict[str, float]:
    """Return the scores of counts: 1 for the fewest, 0 for the most, what lies between in proportion."""
    known = {name: 0.0 if value is None else value for name, value in values.items()}
    least, most = min(known.values(), default=0), max(known.values(), default=0)
    return {name: 1.0 if most == least else (most - value) / (most - least) for name, value in known.items()}


def of_usage(values: Mapping[str, float | None]) -> dict[str, float]:
    """Return the scores of caches that are used in part."""
    return {name: 1.0 - (value or 0.0) for name, value in values.items()}


class Prefixes:
    """Which endpoint has lately been given which beginnings of prompts."""

    def __init__(self, most: int = 10_000) -> None:
        self._blocks: dict[str, set[int]] = {}
        self._most = most

    def scores(self, prompt: str, names: list[str]) -> dict[str, float]:
        """Return the part of a prompt's blocks that each endpoint has, counted from the beginning."""
        blocks = _blocks(prompt)
        return {name: self._known(name, blocks) / len(blocks) if blocks else 0.0 for name in names}

    def given(self, prompt: str, name: str) -> None:
        """Remember that an endpoint has been given a prompt."""
        seen = self._blocks.setdefault(name, set())
        if len(seen) > self._most:
            seen.clear()
        seen.update(_blocks(prompt))

    def _known(self, name: str, blocks: list[int]) -> int:
        seen = self._blocks.get(name, set())
        return next((index for index, block in enumerate(blocks) if block not in seen), len(blocks))


def _blocks(prompt: str) -> list[int]:
    return [hash(prompt[:end]) for end in range(_BLOCK, len(prompt) + 1, _BLOCK)]
