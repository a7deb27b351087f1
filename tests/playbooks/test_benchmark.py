# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""benchmark.yml: the load runs in the cluster, its figures come back or are withheld by name, and nothing stays.

In the place of inference-perf stands a small program with the same way in and out; it really asks the model.
"""

from __future__ import annotations

import json
import shutil
import subprocess
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
    "llmops_api_key": KEY,
}
RANDOM = {"type": "normal", "mean": 32, "std_dev": 4, "min": 24, "max": 40}


@pytest.fixture(scope="module")
def deployed(sandbox: Sandbox) -> Sandbox:
    run = sandbox.play("deploy.yml", variables={"llmops_api_key": KEY, "verify_latency_samples": 1})
    assert run.code == 0, run.output
    return sandbox


def test_figures_come_back_and_nothing_stays(deployed: Sandbox, tmp_path: Path):
    result, page = tmp_path / "load.json", tmp_path / "load.html"
    paths = {"benchmark_result_path": str(result), "benchmark_report_path": str(page)}
    run = deployed.play("benchmark.yml", variables=LOAD | paths | {"benchmark_output_tokens": RANDOM})
    assert run.code == 0, run.output
    assert run.recap["changed"] == 0
    found = json.loads(result.read_text())
    # The warm-up is left out.
    assert [stage["offered_rate"] for stage in found["stages"]] == [4, 8, 16]
    assert found["calibration"]["ttft"]["known"] >= 0.1
    assert "Under load" in page.read_text()
    assert "an hour for a g2-standard-12" in page.read_text()
    assert "by the same path" in run.output
    assert KEY not in run.output
    removed = [path for path in deployed.writes() if path.startswith("DELETE")]
    assert [path for path in removed if path.endswith("/jobs/inference-perf")] and removed[-1].endswith(
        "/configmaps/inference-perf"
    )


def test_figures_that_are_not_to_be_trusted_are_withheld(deployed: Sandbox):
    deployed.forget_requests()
    wrong = {"benchmark_limits": {"calibration_ttft": 1e-9}, "benchmark_output_tokens": RANDOM | {"min": 36}}
    wrong["benchmark_load_type"] = "poisson"
    run = deployed.play("benchmark.yml", variables=LOAD | wrong)
    assert run.code != 0
    assert "the figures are withheld: calibration: a TTFT of" in run.output
    assert "answers had 32 tokens on average (32 to 32), not 32 (36 to 40)" in run.output
    assert "answered" not in run.output
    # The Job stays, for its log.
    assert not any(path.startswith("DELETE") for path in deployed.writes())


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not on this machine")
def test_requests_at_random_distances_are_asked_for_in_its_own_terms(deployed: Sandbox):
    """What the run before this one left."""
    kubeconfig = deployed.directory / "kubeconfig-us-central1-mistral-cluster-gke"
    command = ["kubectl", "--kubeconfig", str(kubeconfig), "get", "configmap", "inference-perf", "-o", "json"]
    data = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=60).stdout)["data"]
    for name in ("load.json", "calibration.json"):
        config = json.loads(data[name])
        assert (config["load"]["type"], config["data"]["output_distribution"]["type"]) == ("poisson", "normal")
        assert all(set(stage) == {"rate", "duration"} for stage in config["load"]["stages"])


def test_a_preview_runs_nothing(deployed: Sandbox):
    deployed.forget_requests()
    run = deployed.play("benchmark.yml", "--check", variables=LOAD)
    assert run.code == 0, run.output
    assert [path for path in deployed.writes() if "dryRun=All" not in path] == []


def test_a_sandbox_that_cannot_measure_fails_and_says_why(deployed: Sandbox):
    deployed.forget_requests()
    run = deployed.play("benchmark.yml", variables={"llmops_sandbox_inference_perf": ""})
    assert run.code != 0, run.output
    told = " ".join(run.output.split())
    assert "Nothing is measured" in told and "pip install inference-perf" in told
    assert deployed.writes() == []


def test_lengths_that_lack_a_figure_are_refused_before_the_load(deployed: Sandbox):
    """Each of them is needed to judge the answers or to tell the load."""
    deployed.forget_requests()
    for name in ("benchmark_prompt_tokens", "benchmark_output_tokens"):
        partial = {name: {"type": "uniform", "std_dev": 0, "min": 24, "max": 40}}
        run = deployed.play("benchmark.yml", variables=LOAD | partial)
        assert run.code != 0
        assert f"missing required arguments: mean found in {name}" in " ".join(run.output.split())
    assert deployed.writes() == []
