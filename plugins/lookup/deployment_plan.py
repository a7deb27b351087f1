# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the play's roles are about to make on a host, as plain data."""

from __future__ import annotations

DOCUMENTATION = r"""
name: deployment_plan
short_description: Collect what the roles of a play are about to deploy for a host
version_added: 0.2.0
description:
  - Resolves every option of this collection's roles in the play, validates each value by the role's argument spec, and
    collects what the roles tell about the resources that they make.
  - Finds variables that begin with the name of one of the collection's roles and that no role knows, such as a mistyped
    option.
  - Options that an argument spec marks as C(no_log) are left out, except for whether they are set. Other secrets and
    credentials in URLs are hidden.
author: The llmops.gke engineers (@llmops)
options:
  refuse:
    description:
      - Roles whose options must be valid. Otherwise the lookup fails with everything that is wrong with them.
      - V(all) stands for every role. What is wrong with the others is in RV(_raw[].errors).
    type: list
    elements: str
    default: []
  as_text:
    description:
      - Return the plan as JSON text. As a fact it then costs next to nothing, whatever else a host's tasks look at.
    type: bool
    default: false
notes:
  - A role tells what it makes by C(__<role>_plan), and which variable sets which option of a module by
    C(__<role>_variables), both in its C(vars/main.yml).
seealso:
  - module: llmops.gke.llm_preflight
"""

EXAMPLES = r"""
- name: Show what is wrong with the variables of this host
  ansible.builtin.debug:
    msg: "{{ lookup('llmops.gke.deployment_plan').errors }}"
"""

RETURN = r"""
_raw:
  description: One plan.
  type: list
  elements: dict
  contains:
    host:
      description: Name of the inventory host.
      type: str
    roles:
      description: The roles of this collection in the play, C(llmops) first.
      type: list
    options:
      description: Value of every option of these roles, except for secret ones.
      type: dict
    secrets:
      description: For every secret option whether it is set.
      type: dict
    plans:
      description: For each role what it is about to make (C(__<role>_plan)).
      type: dict
    variables:
      description: For each role the variable that sets an option of its modules, by the option (C(__<role>_variables)).
      type: dict
    errors:
      description: What the argument specs refuse and what cannot be resolved, one line each.
      type: list
    refused:
      description: The options that RV(_raw[].errors) are about.
      type: list
    unknown:
      description: Variables that no role knows, each with the C(nearest) one that there is, or null.
      type: list
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from ansible.release import __version__ as ansible_version
from ansible.utils.display import Display

from ..plugin_utils.forks import advice, free_mib
from ..plugin_utils.plan_values import check, check_header, without_secrets
from ..plugin_utils.resolved_variables import ResolvedVariables
from ..plugin_utils.role_variables import Role, following, read_roles, roles_of_play, unknown_variables
from ..plugin_utils.supported_core import refuse_older

display = Display()

ROLES = Path(__file__).absolute().parents[2] / "roles"


class LookupModule(LookupBase):
    """One plan, whatever the terms."""

    def run(
        self,
        terms: Iterable[str],
        variables: Mapping[str, Any] | None = None,
        refuse: Iterable[str] = (),
        *,
        as_text: bool = False,
        **_options: Any,
    ) -> list[Any]:
        """See RETURN.

        Raises AnsibleError where an option of a role in ``refuse`` is wrong, with all that is, and where this
        ansible-core is older than the collection is tested with.
        """
        refuse_older(ansible_version)
        variables = variables or {}
        self._advise(variables)
        refusing = set(refuse)
        refused: list[str] = []
        roles = read_roles(ROLES)
        self._resolved = ResolvedVariables(self._templar, self._templar.copy_with_new_env(), variables)
        here = roles_of_play(roles, self._value("ansible_play_role_names") or [])
        plan: dict[str, Any] = {
            "host": str(variables.get("inventory_hostname", "")),
            "roles": [role.name for role in here],
            "options": {},
            "secrets": {},
            "plans": {},
            "variables": {},
            "errors": [],
            "refused": [],
            "unknown": unknown_variables(roles, variables),
        }
        for role in here:
            known = len(plan["errors"])
            self._add_options(plan, role, variables)
            for part in ("plan", "variables"):
                self._add_part(plan, role, part, variables)
            refused += plan["errors"][known:] if refusing & {"all", role.name} else []
        if refused:
            raise AnsibleError("\n".join(refused))
        return [json.dumps(plan) if as_text else plan]

    @staticmethod
    def _advise(variables: Mapping[str, Any]) -> None:
        hosts = len(variables.get("ansible_play_hosts_all") or ())
        if text := advice(int(variables.get("ansible_forks") or 1), hosts, free_mib()):
            # Ansible shows the same warning of several hosts once.
            display.warning(text)

    def _add_options(self, plan: dict[str, Any], role: Role, variables: Mapping[str, Any]) -> None:
        wrong: dict[str, list[str]] = {}
        for name, spec in role.options.items():
            if name not in variables:
                errors = [f"{name}: is required; set it in your inventory"] if spec.get("required") else []
            else:
                try:
                    value, errors = check(name, self._value(name), spec)
                except AnsibleError as error:
                    value, errors = None, [f"{name}: cannot be resolved: {_on_one_line(error)}"]
                if name == "llmops_api_key" and not errors:
                    errors = check_header(name, value)
                if spec.get("no_log"):
                    plan["secrets"][name] = bool(value)
                elif not errors:
                    plan["options"][name] = without_secrets(value, spec)
            if errors:
                wrong[name] = errors
        refused = [*plan["refused"], *wrong]
        told_elsewhere = following({name: variables.get(name) for name in refused})
        plan["errors"] += [line for name, lines in wrong.items() if name not in told_elsewhere for line in lines]
        plan["refused"] = refused

    def _add_part(self, plan: dict[str, Any], role: Role, part: str, variables: Mapping[str, Any]) -> None:
        name = f"__{role.name}_{part}"
        if name not in variables:
            return
        try:
            value = self._value(name)
        except AnsibleError as error:
            # Where an option is to blame, that is told already.
            plan["errors"] += [] if plan["errors"] else [f"{name}: cannot be resolved: {_on_one_line(error)}"]
            plan["refused"].append(name)
            return
        if part == "plan":
            plan["plans"][role.name] = without_secrets(value)
        else:
            plan["variables"][role.name] = value

    def _value(self, name: str) -> Any:
        """A variable's value as plain data. Raises AnsibleError where it cannot be resolved."""
        return json.loads(json.dumps(self._resolved.value(name), default=str))


def _on_one_line(error: Exception) -> str:
    return " ".join(str(error).split())
