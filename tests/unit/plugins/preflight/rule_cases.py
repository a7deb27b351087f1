# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of variables that break a rule of preflight, and values that hold."""

from __future__ import annotations

from typing import Any

from tests.unit.preflight_plans import SERIES

from . import tgi_cases, weights_cases

# Values that break a rule: what is told, from the variable on.
BREAKS: list[tuple[dict[str, Any], str]] = [
    ({"llmops_project": "My Project"}, 'llmops_project: "My Project" is not accepted; it takes the project\'s id'),
    ({"llmops_project": ""}, 'llmops_project: "" is not accepted; it takes the project\'s id'),
    ({"llmops_location": "us"}, 'llmops_location: "us" is not accepted; it takes a region such as us-central1'),
    ({"gke_cluster_locations": []}, "gke_cluster_locations: [] is not accepted; it takes a list of different zones"),
    (
        {"gpu_nodepool_locations": ["europe-west4-a"]},
        'gpu_nodepool_locations: ["europe-west4-a"] is not accepted; it takes a list of different zones of '
        "us-central1, "
        "such as [us-central1-a]",
    ),
    (
        {"gpu_nodepool_locations": "us-central1-b"},
        'gpu_nodepool_locations: "us-central1-b" is not accepted; it takes a list of different zones',
    ),
    (
        {"gpu_nodepool_locations": ["us-central1-b", "us-central1-b"]},
        'gpu_nodepool_locations: ["us-central1-b", "us-central1-b"] is not accepted',
    ),
    (
        {"llmops_targets": {"ttft_milliseconds": 0}},
        'llmops_targets: {"ttft_milliseconds": 0} is not accepted; it takes numbers above 0 by these names: '
        "ttft_milliseconds, ntpot_milliseconds, cost_per_million_output_tokens, requests_per_second",
    ),
    ({"llmops_targets": {"tpot": 5}}, 'llmops_targets: {"tpot": 5} is not accepted; it takes numbers above 0'),
    ({"llmops_replicas": -1}, "llmops_replicas: -1 is not accepted; it takes 0 or more"),
    ({"llmops_timeout_factor": 0.0}, "llmops_timeout_factor: 0.0 is not accepted; it takes a number above 0"),
    ({"llmops_service_port": 0}, "llmops_service_port: 0 is not accepted; it takes 1 or more"),
    ({"llmops_namespace": "Mine"}, 'llmops_namespace: "Mine" is not accepted; it takes a name of 1 to 63'),
    ({"llmops_name": "a" * 64}, "llmops_name: "),
    ({"llmops_service_name": "7b"}, 'llmops_service_name: "7b" is not accepted; it takes a name of 1 to 63'),
    ({"llmops_hpa_name": "My HPA"}, 'llmops_hpa_name: "My HPA" is not accepted; it takes a name of lower-case letters'),
    ({"llmops_secret_name": "a_b"}, 'llmops_secret_name: "a_b" is not accepted'),
    (
        {"gpu_nodepool_on_demand_fallback": True, "llmops_spot": True, "gpu_nodepool_on_demand_name": "gpu"},
        'gpu_nodepool_on_demand_name: "gpu" is not accepted; it takes 1 to 40 lower-case letters',
    ),
    (
        {"gpu_nodepool_on_demand_fallback": True, "llmops_spot": True, "gpu_nodepool_on_demand_name": "default-pool"},
        'gpu_nodepool_on_demand_name: "default-pool" is not accepted',
    ),
    (
        {"gpu_nodepool_on_demand_fallback": True, "llmops_spot": True, "gpu_nodepool_on_demand_name": "a" * 41},
        "gpu_nodepool_on_demand_name: ",
    ),
    (
        {"gpu_nodepool_on_demand_fallback": True},
        "gpu_nodepool_on_demand_fallback: true is not accepted; it takes true only with llmops_spot",
    ),
    (
        {
            "gpu_nodepool_on_demand_fallback": True,
            "llmops_spot": True,
            "gpu_nodepool_autoscaling_enabled": False,
        },
        "gpu_nodepool_on_demand_fallback: true is not accepted",
    ),
    (
        {"gpu_nodepool_on_demand_fallback": True, "llmops_spot": True, "gpu_nodepool_locations_in_order": True},
        "gpu_nodepool_locations_in_order: true is not accepted; it takes false with gpu_nodepool_on_demand_fallback",
    ),
    (
        {"gpu_nodepool_min_node_count": 3},
        "gpu_nodepool_min_node_count: 3 is not accepted; it takes at most gpu_nodepool_max_node_count (2)",
    ),
    ({"gpu_nodepool_min_node_count": -1}, "gpu_nodepool_min_node_count: -1 is not accepted; it takes 0 or more"),
    (
        {"gke_cluster_pool_min_node_count": 6},
        "gke_cluster_pool_min_node_count: 6 is not accepted; it takes at most gke_cluster_pool_max_node_count (5)",
    ),
    ({"gpu_nodepool_timeout": 0}, "gpu_nodepool_timeout: 0 is not accepted; it takes 1 or more"),
    ({"gke_cluster_timeout": 0}, "gke_cluster_timeout: 0 is not accepted; it takes 1 or more"),
    (
        {"model_server_hpa_signals": [{"signal": "kv_cache_usage", "target": 80}]},
        'model_server_hpa_signals: [{"signal": "kv_cache_usage", "target": 80}] is not accepted',
    ),
    (
        {"llmops_exposure": "gateway"},
        'llmops_source_ranges: ["203.0.113.0/24"] is not accepted; it takes nothing with llmops_exposure gateway: a '
        "Gateway takes ranges by a Cloud Armor policy",
    ),
    ({"llmops_source_ranges": ["10.0.0.0/33"]}, 'llmops_source_ranges: ["10.0.0.0/33"] is not accepted; it takes CIDR'),
    ({"llmops_source_ranges": ["10.0.0.1/24"]}, "llmops_source_ranges: "),
    (
        {"model_server_gateway_certificate_map": "a", "model_server_gateway_tls_secret": "b"},
        'model_server_gateway_certificate_map: "a" is not accepted; it takes nothing beside',
    ),
    ({"model_server_gateway_paths": []}, "model_server_gateway_paths: [] is not accepted; it takes paths"),
    ({"model_server_gateway_paths": ["/v1", "v2"]}, "model_server_gateway_paths: "),
    ({"model_server_gateway_class": ""}, "model_server_gateway_class: "),
    (
        {"model_server_gateway_inference_pool": True, "llmops_exposure": "gateway", "llmops_source_ranges": []},
        "model_server_gateway_inference_pool: true is not accepted; it takes no model_server_gateway_class "
        "gke-l7-global-external-managed",
    ),
    ({"model_server_address": "34.1.2.3"}, 'model_server_address: "34.1.2.3" is not accepted; it takes the name of a'),
    ({"model_server_gateway_security_policy": "A"}, "model_server_gateway_security_policy: "),
    ({"model_server_gateway_certificate_map": "A"}, "model_server_gateway_certificate_map: "),
    ({"model_server_pre_stop_seconds": -1}, "model_server_pre_stop_seconds: -1 is not accepted"),
    ({"model_server_max_disrupted": "1"}, "model_server_max_disrupted: "),
    (
        {"model_server_network_policy": True, "model_server_network_policy_egress": "none"},
        'model_server_network_policy_egress: "none" is not accepted; it takes hub',
    ),
    ({"llmops_answer_seconds": 0}, "llmops_answer_seconds: 0 is not accepted"),
    (
        {"llmops_served_name": "mistral"},
        'llmops_served_name: "mistral" is not accepted; it takes the value of llmops_model',
    ),
    ({"model_server_timeout": 0}, "model_server_timeout: 0 is not accepted; it takes 1 or more"),
    (
        {"model_server_hpa_min_replicas": 3},
        "model_server_hpa_min_replicas: 3 is not accepted; it takes at most model_server_hpa_max_replicas (2)",
    ),
    ({"model_server_hpa_min_replicas": 0}, "model_server_hpa_min_replicas: 0 is not accepted; it takes 1 at least"),
    ({"model_server_hpa_signals": []}, "model_server_hpa_signals: [] is not accepted; it takes at least one signal"),
    (
        {"model_server_hpa_signals": [{"signal": "waiting_requests", "target": 0}]},
        'model_server_hpa_signals: [{"signal": "waiting_requests", "target": 0}] is not accepted',
    ),
    (
        {"model_server_hpa_signals": [{"signal": "waiting_requests", "target": 1}] * 2},
        "model_server_hpa_signals: ",
    ),
    (
        {"llmops_gpu_metrics": "managed", "model_server_hpa_signals": [{"signal": "gpu_utilization", "target": 80}]},
        'model_server_hpa_signals: [{"signal": "gpu_utilization", "target": 80}] is not accepted; it takes at least '
        "one signal, each once, with a target of 1 or more, of these: waiting_requests, running_requests, "
        "gpu_utilization; gpu_utilization needs llmops_gpu_metrics daemonset (managed)",
    ),
    (
        {"model_server_hpa_behavior": {"scaleDown": {"stabilizationWindowSeconds": 3601}}},
        'model_server_hpa_behavior: {"scaleDown": {"stabilizationWindowSeconds": 3601}} is not accepted; it takes '
        "stabilizationWindowSeconds of 0 to 3600, and policies whose value is above 0 and periodSeconds 1 to 1800",
    ),
    (
        {"model_server_hpa_behavior": {"scaleUp": {"policies": [{"value": 0, "periodSeconds": 60}]}}},
        "model_server_hpa_behavior: ",
    ),
    (
        {"model_server_hpa_behavior": {"scaleUp": {"policies": [{"value": 1, "periodSeconds": 1801}]}}},
        "model_server_hpa_behavior: ",
    ),
    (
        {"model_server_hpa_behavior": {"scaleUp": {"policies": [{"value": 1, "periodSeconds": 0}]}}},
        "model_server_hpa_behavior: ",
    ),
    (
        {"model_server_hpa_adapter": "prometheus"},
        'model_server_hpa_prometheus_url: "" is not accepted; it takes the URL of the Prometheus',
    ),
    (
        {"model_server_hpa_adapter": "prometheus", "model_server_hpa_prometheus_url": "http://***@prometheus:9090"},
        'model_server_hpa_prometheus_url: "http://***@prometheus:9090" is not accepted',
    ),
    (
        {"model_server_hpa_prometheus_labels": {"cluster": 'x"} or vector(1)'}},
        "model_server_hpa_prometheus_labels: ",
    ),
    ({"model_server_hpa_prometheus_labels": {"a-b": "c"}}, "model_server_hpa_prometheus_labels: "),
    (
        {"model_server_max_surge": "0"},
        'model_server_max_surge: "0" is not accepted; it takes a percentage such as 25%, or a number that is no text '
        """(-e '{"model_server_max_surge": 0}')""",
    ),
    ({"model_server_max_surge": True}, "model_server_max_surge: true is not accepted"),
    ({"model_server_max_surge": 0.5}, "model_server_max_surge: 0.5 is not accepted"),
    ({"model_server_max_unavailable": -1}, "model_server_max_unavailable: -1 is not accepted"),
    ({"model_server_max_unavailable": "1000%"}, "model_server_max_unavailable: "),
    ({"model_server_hpa_adapter_image": "a b"}, 'model_server_hpa_adapter_image: "a b" is not accepted'),
    ({"model_server_picker_image": "a b"}, 'model_server_picker_image: "a b" is not accepted'),
    ({"model_server_hpa_prometheus_adapter_image": ""}, "model_server_hpa_prometheus_adapter_image: "),
    (
        {"llmops_gpu_metrics": "managed", "dcgm_exporter_components": ["SYSTEM_COMPONENTS"]},
        'dcgm_exporter_components: ["SYSTEM_COMPONENTS"] is not accepted; it takes a list with DCGM in it',
    ),
    (
        {"dcgm_exporter_counters": [["DCGM_FI_DEV_FB_USED", "gauge", "Help."]]},
        'dcgm_exporter_counters: [["DCGM_FI_DEV_FB_USED", "gauge", "Help."]] is not accepted; it takes a list of '
        "[field "
        "of DCGM, type, help], with every field that is needed: DCGM_FI_DEV_FB_USED, DCGM_FI_DEV_POWER_USAGE (",
    ),
    ({"dcgm_exporter_counters": ["DCGM_FI_DEV_FB_USED"]}, "dcgm_exporter_counters: "),
    ({"dcgm_exporter_counters": [[name, "gauge"] for name in SERIES]}, "dcgm_exporter_counters: "),
    ({"dcgm_exporter_timeout": 0}, "dcgm_exporter_timeout: 0 is not accepted; it takes 1 or more"),
    ({"dcgm_exporter_namespace": "Gpu Metrics"}, 'dcgm_exporter_namespace: "Gpu Metrics" is not accepted'),
    ({"dcgm_exporter_image": ":1"}, 'dcgm_exporter_image: ":1" is not accepted; it takes an image'),
    ({"dcgm_exporter_interval": "soon"}, 'dcgm_exporter_interval: "soon" is not accepted; it takes a duration such as'),
    ({"verify_timeout": 0}, "verify_timeout: 0 is not accepted; it takes 1 or more"),
    ({"verify_load_clients": 0}, "verify_load_clients: 0 is not accepted; it takes 1 or more"),
    ({"verify_load_timeout": 0}, "verify_load_timeout: 0 is not accepted; it takes 1 or more"),
    # One of two that is wrong is enough.
    (
        {
            "model_server_hpa_signals": [
                {"signal": "waiting_requests", "target": 1},
                {"signal": "running_requests", "target": 0},
            ]
        },
        "model_server_hpa_signals: ",
    ),
    (
        {
            "model_server_hpa_behavior": {
                "scaleUp": {"stabilizationWindowSeconds": 0},
                "scaleDown": {"stabilizationWindowSeconds": -1},
            }
        },
        "model_server_hpa_behavior: ",
    ),
    (
        {
            "model_server_hpa_behavior": {
                "scaleUp": {"policies": [{"value": 1, "periodSeconds": 60}, {"value": 0, "periodSeconds": 60}]}
            }
        },
        "model_server_hpa_behavior: ",
    ),
    ({"model_server_hpa_prometheus_labels": {"a": "b", "c": "{"}}, "model_server_hpa_prometheus_labels: "),
    ({"dcgm_exporter_counters": [[name, "gauge", "Help."] for name in SERIES] + ["x"]}, "dcgm_exporter_counters: "),
    *weights_cases.BREAKS,
    *tgi_cases.BREAKS,
]

