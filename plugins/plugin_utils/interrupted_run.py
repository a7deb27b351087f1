# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an interrupted run says instead of its summary, which Ansible does not come to any more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..module_utils.workflows.summary.page import Page
from . import terminal
from .run_command import run_command

_MAKES = "gke_cluster"
"""A role of every play that creates or removes what costs money."""

_BEFORE = "preflight"
"""The role that such a play has before it makes anything."""


def interrupted(role: str, task_vars: Mapping[str, Any]) -> str:
    """That what exists stays, and the commands that show it, go on with it and remove it; empty where the run makes
    nothing. The same for all hosts, so that it is told once. role: of the task that was interrupted."""
    roles = {name.rpartition(".")[2] for name in task_vars.get("ansible_play_role_names") or ()}
    if _MAKES not in roles or role in ("", _BEFORE) or task_vars.get("ansible_check_mode"):
        return ""
    command = run_command(task_vars)
    page = Page(terminal.WIDTH)
    page.title("Interrupted. What exists by now stays, and costs money until it is removed:")
    page.command("look at it", command.words("status"))
    page.command("deploy it", command.words("deploy"))
    page.command("tear down", command.words("teardown"))
    page.row("", f"(and the same -e as now for {command.left_out})" if command.left_out else "")
    return "\n".join(["", *page.lines])
