# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of work in one of Ansible's workers when the controller ends.

A controller that is killed outright cannot tell its workers, and one that is interrupted has them die on the spot: the
first would leave a task at work that nobody sees, the second would leave the files of a client's key behind.
"""

from __future__ import annotations

import atexit
import mmap
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from ..module_utils.core.harmless import one_line
from ..module_utils.core.runner import ProcessEnded, raising_process_ended

_SLOTS, _SIZE, _LENGTH = 64, 2048, 2
_CLOSING = 16 * 1024
"""Bytes of the words that all workers have in common: commands with all of a run's extra variables."""

_PATIENCE = 4.0
"""Seconds for which a controller that was interrupted waits for what its workers have to say."""


class LastWords:
    """What workers say when they are ended: too late for Ansible's own queue, so the controller tells it at its end.

    Made in the controller, whose workers share the memory.
    """

    def __init__(self) -> None:
        self._pages = mmap.mmap(-1, _SLOTS * _SIZE + _CLOSING)
        self._controller = os.getpid()
        atexit.register(self._tell)

    def leave(self, text: str) -> None:
        """Let the controller say this."""
        for number in range(_SLOTS):
            start = (os.getpid() + number) % _SLOTS * _SIZE
            if not self._length(start):
                self._write(start, text, _SIZE)
                return

    def close(self, text: str) -> None:
        """Let the controller say this after all others, once: workers that say so say the same."""
        self._write(_SLOTS * _SIZE, text, _CLOSING)

    def said(self) -> list[str]:
        """All of it."""
        starts = range(0, _SLOTS * _SIZE + 1, _SIZE)
        texts = [self._pages[start + _LENGTH : start + _LENGTH + self._length(start)] for start in starts]
        return [text.decode(errors="replace") for text in texts if text]

    def _write(self, start: int, text: str, size: int) -> None:
        said = text.encode(errors="replace")[: size - _LENGTH]
        self._pages[start + _LENGTH : start + _LENGTH + len(said)] = said
        self._pages[start : start + _LENGTH] = len(said).to_bytes(_LENGTH, "big")

    def _length(self, start: int) -> int:
        return int.from_bytes(self._pages[start : start + _LENGTH], "big")

    def _tell(self) -> None:
        if os.getpid() != self._controller:
            return
        ends = time.monotonic() + _PATIENCE
        for worker in multiprocessing.active_children():
            worker.join(max(0.0, ends - time.monotonic()))
        for text in self.said():
            sys.stderr.write(f"{text}\n")


@contextmanager
def ending_with_controller(
    last_words: LastWords, closing: Callable[[], str] = str, others: Callable[[], Iterable[str]] = tuple
) -> Iterator[None]:
    """While it lasts, the controller's end raises ProcessEnded in the block, and then ends this process.

    last_words: gets the notes that the exception was given on its way, others' (which end what works elsewhere), and
    then closing's words.
    Only where it is entered in a process's main thread, to which Python gives signals; a worker's work is always there.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    try:
        with raising_process_ended(parent=os.getppid()):
            try:
                yield
            except ProcessEnded as ended:
                for note in (*getattr(ended, "__notes__", ()), *others()):
                    last_words.leave(one_line(note))
                last_words.close(closing())
                raise
    except ProcessEnded as ended:
        # What Ansible's own worker does on this signal.
        signal.raise_signal(ended.number)
        raise
