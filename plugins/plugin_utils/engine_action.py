# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The second way to run an engine: in the controller's own process, where a task is local anyway.

It saves the start of a Python process a task and can show progress while it waits. Whatever it cannot honour
(another host, become, async, environment, another interpreter) goes to the module, the documented interface.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import UnsupportedError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase

from ..module_utils.core import play_memory
from ..module_utils.core.errors import DeadlineExceeded, InvalidOption
from ..module_utils.core.option_names import OptionNames, plain
from ..module_utils.core.runner import RESULTS, ModuleSpec, completed, run_engine
from ..module_utils.google import credentials
from ..module_utils.google.options import google_auth_variables
from ..module_utils.serving import registry
from ..module_utils.workflows.cluster_options import has_kubernetes_access
from .before_forks import loaded_before_forks
from .compiled_templates import keep_compiled_templates
from .controller_end import LastWords, ending_with_controller
from .ended_module import module_of_this_worker
from .interrupted_run import interrupted
from .resolved_arguments import ResolvedArguments
from .role_variables import COLLECTION, COMPARE_ONLY, SHARED_OPTIONS, TIMEOUT_FACTOR
from .set_aside import MEMORY, set_aside
from .shared_options import left_out
from .task_progress import TaskProgress, next_step
from .task_timeouts import number, timeouts
from .warning_text import warning_text

_LAST_WORDS = LastWords()


def _given(value: Any) -> Any:
    """A value without suboptions that nobody gave: the controller goes through a result several times."""
    if isinstance(value, dict):
        return {name: _given(item) for name, item in value.items() if item is not None}
    return [_given(item) for item in value] if isinstance(value, list) else value


def _at(value: Any, path: Iterable[str]) -> Any:
    """What is in a mapping of mappings under one key after the other; None where nothing is."""
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


