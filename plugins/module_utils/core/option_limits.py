# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits of options that every module has: what no argument spec can say and no clock can take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import InvalidOption

MOST_SECONDS = 7 * 24 * 3600
"""A week. A wait that long is a mistake; much longer ones are more than the system's timers hold."""


def check_limits(options: Mapping[str, Any]) -> None:
    """The time that a task may take, or InvalidOption."""
    timeout = options.get("timeout")
    if timeout is not None and not 1 <= timeout <= MOST_SECONDS:
        raise InvalidOption("timeout", timeout, f"seconds, from 1 to {MOST_SECONDS} (a week)")
