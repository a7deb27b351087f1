# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a play is about to deploy on a host; plugins/modules/deployment_plan.py documents it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.release import __version__ as ansible_version
from ansible.utils.display import Display

from ..plugin_utils.before_forks import loaded_before_forks

with loaded_before_forks():
    from ..plugin_utils.deployment_plan import planned
    from ..plugin_utils.forks import advice, free_mib
    from ..plugin_utils.resolved_arguments import ResolvedArguments
    from ..plugin_utils.resolved_variables import ResolvedVariables
    from ..plugin_utils.role_variables import read_roles
    from ..plugin_utils.supported_core import refuse_older

    ROLES = read_roles(Path(__file__).absolute().parents[2] / "roles")
    """Of this collection, read once for all hosts."""

display = Display()


class ActionModule(ResolvedArguments, ActionBase):
    """Resolves and validates variables, and asks nobody."""

    _supports_check_mode = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """See RETURN of the module. Raises AnsibleError where this ansible-core is older than what the collection is
        tested with."""
        refuse_older(ansible_version)
        task_vars = task_vars or {}
        result = super().run(tmp, task_vars)
        _validated, arguments = self.validate_argument_spec(
            {"refuse": {"type": "list", "elements": "str", "default": []}}
        )
        _advise(task_vars)
        known = ResolvedVariables(self._templar, self._templar.copy_with_new_env(), task_vars)
        plan, refused = planned(known, ROLES, arguments["refuse"])
        _tell_unseen(plan["unseen"])
        result["changed"] = False
        if refused:
            error = {"kind": "plan_refused", "findings": [{"text": line} for line in refused]}
            return {**result, "failed": True, "msg": "\n".join(refused), "error": error}
        return {**result, "errors": plan["errors"], "plan": json.dumps(plan)}


def _advise(task_vars: Mapping[str, Any]) -> None:
    hosts = len(task_vars.get("ansible_play_hosts_all") or ())
    if text := advice(int(task_vars.get("ansible_forks") or 1), hosts, free_mib()):
        # Ansible shows the same warning of several hosts once.
        display.warning(text)


def _tell_unseen(roles: list[str]) -> None:
    if roles:
        display.warning(
            f"the variables of role{'s' if len(roles) > 1 else ''} {', '.join(roles)} are not checked, because "
            "include_role keeps them from the rest of the play; use import_role or roles to have them checked"
        )
