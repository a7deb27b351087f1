# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles of a play are about to make on a host, as plain data: their options, resolved and validated."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from ansible.errors import AnsibleError

from .plan_values import check, check_header, without_secrets
from .resolved_variables import ResolvedVariables
from .role_variables import Role, following, roles_of_play, unknown_variables


def planned(
    known: ResolvedVariables, roles: Mapping[str, Role], refuse: Collection[str] = ()
) -> tuple[dict[str, Any], list[str]]:
    """The plan of a host, and which of its errors are those of the roles in ``refuse``, or of any role with ``all``.

    known: the host's variables in the play. roles: those of this collection, by name. The plan is as
    plugins/modules/deployment_plan.py documents it.
    """
    plan: dict[str, Any] = {
        "host": str(known.variables.get("inventory_hostname", "")),
        "roles": [],
        "unseen": [],
        "options": {},
        "secrets": {},
        "plans": {},
        "variables": {},
        "errors": [],
        "refused": [],
        "unknown": unknown_variables(roles, known.variables),
    }
    refused: list[str] = []
    for role in roles_of_play(roles, _value(known, "ansible_play_role_names") or []):
        if not role.is_in_sight_of(known.variables):
            plan["unseen"].append(role.name)
            continue
        before = len(plan["errors"])
        plan["roles"].append(role.name)
        _add_options(plan, role, known)
        for part in ("plan", "variables"):
            _add_part(plan, role, part, known)
        refused += plan["errors"][before:] if {"all", role.name} & {*refuse} else []
    return plan, refused


def _add_options(plan: dict[str, Any], role: Role, known: ResolvedVariables) -> None:
    wrong: dict[str, list[str]] = {}
    for name, spec in role.options.items():
        if name not in known.variables:
            errors = [f"{name}: is required; set it in your inventory"] if spec.get("required") else []
        else:
            try:
                value, errors = check(name, _value(known, name), spec)
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
    told_elsewhere = following({name: known.variables.get(name) for name in refused})
    plan["errors"] += [line for name, lines in wrong.items() if name not in told_elsewhere for line in lines]
    plan["refused"] = refused


def _add_part(plan: dict[str, Any], role: Role, part: str, known: ResolvedVariables) -> None:
    name = f"__{role.name}_{part}"
    if name not in known.variables:
        return
    try:
        value = _value(known, name)
    except AnsibleError as error:
        # Where an option is to blame, that is told already.
        plan["errors"] += [] if plan["errors"] else [f"{name}: cannot be resolved: {_on_one_line(error)}"]
        plan["refused"].append(name)
        return
    if part == "plan":
        plan["plans"][role.name] = without_secrets(value)
    else:
        plan["variables"][role.name] = value


def _value(known: ResolvedVariables, name: str) -> Any:
    """A variable's value as plain data. Raises AnsibleError where it cannot be resolved."""
    return json.loads(json.dumps(known.value(name), default=str))


def _on_one_line(error: Exception) -> str:
    return " ".join(str(error).split())
