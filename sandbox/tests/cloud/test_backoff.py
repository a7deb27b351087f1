# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the autoscaler leaves a node group alone that failed to grow."""

from __future__ import annotations

from llmops_gke_sandbox.clock import Clock
from llmops_gke_sandbox.google.container.autoscaling.backoff import Backoff


def pause(backoff: Backoff, moment: float) -> int:
    """The whole minutes from a moment on in which the group "a" is left alone."""
    return sum(backoff.holds("a", moment + 60 * minute) for minute in range(100))


def test_each_failure_doubles_the_pause_up_to_half_an_hour():
    backoff, moment, pauses = Backoff(Clock(1.0)), 1000.0, []
    for _failure in range(5):
        backoff.failed("a", moment)
        pauses.append(pause(backoff, moment))
    assert pauses == [5, 10, 20, 30, 30]
    assert not backoff.holds("b", moment)


def test_success_is_the_end_of_it():
    backoff = Backoff(Clock(1.0))
    backoff.failed("a", 0.0)
    backoff.worked("a")
    assert pause(backoff, 0.0) == 0
    backoff.failed("a", 0.0)
    assert pause(backoff, 0.0) == 5
