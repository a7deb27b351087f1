# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of variables that break a rule of preflight, and values that hold."""

from __future__ import annotations

from typing import Any

from tests.unit.preflight_plans import SERIES

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
    ({"tgi_mistral_num_shard": 0}, "tgi_mistral_num_shard: 0 is not accepted; it takes 1 or more"),
    ({"tgi_mistral_timeout": 0}, "tgi_mistral_timeout: 0 is not accepted; it takes 1 or more"),
    ({"tgi_mistral_hpa_timeout": 0}, "tgi_mistral_hpa_timeout: 0 is not accepted; it takes 1 or more"),
    (
        {"tgi_mistral_hpa_min_replicas": 3},
        "tgi_mistral_hpa_min_replicas: 3 is not accepted; it takes at most tgi_mistral_hpa_max_replicas (2)",
    ),
    ({"tgi_mistral_hpa_min_replicas": 0}, "tgi_mistral_hpa_min_replicas: 0 is not accepted; it takes 1 at least"),
    ({"tgi_mistral_hpa_signals": []}, "tgi_mistral_hpa_signals: [] is not accepted; it takes at least one signal"),
    (
        {"tgi_mistral_hpa_signals": [{"signal": "tgi_queue_size", "target": 0}]},
        'tgi_mistral_hpa_signals: [{"signal": "tgi_queue_size", "target": 0}] is not accepted',
    ),
    (
        {"tgi_mistral_hpa_signals": [{"signal": "tgi_queue_size", "target": 1}] * 2},
        "tgi_mistral_hpa_signals: ",
    ),
    (
        {"llmops_gpu_metrics": "managed", "tgi_mistral_hpa_signals": [{"signal": "gpu_utilization", "target": 80}]},
        'tgi_mistral_hpa_signals: [{"signal": "gpu_utilization", "target": 80}] is not accepted; it takes at least one '
        "signal, each once, with a target of 1 or more; gpu_utilization needs llmops_gpu_metrics daemonset (managed)",
    ),
    (
        {"tgi_mistral_hpa_behavior": {"scaleDown": {"stabilizationWindowSeconds": 3601}}},
        'tgi_mistral_hpa_behavior: {"scaleDown": {"stabilizationWindowSeconds": 3601}} is not accepted; it takes '
        "stabilizationWindowSeconds of 0 to 3600, and policies whose value is above 0 and periodSeconds 1 to 1800",
    ),
    (
        {"tgi_mistral_hpa_behavior": {"scaleUp": {"policies": [{"value": 0, "periodSeconds": 60}]}}},
        "tgi_mistral_hpa_behavior: ",
    ),
    (
        {"tgi_mistral_hpa_behavior": {"scaleUp": {"policies": [{"value": 1, "periodSeconds": 1801}]}}},
        "tgi_mistral_hpa_behavior: ",
    ),
    (
        {"tgi_mistral_hpa_behavior": {"scaleUp": {"policies": [{"value": 1, "periodSeconds": 0}]}}},
        "tgi_mistral_hpa_behavior: ",
    ),
    (
        {"tgi_mistral_hpa_adapter": "prometheus"},
        'tgi_mistral_hpa_prometheus_url: "" is not accepted; it takes the URL of the Prometheus',
    ),
    (
        {"tgi_mistral_hpa_adapter": "prometheus", "tgi_mistral_hpa_prometheus_url": "http://***@prometheus:9090"},
        'tgi_mistral_hpa_prometheus_url: "http://***@prometheus:9090" is not accepted',
    ),
    (
        {"tgi_mistral_hpa_prometheus_labels": {"cluster": 'x"} or vector(1)'}},
        "tgi_mistral_hpa_prometheus_labels: ",
    ),
    ({"tgi_mistral_hpa_prometheus_labels": {"a-b": "c"}}, "tgi_mistral_hpa_prometheus_labels: "),
    (
        {"tgi_mistral_max_surge": "1"},
        'tgi_mistral_max_surge: "1" is not accepted; it takes a percentage such as 25%, or a number that is no text '
        """(-e '{"tgi_mistral_max_surge": 1}')""",
    ),
    ({"tgi_mistral_max_surge": True}, "tgi_mistral_max_surge: true is not accepted"),
    ({"tgi_mistral_max_surge": 0.5}, "tgi_mistral_max_surge: 0.5 is not accepted"),
    ({"tgi_mistral_max_unavailable": -1}, "tgi_mistral_max_unavailable: -1 is not accepted"),
    ({"tgi_mistral_max_unavailable": "1000%"}, "tgi_mistral_max_unavailable: "),
    ({"tgi_mistral_image": ""}, 'tgi_mistral_image: "" is not accepted; it takes an image, by tag or by digest'),
    ({"tgi_mistral_hpa_adapter_image": "a b"}, 'tgi_mistral_hpa_adapter_image: "a b" is not accepted'),
    ({"tgi_mistral_hpa_prometheus_adapter_image": ""}, "tgi_mistral_hpa_prometheus_adapter_image: "),
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
            "tgi_mistral_hpa_signals": [
                {"signal": "tgi_queue_size", "target": 1},
                {"signal": "tgi_batch_current_size", "target": 0},
            ]
        },
        "tgi_mistral_hpa_signals: ",
    ),
    (
        {
            "tgi_mistral_hpa_behavior": {
                "scaleUp": {"stabilizationWindowSeconds": 0},
                "scaleDown": {"stabilizationWindowSeconds": -1},
            }
        },
        "tgi_mistral_hpa_behavior: ",
    ),
    (
        {
            "tgi_mistral_hpa_behavior": {
                "scaleUp": {"policies": [{"value": 1, "periodSeconds": 60}, {"value": 0, "periodSeconds": 60}]}
            }
        },
        "tgi_mistral_hpa_behavior: ",
    ),
    ({"tgi_mistral_hpa_prometheus_labels": {"a": "b", "c": "{"}}, "tgi_mistral_hpa_prometheus_labels: "),
    ({"dcgm_exporter_counters": [[name, "gauge", "Help."] for name in SERIES] + ["x"]}, "dcgm_exporter_counters: "),
]

