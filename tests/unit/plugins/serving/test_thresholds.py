# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits: names and values are refused before anything is measured; a breach names figures and where to look."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.serving.thresholds import (
    breach_of,
    check_thresholds,
    compare,
    of_targets,
)

MEASURED = {
    "model": "mistralai/Mistral-7B-Instruct-v0.1",
    "cold": {"ttft_seconds": 2.0},
    "hot": {"ttft_seconds": {"median": 0.1}, "tpot_seconds": {"median": 0.05}, "overhead_seconds": None},
}


def test_a_typo_is_refused_with_the_names_that_are_accepted():
    with pytest.raises(InvalidOption, match=r"thresholds.ttft_second: .* only these names: ttft_seconds, tpot_seconds"):
        check_thresholds({"ttft_second": 1})


@pytest.mark.parametrize("limit", [0, -1, "fast", True, None, "nan", "inf"])
def test_a_limit_is_seconds_above_0(limit):
    with pytest.raises(InvalidOption, match="seconds above 0"):
        check_thresholds({"ttft_seconds": limit})


def test_limits_may_come_as_text():
    assert check_thresholds({"ttft_seconds": "0.5", "cold_e2e_seconds": 3}) == {
        "ttft_seconds": 0.5,
        "cold_e2e_seconds": 3.0,
    }
    assert check_thresholds(None) == {}


def test_targets_for_latency_are_limits_and_the_rest_of_them_is_none():
    targets = {"ttft_milliseconds": "500", "ntpot_milliseconds": None, "cost_per_million_output_tokens": 2}
    assert of_targets(targets) == {"ttft_seconds": 0.5}
    assert of_targets({"ntpot_milliseconds": 60}) == {"ntpot_seconds": 0.06}
    assert of_targets(None) == {}
    with pytest.raises(InvalidOption, match="targets"):
        of_targets({"ttft_milliseconds": "soon"})


def test_a_limit_that_is_met_exactly_holds():
    compared = compare({"ttft_seconds": 0.1}, MEASURED)
    assert compared == [{"name": "ttft_seconds", "limit": 0.1, "value": 0.1, "passed": True}]
    assert breach_of(compared, MEASURED, "queue_size") is None


def test_a_breach_names_figures_limits_and_where_to_look():
    compared = compare({"tpot_seconds": 0.04, "cold_ttft_seconds": 1.5, "ttft_seconds": 1.0}, MEASURED)
    message = breach_of(compared, MEASURED, "queue_size")
    assert "tpot_seconds is 0.05 s, limit 0.04 s" in message
    assert "cold_ttft_seconds is 2 s, limit 1.5 s" in message
    assert "quantisation" in message and "the queue (queue_size)" in message
    assert "\n" not in message


def test_what_was_not_measured_is_said_and_breaches_nothing():
    warm = {**MEASURED, "cold": None}
    compared = compare({"cold_ttft_seconds": 0.001, "overhead_seconds": 0.001}, warm)
    assert [(one["value"], one["passed"]) for one in compared] == [(None, None), (None, None)]
    assert breach_of(compared, warm, "queue_size") is None
