# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of a warning: in a task's result ansible-core has a warning as an object of its own."""

from __future__ import annotations

from typing import Any


def warning_text(warning: Any) -> str:
    """What a warning says; any other value as text."""
    return str(getattr(getattr(warning, "event", None), "msg", warning))
