# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a container's last words mean: the failures of a model server that no restart cures."""

from __future__ import annotations

import re
from collections.abc import Sequence

_LINE = 300
"""Characters shown of each; a traceback's last line may hold a whole configuration."""

_SIGNS: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (
        re.compile(r"gated repo|GatedRepoError|403 Client Error", re.I),
        "the model is gated for this token",
        "accept the model's terms on its Hugging Face page with the account whose token the Secret holds",
    ),
    (
        re.compile(r"401 Client Error|RepositoryNotFoundError|Invalid credentials", re.I),
        "Hugging Face refuses the token or does not know the model",
        "put a valid token into the Secret, and check MODEL_ID",
    ),
    (
        re.compile(r"Not enough memory to handle|CUDA out of memory|OutOfMemoryError"),
        "the GPU's memory is not enough",
        "lower MAX_BATCH_PREFILL_TOKENS or MAX_TOTAL_TOKENS, set QUANTIZE, or take a larger GPU",
    ),
    (
        re.compile(r"No space left on device"),
        "the disk is full",
        "mount a larger volume where the model is cached",
    ),
)


def joined(lines: Sequence[str]) -> str:
    """The lines of a log as one, each shortened."""
    return " | ".join(line.strip()[:_LINE] for line in lines if line.strip())


def meaning(words: str) -> tuple[str, str] | None:
    """What the words mean and what to do, or None where they are of no known kind."""
    return next(((means, advice) for sign, means, advice in _SIGNS if sign.search(words)), None)
