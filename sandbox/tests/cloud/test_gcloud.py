# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real gcloud and kubectl are the critics: their everyday commands work against the sandbox.

gcloud looks at an operation every 5 s, so all but one command leave theirs alone (--async).
"""

import json
import os
import shutil
import subprocess
import sys

import pytest

from llmops_gke_sandbox.environment import variables

pytestmark = pytest.mark.skipif(not shutil.which("gcloud"), reason="gcloud is not installed")
WHERE = ["--location", "us-central1"]


@pytest.fixture(scope="module")
def tools(tmp_path_factory):
    """Run a program in the environment that `env` gives; a sandbox that runs for the module's tests.

    When it stops, nothing of what the tools wrote stays, tokens least of all.
    """
    directory = tmp_path_factory.mktemp("gcloud") / "sandbox"
    sandbox = [sys.executable, "-m", "llmops_gke_sandbox"]
    started = subprocess.run(
        [*sandbox, "start", "--directory", directory, "--speed", "2000"], capture_output=True, text=True, check=True
    )
    env = os.environ | variables(directory, json.loads(started.stdout))
    home = directory.parent / "home"

    def run(*command: str) -> str:
        result = subprocess.run(command, env=env | {"HOME": str(home)}, capture_output=True, text=True, timeout=60)
        assert result.returncode == 0, result.stderr
        return result.stdout

    yield run
    subprocess.run([*sandbox, "stop", "--directory", directory], check=True)
    assert not directory.exists(), list(directory.iterdir())


def shown(text: str) -> dict | list:
    return json.loads(text)


def test_the_tutorials_way_with_gcloud_and_kubectl(tools):
    tools(
        *("gcloud", "container", "clusters", "create", "c1", *WHERE, "--async", "--node-locations", "us-central1-a"),
        *("--machine-type", "n1-standard-4", "--num-nodes", "1", "--enable-ip-alias", "--enable-image-streaming"),
        *("--addons", "GcsFuseCsiDriver,HttpLoadBalancing,HorizontalPodAutoscaling", "--enable-shielded-nodes"),
        *("--shielded-secure-boot", "--shielded-integrity-monitoring", "--no-enable-master-authorized-networks"),
        *("--workload-pool", "sandbox-project.svc.id.goog"),
    )
    tools(
        *("gcloud", "container", "node-pools", "create", "gpu", "--cluster", "c1", *WHERE, "--async"),
        *("--machine-type", "g2-standard-12", "--accelerator", "type=nvidia-l4,count=1,gpu-driver-version=latest"),
        *("--ephemeral-storage-local-ssd", "count=1", "--node-locations", "us-central1-a", "--num-nodes", "1"),
        *("--enable-autoscaling", "--min-nodes", "1", "--max-nodes", "2", "--node-labels", "accelerator=nvidia-gpu"),
    )
    (listed,) = shown(tools("gcloud", "container", "clusters", "list", "--format=json"))
    assert (listed["name"], listed["status"], listed["currentNodeCount"]) == ("c1", "RUNNING", 2)
    describe = ("gcloud", "container", "node-pools", "describe", "gpu", "--cluster", "c1", *WHERE, "--format=json")
    pool = shown(tools(*describe))
    limits = {"enabled": True, "minNodeCount": 1, "maxNodeCount": 2, "locationPolicy": "BALANCED"}
    assert pool["autoscaling"] == limits
    assert pool["config"]["accelerators"][0]["gpuDriverInstallationConfig"] == {"gpuDriverVersion": "LATEST"}

    # The token of the kubeconfig comes from gke-gcloud-auth-plugin.
    tools("gcloud", "container", "clusters", "get-credentials", "c1", *WHERE)
    nodes = shown(tools("kubectl", "get", "nodes", "-l", "accelerator=nvidia-gpu", "-o", "json"))["items"]
    assert [node["metadata"]["labels"]["cloud.google.com/gke-accelerator"] for node in nodes] == ["nvidia-l4"]

    tools("gcloud", "container", "clusters", "update", "c1", *WHERE, "--async", "--update-labels", "team=serving")
    operations = shown(tools("gcloud", "container", "operations", "list", "--format=json"))
    assert operations[-1]["operationType"] == "SET_LABELS"
    operation = tools("gcloud", "container", "operations", "describe", operations[-1]["name"], *WHERE, "--format=json")
    assert shown(operation)["status"] == "DONE"
    cluster = shown(tools("gcloud", "container", "clusters", "describe", "c1", *WHERE, "--format=json"))
    assert cluster["resourceLabels"] == {"team": "serving"}

    tools("gcloud", "container", "clusters", "delete", "c1", *WHERE)
    assert shown(tools("gcloud", "container", "clusters", "list", "--format=json")) == []


def test_compute_is_read_by_gcloud(tools):
    region = shown(tools("gcloud", "compute", "regions", "describe", "us-central1", "--format=json"))
    assert any(quota["metric"] == "NVIDIA_L4_GPUS" for quota in region["quotas"])


def test_gcloud_reads_the_quota_of_gpu_families(tools):
    read = ("--service", "compute.googleapis.com", "--project", "sandbox-project", "--format=json")
    info = shown(
        tools("gcloud", "alpha", "quotas", "info", "describe", "GPUS-PER-GPU-FAMILY-per-project-region", *read)
    )
    limits = {one.get("dimensions", {}).get("gpu_family"): one["details"] for one in info["dimensionsInfos"]}
    assert (limits["NVIDIA_H100"], limits[None]) == ({"value": "8"}, {})
    every = shown(tools("gcloud", "alpha", "quotas", "info", "list", *read))
    assert {"GPUS-PER-GPU-FAMILY-per-project-region", "NVIDIA-L4-GPUS-per-project-region"} < {
        one["quotaId"] for one in every
    }
