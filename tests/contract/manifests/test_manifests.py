# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles apply passes the published schemas of Kubernetes 1.36, the Gateway API, GKE and managed Prometheus."""

from __future__ import annotations

import copy
import re
from functools import cache
from typing import Any

import pytest

from .rendering import MANIFESTS, ROLES, rendered
from .schemas import errors

KEY = {"llmops_api_key": "sk-canary", "llmops_hf_token": "hf_canary"}
SCALED = {"model_server_hpa_enabled": True, "model_server_hpa_max_replicas": 3}
GPU_SIGNALS = [{"signal": "waiting_requests", "target": 5}, {"signal": "gpu_utilization", "target": 80}]
ALL_VLLM_SIGNALS = [
    *GPU_SIGNALS,
    {"signal": "running_requests", "target": 8},
    {"signal": "kv_cache_usage", "target": 70},
]
ONLY_WHO_MUST = {"model_server_network_policy": True, "llmops_gpu_metrics": "daemonset"}
ENCRYPTED = {"llmops_exposure": "gateway", "model_server_gateway_tls_secret": "own", "model_server_address": "reserved"}
PROMETHEUS = {
    "model_server_hpa_adapter": "prometheus",
    "model_server_hpa_prometheus_url": "http://frontend.monitoring.svc:9090",
}
POOL = {
    "llmops_exposure": "gateway",
    "model_server_gateway_class": "gke-l7-rilb",
    "model_server_gateway_inference_pool": True,
}
CASES: dict[str, dict[str, Any]] = {
    "defaults": {},
    "external, ranges and a key": {
        "llmops_source_ranges": ["203.0.113.0/24", "198.51.100.7/32"],
        **KEY,
        **ONLY_WHO_MUST,
    },
    "external, reserved address": {"model_server_address": "reserved", "llmops_spot": True, "llmops_replicas": 2},
    "internal": {"llmops_exposure": "internal", "llmops_source_ranges": ["10.0.0.0/8"], **SCALED, **ONLY_WHO_MUST},
    "internal, of all regions": {"llmops_exposure": "internal", "model_server_global_access": True, **KEY},
    "cluster": {"llmops_exposure": "cluster", "model_server_max_disrupted": "", "model_server_pod_monitoring": False},
    "cluster, shut": {
        "llmops_exposure": "cluster",
        "model_server_network_policy": True,
        "model_server_network_policy_egress": "none",
        "model_server_network_policy_from": [{"namespaceSelector": {"matchLabels": {"team": "shop"}}}],
        "model_server_data_volume": "host_path",
    },
    "gateway": {"llmops_exposure": "gateway", **ONLY_WHO_MUST},
    "gateway, TLS by a Secret": {
        **ENCRYPTED,
        **KEY,
        "model_server_gateway_hostnames": ["llm.example.com", "*.example.org"],
    },
    "gateway, TLS by a map": {
        "llmops_exposure": "gateway",
        "model_server_gateway_certificate_map": "own",
        "model_server_gateway_paths": ["/v1", "/health"],
        "model_server_gateway_security_policy": "known-networks",
        "llmops_answer_seconds": 7200,
    },
    "gateway in the VPC": {"llmops_exposure": "gateway", "model_server_gateway_class": "gke-l7-rilb", **SCALED},
    "gateway with a picker": {**POOL, **ONLY_WHO_MUST, **KEY},
    "gateway with a picker, closed": {**POOL, **SCALED, "model_server_picker_failure_mode": "FailClose"},
    "unrestricted": {
        "model_server_restricted": False,
        "model_server_priority_class": "serving",
        "llmops_gpus_per_replica": 2,
    },
    "GPU signals by Google's adapter": {**SCALED, **ONLY_WHO_MUST, "model_server_hpa_signals": GPU_SIGNALS},
    "GPU signals by prometheus-adapter": {**SCALED, **PROMETHEUS, "model_server_hpa_signals": GPU_SIGNALS},
    "asleep": {**SCALED, "llmops_replicas": 0},
    "own surge and no preStop": {
        "model_server_max_surge": 0,
        "model_server_max_unavailable": 1,
        "model_server_pre_stop_seconds": 0,
        "model_server_max_disrupted": "50%",
    },
}
FOR_VLLM: dict[str, dict[str, Any]] = {
    "template, read-only root": {"vllm_chat_template": "{{ messages }}", "vllm_read_only_root": True, **KEY},
    "all signals": {**SCALED, "model_server_hpa_signals": ALL_VLLM_SIGNALS},
    "all signals by prometheus-adapter": {**SCALED, **PROMETHEUS, "model_server_hpa_signals": ALL_VLLM_SIGNALS},
}
WHERE_THE_ENGINE_MATTERS = (
    "defaults",
    "external, ranges and a key",
    "gateway",
    "unrestricted",
    "GPU signals by Google's adapter",
)
RENDERED = [("tgi", name) for name in WHERE_THE_ENGINE_MATTERS] + [("vllm", name) for name in CASES | FOR_VLLM]


