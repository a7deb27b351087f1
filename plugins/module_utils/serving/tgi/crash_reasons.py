# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What TGI's launcher says before it ends, the Hugging Face Hub's refusals among it."""

from __future__ import annotations

import re

from ...kubernetes.diagnosis.crash_reasons import CrashReason

CRASH_REASONS: tuple[CrashReason, ...] = (
    CrashReason(
        re.compile(r"gated repo|GatedRepoError|403 Client Error", re.I),
        "the model is gated for this token",
        "accept the model's terms on its Hugging Face page with the account whose token the Secret holds",
    ),
    CrashReason(
        re.compile(r"401 Client Error|RepositoryNotFoundError|Invalid credentials", re.I),
        "Hugging Face refuses the token or does not know the model",
        "put a valid token into the Secret, and check MODEL_ID",
    ),
    CrashReason(
        re.compile(r"Not enough memory to handle|CUDA out of memory|OutOfMemoryError"),
        "the GPU's memory is not enough",
        "lower MAX_BATCH_PREFILL_TOKENS or MAX_TOTAL_TOKENS, set QUANTIZE, or take a larger GPU",
    ),
    CrashReason(
        re.compile(r"No space left on device"),
        "the disk is full",
        "mount a larger volume where the model is cached",
    ),
)
