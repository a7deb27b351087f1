# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job as a user runs it: plan, deploy, look around with the real clients, run again, tear down.

The tests of this file build on each other, in their order: one deployment serves them all.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

CANARY = "hf_canaryQx7Lr2Vn9Tz4"


class ProcessList:
    """Watches the command lines of this machine's processes while its block lasts."""

    def __init__(self, needle: str) -> None:
        self.needle = needle.encode()
        self.seen: set[str] = set()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while not self._done.wait(0.05):
            for process in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    line = process.read_bytes()
                except OSError:
                    continue
                if self.needle in line:
                    self.seen.add(line.replace(b"\0", b" ").decode())

    def __enter__(self) -> ProcessList:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._done.set()
        self._thread.join()


def client(sandbox, *command: str) -> str:
    """What a real client prints; it must succeed."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not on this machine")
    done = subprocess.run(
        command, env=sandbox.client_environment(), capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def test_the_plan_shows_everything_and_changes_nothing(sandbox):
    run = sandbox.play("deploy.yml", "--check", "--diff")
    assert run.code == 0, run.output
    assert sandbox.writes() == []
    for named in ("mistral-cluster-gke", "mistral-gpu-pool", "nvidia-l4", "mistral-7b-service", "LLM_deployment"):
        assert named in run.output, f"the plan does not show {named}"


def test_deploy_shows_no_secret_at_any_verbosity(sandbox):
    with ProcessList(CANARY) as processes:
        run = sandbox.play("deploy.yml", "-vvv", "--diff", HF_TOKEN=CANARY)
    assert run.code == 0, run.output
    assert run.recap["changed"] > 0
    assert CANARY not in run.output
    assert processes.seen == set()
    kept = [path for path in sandbox.directory.parent.rglob("*") if path.is_file()]
    assert kept
    assert [path for path in kept if CANARY.encode() in path.read_bytes()] == []


def test_the_summary_is_there_for_a_person(sandbox):
    run = sandbox.play("deploy.yml", HF_TOKEN=CANARY)
    for part in (
        "mistral-cluster-gke",
        "mistral-gpu-pool",
        "LLM_deployment=true",
        "simulated",
        "kubectl",
        "teardown.yml",
    ):
        assert part in run.output, part


def test_a_further_run_changes_nothing_and_writes_nothing(sandbox):
    sandbox.forget_requests()
    run = sandbox.play("deploy.yml", "--diff", HF_TOKEN=CANARY)
    assert run.code == 0, run.output
    assert run.recap["changed"] == 0
    assert sandbox.writes() == []


def test_a_preview_of_what_is_there_shows_no_change(sandbox):
    run = sandbox.play("deploy.yml", "--check", "--diff", HF_TOKEN=CANARY)
    assert (run.code, run.recap["changed"]) == (0, 0), run.output


def test_the_kubeconfig_that_the_summary_names_needs_no_gcloud(sandbox):
    kubeconfig = sandbox.directory / "kubeconfig-us-central1-mistral-cluster-gke"
    assert "mistral-7b-service" in client(sandbox, "kubectl", "--kubeconfig", str(kubeconfig), "get", "all")
    assert kubeconfig.stat().st_mode & 0o077 == 0


def test_kubectl_sees_the_deployment(sandbox):
    assert "mistral-7b-service" in client(sandbox, "kubectl", "get", "all")
    described = client(sandbox, "kubectl", "describe", "deployment", "mistral-7b")
    for line in (
        "Replicas:               1 desired | 1 updated | 1 total | 1 available | 0 unavailable",
        "nvidia.com/gpu",
    ):
        assert line in described
    words = " ".join(described.split())
    for line in (
        "HF_TOKEN: <set to the key 'HF_TOKEN' in secret 'mistral-7b-credentials'>",
        "HF_HOME: /data",
        "/data from data (rw)",
        "data: Type: EmptyDir",
        "SizeLimit: 1Gi",
        "Startup: http-get http://:http/health",
        "Readiness: http-get http://:http/health",
        "Liveness: http-get http://:http/health",
        "cloud.google.com/gke-accelerator=nvidia-l4",
    ):
        assert line in words, described
    deadline = client(
        sandbox, "kubectl", "get", "deployment", "mistral-7b", "-o", "jsonpath={.spec.progressDeadlineSeconds}"
    )
    assert int(deadline) >= 1800
    labelled = client(sandbox, "kubectl", "get", "svc", "-l", "LLM_deployment=true")
    assert "LoadBalancer" in labelled and "127." in labelled
    rolled = client(sandbox, "kubectl", "rollout", "status", "deployment/mistral-7b", "--timeout=20s")
    assert "successfully rolled out" in rolled


def test_gcloud_sees_the_cluster(sandbox, tmp_path):
    listed = json.loads(client(sandbox, "gcloud", "container", "clusters", "list", "--format=json"))
    assert [(cluster["name"], cluster["status"]) for cluster in listed] == [("mistral-cluster-gke", "RUNNING")]
    place = ("--location=us-central1", "--format=json")
    described = json.loads(
        client(sandbox, "gcloud", "container", "clusters", "describe", "mistral-cluster-gke", *place)
    )
    assert described["workloadIdentityConfig"]["workloadPool"] == "sandbox-project.svc.id.goog"
    pool = ("mistral-gpu-pool", "--cluster=mistral-cluster-gke")
    gpu_pool = json.loads(client(sandbox, "gcloud", "container", "node-pools", "describe", *pool, *place))
    assert gpu_pool["config"]["accelerators"][0]["acceleratorType"] == "nvidia-l4"
    client(sandbox, "gcloud", "container", "clusters", "get-credentials", "mistral-cluster-gke", place[0])
    assert "mistral-7b" in client(sandbox, "kubectl", "get", "deployments")


def test_verify_and_status_change_nothing(sandbox):
    sandbox.forget_requests()
    verified = sandbox.play("verify.yml")
    assert (verified.code, verified.recap["changed"]) == (0, 0), verified.output
    report = sandbox.report
    assert str(report) in verified.output
    assert "g2-standard-12, 1 x nvidia-l4" in report.read_text()
    # Preflight has not asked in this run.
    assert "What fits the GPU" in report.read_text()
    status = sandbox.play("status.yml", HF_TOKEN=CANARY)
    assert (status.code, status.recap["changed"]) == (0, 0), status.output
    for part in ("mistral-cluster-gke", "RUNNING", "1 desired", "mistral-7b-service", "LLM_deployment=true"):
        assert part in status.output, part
    assert sandbox.writes() == []


def test_status_tells_drift_from_the_inventory_field_by_field(sandbox):
    same = sandbox.play("status.yml", HF_TOKEN=CANARY)
    assert "no drift: everything is as the inventory has it" in same.output
    sandbox.forget_requests()
    other = {
        "gpu_nodepool_max_node_count": 3,
        "gke_cluster_network": "other",
        "gke_cluster_resource_labels": {"a": "b"},
    }
    status = sandbox.play("status.yml", variables=other, HF_TOKEN=CANARY)
    # A report changes nothing, and what it tells is no failure of its own.
    assert (status.code, status.recap["changed"], status.recap["ignored"]) == (0, 0, 0), status.output
    assert "fatal" not in status.output and "[ERROR]" not in status.output
    pool = "drift in node pool mistral-gpu-pool: autoscaling.max_node_count is 2, the inventory has 3"
    # One field can be changed and the other cannot; both are told.
    network = 'drift in cluster mistral-cluster-gke: network is "default", the inventory has "other"'
    for line in (pool, network, 'resource_labels is {}, the inventory has {"a": "b"}'):
        assert line in " ".join(status.output.split()), line
    assert "no drift" not in status.output
    assert sandbox.writes() == []


def test_status_without_the_token_tells_what_a_deployment_without_it_would_do(sandbox):
    status = sandbox.play("status.yml", variables={"llmops_hf_token": ""})
    assert status.code == 0, status.output
    assert "left over: Secret default/mistral-7b-credentials" in status.output
    assert "llmops_hf_token is empty here" in status.output
    assert CANARY not in status.output


def test_a_breached_threshold_fails_with_the_figures(sandbox):
    run = sandbox.play("verify.yml", variables={"verify_thresholds": {"tpot_seconds": 0.000001}})
    assert run.code != 0
    assert "tpot_seconds" in run.output and "1e-06" in run.output
    # Not all that was found: that is in the report.
    assert "generated_text" not in run.output
    report = json.loads(sandbox.report.with_suffix(".json").read_text())
    assert report["verdict"]["state"] == "unfit"


def test_a_changed_value_changes_that_alone(sandbox):
    sandbox.forget_requests()
    variables = {"gpu_nodepool_max_node_count": 3}
    planned = sandbox.play("deploy.yml", "--check", "--diff", variables=variables, HF_TOKEN=CANARY)
    assert (planned.code, planned.recap["changed"]) == (0, 1), planned.output
    assert sandbox.writes() == []
    done = sandbox.play("deploy.yml", "--diff", variables=variables, HF_TOKEN=CANARY)
    assert (done.code, done.recap["changed"]) == (0, 1), done.output
    assert len(sandbox.writes()) == 1


def test_an_immutable_change_is_refused_with_the_way_out(sandbox):
    sandbox.forget_requests()
    run = sandbox.play("deploy.yml", variables={"gke_cluster_network": "other"}, HF_TOKEN=CANARY)
    assert run.code != 0
    assert "network cannot be changed in place: it is 'default', you asked for 'other'" in run.output
    assert sandbox.writes() == []


def test_teardown_leaves_an_empty_project_and_can_be_repeated(sandbox):
    planned = sandbox.play("teardown.yml", "--check", "--diff")
    assert planned.code == 0 and planned.recap["changed"] > 0, planned.output
    done = sandbox.play("teardown.yml")
    assert done.code == 0, done.output
    assert done.recap["changed"] == planned.recap["changed"]
    assert json.loads(client(sandbox, "gcloud", "container", "clusters", "list", "--format=json")) == []
    assert list(sandbox.directory.glob("kubeconfig-*")) == []
    again = sandbox.play("teardown.yml")
    assert (again.code, again.recap["changed"]) == (0, 0), again.output
