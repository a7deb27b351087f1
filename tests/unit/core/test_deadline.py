# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""core/deadline.py: one budget of seconds a task, and what its end is told by."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline, backoff
from ansible_collections.llmops.gke.plugins.module_utils.core.errors import (
    DeadlineExceeded,
    HttpError,
    LlmopsError,
    OperationFailed,
)


class Clock:
    """Time that passes where somebody sleeps, or says so."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def deadline(clock: Clock) -> Deadline:
    return Deadline(10, clock=clock, sleep=clock.sleep)


def unanswered(status: int = 0, kind: type[HttpError] = HttpError) -> HttpError:
    return kind("list pods: no answer", status=status, method="GET", url="https://example.com")


def test_time_is_counted_from_the_start_and_never_below_nothing(clock: Clock, deadline: Deadline):
    clock.now += 4
    assert (deadline.elapsed(), deadline.remaining()) == (4, 6)
    clock.now += 60
    assert (deadline.elapsed(), deadline.remaining()) == (64, 0)


def test_a_pause_ends_at_the_deadline_and_says_what_was_waited_for(clock: Clock, deadline: Deadline):
    deadline.pause(3, "the cluster")
    with pytest.raises(DeadlineExceeded) as ended:
        deadline.pause(30, "the cluster", "PROVISIONING")
    assert clock.slept == [3, 7]
    assert ended.value.message == (
        "the cluster: not done after 10 s; last seen: PROVISIONING. It goes on by itself where the server has begun "
        "it; run again to pick it up, or raise timeout"
    )
    wanted = {"waiting_for": "the cluster", "last_seen": "PROVISIONING", "timeout": 10}
    assert ended.value.fields == wanted
    with pytest.raises(DeadlineExceeded, match="last seen: RECONCILING"):
        deadline.pause(1, "the cluster", "RECONCILING")


def test_a_long_wait_is_told_once_and_anew_when_something_else_is_seen(clock: Clock):
    told: list[str] = []
    deadline = Deadline(60, clock=clock, sleep=clock.sleep, progress=told.append)
    for seen in ("ask x: 503", "ask x: 503", "ask x: 503", "ask x: reset", "ask x: 503"):
        deadline.pause(2, "ask x", seen)
    deadline.pause(9, "read y", "no answer")
    assert told == ["waiting to ask x: 503", "waiting to ask x: reset"]


def test_a_wait_is_told_from_its_third_second_on(clock: Clock):
    told: list[str] = []
    deadline = Deadline(60, clock=clock, sleep=clock.sleep, progress=told.append)
    for pause, wanted in ((2.75, []), (0.25, []), (1, ["waiting to ask x: 503"])):
        deadline.pause(pause, "ask x", "503")
        assert told == wanted


def test_time_is_over_when_nothing_is_left_and_no_sooner(clock: Clock, deadline: Deadline):
    clock.now += 9.75
    deadline.check("the cluster")
    clock.now += 0.25
    with pytest.raises(DeadlineExceeded) as ended:
        deadline.check("the cluster")
    assert ended.value.message == (
        "the cluster: not done after 10 s. It goes on by itself where the server has begun it; run again to pick it "
        "up, or raise timeout"
    )
    assert ended.value.fields == {"waiting_for": "the cluster", "last_seen": "", "timeout": 10}


def test_nothing_is_slept_where_nothing_is_left(clock: Clock, deadline: Deadline):
    clock.now += 10
    with pytest.raises(DeadlineExceeded, match="the cluster: not done after 10 s. It goes on"):
        deadline.pause(1, "the cluster")
    assert clock.slept == []


def look(deadline: Deadline, clock: Clock, error: Exception, takes: float) -> None:
    with deadline.polling() as pause:
        pause(1, "the drain", "2 pods left")
        pause(1, "the drain", "1 pod left")
        clock.now += takes
        raise error


@pytest.mark.parametrize("error", [DeadlineExceeded("list pods: not done"), unanswered()])
def test_time_that_ends_while_a_loop_looks_is_told_by_what_it_waits_for(
    clock: Clock, deadline: Deadline, error: Exception
):
    with pytest.raises(DeadlineExceeded, match="the drain: not done after 10 s; last seen: 1 pod left") as ended:
        look(deadline, clock, error, takes=20)
    assert ended.value.__context__ is error


@pytest.mark.parametrize(
    ("error", "takes"),
    [(unanswered(), 1), (unanswered(503), 20), (OperationFailed("it failed"), 20), (ValueError("a mistake"), 20)],
    ids=["time is left", "answered", "failed", "not ours"],
)
def test_what_else_ends_a_loop_is_told_as_it_is(clock: Clock, deadline: Deadline, error: Exception, takes: float):
    with pytest.raises(type(error)) as ended:
        look(deadline, clock, error, takes)
    assert ended.value is error


def test_a_loop_that_never_paused_has_nothing_better_to_tell(clock: Clock, deadline: Deadline):
    clock.now += 20
    first = unanswered()
    with pytest.raises(HttpError) as ended, deadline.polling():
        raise first
    assert ended.value is first


@pytest.mark.parametrize(
    ("error", "left", "ended"),
    [
        (DeadlineExceeded("x"), 5, True),
        (unanswered(), 0, True),
        (unanswered(), 0.5, False),
        (unanswered(504), 0, False),
        (LlmopsError("x"), 0, False),
    ],
)
def test_which_errors_are_there_because_no_time_was_left(
    clock: Clock, deadline: Deadline, error: Exception, left: float, ended: bool
):
    clock.now += 10 - left
    assert deadline.ended(error) is ended


def test_pauses_grow_to_their_most_and_vary_downwards_only(monkeypatch: pytest.MonkeyPatch):
    def taken(part: float, **given: float) -> list[float]:
        def uniform(least: float, most: float) -> Any:
            assert least == 0
            return part * most

        monkeypatch.setattr("random.uniform", uniform)
        return list(itertools.islice(backoff(**given), 9))

    assert taken(0, first=1, factor=2, most=5, jitter=0.2) == [1, 2, 4, 5, 5, 5, 5, 5, 5]
    assert taken(1, first=1, factor=2, most=5, jitter=0.2) == pytest.approx([0.8, 1.6, 3.2, 4, 4, 4, 4, 4, 4])
    first = [0.25, 0.375, 0.5625, 0.84375, 1.265625, 1.8984375, 2.84765625, 4.271484375, 5]
    assert taken(0) == pytest.approx(first)
    assert taken(1) == pytest.approx([0.9 * pause for pause in first])
