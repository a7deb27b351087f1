# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One deadline a task, and the pauses inside it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .errors import DeadlineExceeded, HttpError
from .option_names import option

TOLD_AFTER = 3.0
"""Seconds of one wait after which it is told."""


class Deadline:
    """A budget of seconds that everything a task does shares.

    progress: told what a long wait is for. clock and sleep are given by tests; times are monotonic seconds.
    """

    def __init__(
        self,
        seconds: float,
        *,
        progress: Callable[[str], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.seconds = seconds
        self._progress = progress
        self._waits_for, self._since = "", 0.0
        self._told: set[str] = set()
        self._clock = clock
        self._sleep = sleep
        self._start = clock()

    def elapsed(self) -> float:
        """Seconds since the task began."""
        return self._clock() - self._start

    def remaining(self) -> float:
        """Seconds left, never below 0."""
        return max(0.0, self.seconds - self.elapsed())

    def check(self, waiting_for: str, last_seen: str = "") -> None:
        """Raise DeadlineExceeded where nothing is left.

        waiting_for and last_seen go into the error: what the task waited for, and the state it saw last.
        """
        if self.remaining() <= 0:
            seen = f"; last seen: {last_seen}" if last_seen else ""
            raise DeadlineExceeded(
                f"{waiting_for}: not done after {self.seconds:g} s{seen}. "
                "It goes on by itself where the server has begun it; run again to pick it up, "
                f"or raise {option('timeout')}",
                waiting_for=waiting_for,
                last_seen=last_seen,
                timeout=self.seconds,
            )

    def pause(self, seconds: float, waiting_for: str, last_seen: str = "") -> None:
        """Sleep at most ``seconds``, never past the deadline; raises as check does where nothing is left before, or
        after."""
        self.check(waiting_for, last_seen)
        self._tell(waiting_for, last_seen)
        self._sleep(min(seconds, self.remaining()))
        self.check(waiting_for, last_seen)

    def _tell(self, waiting_for: str, last_seen: str) -> None:
        """Say once what is waited for, and anew when something else is seen."""
        if self._progress is None:
            return
        if waiting_for != self._waits_for:
            self._waits_for, self._since = waiting_for, self.elapsed()
        line = f"waiting to {waiting_for}: {last_seen.removeprefix(f'{waiting_for}: ')}"
        if self.elapsed() - self._since >= TOLD_AFTER and line not in self._told:
            self._told.add(line)
            self._progress(line)

    def ended(self, error: Exception) -> bool:
        """Whether an error is there because no time was left: before a request, or while its answer was waited for."""
        unanswered = isinstance(error, HttpError) and error.status == 0
        return isinstance(error, DeadlineExceeded) or (unanswered and self.remaining() <= 0)

    @contextmanager
    def polling(self) -> Iterator[Callable[..., None]]:
        """For a loop that looks and pauses: gives ``pause``.

        Where the time runs out while it looks, what the last pause waited for is told, rather than the look itself.
        """
        last: tuple[str, str] | None = None

        def pause(seconds: float, waiting_for: str, last_seen: str = "") -> None:
            nonlocal last
            last = waiting_for, last_seen
            self.pause(seconds, *last)

        try:
            yield pause
        except (DeadlineExceeded, HttpError) as error:
            if last and self.ended(error):
                self.check(*last)
            raise


def backoff(first: float = 0.25, factor: float = 1.5, most: float = 5.0, jitter: float = 0.1) -> Iterator[float]:
    """Endless pauses in seconds that start quick and grow to ``most``, each shorter by up to ``jitter`` of itself."""
    pause = first
    while True:
        yield pause * (1 - random.uniform(0, jitter))
        pause = min(pause * factor, most)
