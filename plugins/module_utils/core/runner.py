# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module is made of, and the first of its two runners: AnsibleModule.

The other runner, plugins/plugin_utils/engine_action.py, runs the same ModuleSpec in the controller's process.
"""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.request import getproxies

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.common.validation import check_type_dict

from . import harmless, secrets, server_warnings
from .errors import InvalidOption, LlmopsError
from .option_limits import check_groups, check_limits, without_nulls
from .result import Progress, Run, failed_with, silent

WORDS = "LLMOPS_GKE_LAST_WORDS"
"""The environment variable by which the controller says where a module leaves word of what goes on without it. Where it
is set, the module's action waits for its result, and tells its warnings."""

SIGNALS = (signal.SIGTERM, signal.SIGINT)
_LOOK = 1.0
"""Seconds between two looks at whether the parent lives."""

_PAUSE = 0.01
"""Seconds until a signal that the main thread has not handled is passed on to it again."""

_GRACE = 5.0
"""Seconds that work has to end after a signal; it may be amid a request that other threads make."""

_STEPS = frozenset({"plan", "operations"})

RESULTS = "ansible_module_results"
"""Ansible calls a module's ``results`` so, with a warning: loops have theirs. The action plugin puts it back."""


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
    unshown: options too long for each result to repeat them as its invocation.
    aside: values too long for a failure to repeat; the play's summary has them all the same.
    warns_by_host: its warnings are of what it measured on one host, and are told with the host's name among others.
    asks_any_server: whether it works with whichever model server a deployment has, although no option names one.
    told: which of ``plan`` and ``operations`` its results have; one that only reads has none.
    """

    run: Run
    argument_spec: Mapping[str, Any]
    rules: Mapping[str, Any] = field(default_factory=dict)
    secrets: Callable[[dict[str, Any]], set[str]] = no_secrets
    definition: frozenset[str] = frozenset()
    unshown: frozenset[str] = frozenset()
    aside: frozenset[str] = frozenset()
    warns_by_host: bool = False
    asks_any_server: bool = False
    told: frozenset[str] = frozenset()

    def hidden(self, options: dict[str, Any]) -> set[str]:
        """The strings inside options to be hidden beyond those that are ``no_log``: passwords in URLs as well."""
        return self.secrets(options) | secrets.in_urls(options)


def defaults(spec: ModuleSpec) -> dict[str, Any]:
    """The options of a module as its engine has them where none is given: for an engine that makes use of another."""
    return {name: option.get("default") for name, option in spec.argument_spec.items()}


def completed(spec: ModuleSpec, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """A task's arguments, not yet validated, as with_definition, without options that are null: those are not given.

    Raises InvalidOption where a group of options is none.
    """
    given = without_nulls(spec.argument_spec, with_definition(spec, arguments))
    check_groups(spec.argument_spec, given)
    return given


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


def run_engine(
    spec: ModuleSpec, options: dict[str, Any], check: bool, progress: Progress, hidden: Iterable[str] = ()
) -> dict[str, Any]:
    """Run the engine and render what came of it as a task's result: ``failed``, ``msg`` and ``error`` on failure.

    hidden: what of the options must not be repeated. It and whatever secrets the engine comes to hold are taken out of
    the result and of each line of progress. What servers warned of is added to the result's ``warnings``.
    """
    with secrets.kept(hidden), server_warnings.heard() as heard:
        secrets.keep(*secrets.in_urls(getproxies()))
        outcome = _outcome(spec, options, check, lambda line: progress(harmless.one_line(line)))
        if heard:
            told = [*outcome.get("warnings", ()), *map(harmless.one_line, heard)]
            outcome["warnings"] = list(dict.fromkeys(told))
            if "marked_warnings" in outcome:
                outcome["marked_warnings"] += map(harmless.one_line, heard)
        return remove_values(outcome, secrets.known() | set(hidden))


def _outcome(spec: ModuleSpec, options: dict[str, Any], check: bool, progress: Progress) -> dict[str, Any]:
    began = time.monotonic()
    try:
        check_limits(options)
        result = spec.run(options, check, progress)
    except LlmopsError as error:
        return failed_with(error)
    result.duration = time.monotonic() - began
    untold = _STEPS - spec.told
    return {name: value for name, value in result.to_dict().items() if name not in untold}


def run_module(spec: ModuleSpec) -> None:
    """The body of every module's ``main()``."""

    class Module(AnsibleModule):
        """Has its parameters completed from ``definition`` before they are validated."""

        def _load_params(self) -> None:
            super()._load_params()
            try:
                self.params = completed(spec, self.params)
            except InvalidOption as error:
                # Nothing is known to be secret yet.
                self.params = {}
                self.fail_json(msg=error.message, error=error.to_dict())

    # Options that hold secrets without being no_log must not reach syslog, where AnsibleModule writes them at once.
    unlogged = spec.secrets is not no_secrets
    arguments = dict(spec.argument_spec)
    module = Module(argument_spec=arguments, supports_check_mode=True, no_log=unlogged, **spec.rules)
    module.no_log_values.update(spec.hidden(module.params))
    with ending_in_order():
        outcome = run_engine(spec, module.params, module.check_mode, silent, set(module.no_log_values))
    warnings = outcome.pop("warnings", ())
    # Its action tells the marked ones by the names of variables; Ansible itself would tell these as well.
    if WORDS not in os.environ or "marked_warnings" not in outcome:
        for line in warnings:
            module.warn(line)
    if "results" in outcome:
        outcome[RESULTS] = outcome.pop("results")
    if outcome.pop("failed", False):
        module.fail_json(**outcome)
    module.exit_json(**outcome)


