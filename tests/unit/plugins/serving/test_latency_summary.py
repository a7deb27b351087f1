# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of one answer by name, and the distribution of many; every number is computed by hand."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.serving.engine import Answer, Stream, StreamEvent
from ansible_collections.llmops.gke.plugins.module_utils.serving.latency import (
    SAME_ARRIVAL,
    Sample,
    median_interval,
    percentile,
    summarize,
)


def test_the_figures_of_an_answer_by_name():
    sample = Sample(sent=2.0, arrivals=(2.5, 3.0, 4.5), tokens=6)
    assert sample.first_tokens == 2
    assert sample.figures() == {
        "ttft_seconds": 0.5,
        "tpot_seconds": 0.5,
        "ntpot_seconds": 2.5 / 6,
        "e2e_seconds": 2.5,
    }


def test_an_answer_of_one_arrival_has_no_pace_and_all_its_tokens_at_once():
    sample = Sample(sent=1.0, arrivals=(1.5,), tokens=7)
    assert sample.figures() == {
        "ttft_seconds": 0.5,
        "tpot_seconds": None,
        "ntpot_seconds": 0.5 / 7,
        "e2e_seconds": 0.5,
    }
    assert (sample.first_tokens, sample.tokens_per_arrival) == (7, 7)


def test_one_token_after_the_first_arrival_is_enough_for_a_pace():
    assert Sample(0.0, (1.0, 3.0), tokens=2).tpot == 2.0


def test_a_first_arrival_has_one_token_at_least():
    sample = Sample(0.0, (1.0, 2.0, 3.0, 4.0), tokens=1)
    assert sample.first_tokens == 1
    assert sample.tpot is None
    assert sample.tokens_per_arrival == 0.25


def test_a_first_arrival_whose_events_are_told_to_be_empty_has_one_token():
    assert Sample(0.0, (1.0, 2.0), tokens=3, counts=(0, 3)).first_tokens == 1
    assert Sample(0.0, (1.0, 2.0), tokens=3, counts=(1, 2)).first_tokens == 1


@pytest.mark.parametrize(
    ("told", "counts"),
    [((2, 0, 1), (2, 0, 1)), ((None, None, None), None), ((2, None, 1), None), ((None, 2, 1), None)],
)
def test_a_sample_of_a_stream_has_its_counts_where_each_event_tells_them(told: tuple, counts: tuple | None):
    events = [StreamEvent(1.0 + index, tokens) for index, tokens in enumerate(told)]
    sample = Sample.of(Stream(0.5, events, Answer("x", 3.0)), 7)
    assert sample == Sample(sent=0.5, arrivals=(1.0, 2.0, 3.0), tokens=7, counts=counts)


@pytest.mark.parametrize(
    ("gaps", "first_tokens", "tokens_per_arrival"),
    [
        # What comes together may have one event or several, and be first, in the middle or last.
        ([0.0, 1.0, 1.0], 2, 4 / 3),
        ([1.0, 0.0, 1.0], 1, 4 / 3),
        ([1.0, 1.0, 0.0], 1, 4 / 3),
        ([0.0, 0.0, 1.0], 3, 2),
        ([0.0, 0.0, 0.0], 4, 4),
        ([0.0, 1.0, 0.0], 2, 2),
        ([1.0, 1.0, 1.0], 1, 1),
    ],
)
def test_events_that_come_together_are_one_arrival(gaps: list[float], first_tokens: int, tokens_per_arrival: float):
    arrivals = [1.0]
    for gap in gaps:
        arrivals.append(arrivals[-1] + gap)
    sample = Sample(0.0, tuple(arrivals), tokens=4)
    assert (sample.first_tokens, sample.tokens_per_arrival) == (first_tokens, tokens_per_arrival)


def test_events_are_apart_from_a_gap_on_that_no_buffer_makes():
    assert Sample(0.0, (0.0, SAME_ARRIVAL), tokens=2).tokens_per_arrival == 1
    assert Sample(0.0, (0.0, SAME_ARRIVAL * 0.999), tokens=2).tokens_per_arrival == 2


def test_a_distribution_has_all_its_figures_rounded_to_microseconds():
    values = [0.1234567, 9.0, None, 2.0000004, 4.0, 3.0, 7.0000006, None]
    assert summarize(values) == {
        "n": 6,
        "median": 3.5,
        "low": 0.123457,
        "high": 9.0,
        "mean": 4.187243,
        "min": 0.123457,
        "max": 9.0,
        "p95": None,
        "p99": None,
    }


def test_a_single_value_has_no_interval():
    assert summarize([2]) == {
        "n": 1,
        "median": 2,
        "low": None,
        "high": None,
        "mean": 2,
        "min": 2,
        "max": 2,
        "p95": None,
        "p99": None,
    }


def test_tails_are_those_of_the_very_samples():
    summary = summarize(float(value) for value in range(300, 0, -1))
    assert (summary["n"], summary["p95"], summary["p99"]) == (300, 285.0, 297.0)
    assert (summary["low"], summary["high"]) == (133.0, 168.0)
    assert (summary["min"], summary["max"], summary["median"]) == (1.0, 300.0, 150.5)


@pytest.mark.parametrize(
    ("fraction", "found"), [(0.0001, 10), (0.25, 10), (0.26, 20), (0.5, 20), (0.75, 30), (0.76, 40), (1, 40)]
)
def test_a_percentile_is_the_smallest_sample_that_so_many_do_not_exceed(fraction: float, found: int):
    assert percentile([10, 20, 30, 40], fraction) == found


@pytest.mark.parametrize(
    ("n", "ranks"), [(0, None), (1, None), (5, None), (6, (1, 6)), (9, (2, 8)), (50, (18, 33)), (100, (40, 61))]
)
def test_the_ranks_of_the_medians_interval(n: int, ranks: tuple[int, int] | None):
    # Two-sided, at least 95 %, as in published tables of the sign test.
    assert median_interval(list(range(1, n + 1))) == ranks
