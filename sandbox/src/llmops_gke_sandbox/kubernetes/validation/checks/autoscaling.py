# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of HorizontalPodAutoscalers. Source: k8s.io/kubernetes, pkg/apis/autoscaling/validation."""

from __future__ import annotations

from llmops_gke_sandbox.kubernetes import quantity
from llmops_gke_sandbox.kubernetes.validation.messages import (
    POSITIVE,
    Causes,
    forbidden,
    formed,
    required,
    unsupported,
    wrong,
)

METRIC_TYPES = ("ContainerResource", "External", "Object", "Pods", "Resource")
_SOURCES = {
    "Object": "object",
    "Pods": "pods",
    "Resource": "resource",
    "ContainerResource": "containerResource",
    "External": "external",
}
_LONGEST_WINDOW_SECONDS = 3600
_LONGEST_PERIOD_SECONDS = 1800
_NOT_BELOW_ZERO = "must be greater than or equal to zero"


def _path_segment(value: str) -> list[str]:
    return [f"may not contain '{sign}'" for sign in "/%" if sign in value]


def autoscaler(obj: dict) -> Causes:
    """Check a HorizontalPodAutoscaler."""
    spec = obj["spec"]
    least, most = spec["minReplicas"], spec["maxReplicas"]
    if least < 1:
        yield wrong("spec.minReplicas", least, "must be greater than or equal to 1")
    if most == 0:
        yield required("spec.maxReplicas", "must be set and greater than 0")
    elif most < 1:
        yield wrong("spec.maxReplicas", most, "must be greater than or equal to 1")
    if most < least:
        yield wrong("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`")
    yield from _reference(spec["scaleTargetRef"], "spec.scaleTargetRef")
    if not spec["scaleTargetRef"].get("apiVersion"):
        yield wrong("spec.scaleTargetRef.apiVersion", "", "apiVersion must specify API group")
    yield from _metrics(spec.get("metrics") or (), least)
    behavior = spec.get("behavior") or {}
    for direction in ("scaleUp", "scaleDown"):
        if direction in behavior:
            yield from _rules(behavior[direction], f"spec.behavior.{direction}")


def _reference(found: dict, path: str) -> Causes:
    for name in ("kind", "name"):
        if not found.get(name):
            yield required(f"{path}.{name}")
        else:
            yield from formed(f"{path}.{name}", found[name], _path_segment)
    version = found.get("apiVersion", "")
    if version.count("/") > 1:
        yield wrong(f"{path}.apiVersion", version, f"unexpected GroupVersion string: {version}")


def _metrics(metrics: list[dict], least: int) -> Causes:
    for index, metric in enumerate(metrics):
        yield from _metric(metric, f"spec.metrics[{index}]")
    if least == 0 and not any(metric.get("type") in ("Object", "External") for metric in metrics):
        message = "must specify at least one Object or External metric to support scaling to zero replicas"
        yield forbidden("spec.metrics", message)


def _metric(metric: dict, path: str) -> Causes:
    kind = metric.get("type", "")
    if not kind:
        yield required(f"{path}.type", "must specify a metric source type")
    if kind not in METRIC_TYPES:
        yield unsupported(f"{path}.type", kind, *METRIC_TYPES)
    for source, name in _SOURCES.items():
        if name not in metric:
            continue
        if source != kind and kind in _SOURCES and _SOURCES[kind] in metric:
            yield forbidden(f"{path}.{name}", "must populate the given metric source only")
        elif source == kind:
            yield from _source(kind, metric[name], f"{path}.{name}")
    if kind not in METRIC_TYPES:
        # The server says it twice: once for the value, once for the field that should carry its settings.
        yield unsupported(f"{path}.type", kind, *METRIC_TYPES)
    elif _SOURCES[kind] not in metric:
        yield required(f"{path}.{_SOURCES[kind]}", "must populate information for the given metric source")