# Values at the edge of a rule that hold.
HOLDS: list[dict[str, Any]] = [
    {"tgi_mistral_hpa_signals": [{"signal": "gpu_utilization", "target": 1}]},
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
    {"tgi_mistral_hpa_min_replicas": 2},
    {"tgi_mistral_hpa_signals": [{"signal": "tgi_queue_size", "target": 1}]},
    {"tgi_mistral_hpa_enabled": False, "tgi_mistral_hpa_signals": []},
    {"tgi_mistral_hpa_enabled": False, "tgi_mistral_hpa_adapter": "prometheus"},
    {"tgi_mistral_hpa_enabled": False, "tgi_mistral_hpa_signals": [{"signal": "gpu_utilization", "target": 80}]},
    {
        "tgi_mistral_hpa_behavior": {
            "scaleUp": None,
            "scaleDown": {"stabilizationWindowSeconds": 3600, "policies": None},
        }
    },
    {"tgi_mistral_hpa_behavior": {"scaleUp": {"policies": [{"value": 1, "periodSeconds": 1800}]}}},
    {"tgi_mistral_hpa_behavior": {"scaleUp": {"policies": [{"value": 1, "periodSeconds": 1}]}}},
    {
        "tgi_mistral_hpa_adapter": "prometheus",
        "tgi_mistral_hpa_prometheus_url": "http://frontend.default.svc:9090/prefix",
    },
    {"tgi_mistral_hpa_prometheus_labels": {}},
    {"llmops_gpu_metrics": "none", "dcgm_exporter_counters": [], "dcgm_exporter_components": []},
    {"dcgm_exporter_interval": "1m30s"},
    {"tgi_mistral_max_surge": 1, "tgi_mistral_max_unavailable": "100%"},
]
