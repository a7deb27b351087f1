# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each figure of latency means, and how sure it is; pure, so every number here is computed by hand."""

from __future__ import annotations

import math
import random

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.serving.latency import (
    Sample,
    median_interval,
    percentile,
    summarize,
)


def steady(ttft: float, step: float, events: int, tokens: int) -> Sample:
    return Sample(10.0, tuple(10.0 + ttft + step * index for index in range(events)), tokens)


def test_the_figures_of_a_stream_of_single_tokens():
    sample = steady(0.05, 0.01, events=100, tokens=100)
    assert sample.ttft == pytest.approx(0.05)
    assert sample.e2e == pytest.approx(0.05 + 99 * 0.01)
    assert sample.tpot == pytest.approx(0.01)
    assert sample.ntpot == pytest.approx(1.04 / 100)
    assert sample.tokens_per_arrival == 1


def test_events_whose_tokens_are_told_are_not_guessed():
    arrivals = (10.5, 10.50001, 11.0, 12.0)
    told = Sample(10.0, arrivals, 10, (2, 3, 1, 4))
    assert (told.first_tokens, Sample(10.0, arrivals, 10).first_tokens) == (5, 5)
    uneven = Sample(10.0, arrivals, 10, (1, 1, 4, 4))
    assert uneven.first_tokens == 2
    assert uneven.tpot == pytest.approx(1.5 / 8)


def test_events_of_four_tokens_do_not_make_the_pace_look_better():
    sample = steady(0.05, 0.04, events=25, tokens=100)
    assert sample.first_tokens == 4
    assert sample.tpot == pytest.approx(0.01)
    assert sample.tokens_per_arrival == 4


def test_single_tokens_that_a_buffer_hands_over_in_bursts():
    arrivals = tuple(1.0 + 0.04 * burst + 0.00001 * token for burst in range(5) for token in range(4))
    sample = Sample(0.9, arrivals, tokens=20)
    assert sample.first_tokens == 4
    assert sample.tokens_per_arrival == 4
    assert sample.tpot == pytest.approx(0.01, rel=1e-3)


def test_an_answer_that_comes_at_once_has_no_pace():
    assert Sample(0.0, (1.0,), tokens=1).tpot is None
    assert Sample(0.0, (1.0,), tokens=30).tpot is None


def test_tails_are_told_only_with_enough_samples():
    for n, p95, p99 in ((58, False, False), (59, True, False), (298, True, False), (299, True, True)):
        summary = summarize(float(value) for value in range(n))
        assert (summary["p95"] is not None, summary["p99"] is not None) == (p95, p99), n


def test_a_percentile_is_a_sample():
    ordered = [float(value) for value in range(1, 101)]
    assert percentile(ordered, 0.95) == 95.0
    assert percentile(ordered, 0.99) == 99.0


def test_the_interval_of_the_median_follows_the_binomial_table():
    # Ranks from published tables of the sign test's confidence interval (two-sided, at least 95 %).
    assert median_interval(list(range(1, 6))) is None
    assert median_interval(list(range(1, 7))) == (1, 6)
    assert median_interval(list(range(1, 11))) == (2, 9)
    assert median_interval(list(range(1, 21))) == (6, 15)
    assert median_interval(list(range(1, 31))) == (10, 21)


def test_the_interval_holds_the_true_median_as_often_as_it_says():
    dice = random.Random(1)
    intervals = [median_interval(sorted(dice.expovariate(1.0) for sample in range(20))) for draw in range(2000)]
    held = sum(interval[0] <= math.log(2) <= interval[1] for interval in intervals)
    assert held / len(intervals) >= 0.94


def test_what_could_not_be_measured_is_left_out():
    assert summarize([None, None]) is None
    assert summarize([None, 2.0, 1.0])["n"] == 2
