# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of a play's other hosts, for a task that runs once for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def host_variables(host: str, task: Any, task_vars: Mapping[str, Any]) -> Mapping[str, Any]:
    """The variables that a task of this play has on a host, unresolved: hostvars has none of its play and roles."""
    if host == task_vars.get("inventory_hostname"):
        return task_vars
    every = task_vars["hostvars"]
    inventory, manager = every._inventory, every._variable_manager
    return dict(manager.get_vars(play=task.get_play(), host=inventory.get_host(host), task=task))
