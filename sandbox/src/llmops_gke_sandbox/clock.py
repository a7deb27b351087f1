# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time inside the sandbox: durations are written as they are in life and pass faster."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from llmops_gke_sandbox.durations import USUAL, Durations

_SLICE = 0.25
"""Seconds of wall time after which a sleeper looks at the speed again."""


class Clock:
    """Turns life's seconds into the sandbox's.

    :param speed: how many of life's seconds pass in one second of wall time; above 0.
    :param durations: how long things take in life.
    :raises ValueError: if speed is not above 0.
    """

    def __init__(self, speed: float = 50.0, durations: Durations = USUAL) -> None:
        if not speed > 0:
            raise ValueError(f"speed must be above 0, not {speed}")
        self.speed = float(speed)
        self.durations = durations

    async def sleep(self, seconds: float) -> None:
        """Wait for ``seconds`` of life's time; a speed that is changed meanwhile counts from then on."""
        left = seconds
        while self.scaled(left) > _SLICE:
            speed = self.speed
            await asyncio.sleep(_SLICE)
            left -= _SLICE * speed
        await asyncio.sleep(self.scaled(left))

    def scaled(self, seconds: float) -> float:
        """Return the wall time, in seconds, that ``seconds`` of life's time take."""
        return seconds / self.speed

    def now(self) -> datetime:
        """Return the wall time. Timestamps that clients see are never scaled."""
        return datetime.now(UTC)


def rfc3339(moment: datetime) -> str:
    """Return an aware moment as Google's APIs write it: UTC, ``2024-03-15T18:47:53.123456Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
