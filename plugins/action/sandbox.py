# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sandboxes of an inventory, for all hosts of a play; plugins/modules/sandbox.py documents it."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from ansible.plugins.action import ActionBase

from ..plugin_utils.before_forks import loaded_before_forks

with loaded_before_forks():
    from ..module_utils.workflows.sandboxes import (
        STARTED,
        STATES,
        VARIABLES,
        SandboxError,
        changed,
        command,
        sandboxes,
        told,
    )
    from ..plugin_utils.host_variables import host_variables

_SECONDS = 300
"""More than its program takes at the most, which waits for a process to start or to end."""


class ActionModule(ActionBase):
    """Runs the sandbox's program on the controller, whatever the connection of the hosts is."""

    _supports_check_mode = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """See RETURN of the module."""
        task_vars = task_vars or {}
        result = super().run(tmp, task_vars)
        _validated, arguments = self.validate_argument_spec({"state": {"choices": list(STATES), "default": STARTED}})
        python = str(task_vars["ansible_playbook_python"])
        hosts = [str(host) for host in task_vars.get("ansible_play_hosts", ())]
        state, check = str(arguments["state"]), bool(self._task.check_mode)
        done, reasons = [], []
        # A relative path counts from where the lookup counts it by which an inventory reads what its sandbox tells.
        folder = self._loader.get_basedir()
        for one in sandboxes({host: self._settings(host, task_vars) for host in hosts}):
            try:
                outcome = _run(python, command(python, state, one, check), folder)
            except SandboxError as error:
                reasons.append(str(error))
            else:
                done.append({"directory": one.directory, "hosts": list(one.hosts), "changed": outcome})
        # Where a deployment lives is no part of it: a preview needs it as well, and foretells the deployment's changes.
        beside = check and state == STARTED
        result.update(changed=not beside and any(one["changed"] for one in done), sandboxes=done)
        if reasons:
            result.update(failed=True, msg=told(reasons))
        return result

    def _settings(self, host: str, task_vars: Mapping[str, Any]) -> dict[str, Any]:
        known = host_variables(host, self._task, task_vars)
        given = {name: known[name] for name in VARIABLES if name in known}
        return self._templar.copy_with_new_env(available_variables=known).template(given) if given else {}


def _run(python: str, words: Sequence[str], folder: str) -> bool:
    try:
        # In a session of its own: what ends the task's process group must not end a start halfway. It goes on by itself
        # to its end, which the next one waits for.
        process = subprocess.Popen(
            words,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise SandboxError(f"the sandbox's program cannot be run: {error}") from None
    try:
        output, errors = process.communicate(timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        raise SandboxError(f"the sandbox's program did not end within {_SECONDS} s") from None
    return changed(python, process.returncode, output, errors)
