# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What adapters have in common: the bodies of the custom and external metrics APIs."""

from __future__ import annotations

from aiohttp import web

from llmops_gke_sandbox.clock import Clock, rfc3339

CUSTOM, EXTERNAL = "custom.metrics.k8s.io", "external.metrics.k8s.io"


def resources(version: str) -> web.Response:
    """Return the (empty) list of an API's resources; version is GROUP/VERSION."""
    return web.json_response({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": []})


def values(group: str, version: str, items: list[dict]) -> web.Response:
    """Return a list of metric values."""
    kind = "MetricValueList" if group == CUSTOM else "ExternalMetricValueList"
    return web.json_response({"kind": kind, "apiVersion": f"{group}/{version}", "metadata": {}, "items": items})


def of_pod(version: str, metric: str, namespace: str, pod: str, value: float, clock: Clock) -> dict:
    """Return one value of the custom metrics API."""
    described = {"kind": "Pod", "namespace": namespace, "name": pod, "apiVersion": "/v1"}
    named = {"metricName": metric} if version == "v1beta1" else {"metric": {"name": metric, "selector": None}}
    return {"describedObject": described, **named, **quantity(value, clock)}


def quantity(value: float, clock: Clock) -> dict:
    """Return a value and its time, as both APIs have them."""
    milli = round(value * 1000)
    return {
        "timestamp": rfc3339(clock.now()),
        "value": str(milli // 1000) if milli % 1000 == 0 else f"{milli}m",
    }


def missing(metric: str, resource: str) -> web.Response:
    """Return that there is no such metric."""
    return status(404, "NotFound", f"the server could not find the metric {metric} for {resource}")


def status(code: int, reason: str, message: str) -> web.Response:
    """Return a failure in the API's form."""
    body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    return web.json_response({**body, "message": message, "reason": reason, "code": code}, status=code)
