# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a deploy costs where nothing has changed: exactly these tasks and requests. None comes back unnoticed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import pytest

from tests.playbooks.playground import Run, Sandbox

TASKS = [
    "Run the sandbox, where the inventory has one",
    "llmops.gke.preflight : Resolve and validate the options of every role in the play",
    "llmops.gke.preflight : Refuse what cannot work",
    "llmops.gke.gke_cluster : Create or update the cluster and its own node pool",
    "llmops.gke.gpu_nodepool : Create or update the GPU node pools",
    "llmops.gke.dcgm_exporter : Run one exporter of GPU metrics, by GKE or by a DaemonSet",
    "llmops.gke.model_server : Provide the autoscaler's metrics adapter",
    "llmops.gke.model_server : Apply the model's manifests and wait until it serves",
    "llmops.gke.lb_labels : Label the load balancer's Service",
    "llmops.gke.verify : Ask the model, and measure how fast it answers",
    "llmops.gke.dcgm_exporter : Make sure that every GPU is measured",
    "Summary",
]
CLUSTER = "/container/v1/projects/sandbox-project/locations/us-central1/clusters/mistral-cluster-gke"
COMPUTE = "/compute/v1/projects/sandbox-project"
HUB = "/huggingface/mistralai/Mistral-7B-Instruct-v0.1/resolve/main"
NODES = "123456789012-compute@developer.gserviceaccount.com"
IN_DEFAULT = "namespaces/default"
BY_PREFLIGHT = [
    "POST /token",
    "GET /huggingface/api/models/mistralai/Mistral-7B-Instruct-v0.1",
    f"HEAD {HUB}/config.json",
    f"GET {HUB}/config.json",
    f"GET {HUB}/tokenizer.json",
    "GET /container/v1/projects/sandbox-project/locations/-/clusters",
    "GET /container/v1/projects/sandbox-project/locations/us-central1/serverConfig",
    "GET /serviceusage/v1/projects/sandbox-project/services:batchGet",
    "POST /cloudresourcemanager/v1/projects/sandbox-project:testIamPermissions",
    f"POST /iam/v1/projects/sandbox-project/serviceAccounts/{NODES}:testIamPermissions",
    f"GET {COMPUTE}",
    f"GET {COMPUTE}/regions/us-central1",
    f"GET {COMPUTE}/aggregated/machineTypes",
    f"GET {COMPUTE}/aggregated/acceleratorTypes",
    f"GET {COMPUTE}/aggregated/subnetworks",
    f"GET {COMPUTE}/zones/us-central1-a/instanceGroupManagers/GROUP",
    f"GET {COMPUTE}/zones/us-central1-a/instanceGroupManagers/GROUP",
]
GPUS = [
    "GET /api/v1/nodes",
    "GET /api/v1/pods",
    "GET /api/v1/namespaces/gke-managed-system/pods/EXPORTER:9400/proxy/metrics",
]
BY_TASK = {
    "gke_cluster": [f"GET {CLUSTER}"],
    # Told by the task before it.
    "gpu_nodepool": [],
    "dcgm_exporter": ["GET /api/v1/namespaces/gpu-metrics/configmaps/gpu-metrics-exporter"],
    "metrics adapter": ["GET /api/v1/namespaces/custom-metrics/configmaps/llmops-metrics-adapter"],
    "apply": [
        f"GET /api/v1/{IN_DEFAULT}/configmaps/mistral-7b",
        f"GET /apis/apps/v1/{IN_DEFAULT}/deployments",
        f"GET /apis/policy/v1/{IN_DEFAULT}/poddisruptionbudgets",
        f"GET /apis/monitoring.googleapis.com/v1/{IN_DEFAULT}/podmonitorings",
        f"GET /api/v1/{IN_DEFAULT}/secrets",
        f"GET /api/v1/{IN_DEFAULT}/services",
    ],
    "lb_labels": [f"GET /api/v1/{IN_DEFAULT}/services/mistral-7b-service"],
    "GPUs measured": GPUS,
}
BY_VERIFY = [
    f"GET /api/v1/{IN_DEFAULT}/services/mistral-7b-service",
    f"GET /apis/apps/v1/{IN_DEFAULT}/deployments",
    f"GET /api/v1/{IN_DEFAULT}/pods",
    "GET /api/v1/nodes/NODE",
    f"GET /api/v1/{IN_DEFAULT}/events",
    f"GET /api/v1/{IN_DEFAULT}/pods/MODEL/log",
    # Beside the measurement, and once more for the report.
    *GPUS[1:],
    *GPUS,
]
MOST_AT_ONCE_IN_PREFLIGHT = 12
"""Connections: how many of its requests meet, and need one each, is the threads' affair."""

