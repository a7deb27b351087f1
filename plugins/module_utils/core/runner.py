# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module is made of, and the first of its two runners: AnsibleModule.

The other runner, plugins/plugin_utils/engine_action.py, runs the same ModuleSpec in the controller's process.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.validation import check_type_dict

from .errors import LlmopsError
from .result import Progress, Run, silent


def no_secrets(_options: dict[str, Any]) -> set[str]:
    """For modules whose secrets are all in options marked ``no_log``."""
    return set()


@dataclass(frozen=True)
class ModuleSpec:
    """A module: its engine and its options.

    run: ``(options, check, progress) -> Result``; knows nothing of Ansible; raises LlmopsError.
    argument_spec, and rules (``mutually_exclusive``, ``required_if``…): as AnsibleModule takes them.
    secrets: strings inside options that are not ``no_log`` as a whole (a Secret among manifests), to be hidden
    wherever they might be repeated.
    definition: the options that the option ``definition`` may hold; empty where the module has no such option.
    """

    run: Run
    argument_spec: Mapping[str, Any]
    rules: Mapping[str, Any] = field(default_factory=dict)
    secrets: Callable[[dict[str, Any]], set[str]] = no_secrets
    definition: frozenset[str] = frozenset()


def with_definition(spec: ModuleSpec, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """A task's arguments, not yet validated, with what ``definition`` holds put in its place among them.

    An argument that is given beside it wins; mappings are merged key by key. What a definition may not hold is named
    ``definition.NAME``, so that validation refuses it by that name.
    """
    given = dict(arguments)
    if not spec.definition or given.get("definition") is None:
        return given
    try:
        definition = check_type_dict(given["definition"])
    except TypeError:
        # Left where it is, for the validation to say so.
        return given
    del given["definition"]
    others = spec.argument_spec.keys() - spec.definition
    named = {f"definition.{name}" if name in others else name: value for name, value in definition.items()}
    return _merged(named, given)


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for name, value in over.items():
        known = result.get(name)
        if isinstance(known, Mapping) and isinstance(value, Mapping):
            result[name] = _merged(known, value)
        elif value is not None or known is None:
            result[name] = value
    return result


def run_engine(spec: ModuleSpec, options: dict[str, Any], check: bool, progress: Progress) -> dict[str, Any]:
    """Run the engine and render what came of it as a task's result: ``failed``, ``msg`` and ``error`` on failure."""
    began = time.monotonic()
    try:
        result = spec.run(options, check, progress)
    except LlmopsError as error:
        return {"failed": True, "changed": error.after_changes, "msg": error.message, "error": error.to_dict()}
    result.duration = time.monotonic() - began
    return result.to_dict()


def run_module(spec: ModuleSpec) -> None:
    """The body of every module's ``main()``."""

    class Module(AnsibleModule):
        """Has its parameters completed from ``definition`` before they are validated."""

        def _load_params(self) -> None:
            super()._load_params()
            self.params = with_definition(spec, self.params)

    # Options that hold secrets without being no_log must not reach syslog, where AnsibleModule writes them at once.
    unlogged = spec.secrets is not no_secrets
    arguments = dict(spec.argument_spec)
    module = Module(argument_spec=arguments, supports_check_mode=True, no_log=unlogged, **spec.rules)
    module.no_log_values.update(spec.secrets(module.params))
    outcome = run_engine(spec, module.params, module.check_mode, silent)
    if outcome.pop("failed", False):
        module.fail_json(**outcome)
    module.exit_json(**outcome)
