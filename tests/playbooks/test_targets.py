# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets from the plan to the report: what Google measured, what was measured here, and an API that is off.

The tests of this file build on each other, in their order: one deployment serves them all.
"""

from __future__ import annotations

import json
from typing import Any

import requests

# Of the sandbox's clock, by which answers come fifty times faster: any of them keeps these.
# Several samples: on a busy machine all tokens of one may arrive at once, which leaves no time between them.
EASY = {"llmops_targets": {"ttft_milliseconds": 60000, "ntpot_milliseconds": 60000}, "verify_latency_samples": 5}
HARD = {"llmops_targets": {"ntpot_milliseconds": 30, "requests_per_second": 2}}


def words(run) -> str:
    return " ".join(run.output.split())


def report(sandbox) -> dict[str, Any]:
    return json.loads(sandbox.report.with_suffix(".json").read_text())


def test_the_plan_proposes_what_reaches_the_targets_and_its_price(sandbox):
    run = sandbox.play("deploy.yml", "--check", variables=HARD)
    assert run.code == 0, run.output
    told = words(run)
    assert "targets: tgi on 1 x nvidia-l4 cannot reach ntpot 30 ms: at its best Google measured" in told
    assert "what does is tgi 3.3.5 on 1 x nvidia-tesla-a100 (a2-highgpu-1g)" in told
    assert sandbox.writes() == []


def test_a_deployment_within_its_targets_is_fit_and_stands_beside_googles_figures(sandbox):
    run = sandbox.play("deploy.yml", variables=EASY)
    assert run.code == 0, run.output
    assert "can be reached, as Google measured it on tgi" in words(run)
    told = report(sandbox)
    assert told["verdict"]["state"] == "fit"
    assert {limit["name"] for limit in told["latency"]["thresholds"]} == {"ttft_seconds", "ntpot_seconds"}
    held = {one["name"]: one for one in told["yardsticks"]}
    assert held["tpot_seconds"]["floor"] > 0.048 and held["ntpot_seconds"]["google"] > 0.048
    # Simulated figures are held against nothing.
    assert {one["within"] for one in held.values()} == {None}
    assert told["benchmark"]["unknown"] is None
    assert "MAX_TOTAL_TOKENS" in {one["setting"] for one in told["benchmark"]["differences"]}
    page = sandbox.report.read_text()
    assert "How fast it could be" in page and "Beside Google's manifest" in page.replace("&#x27;", "'")


def test_without_targets_and_with_the_apis_off_a_rerun_changes_nothing_and_says_why(sandbox):
    url = f"{sandbox.endpoints['admin']}/faults"
    for api in ("gkerecommender.*", "cloudquotas.*"):
        body = {"name": "service_disabled", "match": {"api": api}}
        requests.post(url, json=body, timeout=10).raise_for_status()
    sandbox.forget_requests()
    # A single answer may be of one token, which has no time between two.
    run = sandbox.play("deploy.yml", variables={"verify_latency_samples": 5})
    assert run.code == 0, run.output
    assert sandbox.writes() == []
    told = report(sandbox)
    assert told["verdict"]["state"] == "unjudged"
    assert told["benchmark"]["unknown"].startswith("GKE Inference Quickstart is off (gcloud services enable")
    assert [one["google"] for one in told["yardsticks"]] == [None] * 3
    requests.delete(url, timeout=10).raise_for_status()
    assert sandbox.play("teardown.yml").code == 0
