# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""HorizontalPodAutoscalers without a metrics API: the real controller's conditions, and bounds that are kept."""

from __future__ import annotations

import pytest

from llmops_gke_sandbox.controllers.autoscaling.metrics import no_metric

from .conftest import deployment

PODS = {
    "type": "Pods",
    "pods": {
        "metric": {"name": "prometheus.googleapis.com|tgi_queue_size|gauge"},
        "target": {"type": "AverageValue", "averageValue": "10"},
    },
}


async def _autoscale(world, least: int = 1, most: int = 2, target: str = "model") -> None:
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": target},
        "minReplicas": least,
        "maxReplicas": most,
        "metrics": [PODS],
    }
    body = {"metadata": {"name": "model-hpa"}, "spec": spec}
    await world.api.create("horizontalpodautoscalers.autoscaling", body, "default")


def _conditions(world) -> dict[str, dict]:
    found = world.api.get_now("horizontalpodautoscalers.autoscaling", "model-hpa", "default")
    return {one["type"]: one for one in found.get("status", {}).get("conditions") or ()}


async def test_the_missing_metrics_api_is_named(world):
    await world.api.create("deployments.apps", deployment("model"))
    await _autoscale(world)
    active = await world.until(lambda: _conditions(world).get("ScalingActive"))
    assert (active["status"], active["reason"]) == ("False", "FailedGetPodsMetric")
    assert active["message"] == (
        "the HPA was unable to compute the replica count: unable to get metric "
        "prometheus.googleapis.com|tgi_queue_size|gauge: unable to fetch metrics from custom metrics API: "
        "no custom metrics API (custom.metrics.k8s.io) registered"
    )
    assert _conditions(world)["AbleToScale"]["reason"] == "SucceededGetScale"
    (event,) = world.events("model-hpa", "FailedGetPodsMetric")
    assert event["type"] == "Warning"
    status = world.api.get_now("horizontalpodautoscalers.autoscaling", "model-hpa", "default")["status"]
    assert status["currentReplicas"] == 1 and status["currentMetrics"] == [{"type": ""}]
    await world.until(lambda: world.events("model-hpa", "FailedGetPodsMetric")[0]["count"] > 1, "asks again")


@pytest.mark.parametrize(
    ("replicas", "size", "why"), [(1, 2, "below Spec.MinReplicas"), (5, 3, "above Spec.MaxReplicas")]
)
async def test_bounds_are_kept(world, replicas, size, why):
    await world.api.create("deployments.apps", deployment("model", replicas))
    await _autoscale(world, 2, 3)
    await world.until(lambda: world.deployment("model")["spec"]["replicas"] == size)
    (event,) = await world.until(lambda: world.events("model-hpa", "SuccessfulRescale"))
    assert event["message"] == f"New size: {size}; reason: Current number of replicas {why}"
    # As in life, it scales by the subresource; that changes the specification, and so its generation.
    found = world.deployment("model")["metadata"]
    owners = {one["manager"] for one in found["managedFields"] if one.get("subresource") == "scale"}
    assert (owners, found["generation"]) == ({"kube-controller-manager"}, 2)


async def test_a_target_that_is_not_there(world):
    await _autoscale(world, target="nobody")
    able = await world.until(lambda: _conditions(world).get("AbleToScale"))
    assert (able["status"], able["reason"]) == ("False", "FailedGetScale")
    assert 'deployments.apps "nobody" not found' in able["message"]


async def test_a_target_of_zero_replicas_is_left_alone(world):
    await world.api.create("deployments.apps", deployment("model", 0))
    await _autoscale(world)
    active = await world.until(lambda: _conditions(world).get("ScalingActive"))
    assert active["reason"] == "ScalingDisabled"
    assert world.deployment("model")["spec"]["replicas"] == 0


def test_an_external_metric_is_named_with_its_selector():
    selector = {"matchLabels": {"metric.labels.cluster": "c"}}
    metric = {"type": "External", "external": {"metric": {"name": "m", "selector": selector}}}
    error = no_metric(metric, "serving")
    assert error.reason == "FailedGetExternalMetric"
    assert error.cause.startswith("unable to get external metric serving/m/{metric.labels.cluster: c}: unable to fetch")


def test_a_resource_metric_needs_the_metrics_server():
    error = no_metric({"type": "Resource", "resource": {"name": "cpu"}}, "serving")
    assert error.reason == "FailedGetResourceMetric"
    assert "get pods.metrics.k8s.io" in error.cause
