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
    refused,
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


def test_a_refused_first_request_tells_what_may_help():
    assert refused("422 too\nlong").to_dict() == {
        "name": "first_request",
        "stage": None,
        "message": "422 too long; mend the server, or ask for no more than it takes (benchmark_prompt_tokens, "
        "benchmark_output_tokens)",
    }
    assert "and no space; mend the server" in refused('no token in data:{"a":1}').message


def test_a_worker_cap_shows_as_delay_and_as_what_is_open():
    capped = stage_figures(recorded("capped")[0])
    assert names(capped, max_in_flight=2) == ["schedule_delay", "worker_cap"]


@pytest.mark.parametrize(("delay", "expected"), [(0.010, []), (0.0101, ["schedule_delay"])])
def test_requests_may_be_ten_milliseconds_late(delay, expected):
    assert names(stage(schedule_delay_p99=delay)) == expected


def test_open_requests_have_no_schedule():
    assert names(*(stage_figures(one) for one in recorded("concurrent")), max_in_flight=None) == []


def test_lateness_is_told_in_milliseconds():
    (finding,) = found(stage(schedule_delay_p99=0.5129))
    assert finding.message == (
        "stage 0 (offered 8): 1 % of the requests left more than 512.9 ms late (limit 10 ms), so less was offered than "
        "said; give the load generator more CPU (benchmark_requests) or workers"
    )


@pytest.mark.parametrize(("open_requests", "expected"), [(80.0, []), (80.1, ["worker_cap"])])
def test_workers_need_room(open_requests, expected):
    assert names(stage(in_flight=open_requests)) == expected


def test_failures_are_told_with_their_reason():
    (finding,) = found(stage_figures(recorded("failing")[0]))
    assert finding.name == "failures" and "8 of 8 requests failed (Connection Error)" in finding.message


@pytest.mark.parametrize(("reasons", "told"), [(["A", "B"], "(A, B)"), ([], "(see the Job's log)")])
def test_every_reason_is_told_and_without_one_where_to_look(reasons, told):
    (finding,) = found(stage(failures=2, failure_reasons=reasons))
    assert f"2 of 82 requests failed {told}" in finding.message


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


@pytest.mark.parametrize(
    ("spread", "told"),
    [(Spread(8.0, 16.0, 48.5), "not 32 (16 to 48.5), so"), (Spread(8.0, 16.0), "not 32, so"), (Spread(), "not 32, so")],
)
def test_lengths_are_told_with_the_bounds_that_were_asked_for(spread, told):
    (finding,) = found(stage(output_tokens={"mean": 60.0, "min": 20.0, "max": 80.0}), spread=spread)
    assert "answers had 60 tokens on average (20 to 80), " + told in finding.message


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


def test_what_was_measured_wrongly_is_told_in_milliseconds():
    ttft, tpot = calibration_findings(calibration(0.4129, 1.5), Limits())
    advice = "; give the load generator more CPU (benchmark_requests) or a quieter node"
    assert ttft.message == f"calibration: a TTFT of 100.0 ms was measured as 512.9 ms (limit 10 ms off){advice}"
    assert tpot.message == f"calibration: 20.00 ms a token were measured as 30.00 ms (limit 5% off){advice}"


def test_limits_can_be_other_ones():
    assert read_limits({"schedule_delay_p99": "0.05"}) == Limits(schedule_delay_p99=0.05)


@pytest.mark.parametrize(
    "given", [{"schedule_delay": 1}, {"in_flight": 0}, {"in_flight": "much"}, {"in_flight": "nan"}]
)
def test_a_limit_that_is_none_is_refused(given):
    [(name, value)] = given.items()
    with pytest.raises(InvalidOption, match=f"limits.{name}: {value!r} is not accepted"):
        read_limits(given)
