# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model server is exchanged where no GPU is free for the new one: the old one serves on, or hands its GPU over.

The tests of this file build on each other, in their order: one deployment serves them all.
"""

from __future__ import annotations

import json

import pytest

from tests.playbooks.watching import Watcher, asking

FULL = {"gpu_nodepool_max_node_count": 1}
VLLM = FULL | {"llmops_engine": "vllm", "vllm_max_model_len": 8192}
TAGS = ("--tags", "model_server,verify")


@pytest.fixture(scope="module")
def watcher(sandbox) -> Watcher:
    run = sandbox.play("deploy.yml", variables=FULL)
    assert run.code == 0, run.output
    return Watcher(sandbox)


def ready(watcher) -> list[str]:
    """The images of the pods that are ready."""
    return [
        pod["spec"]["containers"][0]["image"]
        for pod in watcher.get("pods", "-l", "app=mistral-7b")["items"]
        if any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"]["conditions"])
    ]


def test_the_old_one_serves_on_and_deploy_says_what_the_new_one_waits_for(sandbox, watcher):
    found = watcher.get("service", "mistral-7b-service")
    url = f"http://{found['status']['loadBalancer']['ingress'][0]['ip']}:{found['spec']['ports'][0]['port']}"
    body = {"model": "mistralai/Mistral-7B-Instruct-v0.1", "prompt": "[INST] Hello [/INST]", "max_tokens": 20}
    patient = VLLM | {"model_server_progress_deadline_seconds": 100000, "model_server_timeout": 120}
    with asking(f"{url}/v1/completions", body) as told:
        runs = [sandbox.play("deploy.yml", *TAGS, variables=patient) for _again in range(2)]
    assert told["failed"] == [] and told["answered"]
    assert ["text-generation-inference" in image for image in ready(watcher)] == [True]
    for run in runs:
        assert run.code == 2, run.output
        words = " ".join(run.output.split())
        assert "Insufficient nvidia.com/gpu" in words, run.output
        assert "raise the pool's maximum (gpu_nodepool_max_node_count), or free what its nodes hold" in words, (
            run.output
        )


def test_it_hands_its_gpu_over_where_that_is_asked_for(sandbox, watcher):
    over = {"model_server_max_surge": 0, "model_server_max_unavailable": 1}
    run = sandbox.play("deploy.yml", *TAGS, variables=VLLM | over)
    assert run.code == 0, run.output
    assert ["vllm" in image for image in ready(watcher)] == [True]
    report = json.loads(sandbox.report.with_suffix(".json").read_text())
    assert [one["server"] for one in report["beside"]] == ["text-generation-inference 2.4.0"]
