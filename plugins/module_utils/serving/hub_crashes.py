# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a model server's log shows that the Hub did not give it the model, whatever server it is."""

from __future__ import annotations

import re

from ..kubernetes.diagnosis.crash_reasons import CrashReason

HUB_CRASHES = (
    CrashReason(
        re.compile(r"gated repo|GatedRepoError|403 Client Error", re.I),
        "the model is gated for this token",
        "accept the model's terms on its Hugging Face page with the account whose token the Secret holds",
    ),
    CrashReason(
        re.compile(r"401 Client Error|RepositoryNotFoundError|Invalid credentials", re.I),
        "Hugging Face refuses the token or does not know the model",
        "put a valid token into the Secret, and check the model's name",
    ),
    CrashReason(
        re.compile(r"No space left on device"),
        "the disk is full",
        "mount a larger volume where the model is cached",
    ),
)
