# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts as a summary gets them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ansible_collections.llmops.gke.plugins.module_utils.workflows.summary.command import Command
from ansible_collections.llmops.gke.plugins.module_utils.workflows.summary.facts import HostFacts

POOLS = [
    {
        "name": "default-pool",
        "locations": ["us-central1-a"],
        "initialNodeCount": 3,
        "config": {"machineType": "n1-standard-4"},
        "autoscaling": {"enabled": True, "minNodeCount": 1, "maxNodeCount": 5},
    },
    {
        "name": "gpu",
        "locations": ["us-central1-a"],
        "initialNodeCount": 1,
        "config": {
            "machineType": "g2-standard-12",
            "accelerators": [{"acceleratorCount": "1", "acceleratorType": "nvidia-l4"}],
            "ephemeralStorageLocalSsdConfig": {"localSsdCount": 1},
        },
        "autoscaling": {"enabled": True, "minNodeCount": 1, "maxNodeCount": 2},
    },
]
PRICE = {
    "currency": "USD", "as_of": "2026-08-03", "complete": True,
    "start": {"hour": 1.77}, "least": {"hour": 1.36}, "most": {"hour": 3.23},
}  # fmt: skip
MINE = Command(inventories=("mine",))
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
VARIABLES = {
    "llmops_project": "p",
    "llmops_location": "us-central1",
    "llmops_cluster": "c",
    "llmops_namespace": "default",
    "llmops_name": "m",
    "llmops_model": "mistralai/Mistral-7B-Instruct-v0.1",
    "llmops_engine": "tgi",
    "llmops_replicas": 1,
    "llmops_gpus_per_replica": 1,
    "llmops_accelerator_type": "nvidia-l4",
    "llmops_service_name": "m-service",
    "llmops_service_port": 80,
    "gke_cluster_pool_name": "default-pool",
    "gpu_nodepool_name": "gpu",
    "gpu_nodepool_on_demand_name": "gpu-on-demand",
    "gke_cluster_kubeconfig": "/srv/.kube/config",
    "__verify_exposure": "a load balancer on the internet, without an API key",
}
SECONDS = {name: {"median": 0.05, "n": 20} for name in ("ttft_seconds", "e2e_seconds", "tpot_seconds", "ntpot_seconds")}
POD = {"node": "n1", "machine_type": "g2-standard-12", "accelerator_type": "nvidia-l4", "gpus": 1, "spot": False,
       "zone": "us-central1-a", "node_pool": "gpu", "start_seconds": 90.0, "start_stages": []}  # fmt: skip


def step(action: str, resource: str, *fields: str) -> dict[str, Any]:
    return {"action": action, "resource": resource, "changes": [{"field": name} for name in fields]}


def verified(text: str = "Hello.") -> dict[str, Any]:
    return {
        "url": "http://203.0.113.9",
        "answer": {"generated_text": text, "generated_tokens": 2, "finish_reason": "stop", "seconds": 0.2},
        "latency": {"model": "mistral", "hot": SECONDS, "cold": None, "cold_reason": "warm", "pods": [POD]},
        "report": {"written": ["/srv/r.html"], "short": {"verdict": "fit"}},
    }


def host(
    name: str = "one",
    playbook: str = "deploy",
    *,
    check: bool = False,
    failed: bool = False,
    variables: dict[str, Any] | None = None,
    command: Command = MINE,
    **results: Any,
) -> HostFacts:
    """A host whose cluster is there unless a result says otherwise. A result that is None was not registered."""
    there = {"gke_cluster_result": {"cluster": {"name": "c", "status": "RUNNING", "nodePools": POOLS}}}
    given = {**VARIABLES, **(variables or {})}
    registered = {name: result for name, result in {**there, **results}.items() if result is not None}
    return HostFacts(name, playbook, check, failed, given, registered, now=NOW, command=command)