_NAMES = {
    r"/instanceGroupManagers/.*": "/instanceGroupManagers/GROUP",
    r"/pods/dcgm-exporter-[^:]*": "/pods/EXPORTER",
    r"/pods/mistral-7b-[^/]*": "/pods/MODEL",
    r"/nodes/.*": "/nodes/NODE",
}


def call_of(request: dict[str, Any]) -> str:
    """``METHOD path`` without its query and the names that are new in each sandbox."""
    path = request["path"].partition("?")[0]
    for pattern, name in _NAMES.items():
        path = re.sub(pattern, name, path)
    return f"{request['method']} {path}"


@pytest.fixture(scope="module")
def deployed(sandbox: Sandbox) -> Iterator[Sandbox]:
    run = sandbox.play("deploy.yml", variables={"verify_latency_samples": 1})
    assert run.code == 0, run.output
    yield sandbox


def unchanged(sandbox: Sandbox, *arguments: str) -> Run:
    sandbox.forget_requests()
    run = sandbox.play("deploy.yml", *arguments, variables={"verify_latency_samples": 1})
    assert (run.code, run.recap["changed"]) == (0, 0), run.output
    return run


def tasks_of(run: Run) -> list[str]:
    return re.findall(r"^(?:TASK|RUNNING HANDLER) \[(.*)\] \**$", run.output, re.MULTILINE)


def test_its_tasks(deployed):
    run = unchanged(deployed)
    assert tasks_of(run) == TASKS
    assert (run.recap["ok"], run.recap["skipped"]) == (len(TASKS), 0)


def test_its_requests_and_connections_without_those_of_verify(deployed):
    unchanged(deployed, "--skip-tags", "verify")
    requests = deployed.requests()
    begin = len(BY_PREFLIGHT)
    assert sorted(map(call_of, requests[:begin])) == sorted(BY_PREFLIGHT)
    assert sorted(map(call_of, requests[begin:])) == sorted(call for calls in BY_TASK.values() for call in calls)
    # A process a task: each of them opens one connection, and keeps it to its end.
    assert len({request["connection"] for request in requests[begin:]}) == sum(map(bool, BY_TASK.values()))
    assert len({request["connection"] for request in requests[:begin]}) <= MOST_AT_ONCE_IN_PREFLIGHT


def test_verify_asks_google_for_its_own_measurements_alone(deployed):
    unchanged(deployed, "--skip-tags", "verify")
    without = [call_of(request) for request in deployed.requests() if request["service"] != "kubernetes"]
    unchanged(deployed)
    # Google's own measurements of the model, for the report.
    asked = {"POST /gkerecommender/v1/benchmarkingData:fetch", "POST /gkerecommender/v1/optimizedManifest:generate"}
    found = [call_of(one) for one in deployed.requests() if one["service"] != "kubernetes"]
    assert sorted(found) == sorted([*without, *asked])


def test_verify_looks_at_the_model_s_pods_once(deployed):
    unchanged(deployed, "--tags", "verify")
    asked = [call_of(one) for one in deployed.requests() if one["service"] == "kubernetes"]
    # While the model is measured, an exporter is read as often as there is time for.
    assert [call for call, _times in groupby(asked)] == BY_VERIFY


def test_a_part_of_it_alone_validates_all_options_and_asks_where_the_cluster_is_once(deployed):
    run = unchanged(deployed, "--tags", "tgi_mistral")
    assert tasks_of(run) == [*TASKS[:2], *(task for task in TASKS if "model_server" in task), "Summary"]
    asked = [call_of(request) for request in deployed.requests() if request["service"] == "container"]
    assert asked == [f"GET {CLUSTER}"]


def test_a_part_of_it_alone_is_refused_what_the_whole_is(deployed):
    variables = {"model_server_timeout": "soon", "gpu_nodepool_max_node_count": "many"}
    run = deployed.play("deploy.yml", "--tags", "tgi_mistral", variables=variables)
    assert run.code != 0
    for name in variables:
        assert name in run.output


def test_the_modules_do_the_same_in_processes_of_their_own(deployed):
    run = deployed.play("deploy.yml", variables={"verify_latency_samples": 1, "llmops_in_process": False})
    assert (run.code, run.recap["changed"]) == (0, 0), run.output
    assert tasks_of(run) == TASKS
