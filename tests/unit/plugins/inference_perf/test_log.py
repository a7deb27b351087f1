# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports are found in a log whatever else it says, and a log without them says why."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.serving.inference_perf.calibration import compare
from ansible_collections.llmops.gke.plugins.module_utils.serving.inference_perf.log import (
    MARK,
    ResultsMissing,
    read_reports,
)
from tests.unit.plugins.inference_perf.benchmark_support import TRUTH, line, log, recorded, report


def test_stages_are_in_the_order_of_their_numbers():
    told = [line("load", f"stage_{number}_lifecycle_metrics", {"number": number}) for number in (10, 2, 0)]
    assert [found["number"] for found in read_reports(told).load] == [0, 2, 10]


def test_runs_are_kept_apart():
    found = read_reports(log(report(2.0), report(4.0)))
    assert [one["load_summary"]["requested_rate"] for one in found.load] == [2.0, 4.0]
    assert [one["load_summary"]["requested_rate"] for one in found.calibration] == [8.0]
    assert found.truth == TRUTH


def test_a_log_without_reports_is_quoted():
    with pytest.raises(ResultsMissing, match="last line: Tokenizer initialization failed"):
        read_reports(["Traceback", "Tokenizer initialization failed", ""])
    with pytest.raises(ResultsMissing, match="last line: none$"):
        read_reports(["", " "])


def test_a_refused_first_request_is_there_in_the_place_of_the_load():
    found = read_reports([line("load", "refusal", "422: too long")])
    assert (found.load, found.refusal) == ([], "422: too long")
    assert read_reports(log(report())).refusal == ""


@pytest.mark.parametrize(
    "told",
    [
        line("load", "stage_0_lifecycle_metrics", report())[:200],
        f"{MARK}{'[' * 100_000}",
        f"{MARK}5",
        f"{MARK}{{}}",
        f'{MARK}{{"run": "load", "report": "stage_0_lifecycle_metrics"}}',
        f'{MARK}{{"run": "none", "report": "stage_0_lifecycle_metrics", "content": {{}}}}',
        f'{MARK}{{"run": [], "report": 1, "content": []}}',
    ],
)
def test_a_report_that_is_cut_off_or_none_is_refused(told: str):
    with pytest.raises(ResultsMissing, match="cut off"):
        read_reports([told])


def test_the_calibration_compares_with_what_the_server_says_it_did():
    found = compare(read_reports(log(report(), calibration=report(ttft=0.0512, tpot=0.0202))))
    assert found["ttft"] == {"known": 0.05, "measured": 0.0512, "error": 0.0012}
    assert found["tpot"] == {"known": 0.02, "measured": 0.0202, "error": 0.0002, "ratio": 1.01}
    assert (found["requests"], found["offered_rate"]) == (80, 8.0)


@pytest.mark.parametrize("missing", [("ttft_seconds",), ("tpot_seconds",), ("ttft_seconds", "tpot_seconds")])
def test_without_truth_there_is_no_calibration(missing):
    assert compare(read_reports(log(report(), **dict.fromkeys(missing)))) is None
    assert compare(read_reports([line("load", "stage_0_lifecycle_metrics", report())])) is None


def test_without_its_load_there_is_no_calibration():
    told = [line("calibration", "truth", TRUTH), line("load", "stage_0_lifecycle_metrics", report())]
    assert compare(read_reports(told)) is None


@pytest.mark.parametrize("missing", ["time_to_first_token", "time_per_output_token"])
def test_a_calibration_that_measured_nothing_is_none(missing):
    measured = report()
    measured["successes"]["latency"][missing] = None
    assert compare(read_reports(log(report(), calibration=measured))) is None


def test_a_calibration_with_open_requests_tells_how_many():
    found = compare(read_reports(log(report(), calibration=recorded("concurrent")[0])))
    assert (found["offered_rate"], found["offered_concurrency"]) == (None, 2)
