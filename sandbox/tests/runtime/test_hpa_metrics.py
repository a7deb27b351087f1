# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""An autoscaler with metrics: exporter, PodMonitoring, adapter and APIServices, each as in life."""

from __future__ import annotations

import pytest

from .conftest import EXPORTER, deployment, pod

ADAPTER = "gcr.io/gke-release/custom-metrics-stackdriver-adapter:v0.16.9-gke.0"
RELABEL = {
    "action": "replace",
    "sourceLabels": ["__name__"],
    "regex": "DCGM_FI_DEV_FB_TOTAL",
    "targetLabel": "__name__",
    "replacement": "dcgm_fi_dev_fb_total",
}
LOWER = "prometheus.googleapis.com|dcgm_fi_dev_fb_total|unknown"
CAPITALS = "prometheus.googleapis.com|DCGM_FI_DEV_GPU_TEMP|gauge"


async def _install(world) -> None:
    """An exporter that is read, and an adapter that tells of it."""
    api = world.api
    exporter = pod("exporter", EXPORTER, tolerations=[{"operator": "Exists"}], nodeName="gpu-1")
    exporter["spec"]["containers"][0]["ports"] = [{"name": "metrics", "containerPort": 9400}]
    await api.create("pods", exporter, "default")
    endpoints = [{"port": "metrics", "metricRelabeling": [RELABEL]}]
    spec = {"selector": {"matchLabels": {"app": "exporter"}}, "endpoints": endpoints}
    monitoring = {"metadata": {"name": "gpus"}, "spec": spec}
    await api.create("podmonitorings.monitoring.googleapis.com", monitoring, "default")
    await api.create("pods", pod("adapter", ADAPTER, container={"ports": [{"containerPort": 4443}]}), "default")
    service = {"selector": {"app": "adapter"}, "ports": [{"port": 443, "targetPort": 4443}]}
    await api.create("services", {"metadata": {"name": "adapter"}, "spec": service}, "default")
    for name in ("v1beta2.custom.metrics.k8s.io", "v1beta1.external.metrics.k8s.io"):
        version, _dot, group = name.partition(".")
        spec = {"group": group, "version": version, "groupPriorityMinimum": 100, "versionPriority": 100}
        spec["service"] = {"name": "adapter", "namespace": "default", "port": 443}
        await api.create("apiservices.apiregistration.k8s.io", {"metadata": {"name": name}, "spec": spec})
    for name in ("exporter", "adapter"):
        await world.started(name)


def _external(name: str, target: str, **labels: str) -> dict:
    metric = {"name": name, "selector": {"matchLabels": labels}}
    goal = {"type": "AverageValue", "averageValue": target}
    return {"type": "External", "external": {"metric": metric, "target": goal}}


async def _autoscale(world, *metrics: dict) -> None:
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "model"},
        "minReplicas": 1,
        "maxReplicas": 2,
        "metrics": list(metrics),
    }
    await world.api.create("deployments.apps", deployment("model"))
    body = {"metadata": {"name": "hpa"}, "spec": spec}
    await world.api.create("horizontalpodautoscalers.autoscaling", body, "default")


def _condition(world, kind: str) -> dict:
    status = world.api.get_now("horizontalpodautoscalers.autoscaling", "hpa", "default").get("status", {})
    return next((one for one in status.get("conditions") or () if one["type"] == kind), {})


async def test_an_api_without_pods_behind_it_is_unavailable(world):
    spec = {"group": "external.metrics.k8s.io", "version": "v1beta1", "groupPriorityMinimum": 1, "versionPriority": 1}
    spec["service"] = {"name": "adapter", "namespace": "default"}
    name = "v1beta1.external.metrics.k8s.io"
    await world.api.create("apiservices.apiregistration.k8s.io", {"metadata": {"name": name}, "spec": spec})

    def status() -> dict:
        found = world.api.get_now("apiservices.apiregistration.k8s.io", name)
        return (found.get("status", {}).get("conditions") or [{}])[0]

    await world.until(lambda: status().get("reason") == "ServiceNotFound", "unavailable")
    assert (status()["status"], status()["message"]) == ("False", 'service/adapter in "default" is not present')
    service = {"metadata": {"name": "adapter"}, "spec": {"ports": [{"name": "https", "port": 6443}]}}
    await world.api.create("services", service, "default")
    await world.until(lambda: status()["reason"] == "ServicePortError", "wrong port")
    assert status()["message"] == 'service/adapter in "default" is not listening on port 443'
    await world.api.patch("services", "adapter", {"spec": {"ports": [{"name": "https", "port": 443}]}}, "default")
    await world.until(lambda: status()["reason"] == "MissingEndpoints", "nobody there")
    words = 'endpointslices for service/adapter in "default" have no addresses with port name "https"'
    assert status()["message"] == words


async def test_a_metric_above_its_target_scales_and_stops_at_the_maximum(gpu_world):
    world = gpu_world
    await _install(world)
    # 23034 MiB over 1000 a replica: far more than the maximum.
    await _autoscale(world, _external(LOWER, "1000", **{"resource.labels.cluster": "test"}))
    await world.until(lambda: world.deployment("model")["spec"]["replicas"] == 2, "two replicas")
    (event,) = await world.until(lambda: world.events("hpa", "SuccessfulRescale"))
    assert event["message"].startswith(f"New size: 2; reason: external metric {LOWER}")
    assert event["message"].endswith("above target")
    assert _condition(world, "ScalingActive")["reason"] == "ValidMetricFound"
    await world.until(lambda: _condition(world, "ScalingLimited")["reason"] == "TooManyReplicas", "limited")
    found = world.api.get_now("apiservices.apiregistration.k8s.io", "v1beta1.external.metrics.k8s.io")
    assert found["status"]["conditions"][0]["reason"] == "Passed"


@pytest.mark.parametrize(
    ("name", "labels"), [(CAPITALS, {}), (LOWER, {"resource.labels.cluster": "another"})], ids=["capitals", "scope"]
)
async def test_a_series_that_is_not_found_is_told(gpu_world, name, labels):
    await _install(gpu_world)
    await _autoscale(gpu_world, _external(name, "1000", **labels))

    def unable() -> bool:
        told = _condition(gpu_world, "ScalingActive").get("message", "")
        return "no metrics returned from external metrics API" in told

    await gpu_world.until(unable, "the missing series is named")
    assert _condition(gpu_world, "ScalingActive")["reason"] == "FailedGetExternalMetric"


async def test_a_metric_less_takes_no_replica_away(gpu_world):
    await _install(gpu_world)
    missing = {"type": "Pods", "pods": {"metric": {"name": "prometheus.googleapis.com|tgi_queue_size|gauge"},
               "target": {"type": "AverageValue", "averageValue": "1"}}}  # fmt: skip
    await _autoscale(gpu_world, _external(LOWER, "1000"), missing)
    await gpu_world.until(lambda: gpu_world.deployment("model")["spec"]["replicas"] == 2, "up by the one that is there")
    await gpu_world.until(lambda: gpu_world.events("hpa", "SuccessfulRescale"), "told")
    assert [one["message"][:11] for one in gpu_world.events("hpa", "SuccessfulRescale")] == ["New size: 2"]