def _source(kind: str, source: dict, path: str) -> Causes:
    target = source.get("target") or {}
    if kind in ("Resource", "ContainerResource"):
        if not source.get("name"):
            yield required(f"{path}.name", "must specify a resource name")
        yield from _target(target, f"{path}.target")
        yield from _resource_target(target, f"{path}.target")
        return
    if kind == "Object":
        yield from _reference(source.get("describedObject") or {}, f"{path}.describedObject")
    yield from _identifier(source.get("metric") or {}, f"{path}.metric")
    yield from _target(target, f"{path}.target")
    value, average = target.get("value"), target.get("averageValue")
    if kind == "Pods" and average is None:
        yield required(f"{path}.target.averageValue", "must specify a positive target averageValue")
    elif kind == "Object" and value is None and average is None:
        yield required(f"{path}.target.averageValue", "must set either a target value or averageValue")
    elif kind == "External" and value is not None and average is not None:
        yield forbidden(f"{path}.target.value", "may not set both a target value for metric and a per-pod target")
    elif kind == "External" and value is None and average is None:
        message = "must set either a target value for metric or a per-pod target"
        yield required(f"{path}.target.averageValue", message)


def _identifier(metric: dict, path: str) -> Causes:
    if not metric.get("name"):
        yield required(f"{path}.name", "must specify a metric name")
    else:
        yield from formed(f"{path}.name", metric["name"], _path_segment)


def _target(target: dict, path: str) -> Causes:
    kind = target.get("type", "")
    if not kind:
        yield required(f"{path}.type", "must specify a metric target type")
    if kind not in ("Utilization", "Value", "AverageValue"):
        yield wrong(f"{path}.type", kind, "must be either Utilization, Value, or AverageValue")
    for name in ("value", "averageValue"):
        if name in target and quantity.parse(target[name]) <= 0:
            yield wrong(f"{path}.{name}", target[name], "must be positive")
    if target.get("averageUtilization", 1) < 1:
        yield wrong(f"{path}.averageUtilization", target["averageUtilization"], "must be greater than 0")


def _resource_target(target: dict, path: str) -> Causes:
    utilization, average = target.get("averageUtilization"), target.get("averageValue")
    if utilization is None and average is None:
        yield required(f"{path}.averageUtilization", "must set either a target raw value or a target utilization")
    elif utilization is not None and average is not None:
        yield forbidden(f"{path}.averageValue", "may not set both a target raw value and a target utilization")


def _rules(rules: dict, path: str) -> Causes:
    window = rules.get("stabilizationWindowSeconds")
    if window is not None:
        field = f"{path}.stabilizationWindowSeconds"
        if window < 0:
            yield wrong(field, window, _NOT_BELOW_ZERO)
        elif window > _LONGEST_WINDOW_SECONDS:
            yield wrong(field, window, f"must be less than or equal to {_LONGEST_WINDOW_SECONDS}")
    if rules.get("selectPolicy") not in ("Disabled", "Max", "Min"):
        yield unsupported(f"{path}.selectPolicy", rules.get("selectPolicy"), "Disabled", "Max", "Min")
    if not rules.get("policies"):
        yield required(f"{path}.policies", "must specify at least one Policy")
    for index, policy in enumerate(rules.get("policies") or ()):
        yield from _policy(policy, f"{path}.policies[{index}]")
    tolerance = rules.get("tolerance")
    if tolerance is not None and quantity.parse(tolerance) < 0:
        yield wrong(f"{path}.tolerance", tolerance, "must be greater than or equal to 0")


def _policy(policy: dict, path: str) -> Causes:
    value, period = policy.get("value", 0), policy.get("periodSeconds", 0)
    if policy.get("type") not in ("Percent", "Pods"):
        yield unsupported(f"{path}.type", policy.get("type", ""), "Percent", "Pods")
    if value <= 0:
        yield wrong(f"{path}.value", value, POSITIVE)
    if period <= 0:
        yield wrong(f"{path}.periodSeconds", period, POSITIVE)
    elif period > _LONGEST_PERIOD_SECONDS:
        yield wrong(f"{path}.periodSeconds", period, f"must be less than or equal to {_LONGEST_PERIOD_SECONDS}")
