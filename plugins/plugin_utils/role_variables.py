# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of this collection's roles, as their argument specs declare them, and names that nearly are one."""

from __future__ import annotations

import difflib
import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

COLLECTION = "llmops.gke"

SHARED = "llmops"
"""The role whose variables all others share."""

OTHER_VARIABLES = frozenset({"llmops_in_process", "llmops_confirm_teardown", "llmops_serial", "llmops_teardown_in_use"})
"""Read by plugins and playbooks, so no role's options."""

JOB_DATA = frozenset(
    {"llmops_benchmark", "llmops_report", "llmops_status", "llmops_summary", "llmops_total", "llmops_verify"}
)
"""What plays leave as ``ansible.builtin.set_stats`` does. An automation controller gives what a job of a workflow left
to the next job, as extra variables."""

REPLACED = {"model_server_hpa_timeout": "verify_timeout"}
"""Variables of former releases -> the option that does what they did."""

SHARED_OPTIONS = {"cluster_endpoint": "llmops_cluster_endpoint", "cluster_proxy_url": "llmops_cluster_proxy_url"}
"""Options of modules that a variable sets wherever a task leaves them out, so that no role has to hand them over."""

TIMEOUT_FACTOR = "llmops_timeout_factor"
"""Multiplies the timeout of every task of a module."""

COMPARE_ONLY = "llmops_compare_only"
"""Lets the result of every task of a module tell what differs, and be neither changed nor failed."""

_SANDBOX = "llmops_sandbox"
"""Begins the names of what inventories and playbooks say about a sandbox."""

_SET_BY_TASKS = re.compile(r"^[ -]*(?:register:|(?:ansible\.builtin\.)?set_fact:\n)\s*(\w+)", re.MULTILINE)
_SET_BY_VARS = re.compile(r"^(\w+):", re.MULTILINE)
_WORD = re.compile(r"\w+")
_LEAST_LIKENESS = 0.6
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Role:
    """A role of this collection. options: variable -> its argument spec, of all entry points.

    own: variables that are no options: of vars/main.yml, and those that its tasks register or set. defaults: variables
    of defaults/main.yml.
    """

    name: str
    options: Mapping[str, Mapping[str, Any]]
    own: frozenset[str] = frozenset()
    defaults: frozenset[str] = frozenset()

    def is_in_sight_of(self, variables: Container[str]) -> bool:
        """Whether a play has the role's defaults among its variables. Those of one that ``include_role`` brings are
        its own tasks' alone, though the play counts it among its roles."""
        return self.name == SHARED or all(name in variables for name in self.defaults)


def read_roles(directory: Path) -> dict[str, Role]:
    """Every role below ``directory`` that has an argument spec, by its name."""
    roles = {}
    for path in sorted(directory.glob("*/meta/argument_specs.yml")):
        home = path.parents[1]
        entries = yaml.load(path.read_text(encoding="utf-8"), _LOADER)["argument_specs"]
        options = {name: spec for entry in entries.values() for name, spec in (entry.get("options") or {}).items()}
        own, defaults = (
            {name for file in home.glob(pattern) for name in _SET_BY_VARS.findall(file.read_text("utf-8"))}
            for pattern in ("vars/*.yml", "defaults/main.yml")
        )
        own |= {name for file in home.glob("tasks/*.yml") for name in _SET_BY_TASKS.findall(file.read_text("utf-8"))}
        roles[home.name] = Role(home.name, options, frozenset(own), frozenset(defaults))
    return roles


def roles_of_play(roles: Mapping[str, Role], play_role_names: Iterable[str]) -> list[Role]:
    """The shared role, and the play's roles of this collection, each once. play_role_names: short or full names."""
    names = [SHARED]
    for name in play_role_names:
        collection, _dot, short = name.rpartition(".")
        if collection in ("", COLLECTION):
            names.append(short)
    return [roles[name] for name in dict.fromkeys(names) if name in roles]


def unknown_variables(roles: Mapping[str, Role], names: Iterable[str]) -> list[dict[str, str | None]]:
    """Variables that begin as a role's do and are none: ``name``, and the ``nearest`` that there is, or None."""
    options = {name: role.name for role in roles.values() for name in role.options}
    known = options.keys() | OTHER_VARIABLES | JOB_DATA | {name for role in roles.values() for name in role.own}
    return [
        {"name": name, "nearest": REPLACED.get(name) or _nearest(name, role, options)}
        for name in sorted(set(names) - known)
        if (role := role_of(name, roles)) and not name.startswith(_SANDBOX)
    ]


def following(refused: Mapping[str, Any]) -> set[str]:
    """Those of the refused variables that have their value from another one of them. refused: name -> its value before
    templates are resolved."""
    sources = {name: (_words_of(value) & refused.keys()) - {name} for name, value in refused.items()}
    known = {name for name, others in sources.items() if not others}
    found: set[str] = set()
    while more := {name for name, others in sources.items() if others & known} - known:
        known |= more
        found |= more
    return found


def _words_of(template: Any) -> set[str]:
    return set(_WORD.findall(template)) if isinstance(template, str) and "{{" in template else set()


def role_of(variable: str, roles: Iterable[str]) -> str | None:
    """The role whose name a variable begins with, the longest of them; None where it is no role's."""
    return max((role for role in roles if variable.startswith(f"{role}_")), key=len, default=None)


def _nearest(name: str, role: str, options: Mapping[str, str]) -> str | None:
    """The option that is most like it by what follows the role's name: an option may have moved to another role."""

    def likeness(option: str) -> tuple[float, float]:
        rests = name.removeprefix(f"{role}_"), option.removeprefix(f"{options[option]}_")
        return _ratio(*rests), _ratio(name, option)

    best = max(sorted(options), key=likeness, default=None)
    return best if best and likeness(best)[0] >= _LEAST_LIKENESS else None


def _ratio(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()