class ProcessEnded(BaseException):
    """Work is to end now; not an Exception, so that nothing takes it for a failure that can be handled."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def ending_in_order() -> Iterator[None]:
    """While it lasts, a signal raises ProcessEnded in the block, so that its files go, and then ends this process.

    What notes the exception was given on its way is left in the file that WORDS names, one a line, all at once.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    try:
        with raising_process_ended():
            try:
                yield
            except ProcessEnded as ended:
                _leave(getattr(ended, "__notes__", ()))
                raise
    except ProcessEnded as ended:
        signal.signal(ended.number, signal.SIG_DFL)
        signal.raise_signal(ended.number)


@contextmanager
def raising_process_ended(parent: int | None = None) -> Iterator[None]:
    """While it lasts, a signal raises ProcessEnded in the block, once, and so does the end of the process parent.

    To be entered in the main thread, in which Python handles signals. The system may give one to any thread, and the
    main one then waits on in its system call: what arrives is therefore passed on to it.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    former = {number: signal.signal(number, _end_in_order) for number in SIGNALS}
    former_writer = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(target=_pass_on, args=(reader, parent), daemon=True, name="signals").start()
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(former_writer)
        os.close(writer)


def _pass_on(reader: int, parent: int | None) -> None:
    """Until the other end of the pipe is closed."""
    while True:
        arrived, _writable, _failed = select.select([reader], [], [], _LOOK if parent else None)
        if not arrived:
            # A process whose parent is gone is given another one.
            if os.getppid() != parent:
                os.kill(os.getpid(), signal.SIGTERM)
            continue
        number = os.read(reader, 1)
        if not number:
            os.close(reader)
            return
        if number[0] in SIGNALS:
            # It arrives here once more until it was handled, and is ignored from then on.
            signal.pthread_kill(threading.main_thread().ident, number[0])
            time.sleep(_PAUSE)


def _end_in_order(number: int, _frame: Any) -> None:
    """Raises ProcessEnded, and sees to it that the process ends though that be lost on its way."""
    # A second one, from the controller or an impatient hand, must not end the clearing up.
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    limit = threading.Timer(_GRACE, os._exit, [1])
    limit.daemon = True
    limit.start()
    raise ProcessEnded(number)


def _leave(notes: Any) -> None:
    path = os.environ.get(WORDS)
    if not path:
        return
    # Nobody is left to be told of a failure.
    with suppress(OSError):
        with open(f"{path}.new", "w", encoding="utf-8") as stream:
            stream.writelines(f"{' '.join(note.split())}\n" for note in notes)
        os.replace(f"{path}.new", path)
