# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A log that knows when each of its lines was written."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime


class TimedLog(list[str]):
    """Lines, oldest first; ``times`` holds the wall time of each. Lines are added by append and extend alone."""

    def __init__(self, lines: Iterable[str] = ()) -> None:
        super().__init__()
        self.times: list[datetime] = []
        self.extend(lines)

    def append(self, line: str) -> None:
        """Add a line that is written now."""
        self.times.append(datetime.now(UTC))
        super().append(line)

    def extend(self, lines: Iterable[str]) -> None:
        """Add lines that are written now."""
        for line in lines:
            self.append(line)

    def since(self, moment: datetime) -> TimedLog:
        """Return the lines that were written at a moment or later."""
        first = next((place for place, time in enumerate(self.times) if time >= moment), len(self))
        found = TimedLog()
        list.extend(found, self[first:])
        found.times = self.times[first:]
        return found

    def stamped(self) -> list[str]:
        """Return the lines, each behind its time, as ``kubectl logs --timestamps`` shows them."""
        return [f"{time:%Y-%m-%dT%H:%M:%S.%fZ} {line}" for time, line in zip(self.times, self, strict=True)]
