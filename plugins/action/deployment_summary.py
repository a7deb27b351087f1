# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a playbook, told once for all hosts; plugins/modules/deployment_summary.py documents it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..module_utils.workflows.summary.facts import NAMING, PLAYBOOKS, RESULTS, SECRETS, VARIABLES, HostFacts
from ..module_utils.workflows.summary.summary import summarise
from ..plugin_utils import terminal
from ..plugin_utils.host_variables import host_variables
from ..plugin_utils.resolved_variables import ResolvedVariables
from ..plugin_utils.run_command import run_command
from ..plugin_utils.set_aside import found_aside
from ..plugin_utils.warning_text import warning_text

display = Display()


class ActionModule(ActionBase):
    """Reads what the play's tasks registered, and asks nobody."""

    _supports_check_mode = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """See RETURN of the module."""
        task_vars = task_vars or {}
        result = super().run(tmp, task_vars)
        _validated, arguments = self.validate_argument_spec({"playbook": {"choices": list(PLAYBOOKS), "required": True}})
        playbook = str(arguments["playbook"])
        reached = [one for one in self._hosts(playbook, task_vars) if one]
        several = len(task_vars.get("ansible_play_hosts_all", ())) > 1
        unbegun = _unbegun(reached, task_vars)
        lines, data = summarise(reached, terminal.WIDTH, os.getcwd(), unbegun, several=several)
        data |= _statistics_of_failed(reached)
        result.update(changed=False, msg=lines, ansible_stats={"data": data, "per_host": False, "aggregate": True})
        if not terminal.prints_results():
            display.display("\n".join(lines))
            # With -v, nobody wants to read the same again; with -vvv, everything.
            result["_ansible_verbose_override"] = display.verbosity < 3
        return result

    def _hosts(self, playbook: str, task_vars: Mapping[str, Any]) -> Iterable[HostFacts | None]:
        """The facts of all hosts of the play that were reached, by now: those of earlier batches, and failed ones, too."""
        living, batch = set(task_vars.get("ansible_play_hosts", ())), set(task_vars.get("ansible_play_batch", ()))
        command = run_command(task_vars)
        # A host that fails is taken out of its batch; one that no task had registered anything for was begun all the same.
        one_batch = not self._task.get_play().serial
        # By a play of somebody's own, and not by the inventory: the playbooks that are advised would do another one.
        said = [name for name in NAMING if name in {**self._task.get_play().get_vars(), **self._task.get_vars()}]
        for host in task_vars.get("ansible_play_hosts_all", ()):
            found = host_variables(str(host), self._task, task_vars)
            registered = {name: _plain(found[name]) for name in RESULTS if isinstance(found.get(name), Mapping)}
            results = {name: _whole(str(host), name, result) for name, result in registered.items()}
            if one_batch or host in batch or results:
                variables = self._resolved(playbook, found)
                own = {name: variables[name] for name in said if variables[name]}
                yield HostFacts(
                    host=str(host),
                    playbook=playbook,
                    check=bool(self._task.check_mode),
                    failed=host not in living,
                    variables=variables,
                    results=results,
                    now=datetime.now(UTC),
                    command=replace(command, extra={**own, **command.extra}),
                )

    def _resolved(self, playbook: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        every, scoped = (self._templar.copy_with_new_env(available_variables=variables) for _use in range(2))
        known = ResolvedVariables(every, scoped, variables)
        resolved = {name: _value(known, name) for name in VARIABLES[playbook]}
        return {**resolved, **{name: bool(_value(known, name)) for name in SECRETS}}


def _whole(host: str, name: str, result: dict[str, Any]) -> dict[str, Any]:
    """A registered result, with what a failure left out of it."""
    return {**found_aside(host, name.removesuffix("_result")), **result} if result.get("failed") else result


def _unbegun(reached: Sequence[HostFacts], task_vars: Mapping[str, Any]) -> list[str]:
    """The hosts of later batches, where none of this one is left: Ansible then ends the play."""
    if not {*task_vars.get("ansible_play_batch", ())}.isdisjoint(task_vars.get("ansible_play_hosts", ())):
        return []
    known = {one.host for one in reached}
    return [str(host) for host in task_vars.get("ansible_play_hosts_all", ()) if host not in known]


def _statistics_of_failed(hosts: Iterable[HostFacts]) -> dict[str, dict[str, Any]]:
    """What tasks had for the job's statistics when they failed: Ansible takes them from those that succeed alone."""
    found: dict[str, dict[str, Any]] = {}
    for host in hosts:
        for result in host.results.values():
            told = result.get("ansible_stats") if result.get("failed") else None
            for name, by_host in (told or {"data": {}})["data"].items():
                found.setdefault(name, {}).update(by_host)
    return found


def _value(known: ResolvedVariables, name: str) -> Any:
    """A variable as plain data; None where there is none, or what it is made of is not there."""
    try:
        return _plain(known.value(name)) if name in known.variables else None
    except AnsibleError:
        return None


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=warning_text))
