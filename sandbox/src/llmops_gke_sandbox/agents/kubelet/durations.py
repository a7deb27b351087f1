# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Durations as Go prints them, and delays that double."""

from __future__ import annotations

# kubelet: MaxContainerBackOff and its first step, for images and containers alike.
_FIRST_SECONDS, _LAST_SECONDS = 10.0, 300.0
# More of them are beyond the longest pause anyway, and at last beyond what a float holds.
_DOUBLINGS = 10


def go_duration(seconds: float) -> str:
    """Return whole seconds as Go's time.Duration prints them: 10s, 1m20s, 5m0s."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes}m{rest}s"
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"


def back_off(failures: int) -> float:
    """Return the kubelet's delay after this many failures in a row, in seconds: 10, 20, 40 … 300."""
    doublings = min(max(0, failures - 1), _DOUBLINGS)
    return min(_FIRST_SECONDS * 2**doublings, _LAST_SECONDS)
