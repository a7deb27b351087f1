# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command that runs a playbook of this collection as this run was started."""

from __future__ import annotations

DOCUMENTATION = r"""
name: own_command
short_description: Return the command that runs a playbook of this collection the way this run was started
version_added: 0.2.0
description:
  - For messages that advise what to run. The command has the inventories, the C(--limit) and the extra variables of
    this run, and names C(ansible-playbook) by its path only where the shell would not find the same one. Without
    C(--limit), a play on some of the inventory's hosts has one for these.
  - Extra variables that may be secret, judged by their names and values, and those from files are left out and only
    named. Extra variables that are meant for a single run, such as C(gpu_nodepool_repair), are left out.
author: The llmops.gke engineers (@llmops)
options:
  _terms:
    description: Playbooks by their names without C(.yml).
    required: true
  values:
    description: Extra variables of the command beside those of this run, over which they win.
    type: dict
    default: {}
seealso:
  - module: llmops.gke.deployment_summary
"""

EXAMPLES = r"""
- name: Say how to wake a model
  ansible.builtin.debug:
    msg: "{{ lookup('llmops.gke.own_command', 'deploy', values={'llmops_replicas': 1}) }}"
"""

RETURN = r"""
_raw:
  description: A command for each playbook, in one line.
  type: list
  elements: str
"""

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.plugins.lookup import LookupBase

from ..plugin_utils.run_command import run_command


class LookupModule(LookupBase):
    """One command for each term."""

    def run(
        self,
        terms: Iterable[str],
        variables: Mapping[str, Any] | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> list[str]:
        """See RETURN."""
        command = run_command(self._own(variables or {}))
        return [command.text(str(playbook), **dict(values or {})) for playbook in terms]

    @staticmethod
    def _own(variables: Mapping[str, Any]) -> dict[str, Any]:
        names = (
            *("ansible_inventory_sources", "ansible_playbook_python"),
            *("ansible_limit", "ansible_play_hosts_all", "groups"),
        )
        return {name: variables[name] for name in names if name in variables}