@cache
def _rendered() -> dict[str, Any]:
    return rendered([{"llmops_engine": engine, **(CASES | FOR_VLLM)[name]} for engine, name in RENDERED])


def objects(engine: str, name: str) -> list[tuple[str, dict[str, Any]]]:
    """Each object of a case with its role."""
    return _rendered()["objects"][RENDERED.index((engine, name))]


def labels() -> dict[str, str]:
    """What the role lb_labels gives the Service."""
    return _rendered()["labels"]


@pytest.mark.parametrize(("engine", "name"), RENDERED)
def test_an_api_server_would_take_every_manifest(engine: str, name: str):
    told = [
        f"{role}'s {one['kind']} {one['metadata']['name']}{error}"
        for role, one in objects(engine, name)
        for error in errors(one)
    ]
    assert told == []


def test_every_template_is_among_them():
    rendered = {(role, one["kind"]) for case in RENDERED for role, one in objects(*case)}
    templates = sorted({role for role, _name in MANIFESTS})
    written = {
        (role, kind)
        for role in templates
        for path in (ROLES / role / "templates").glob("*.yaml.j2")
        for kind in re.findall(r"^kind: (\w+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert written and written - rendered == set()


def test_the_service_takes_the_labels():
    (service,) = [one for _role, one in objects("tgi", "defaults") if one["kind"] == "Service"]
    assert errors({**service, "metadata": {**service["metadata"], "labels": labels()}}) == []
    value = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])?")
    assert all(value.fullmatch(one) for pair in labels().items() for one in pair)


def found(kind: str) -> dict[str, Any]:
    name = "gateway with a picker" if kind == "InferencePool" else "gateway, TLS by a Secret"
    return copy.deepcopy(next(one for _role, one in objects("vllm", name) if one["kind"] == kind))


@pytest.mark.parametrize(
    ("kind", "path", "value", "said"),
    [
        ("Deployment", "spec.template.spec.containers.0.livenesProbe", {}, "'livenesProbe' was unexpected"),
        ("Deployment", "spec.replicas", "two", "is not of type"),
        ("Service", "spec.ports.0.targetport", 1, "'targetport' was unexpected"),
        ("Gateway", "spec.listener", [], "'listener' was unexpected"),
        ("Gateway", "spec.listeners.0.protocol", "HTTP", "tls must not be specified for protocols"),
        ("Gateway", "spec.listeners.0.tls", {"mode": "Terminate"}, "certificateRefs or options must be specified"),
        ("HTTPRoute", "spec.rules.0.matches.0.path.value", "v1", "value must be an absolute path"),
        ("HTTPRoute", "spec.rules.0.backendRefs.0", {"name": "x"}, "Must have port for Service reference"),
        ("HTTPRoute", "spec.rules.0.timeouts", {"request": "1s", "backendRequest": "2s"}, "backendRequest timeout"),
        ("HealthCheckPolicy", "spec.default.config.httpHealthCheck.port", 80, "port and portName must be unset"),
        ("InferencePool", "spec.targetPorts.0.number", 0, "less than the minimum"),
        ("InferencePool", "spec.endpointPickerRef", {"name": "picker"}, "port is required when kind is 'Service'"),
        ("GCPBackendPolicy", "spec.default.timeoutSec", 0, "less than the minimum"),
        ("PodMonitoring", "spec.endpoints.0.interval", 15, "is not of type"),
        ("PodMonitoring", "spec.endpoints.0.port", 0, "Port is required"),
    ],
)
def test_a_wrong_field_is_seen(kind: str, path: str, value: Any, said: str):
    obj = found(kind)
    *above, last = path.split(".")
    place: Any = obj
    for step in above:
        place = place[int(step) if step.isdigit() else step]
    place[int(last) if last.isdigit() else last] = value
    told = errors(obj)
    assert told and any(said in one for one in told), told
