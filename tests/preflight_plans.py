# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deployment plans as the lookup gives them, for tests of what is made of them."""

from __future__ import annotations

from typing import Any

PROJECT, LOCATION, CLUSTER = "demo-project", "us-central1", "mistral"

POOL_VARIABLES = {
    "locations": "gpu_nodepool_locations",
    "initial_node_count": "gpu_nodepool_initial_node_count",
    "autoscaling.max_node_count": "gpu_nodepool_max_node_count",
    "config.machine_type": "gpu_nodepool_machine_type",
    "config.accelerators.accelerator_type": "llmops_accelerator_type",
    "config.accelerators.accelerator_count": "gpu_nodepool_accelerator_count",
    "config.ephemeral_storage_local_ssd_config.local_ssd_count": "gpu_nodepool_local_ssd_count",
}
CLUSTER_VARIABLES = {"subnetwork": "gke_cluster_subnetwork", "*": "gke_cluster_fields"}
MODEL_VARIABLES = {
    "replicas.least": "llmops_replicas",
    "replicas.most": "tgi_mistral_hpa_max_replicas",
    "shards": "tgi_mistral_num_shard",
    "quantize": "tgi_mistral_quantize",
    "context": "tgi_mistral_env.MAX_TOTAL_TOKENS",
    "metrics_adapter": "tgi_mistral_hpa_adapter",
}
OPTIONS: dict[str, Any] = {
    "llmops_project": PROJECT,
    "llmops_location": LOCATION,
    "llmops_zones": ["us-central1-a"],
    "llmops_cluster": CLUSTER,
    "llmops_namespace": "default",
    "llmops_name": "mistral-7b",
    "llmops_service_name": "mistral-7b-service",
    "llmops_model": "mistralai/Mistral-7B-Instruct-v0.1",
    "llmops_accelerator_type": "nvidia-l4",
    "llmops_gpus_per_replica": 1,
}


def deployment_plan(
    *pools: dict[str, Any],
    host: str = "one",
    cluster: dict[str, Any] | None = None,
    model: dict[str, Any] | None = None,
    options: dict[str, Any] | None = None,
    **parts: Any,
) -> dict[str, Any]:
    """A host's plan: node pools, the cluster's definition and what runs on it, each where it is given.

    options: over OPTIONS. parts: of the plan itself, such as errors.
    """
    plans: dict[str, Any] = {}
    if cluster is not None:
        plans["gke_cluster"] = {"cluster": {"name": CLUSTER, **cluster}, "node_pools": []}
    if pools:
        plans["gpu_nodepool"] = {"node_pools": list(pools)}
    if model is not None:
        plans["tgi_mistral"] = model
    return {
        "host": host,
        "roles": ["llmops", "preflight", *plans],
        "options": {**OPTIONS, **(options or {})},
        "plans": plans,
        "variables": {
            "gke_cluster": CLUSTER_VARIABLES,
            "gpu_nodepool": POOL_VARIABLES,
            "tgi_mistral": MODEL_VARIABLES,
        },
        **parts,
    }