# Values at the edge of a rule that hold.
HOLDS: list[dict[str, Any]] = [
    {"model_server_max_disrupted": ""},
    {"model_server_max_disrupted": "50%"},
    # TGI is root.
    {"model_server_data_volume": "host_path"},
    {
        "model_server_network_policy": True,
        "model_server_network_policy_egress": "none",
        "model_server_data_volume": "host_path",
    },
    {"model_server_network_policy_egress": "none"},
    {"llmops_exposure": "internal", "model_server_address": "mistral-7b"},
    {"llmops_exposure": "gateway", "llmops_source_ranges": [], "model_server_gateway_paths": ["/v1", "/health"]},
    {"llmops_source_ranges": ["10.0.0.0/8", "2001:db8::/32"]},
    {"model_server_gateway_tls_secret": "mistral-tls"},
    {
        "model_server_gateway_inference_pool": True,
        "llmops_exposure": "gateway",
        "llmops_source_ranges": [],
        "model_server_gateway_class": "gke-l7-rilb",
    },
    {"model_server_gateway_inference_pool": True},
    {"model_server_hpa_signals": [{"signal": "gpu_utilization", "target": 1}]},
    {},
    {"llmops_project": "example.com:my-project"},
    {"llmops_location": "us-central1-a"},
    {"llmops_replicas": 0},
    {"gpu_nodepool_locations": ["us-central1-b", "us-central1-c"]},
    {"gpu_nodepool_min_node_count": 0},
    {"gpu_nodepool_min_node_count": 2},
    {"gpu_nodepool_timeout": 1},
    {"gpu_nodepool_on_demand_fallback": True, "llmops_spot": True, "gpu_nodepool_on_demand_name": "a" * 40},
    {"gpu_nodepool_on_demand_name": "gpu"},
    {"gpu_nodepool_locations_in_order": True},
    {"llmops_name": "a" * 63},
    {"llmops_hpa_name": "mistral.7b"},
    {"model_server_hpa_min_replicas": 2},
    {"model_server_hpa_signals": [{"signal": "waiting_requests", "target": 1}]},
    {"model_server_hpa_enabled": False, "model_server_hpa_signals": []},
    {"model_server_hpa_enabled": False, "model_server_hpa_adapter": "prometheus"},
    {"model_server_hpa_enabled": False, "model_server_hpa_signals": [{"signal": "gpu_utilization", "target": 80}]},
    {
        "model_server_hpa_behavior": {
            "scaleUp": None,
            "scaleDown": {"stabilizationWindowSeconds": 3600, "policies": None},
        }
    },
    {"model_server_hpa_behavior": {"scaleUp": {"policies": [{"value": 1, "periodSeconds": 1800}]}}},
    {"model_server_hpa_behavior": {"scaleUp": {"policies": [{"value": 1, "periodSeconds": 1}]}}},
    {
        "model_server_hpa_adapter": "prometheus",
        "model_server_hpa_prometheus_url": "http://frontend.default.svc:9090/prefix",
    },
    {"model_server_hpa_prometheus_labels": {}},
    {"llmops_gpu_metrics": "none", "dcgm_exporter_counters": [], "dcgm_exporter_components": []},
    {"dcgm_exporter_interval": "1m30s"},
    {"model_server_max_surge": 1, "model_server_max_unavailable": "100%"},
    *tgi_cases.HOLDS,
]
