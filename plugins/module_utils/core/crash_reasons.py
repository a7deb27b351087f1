# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the last lines of a crashed container mean: rows that whoever knows the program gives to who reads the log."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class CrashReason:
    """A failure that no restart cures.

    pattern: found in the log's last lines, joined to one. meaning: the failure in a few words. advice: what to change.
    """

    pattern: re.Pattern[str]
    meaning: str
    advice: str


def crash_reason(log: str, reasons: Iterable[CrashReason]) -> CrashReason | None:
    """The first reason that the text shows, or None."""
    return next((reason for reason in reasons if reason.pattern.search(log)), None)
