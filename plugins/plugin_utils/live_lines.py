# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines that the hosts at work have at the foot of a terminal: one each, written over until its task ends.

Each host's task has a process of its own, and all of them write by way of the controller. They share a board of lines;
whoever has news writes all of them and leaves the cursor on the empty line above, where Ansible prints next.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_HEAD = struct.Struct("=dI")
"""Until when (s, monotonic) nothing is written, and how many lines stand on the screen."""

_SLOTS, _LINE = 256, struct.Struct("=IH506s")
"""The process that a line is of, its length and its text."""

_PAUSE = 0.5
"""Seconds for which nothing is written after a line was taken away: Ansible is about to print what its task ended
with."""

_LEAST_ROWS = 2
"""Rows of the terminal that the lines leave, one of them empty."""

_UP, _CLEAR_BELOW = "\x1b[{}A", "\x1b[J"
"""Control sequences of ECMA-48: CUU and ED."""


class LiveLines:
    """The board, made in the controller, whose workers share the memory.

    write: puts a text on the screen as it is. columns, rows: of the screen.
    """

    def __init__(self, write: Callable[[str], None], *, columns: int, rows: int) -> None:
        self._write = write
        self._width, self._room = columns - 1, max(1, rows - _LEAST_ROWS)
        self._pages = mmap.mmap(-1, _HEAD.size + _SLOTS * _LINE.size)
        # Locked while one process reads or writes; the system lets go of it with the process.
        self._turn, path = tempfile.mkstemp(prefix="llmops-gke-")
        os.unlink(path)

    def show(self, line: str) -> None:
        """Make this the line of this process, and write all of them."""
        with self._alone():
            self._keep(line)
            self._write_once("")

    def tell(self, text: str) -> None:
        """Print what stays to be read, above all lines."""
        with self._alone():
            self._write_once(f"{text}\n")

    def take_away(self, text: str = "") -> None:
        """Clear the screen of all lines, for the result of this process's task, whose line does not come back.

        text: stays to be read above that result; empty for none.
        """
        with self._alone():
            self._keep("")
            _HEAD.pack_into(self._pages, 0, time.monotonic() + _PAUSE, self._drawn)
            self._write_once(f"{text}\n" if text else "")

    def _write_once(self, above: str) -> None:
        """All in one piece, as others write as well: what stays, and the lines unless a result is about to come."""
        lines = [] if time.monotonic() < self._quiet_until else self._shown()
        clear = f"\r{_CLEAR_BELOW}" if self._drawn else ""
        below = "".join(f"\n{line}" for line in lines) + f"{_UP.format(len(lines))}\r" if lines else ""
        if text := f"{clear}{above}{below}":
            self._write(text)
        _HEAD.pack_into(self._pages, 0, self._quiet_until, len(lines))

    def _shown(self) -> list[str]:
        """The lines that there is room for, cut to its width."""
        lines = [text for owner, text in self._slots() if owner and text and _lives(owner)]
        if len(lines) > self._room:
            lines[self._room - 1 :] = [f"  and {len(lines) - self._room + 1} more"]
        return [line[: self._width] for line in lines]

    @property
    def _quiet_until(self) -> float:
        return _HEAD.unpack_from(self._pages, 0)[0]

    @property
    def _drawn(self) -> int:
        return _HEAD.unpack_from(self._pages, 0)[1]

    def _slots(self) -> Iterator[tuple[int, str]]:
        for number in range(_SLOTS):
            owner, length, text = _LINE.unpack_from(self._pages, _HEAD.size + number * _LINE.size)
            yield owner, text[:length].decode(errors="replace")

    def _keep(self, line: str) -> None:
        """In this process's slot; an empty line gives it back. Where all are taken, this process has none."""
        owners = [owner for owner, _text in self._slots()]
        own = os.getpid()
        free = (number for number, owner in enumerate(owners) if not owner or not _lives(owner))
        number = owners.index(own) if own in owners else next(free, None)
        if number is not None:
            text = line.encode()[: _LINE.size - 6]
            _LINE.pack_into(self._pages, _HEAD.size + number * _LINE.size, own if line else 0, len(text), text)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        fcntl.lockf(self._turn, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(self._turn, fcntl.LOCK_UN)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except OSError:
        return False
    return True
