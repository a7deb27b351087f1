# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster autoscaler's patience: where a node could not be had, it asks again only after a while.

The times are cluster-autoscaler's own (initial and longest back-off of a node group).
"""

from __future__ import annotations

from collections.abc import Hashable

from llmops_gke_sandbox.clock import Clock

_FIRST_SECONDS, _LONGEST_SECONDS = 300, 1800


class Backoff:
    """Remembers which node groups failed to grow, and until when they are left alone.

    A group is anything hashable; moments are monotonic wall seconds.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[Hashable, float] = {}
        self._pauses: dict[Hashable, float] = {}

    def failed(self, group: Hashable, moment: float) -> None:
        """Leave a group alone, each time twice as long as the last."""
        pause = min(2 * self._pauses.get(group, _FIRST_SECONDS / 2), _LONGEST_SECONDS)
        self._pauses[group], self._until[group] = pause, moment + self._clock.scaled(pause)

    def worked(self, group: Hashable) -> None:
        """Forget what failed."""
        self._pauses.pop(group, None)
        self._until.pop(group, None)

    def holds(self, group: Hashable, moment: float) -> bool:
        """Tell whether a group is left alone at this moment."""
        return moment < self._until.get(group, moment)
