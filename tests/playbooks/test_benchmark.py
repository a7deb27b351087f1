# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""benchmark.yml: the load runs in the cluster, its figures come back or are withheld by name, and nothing stays.

In the place of inference-perf stands a small program with the same way in and out; it really asks the model.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.playbooks.playground import ROOT, Sandbox

KEY = "sk-canaryZq81mX4"
LOAD = {
    "llmops_sandbox_inference_perf": sys.executable,
    "benchmark_env": {"SANDBOX_PYTHON": sys.executable, "PYTHONPATH": str(ROOT / "tests" / "fake_inference_perf")},
    # Three requests are no measurement: only what is wrong altogether counts here.
    "benchmark_limits": {"calibration_ttft": 5, "calibration_tpot": 50},
    "tgi_mistral_api_key": KEY,
}


@pytest.fixture(scope="module")
def deployed(sandbox: Sandbox) -> Sandbox:
    run = sandbox.play("deploy.yml", variables={"tgi_mistral_api_key": KEY, "verify_latency_samples": 1})
    assert run.code == 0, run.output
    return sandbox


def test_figures_come_back_and_nothing_stays(deployed: Sandbox, tmp_path: Path):
    result, page = tmp_path / "load.json", tmp_path / "load.html"
    paths = {"benchmark_result_path": str(result), "benchmark_report_path": str(page)}
    run = deployed.play("benchmark.yml", variables=LOAD | paths)
    assert run.code == 0, run.output
    assert run.recap["changed"] == 0
    found = json.loads(result.read_text())
    # The warm-up is left out.
    assert [stage["offered_rate"] for stage in found["stages"]] == [4, 8, 16]
    assert found["calibration"]["ttft"]["known"] >= 0.1
    assert "Under load" in page.read_text()
    assert "by the same path" in run.output
    assert KEY not in run.output
    removed = [path for path in deployed.writes() if path.startswith("DELETE")]
    assert [path for path in removed if path.endswith("/jobs/inference-perf")] and removed[-1].endswith(
        "/configmaps/inference-perf"
    )


def test_figures_that_are_not_to_be_trusted_are_withheld(deployed: Sandbox):
    deployed.forget_requests()
    run = deployed.play("benchmark.yml", variables=LOAD | {"benchmark_limits": {"calibration_ttft": 1e-9}})
    assert run.code != 0
    assert "the figures are withheld: calibration: a TTFT of" in run.output
    assert "answered" not in run.output
    # The Job stays, for its log.
    assert not any(path.startswith("DELETE") for path in deployed.writes())


def test_a_preview_runs_nothing(deployed: Sandbox):
    deployed.forget_requests()
    run = deployed.play("benchmark.yml", "--check", variables=LOAD)
    assert run.code == 0, run.output
    assert [path for path in deployed.writes() if "dryRun=All" not in path] == []


def test_a_sandbox_that_cannot_measure_says_so(deployed: Sandbox):
    deployed.forget_requests()
    run = deployed.play("benchmark.yml", variables={"llmops_sandbox_inference_perf": ""})
    assert run.code == 0, run.output
    told = " ".join(run.output.split())
    assert "Nothing is measured" in told and "pip install inference-perf" in told
    assert deployed.writes() == []
