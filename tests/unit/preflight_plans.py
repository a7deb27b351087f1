# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deployment plans as the lookup gives them, for tests of what is made of them."""

from __future__ import annotations

import copy
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
SERVER_VARIABLES = {
    "replicas.least": "llmops_replicas",
    "replicas.most": "model_server_hpa_max_replicas",
    "metrics_adapter": "model_server_hpa_adapter",
}
ENGINE_VARIABLES = {
    "shards": "tgi_mistral_num_shard",
    "quantize": "tgi_mistral_quantize",
    "context": "tgi_mistral_env.MAX_TOTAL_TOKENS",
    "environment": "tgi_mistral_env",
}
SIGNALS = {"waiting_requests": "tgi_queue_size", "running_requests": "tgi_batch_current_size"}
SERIES = ["DCGM_FI_DEV_FB_USED", "DCGM_FI_DEV_POWER_USAGE"]
OPTIONS: dict[str, Any] = {
    "llmops_project": PROJECT,
    "llmops_location": LOCATION,
    "llmops_zones": ["us-central1-a"],
    "llmops_cluster": CLUSTER,
    "llmops_namespace": "default",
    "llmops_name": "mistral-7b",
    "llmops_service_name": "mistral-7b-service",
    "llmops_model": "mistralai/Mistral-7B-Instruct-v0.1",
    "llmops_engine": "tgi",
    "llmops_weights": "hub",
    "llmops_weights_bucket": "",
    "llmops_weights_disk_image": "",
    "llmops_weights_disk_path": "",
    "llmops_accelerator_type": "nvidia-l4",
    "llmops_gpus_per_replica": 1,
    "llmops_spot": False,
    "llmops_targets": {},
    "llmops_replicas": 1,
    "llmops_service_port": 80,
    "llmops_timeout_factor": 1.0,
    "llmops_hpa_name": "mistral-7b-hpa",
    "llmops_secret_name": "mistral-demo",
    "llmops_gpu_metrics": "daemonset",
    "gke_cluster_locations": ["us-central1-a"],
    "gke_cluster_pool_name": "default-pool",
    "gke_cluster_pool_min_node_count": 1,
    "gke_cluster_pool_max_node_count": 5,
    "gke_cluster_timeout": 2700,
    "gpu_nodepool_name": "gpu",
    "gpu_nodepool_locations": ["us-central1-a"],
    "gpu_nodepool_locations_in_order": False,
    "gpu_nodepool_on_demand_name": "gpu-on-demand",
    "gpu_nodepool_on_demand_fallback": False,
    "gpu_nodepool_autoscaling_enabled": True,
    "gpu_nodepool_min_node_count": 1,
    "gpu_nodepool_max_node_count": 2,
    "gpu_nodepool_timeout": 2700,
    "llmops_served_name": "mistralai/Mistral-7B-Instruct-v0.1",
    "llmops_exposure": "external",
    "llmops_source_ranges": ["203.0.113.0/24"],
    "llmops_answer_seconds": 300,
    "model_server_address": "",
    "model_server_gateway_class": "gke-l7-global-external-managed",
    "model_server_gateway_inference_pool": False,
    "model_server_gateway_tls_secret": "",
    "model_server_gateway_certificate_map": "",
    "model_server_gateway_paths": ["/"],
    "model_server_gateway_security_policy": "",
    "model_server_data_volume": "empty_dir",
    "model_server_bucket_mount_options": ["implicit-dirs", "file-cache:max-size-mb:-1"],
    "model_server_restricted": True,
    "model_server_pre_stop_seconds": 15,
    "model_server_max_disrupted": 1,
    "model_server_network_policy": False,
    "model_server_network_policy_egress": "hub",
    "vllm_tensor_parallel_size": 1,
    "vllm_port": 8000,
    "vllm_max_model_len": 0,
    "vllm_gpu_memory_utilization": 0.92,
    "vllm_extra_args": ["--enforce-eager", "--max-num-seqs=64", "-q=awq"],
    "vllm_command": ["vllm", "serve"],
    "vllm_image": "docker.io/vllm/vllm-openai:v0.26.0",
    "tgi_mistral_num_shard": 1,
    "tgi_mistral_port": 8080,
    "tgi_mistral_env": {},
    "model_server_max_surge": "25%",
    "model_server_max_unavailable": 0,
    "model_server_timeout": 2700,
    "tgi_mistral_image": "ghcr.io/huggingface/text-generation-inference:3.3.5",
    "model_server_hpa_enabled": True,
    "model_server_hpa_min_replicas": 1,
    "model_server_hpa_max_replicas": 2,
    "model_server_hpa_signals": [{"signal": "waiting_requests", "target": 10}],
    "model_server_hpa_behavior": {
        "scaleUp": {"stabilizationWindowSeconds": 0},
        "scaleDown": {"policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}]},
    },
    "model_server_hpa_adapter": "stackdriver",
    "model_server_hpa_prometheus_url": "",
    "model_server_hpa_prometheus_labels": {"project_id": "demo-project"},
    "model_server_picker_image": "ghcr.io/llm-d/picker:v1",
    "model_server_hpa_adapter_image": "gcr.io/gke-release/adapter:v1",
    "model_server_hpa_prometheus_adapter_image": "registry.k8s.io/adapter@sha256:12ab",
    "dcgm_exporter_components": ["SYSTEM_COMPONENTS", "DCGM"],
    "dcgm_exporter_series": SERIES,
    "dcgm_exporter_counters": [[name, "gauge", "Help."] for name in SERIES],
    "dcgm_exporter_timeout": 600,
    "dcgm_exporter_namespace": "gpu-metrics",
    "dcgm_exporter_image": "nvcr.io/nvidia/k8s/dcgm-exporter:4.5.3",
    "dcgm_exporter_interval": "15s",
    "verify_timeout": 900,
    "verify_load_clients": 64,
    "verify_load_timeout": 1800,
}
"""Values that hold, of every variable that preflight reads."""


def deployment_plan(
    *pools: dict[str, Any],
    host: str = "one",
    cluster: dict[str, Any] | None = None,
    model: dict[str, Any] | None = None,
    roles: tuple[str, ...] | None = None,
    options: dict[str, Any] | None = None,
    **parts: Any,
) -> dict[str, Any]:
    """A host's plan: node pools, the cluster's definition and what runs on it, each where it is given.

    roles: of the play, by default those that plan something. options: over OPTIONS, of which those of these roles are
    there. parts: of the plan itself, such as errors.
    """
    plans: dict[str, Any] = {}
    if cluster is not None:
        plans["gke_cluster"] = {"cluster": {"name": CLUSTER, **cluster}, "node_pools": []}
    if pools:
        plans["gpu_nodepool"] = {"node_pools": list(pools)}
    if model is not None:
        engine = {"engine": "tgi", "signals": SIGNALS}
        plans["tgi_mistral"] = engine | {part: model[part] for part in ENGINE_VARIABLES if part in model}
        plans["model_server"] = {part: value for part, value in model.items() if part not in ENGINE_VARIABLES}
    here = roles or ("llmops", "preflight", *plans)
    prefixes = tuple(f"{role}_" for role in here)
    values = {**copy.deepcopy(OPTIONS), **(options or {})}
    return {
        "host": host,
        "roles": list(here),
        "options": {name: value for name, value in values.items() if name.startswith(prefixes)},
        "plans": plans,
        "variables": {
            "gke_cluster": CLUSTER_VARIABLES,
            "gpu_nodepool": POOL_VARIABLES,
            "model_server": SERVER_VARIABLES,
            "tgi_mistral": ENGINE_VARIABLES,
        },
        **parts,
    }