class EngineAction(ResolvedArguments, ActionBase):
    """Base of every action plugin here; a subclass names its module's spec."""

    spec: ClassVar[ModuleSpec]
    _supports_check_mode = True
    _supports_async = True

    def __init_subclass__(cls, **arguments: Any) -> None:
        """Import what the engine imports only where it is asked for: once here, else in each task's process.

        But only what nearly every task of the module needs. One by a kubeconfig needs nothing of Google, and may be as
        short as that import; one that asks a model server is not, and a fleet's begin all at once.
        """
        super().__init_subclass__(**arguments)
        options = cls.spec.argument_spec if cls.spec else {}
        asks_model_server = "default" in options.get("engine", {}) or bool(cls.spec and cls.spec.asks_any_server)
        with loaded_before_forks():
            if asks_model_server:
                registry.load_all()
            if "auth_kind" in options and (asks_model_server or not has_kubernetes_access(options)):
                credentials.load_library()

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the engine here where that is the same as running the module, else run the module."""
        task_vars = task_vars or {}
        keep_compiled_templates(self._templar)
        result = super().run(tmp, task_vars)
        progress = self._progress(task_vars)
        self._take_shared(task_vars)
        self._scale_timeout(task_vars)
        closing = partial(interrupted, self._role_name(), task_vars)
        if not self._may_run_here(task_vars):
            given, wait = self._plain_arguments(), self._task.async_val
            # One in the background outlives this worker, and nobody takes its result from here.
            module = module_of_this_worker(told=self._connection.transport == "local" and not wait)
            try:
                with module as its_words, ending_with_controller(_LAST_WORDS, closing, its_words):
                    result.update(self._execute_module(None, given, task_vars=task_vars, wrap_async=wait))
            finally:
                progress.end(changed=False)
            if RESULTS in result:
                result["results"] = result.pop(RESULTS)
            return self._shown(result, task_vars, progress)
        try:
            options, hidden = self._validated()
        except InvalidOption as error:
            result.update(failed=True, msg=error.message, error=error.to_dict())
            progress.end(changed=False)
            return self._shown(result, task_vars, progress)
        play_memory.shared = MEMORY
        outcome: dict[str, Any] = {}
        try:
            with ending_with_controller(_LAST_WORDS, closing):
                outcome = run_engine(self.spec, options, bool(self._task.check_mode), progress, hidden)
        finally:
            worked = outcome.get("changed") and not outcome.get("failed") and not self._task.check_mode
            progress.end(changed=bool(worked))
        shown = {name: value for name, value in options.items() if name not in self.spec.unshown}
        result.update(outcome, invocation=remove_values({"module_args": _given(shown)}, hidden))
        return self._shown(result, task_vars, progress)

    def _take_shared(self, task_vars: dict[str, Any]) -> None:
        given, resolved = self._task.args, self._templar.template
        if more := left_out(self.spec.argument_spec, given, task_vars, resolved, self._is_of_our_role()):
            self._task.args = {**given, **more}

    def _scale_timeout(self, task_vars: dict[str, Any]) -> None:
        """Multiply the time that the task may take, given or by default, by the factor that holds for all of them."""
        found = timeouts(self.spec.argument_spec, self._task.args)
        if TIMEOUT_FACTOR not in task_vars or not found:
            return
        value = self._templar.template(task_vars[TIMEOUT_FACTOR])
        factor = number(value)
        if not 0 < factor < math.inf:
            raise AnsibleActionFail(f"{TIMEOUT_FACTOR}: {value!r} is not accepted; it takes a number above 0")
        for part, seconds in found.items():
            scaled = number(seconds) * factor
            # What is no number is left for the validation to say so.
            if factor != 1 and math.isfinite(scaled):
                given = self._task.args
                own = {"timeout": math.ceil(scaled)}
                self._task.args = {**given, **({part: {**given[part], **own}} if part else own)}

    def _shown(self, result: dict[str, Any], task_vars: dict[str, Any], progress: TaskProgress) -> dict[str, Any]:
        """The result as a person reads it: notes at once, and in a failure the variables of the inventory that set the
        options it mentions."""
        for line in result.get("notes") or ():
            progress.note(line)
        if artifacts := self._artifacts(result, task_vars):
            result["ansible_stats"] = {"data": artifacts, "per_host": False, "aggregate": True}
        # A play's own task, which registers the result, has nowhere else to find it.
        if self.spec.aside and result.get("failed") and self._is_of_our_role():
            kept = {name: result.pop(name) for name in (*self.spec.aside, "ansible_stats") if name in result}
            set_aside(task_vars["inventory_hostname"], self._role_name(), kept)
        error, marked_warnings = result.get("error"), result.pop("marked_warnings", None)
        if isinstance(error, dict) or marked_warnings:
            names = OptionNames(self._variables(task_vars))
        if marked_warnings:
            # Beside these, a module's result has what Ansible itself warns of.
            known = set(plain(marked_warnings))
            others = [line for line in result.get("warnings") or () if warning_text(line) not in known]
            result["warnings"] = [*dict.fromkeys(map(names.render, marked_warnings)), *others]
        several = len(task_vars.get("ansible_play_hosts_all") or ()) > 1
        if self.spec.warns_by_host and several and result.get("warnings"):
            host = task_vars["inventory_hostname"]
            result["warnings"] = [f"{host}: {warning_text(line)}" for line in result["warnings"]]
        if isinstance(error, dict):
            marked = error.pop("marked", None)
            if marked:
                result["msg"] = names.render(marked)
            error.update({name: names.render(text) for name, text in error.pop("marked_words", {}).items()})
            if variable := names.variable(error.get("option") or error.get("field") or ""):
                error["variable"] = variable
            budget = names.variable("timeout") if error.get("kind") == DeadlineExceeded.kind else None
            if budget:
                error["variable"] = budget
                result["msg"] += f" ({TIMEOUT_FACTOR} multiplies every such time)"
        if COMPARE_ONLY in task_vars and boolean(self._templar.template(task_vars[COMPARE_ONLY])):
            result.update(changed=False, failed=False)
        return result

    def _artifacts(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """What of the result the whole job has as data, by host, as the role tells by ``__<role>_artifacts``."""
        told = task_vars.get(f"__{self._role_name()}_artifacts") or {}
        found = {name: _at(result, path.split(".")) for name, path in told.items()}
        return {
            str(name): {task_vars["inventory_hostname"]: value} for name, value in found.items() if value is not None
        }

    def _role_name(self) -> str:
        role = self._task._role
        return role.get_name(include_role_fqcn=False) if role else ""

    def _is_of_our_role(self) -> bool:
        role = self._task._role
        return bool(role) and role.get_name().startswith(f"{COLLECTION}.")

    def _variables(self, task_vars: dict[str, Any]) -> dict[str, str]:
        """Option of the modules -> variable that sets it, as the task's role tells by ``__<role>_variables``.

        In a role that does so, the settings of the model server that a task names are named by their variables as well.
        """
        name = self._role_name()
        told = task_vars.get(f"__{name}_variables")
        try:
            shared_by_play = google_auth_variables(self._task.args)
            if not name:
                # Only playbooks with roles hand these over by their module_defaults.
                shared_by_play = {key: text for key, text in shared_by_play.items() if "." not in text}
            server = self._task.args.get("engine")
            settings = registry.engine(server).variables if told and server in registry.ENGINES else {}
            own = json.loads(json.dumps(self._templar.template(told))) or {}
            return {**shared_by_play, **SHARED_OPTIONS, **settings, **own}
        except (AnsibleError, TypeError):
            # Without the names the failure is told all the same.
            return {}

    def _may_run_here(self, task_vars: dict[str, Any]) -> bool:
        wanted = self._templar.template(task_vars.get("ansible_python_interpreter"))
        allowed = self._templar.template(task_vars.get("llmops_in_process", True))
        return (
            self._connection.transport == "local"
            and not self._task.async_val
            and not self._play_context.become
            and not any(self._task.environment or [])
            and wanted in (None, sys.executable)
            and boolean(allowed)
        )

    def _plain_arguments(self) -> dict[str, Any]:
        """Without ansible-core's own types: the registered result of a failed task has some."""
        return json.loads(json.dumps(self._task.args, default=str))

    def _validated(self) -> tuple[dict[str, Any], set[str]]:
        """The options with defaults and fallbacks, as plain data, and every string that must stay hidden."""
        arguments = completed(self.spec, self._plain_arguments())
        validator = ArgumentSpecValidator(dict(self.spec.argument_spec), **self.spec.rules)
        validated = validator.validate(arguments)
        hidden = set(validated._no_log_values)
        if validated.error_messages:
            problem = validated.errors[0]
            prefix = f"Unsupported parameters for ({self._task.resolved_action or self._task.action}) module: "
            message = prefix + problem.msg if isinstance(problem, UnsupportedError) else problem.msg
            raise AnsibleActionFail(remove_values(message, hidden))
        options = validated.validated_parameters
        return options, hidden | self.spec.hidden(options)

    def _progress(self, task_vars: dict[str, Any]) -> TaskProgress:
        """Shown at once; a job that takes minutes must not look dead."""
        role = self._task._role
        name = role.get_name(include_role_fqcn=False) if role else ""
        return TaskProgress(
            str(task_vars.get("inventory_hostname", "")),
            self._task.action.rpartition(".")[2],
            str(self._task.args.get("project") or ""),
            following=next_step(name, task_vars.get("ansible_play_role_names") or ()),
        )
