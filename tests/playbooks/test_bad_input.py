# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot work is refused by deploy.yml before anything is created, in a line that names the option."""

from __future__ import annotations

import pytest

CASES = {
    "a project's name instead of its id": ({"llmops_project": "My Project"}, "llmops_project", "project's id"),
    "a region for a zone": ({"llmops_zones": ["us-central1"]}, "llmops_zones", "such as [us-central1-a]"),
    "a zone of another region": ({"llmops_zones": ["europe-west4-a"]}, "llmops_zones", "zones of us-central1"),
    "the tutorial's workload pool": (
        {"gke_cluster_workload_pool": "sandbox-projectsvc.id.goog"},
        "workload_pool",
        "sandbox-project.svc.id.goog",
    ),
    "two local SSDs on a g2-standard-12": ({"gpu_nodepool_local_ssd_count": 2}, "local_ssd_count", "1"),
    "minimum over maximum": ({"gpu_nodepool_min_node_count": 3}, "gpu_nodepool_min_node_count", "at most"),
    "an autoscaler over the GPUs": (
        {"tgi_mistral_hpa_enabled": True, "tgi_mistral_hpa_max_replicas": 10},
        "tgi_mistral_hpa_max_replicas",
        "2 at most",
    ),
    "no token for a gated model": ({"tgi_mistral_hf_token": ""}, "token", "HF_TOKEN"),
    "a token that the Hub does not know": ({"tgi_mistral_hf_token": "nonsense"}, "token", "401"),
    "a typo in the thresholds": ({"verify_thresholds": {"ttft": 1}}, "verify_thresholds", "ttft_seconds"),
    "a model that is not there": ({"tgi_mistral_model_id": "mistralai/nope"}, "model", "mistralai/nope"),
    "a driver that is not there": ({"gpu_nodepool_gpu_driver_version": "NEWEST"}, "gpu_driver_version", "LATEST"),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_refused_by_name_and_nothing_is_created(sandbox, case):
    variables, option, accepted = CASES[case]
    sandbox.forget_requests()
    run = sandbox.play("deploy.yml", variables=variables)
    assert run.code != 0, run.output
    lines = [line for line in run.output.splitlines() if option in line and accepted in line]
    assert lines, run.output
    assert sandbox.writes() == []


def test_all_findings_are_told_at_once(sandbox):
    run = sandbox.play("deploy.yml", variables={"llmops_project": "X", "gpu_nodepool_min_node_count": 9})
    assert "llmops_project:" in run.output and "gpu_nodepool_min_node_count: 9" in run.output


def test_the_example_inventory_says_what_is_missing(sandbox):
    run = sandbox.play("deploy.yml", "--inventory", "inventories/example")
    assert run.code != 0
    for option in ("llmops_project", "llmops_zones"):
        assert f"{option}: " in run.output, run.output
    assert sandbox.writes() == []


def test_teardown_outside_the_sandbox_wants_to_be_told_by_name(sandbox):
    run = sandbox.play("teardown.yml", "--inventory", "inventories/example")
    assert run.code != 0
    assert "-e llmops_confirm_teardown=mistral-cluster-gke" in " ".join(run.output.split())
