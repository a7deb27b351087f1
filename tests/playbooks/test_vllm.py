# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model server is exchanged on a running deployment; vLLM scales, asks for its key everywhere, sleeps and wakes.

The tests of this file build on each other, in their order: one deployment serves them all.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from tests.playbooks.playground import until
from tests.playbooks.watching import WINDOWS, Watcher, asking

APPLIED = "TASK [llmops.gke.model_server : Apply the model's manifests"
KEY = "sk-canary-51c3"
TAGS = ("--tags", "model_server,verify")
VLLM = {"llmops_engine": "vllm", "vllm_max_model_len": 8192}
SCALED = {
    **WINDOWS,
    **VLLM,
    "llmops_api_key": KEY,
    "model_server_hpa_enabled": True,
    "model_server_hpa_signals": [
        {"signal": "waiting_requests", "target": 5},
        {"signal": "running_requests", "target": 5},
        {"signal": "kv_cache_usage", "target": 80},
    ],
}


@pytest.fixture(scope="module")
def watcher(sandbox) -> Watcher:
    return Watcher(sandbox)


def container(watcher) -> dict[str, Any]:
    return watcher.get("deployment", "mistral-7b")["spec"]["template"]["spec"]["containers"][0]


def is_restricted(pod: dict[str, Any]) -> bool:
    """Whether a pod keeps the restricted Pod Security Standard, and more: no token, no writable root."""
    (one,) = pod["containers"]
    return (
        all(volume.keys() & {"emptyDir", "configMap", "secret"} for volume in pod["volumes"])
        and pod["securityContext"]["runAsNonRoot"] is True
        and pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        and one["securityContext"]
        == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": True}
        and not pod.keys() & {"hostNetwork", "hostPID", "hostIPC"}
        and (pod["automountServiceAccountToken"], pod["enableServiceLinks"]) == (False, False)
    )


def url(watcher) -> str:
    found = watcher.get("service", "mistral-7b-service")
    return f"http://{found['status']['loadBalancer']['ingress'][0]['ip']}:{found['spec']['ports'][0]['port']}"


def test_a_running_deployment_gets_the_other_server_in_a_rolling_update(sandbox, watcher):
    first = sandbox.play("deploy.yml")
    assert first.code == 0, first.output
    # The role of the other server has ended before its first task.
    assert first.output.count(APPLIED) == 1
    before = watcher.get("deployment", "mistral-7b")["metadata"]["uid"]
    # Both servers have this route, so that clients need not know which one answers.
    body = {
        "model": "mistralai/Mistral-7B-Instruct-v0.1",
        "prompt": "[INST] Tell a long story. [/INST]",
        "max_tokens": 300,
    }
    with asking(f"{url(watcher)}/v1/completions", body) as told:
        run = sandbox.play("deploy.yml", *TAGS, variables=VLLM)
        assert run.code == 0, run.output
        assert run.output.count(APPLIED) == 1
        until(lambda: len(watcher.get("pods", "-l", "app=mistral-7b")["items"]) == 1, "the old pod is gone")
    assert told["failed"] == [] and len(told["answered"]) > 20
    after = watcher.get("deployment", "mistral-7b")
    assert after["metadata"]["uid"] == before
    assert container(watcher)["args"][0] == "mistralai/Mistral-7B-Instruct-v0.1"
    assert is_restricted(after["spec"]["template"]["spec"])
    assert requests.get(f"{url(watcher)}/v1/models", timeout=10).json()["data"][0]["max_model_len"] == 8192


def test_the_report_has_the_last_run_of_the_other_server_beside_its_own(sandbox, watcher):
    report = json.loads(sandbox.report.with_suffix(".json").read_text())
    (former,) = report["beside"]
    assert (report["latency"]["engine"], former["server"]) == ("vllm", "text-generation-inference 2.4.0")
    assert "huggingface-text-generation-inference" in former["image"]
    assert {"weights", "load"} <= set(former["cold_start"]) and former["ttft_seconds"] > 0
    page = sandbox.report.read_text()
    assert "<h2>Beside other runs</h2>" in page and "<td>… compile</td>" in page
    # The next run of the same server keeps it.
    again = sandbox.play("verify.yml", variables=VLLM | {"verify_latency_samples": 1})
    assert again.code == 0, again.output
    assert json.loads(sandbox.report.with_suffix(".json").read_text())["beside"] == [former]


def test_a_key_is_asked_for_wherever_it_generates_and_the_autoscaler_acts(sandbox, watcher):
    run = sandbox.play("deploy.yml", variables=SCALED)
    assert run.code == 0, run.output
    assert KEY not in run.output
    body = {"model": "mistralai/Mistral-7B-Instruct-v0.1", "prompt": "a", "max_tokens": 1}
    for route, status in (("/v1/completions", 401), ("/invocations", 404)):
        assert requests.post(url(watcher) + route, json=body, timeout=10).status_code == status
    metrics = watcher.get("hpa", "mistral-7b-hpa")["spec"]["metrics"]
    assert [(one["pods"]["metric"]["name"], one["pods"]["target"]["averageValue"]) for one in metrics] == [
        ("prometheus.googleapis.com|vllm:num_requests_waiting|gauge", "5"),
        ("prometheus.googleapis.com|vllm:num_requests_running|gauge", "5"),
        ("prometheus.googleapis.com|vllm:kv_cache_usage_perc|gauge", "800m"),
    ]
    again = sandbox.play("deploy.yml", variables=SCALED)
    assert (again.code, again.recap["changed"]) == (0, 0), again.output


def test_load_brings_a_second_replica(sandbox, watcher):
    loaded = {"verify_load": True, "verify_load_clients": 16, "verify_load_timeout": 60}
    run = sandbox.play("verify.yml", variables=SCALED | loaded)
    assert run.code == 0, run.output
    assert "a further replica was asked for and came: 2 serve" in " ".join(run.output.split())


def test_it_sleeps_and_goes(sandbox, watcher):
    run = sandbox.play("deploy.yml", *TAGS, variables=SCALED | {"llmops_replicas": 0})
    assert run.code == 0, run.output
    until(lambda: watcher.get("pods", "-l", "app=mistral-7b")["items"] == [], "no pod is left")
    status = sandbox.play("status.yml", variables=SCALED | {"llmops_replicas": 0})
    assert "Deployment default/mistral-7b" in status.output, status.output
    run = sandbox.play("teardown.yml", variables=SCALED)
    assert run.code == 0, run.output
    assert "default/mistral-7b: removed" in run.output
