# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When it is said that something collects tokens: by arrivals that are drawn up."""

from __future__ import annotations

import random

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.serving.latency import Sample, are_collected


def made(pace: float, count: int = 60) -> list[float]:
    """When a server makes its tokens, after 0.1 s."""
    return [0.1 + pace * token for token in range(count)]


def collected(moments: list[float], several: int) -> list[float]:
    """When they come where they are handed over by several."""
    return [max(moments[index - index % several :][:several]) for index in range(len(moments))]


def late(moments: list[float], most: float, seed: int) -> list[float]:
    """When they are seen by who is kept waiting up to ``most`` seconds after each look."""
    dice, seen, free = random.Random(seed), [], 0.0
    for moment in moments:
        if moment > free:
            free = moment + dice.uniform(0, most)
        seen.append(free)
    return seen


def sample(moments: list[float]) -> Sample:
    return Sample(0.0, tuple(moments), len(moments))


@pytest.mark.parametrize("told", [True, False], ids=["server tells its pace", "server tells nothing"])
@pytest.mark.parametrize("pace", [0.01, 0.03, 0.1])
@pytest.mark.parametrize("several", [3, 4, 8, 60])
def test_what_collects_is_seen(several, pace, told):
    samples = [sample(collected(made(pace), several)) for _turn in range(5)]
    assert are_collected(samples, pace if told else None)


def test_by_time_as_well_as_by_number():
    every = [0.2 * (1 + moment // 0.2) for moment in made(0.03)]
    assert are_collected([sample(every)] * 3, 0.03)


@pytest.mark.parametrize("most", [0.0, 0.001, 0.01, 0.04])
@pytest.mark.parametrize("pace", [0.0006, 0.002, 0.01, 0.03])
def test_who_is_kept_waiting_collects_nothing(pace, most):
    samples = [sample(late(made(pace), most, seed)) for seed in range(20)]
    assert not are_collected(samples, pace)
    assert not are_collected(samples, None)


def test_a_buffer_behind_a_busy_machine_is_still_seen():
    samples = [sample(late(collected(made(0.03), 8), 0.04, seed)) for seed in range(20)]
    assert are_collected(samples, 0.03)


def test_the_server_s_own_time_decides_about_an_answer_that_comes_at_once():
    whole = Sample(0.0, (1.0,), 30)
    assert are_collected([whole], 0.03)
    assert not are_collected([whole], 0.0001), "the server made them faster than anybody could tell"


def test_an_answer_of_one_token_tells_nothing():
    assert not are_collected([Sample(0.0, (1.0,), 1)], None)
    assert not are_collected([], None)


def pieces(*sizes: int, gaps: tuple[float, ...], first: float = 0.5) -> Sample:
    """An answer that comes in pieces of so many tokens, with so many seconds between them."""
    moments = [first]
    for gap in gaps:
        moments.append(moments[-1] + gap)
    arrivals = [moment for moment, size in zip(moments, sizes, strict=True) for _token in range(size)]
    return sample(arrivals)


AT_ONCE = Sample(0.0, (1.0,), 3)
TWICE = (0.25, 0.25, 0.25)


@pytest.mark.parametrize(
    ("samples", "pace", "seen"),
    [
        pytest.param([pieces(2, 2, 2, 2, gaps=TWICE)], 0.125, True, id="just two tokens, just twice the pace"),
        pytest.param([pieces(2, 2, 2, 2, gaps=TWICE)], 0.13, False, id="closer than twice the pace"),
        pytest.param([pieces(1, 1, 1, 1, gaps=TWICE)], 0.125, False, id="single tokens"),
        pytest.param([pieces(4, 4, 1, gaps=(0.5, 0.5))], 0.125, True, id="the last piece holds what was left"),
        pytest.param([pieces(4, 4, 4, gaps=(0.5, 0.125))], 0.125, True, id="and comes when it is made"),
        pytest.param([pieces(4, 4, gaps=(0.5,))], 0.125, True, id="two pieces, the last one counts"),
        pytest.param([pieces(1, 4, gaps=(0.5,))], 0.125, True, id="two pieces, the first does not"),
        pytest.param(
            [pieces(1, 1, 1, 1, gaps=TWICE), pieces(4, 4, 4, gaps=(0.5, 0.5))], 0.0625, False, id="one of two answers"
        ),
        # By its own pace, about 0.55 s a token: the gaps are short now and then, and the piece is late.
        pytest.param([pieces(2, 2, 2, 2, gaps=(0.25, 3.0, 3.0))], None, False, id="late now and then"),
        pytest.param([pieces(4, 4, 4, gaps=(0.5, 0.5))], 0.0, True, id="a pace that is rounded to nothing"),
        pytest.param([AT_ONCE], 0.125, True, id="three at once, as far apart as two"),
        pytest.param([Sample(0.0, (1.0,), 2)], 0.125, False, id="two at once"),
    ],
)
def test_where_collecting_begins(samples: list[Sample], pace: float | None, seen: bool):
    assert are_collected(samples, pace) is seen
