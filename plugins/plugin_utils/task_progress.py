# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task tells while it works: whose it is, what is waited for, for how long, how long it usually takes.

In a terminal it is one line for each host that is written over, beside news that is too long for it; elsewhere a line
for each piece of news.
"""

from __future__ import annotations

import textwrap
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any

from ansible.utils.display import Display

from . import durations, terminal
from .live_lines import LiveLines

display = Display()

_LINES = LiveLines(
    lambda text: display.display(text, screen_only=True, newline=False), columns=terminal.COLUMNS, rows=terminal.ROWS
)
"""Of the controller, which imports this before it forks a task's process."""

STEPS: Mapping[str, str] = {
    "gke_cluster": "the cluster",
    "gpu_nodepool": "the GPU node pools",
    "model_server": "the model",
    "verify": "the verification",
    "benchmark": "the load",
}
"""Roles in which something is waited for, and what that is."""

_WHOLE_WORDS: Mapping[str, Any] = {
    "subsequent_indent": "    ",
    "break_long_words": False,
    "break_on_hyphens": False,
}
_VERBS = (("create", ("create",)), ("delete", ("delet", "going", "remov", "drain")))
_TICK = 1.0
_WORTH_TELLING = 10
"""Seconds from which on a line tells how long it has been."""

_WORTH_KEEPING = 1.0


def next_step(role: str, roles: Iterable[str]) -> str:
    """What is waited for after a role in which something is waited for, too. roles: of the play, in their order, by
    short or full names."""
    names = [name.rpartition(".")[2] for name in roles]
    if role not in names or role not in STEPS:
        return ""
    begin = names.index(role)
    seen = {role, *names[:begin]}
    return next((STEPS[name] for name in names[begin + 1 :] if name in STEPS and name not in seen), "")


def verb_of(line: str) -> str:
    """Which kind of work a first line of progress is about."""
    words = line.lower()
    return next((verb for verb, begins in _VERBS if any(begin in words for begin in begins)), "update")


class TaskProgress:
    """The lines of one task. module: its name. project: whose last runs tell what to expect. following: what comes
    next, in words."""

    def __init__(self, host: str, module: str, project: str = "", *, following: str = "") -> None:
        self._host = host
        self._head = f"  {host}: {module}: "
        self._work = (project, module)
        self._following = following
        self._quiet = terminal.is_quiet()
        self._live = terminal.IS_TERMINAL and terminal.is_default() and not display.verbosity
        self._began = time.monotonic()
        self._line = self._verb = self._usually = ""
        self._lock = threading.Lock()
        self._done = threading.Event()

    def __call__(self, line: str) -> None:
        """Tell what is going on."""
        with self._lock:
            first, self._line = not self._verb, line
            if first:
                self._verb = verb_of(line)
                self._usually = durations.usually(durations.last(durations.place(), (*self._work, self._verb)))
            if self._quiet:
                return
            if not self._live:
                self._say(self._told(line, expected=first))
                return
            if self._fits(line):
                display.display(self._told(line, expected=first), log_only=True)
            else:
                self.note(line)
            self._write()
            if first:
                threading.Thread(target=self._tick, daemon=True, name="elapsed time").start()

    def note(self, line: str) -> None:
        """Tell something that stays to be read."""
        if not self._quiet:
            self._say("\n".join(textwrap.wrap(f"{self._head}{line}", terminal.WIDTH, **_WHOLE_WORDS)))

    def end(self, *, changed: bool) -> None:
        """Leave the last line to be read. changed: whether work was done, whose time is kept."""
        with self._lock:
            self._done.set()
            if self._live:
                # Whether or not this task told anything: the lines of others are in the way of its result.
                _LINES.take_away(self._told(self._line) if self._verb and self._fits(self._line) else "")
            if not self._verb:
                return
            seconds = time.monotonic() - self._began
            if changed and self._work[0] and seconds >= _WORTH_KEEPING:
                durations.keep(durations.place(), (*self._work, self._verb), seconds)

    def _told(self, line: str, *, expected: bool = False) -> str:
        seconds = time.monotonic() - self._began
        parts = [durations.elapsed(seconds)] if seconds >= _WORTH_TELLING else []
        parts += [part for part in (self._usually, self._next()) if part and expected]
        told = f" ({', '.join(parts)})" if parts else ""
        return f"{self._head}{line}{told}"

    def _next(self) -> str:
        return f"then {self._following}" if self._following else ""

    def _say(self, line: str) -> None:
        if self._live:
            _LINES.tell(line)
        display.display(line, log_only=self._live)

    def _tick(self) -> None:
        while not self._done.wait(_TICK):
            with self._lock:
                if not self._done.is_set():
                    self._write()

    def _fits(self, line: str) -> bool:
        return len(f"{self._head}{line}") < terminal.WIDTH

    def _write(self) -> None:
        """Write the line over. Where there is no room for all of it, what is to be expected goes first."""
        room = terminal.COLUMNS - 1
        parts = [durations.elapsed(time.monotonic() - self._began), self._usually, self._next()]
        while True:
            text = f"  {self._host}: {', '.join(filter(None, parts))}: {self._line}"
            if len(text) <= room or len(parts) == 1:
                break
            parts.pop()
        _LINES.show(text)
