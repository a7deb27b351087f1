# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each way in which a load test measures itself is found by its name."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.serving.inference_perf.stages import stage_figures
from ansible_collections.llmops.gke.plugins.module_utils.serving.inference_perf.validity import (
    Limits,
    Spread,
    calibration_findings,
    read_limits,
    stage_findings,
)
from tests.unit.plugins.inference_perf.benchmark_support import recorded, stage


def found(*stages, **given):
    asked = {"output_tokens": 32.0, "max_in_flight": 100} | given
    return stage_findings(stages, Limits(), **asked)


def names(*stages, **given):
    return [finding.name for finding in found(*stages, **given)]


def test_a_sound_stage_has_none():
    assert names(stage()) == []


def test_events_without_a_space_leave_no_first_token():
    (finding,) = found(stage(), stage_figures(recorded("no_space")[0]))
    assert (finding.name, finding.stage) == ("ttft_missing", 1)
    assert "data: without a space" in finding.message


def test_a_worker_cap_shows_as_delay_and_as_what_is_open():
    capped = stage_figures(recorded("capped")[0])
    assert names(capped, max_in_flight=2) == ["schedule_delay", "worker_cap"]


@pytest.mark.parametrize(("delay", "expected"), [(0.010, []), (0.0101, ["schedule_delay"])])
def test_requests_may_be_ten_milliseconds_late(delay, expected):
    assert names(stage(schedule_delay_p99=delay)) == expected


def test_open_requests_have_no_schedule():
    assert names(*(stage_figures(one) for one in recorded("concurrent")), max_in_flight=None) == []


@pytest.mark.parametrize(("open_requests", "expected"), [(80.0, []), (80.1, ["worker_cap"])])
def test_workers_need_room(open_requests, expected):
    assert names(stage(in_flight=open_requests)) == expected


def test_failures_are_told_with_their_reason():
    (finding,) = found(stage_figures(recorded("failing")[0]))
    assert finding.name == "failures" and "8 of 8 requests failed (Connection Error)" in finding.message


@pytest.mark.parametrize(("mean", "expected"), [(30.5, []), (30.3, ["output_tokens"]), (33.7, ["output_tokens"])])
def test_answers_have_the_length_that_was_asked_for(mean, expected):
    assert names(stage(output_tokens={"mean": mean, "min": 20.0, "max": 40.0})) == expected


def test_the_length_is_not_judged_where_none_was_asked_for():
    assert names(stage(output_tokens={"mean": 3.0, "min": 1.0, "max": 4.0}), output_tokens=None) == []


@pytest.mark.parametrize(
    ("mean", "least", "most", "expected"),
    [
        # 64 requests of deviation 8: three standard errors are 3 tokens, beside the 5 % of 32.
        (36.5, 16.0, 48.0, []),
        (27.5, 16.0, 48.0, []),
        (36.7, 16.0, 48.0, ["output_tokens"]),
        (27.3, 16.0, 48.0, ["output_tokens"]),
        (32.0, 15.2, 50.4, []),
        (32.0, 15.1, 48.0, ["output_tokens"]),
        (32.0, 16.0, 50.5, ["output_tokens"]),
    ],
)
def test_random_lengths_may_vary_by_chance_and_inside_their_bounds(mean, least, most, expected):
    given = stage(requests=64, output_tokens={"mean": mean, "min": least, "max": most})
    assert names(given, spread=Spread(8.0, 16.0, 48.0)) == expected


def calibration(error=0.0, ratio=1.0):
    ttft = {"known": 0.1, "measured": 0.1 + error, "error": error}
    return {"ttft": ttft, "tpot": {"known": 0.02, "measured": 0.02 * ratio, "error": 0.0, "ratio": ratio}}


@pytest.mark.parametrize(
    ("given", "count"),
    [(calibration(0.0099, 1.049), 0), (calibration(0.0101), 1), (calibration(-0.0101, 0.94), 2), (None, 1)],
)
def test_the_measuring_path_is_judged_itself(given, count):
    findings = calibration_findings(given, Limits())
    assert [finding.name for finding in findings] == ["calibration"] * count


def test_limits_can_be_other_ones():
    assert read_limits({"schedule_delay_p99": "0.05"}) == Limits(schedule_delay_p99=0.05)


@pytest.mark.parametrize(
    "given", [{"schedule_delay": 1}, {"in_flight": 0}, {"in_flight": "much"}, {"in_flight": "nan"}]
)
def test_a_limit_that_is_none_is_refused(given):
    with pytest.raises(InvalidOption, match=f"limits.{next(iter(given))}"):
        read_limits(given)
