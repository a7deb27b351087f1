# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What TGI's launcher says before it ends, the Hub's refusals among it."""

from __future__ import annotations

import re

from ...core.option_names import option
from ...kubernetes.diagnosis.crash_reasons import CrashReason
from ..hub_crashes import HUB_CRASHES

# In a role, the variable that sets each of them is named.
_PREFILL, _TOTAL, _QUANTIZE = map(option, ("MAX_BATCH_PREFILL_TOKENS", "MAX_TOTAL_TOKENS", "QUANTIZE"))

CRASH_REASONS = (
    *HUB_CRASHES,
    CrashReason(
        re.compile(r"Not enough memory to handle|CUDA out of memory|OutOfMemoryError"),
        "the GPU's memory is not enough",
        f"lower {_PREFILL} or {_TOTAL}, set {_QUANTIZE}, or take a larger GPU",
    ),
)
