# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stage's report becomes plain figures, and the knee is where waiting begins."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.serving.inference_perf.stages import (
    find_knee,
    for_report,
    stage_figures,
)
from tests.unit.plugins.inference_perf.benchmark_support import recorded, report, stage


def test_the_figures_of_a_recorded_stage():
    figures = stage_figures(recorded("capped")[0])
    assert figures["offered_rate"] == 8.0
    assert figures["ttft"]["p50"] == pytest.approx(0.053, abs=0.003)
    assert figures["tpot"]["p50"] == pytest.approx(0.02, rel=0.02)
    assert figures["output_tokens"] == {"mean": 32.0, "min": 32.0, "max": 32.0}
    # 24 requests are 23 distances.
    assert figures["achieved_rate"] == pytest.approx(23 / 7.470303, rel=1e-5)
    assert figures["in_flight"] == pytest.approx(2.08, abs=0.02)
    assert (figures["requests_per_second"], figures["output_tokens_per_second"]) == (2.946656, 94.293003)
    assert (figures["prompt_tokens"], figures["schedule_delay_p99"]) == (64.0, 4.538761)


@pytest.mark.parametrize(
    ("count", "span", "rate"), [(1, 0.5, None), (2, 0.5, 2.0), (3, 0.0, None), (3, None, None), (2, 3.0, 0.333333)]
)
def test_the_rate_that_was_sent_is_that_of_the_distances(count, span, rate):
    told = report()
    told["load_summary"] |= {"count": count, "send_duration": span}
    assert stage_figures(told)["achieved_rate"] == rate


@pytest.mark.parametrize(("count", "told"), [(58, False), (59, True)])
def test_there_is_no_p95_of_few_requests(count, told):
    assert (stage_figures(report(count=count))["ttft"]["p95"] is not None) is told


def test_a_concurrent_stage_has_no_offered_rate():
    first, second = (stage_figures(one) for one in recorded("concurrent"))
    assert (first["offered_rate"], first["offered_concurrency"], second["offered_concurrency"]) == (None, 2, 4)


def test_a_stage_that_failed_altogether_has_no_latency():
    figures = stage_figures(recorded("failing")[0])
    assert (figures["requests"], figures["failures"], figures["ttft"], figures["in_flight"]) == (0, 8, None, None)
    assert figures["failure_reasons"] == ["Connection Error"]


def test_the_knee_is_the_last_stage_before_waiting():
    stages = [stage(4, 0.05), stage(1, 0.04), stage(8, 0.2), stage(16, 0.06)]
    assert find_knee(stages) == {"stage": 0, "offered": 4.0, "reached": True}


def test_a_knee_that_was_not_reached_is_told_as_such():
    assert find_knee([stage(1, 0.04), stage(2, 0.07)]) == {"stage": 1, "offered": 2.0, "reached": False}
    assert find_knee([]) is None


def test_medians_decide_where_a_stage_is_too_small_for_p95():
    stages = [stage(1, 0.04, count=20), stage(2, 0.081)]
    assert find_knee(stages) == {"stage": 0, "offered": 1.0, "reached": True}


def test_p95_decides_where_each_stage_has_one():
    assert find_knee([stage(1, 0.04), stage(2, 0.05) | {"ttft": {"p50": 0.05, "p95": 0.2}}])["stage"] == 0


@pytest.mark.parametrize(("second", "knee"), [(0.12, 1), (0.121, 0)])
def test_twice_the_lightest_stage_is_no_waiting_yet(second, knee):
    stages = [stage(rate) | {"ttft": {"p50": 0.01, "p95": p95}} for rate, p95 in ((1, 0.06), (2, second))]
    assert find_knee(stages)["stage"] == knee


def results(*stages):
    known = {"ttft": {"known": 0.1, "measured": 0.1123, "error": 0.0123}, "tpot": {"known": 0.02, "ratio": 0.749}}
    return {"stages": list(stages), "knee": find_knee(stages), "calibration": known}


def test_what_the_report_page_gets():
    load = for_report(results(stage(8, 0.2), stage(2, 0.05)), "a tool")
    assert [one["offered_rate"] for one in load["stages"]] == [2.0, 8.0]
    assert load["stages"][0]["achieved_rate"] == stage()["requests_per_second"]
    assert (load["knee"], load["tool"]) == (2.0, "a tool")
    assert load["calibration"] == (
        "Of a server with 100.0 ms to the first token and 20.00 ms a token, the same path measured +12.3 ms and "
        "-25.1 %."
    )
    assert for_report(results(stage(2, 0.05)), "a tool")["knee"] is None


def test_a_load_without_a_rate_is_not_for_the_page():
    assert for_report(results(*(stage_figures(one) for one in recorded("concurrent"))), "a tool") is None
