# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A container's arguments as vLLM's parser takes them."""

from __future__ import annotations

import re
from collections.abc import Sequence

QUANTIZATION, SHARDS, LENGTH = "--quantization", "--tensor-parallel-size", "--max-model-len"

_SHORT = {"-q": QUANTIZATION, "-tp": SHARDS}
_TOKENS = re.compile(r"(\d+(?:\.\d+)?)([kmgt]?)", re.IGNORECASE)
_POWERS = "kmgt"


def by_name(arguments: Sequence[str]) -> dict[str, str]:
    """``--dtype half``, ``--dtype=half``, ``--max_model_len 4k``, ``-tp 2``, ``--enforce-eager``; the last one wins."""
    found: dict[str, str] = {}
    name = ""
    for argument in arguments:
        word, equals, value = argument.partition("=")
        if word in _SHORT or word.startswith("--"):
            name = _SHORT.get(word, word.replace("_", "-"))
            found[name] = value if equals else "true"
            if equals:
                name = ""
        elif name:
            found[name] = argument
            name = ""
    return found


def tokens_of(value: str) -> int | None:
    """A number of tokens: ``4096``, ``4k`` (thousands), ``4K`` (of 1024); None for ``auto`` and all else."""
    found = _TOKENS.fullmatch(value.strip())
    if found is None:
        return None
    number, unit = found.groups()
    base = 1024 if unit.isupper() else 1000
    return int(float(number) * base ** (_POWERS.index(unit.lower()) + 1)) if unit else int(float(number))
