# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a failed task found before it failed, kept for the play's summary.

Ansible prints all of a failed task's result, and takes no statistics of the job from it.
"""

from __future__ import annotations

from typing import Any

from ..module_utils.core.play_memory import PlayMemory, identity_of

MEMORY = PlayMemory()
"""Of the controller, which imports this before it forks a task's process."""


def set_aside(host: str, role: str, values: dict[str, Any]) -> None:
    """Keep what a role's task on a host had found, in place of what one before it had."""
    MEMORY.forget(_identity(host, role))
    MEMORY.keep(_identity(host, role), values)


def found_aside(host: str, role: str) -> dict[str, Any]:
    """What was kept; empty where nothing was."""
    return MEMORY.recall(_identity(host, role)) or {}


def _identity(host: str, role: str) -> bytes:
    return identity_of("set aside", host, role)
