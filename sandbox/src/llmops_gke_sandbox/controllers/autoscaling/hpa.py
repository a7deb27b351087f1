# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""HorizontalPodAutoscalers: replicas by the metrics APIs, within bounds, windows and policies, told as in life."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from decimal import Decimal

from llmops_gke_sandbox.control.controller import Controller
from llmops_gke_sandbox.control.objects import (
    is_pod_active,
    is_pod_ready,
    labels_of,
    selects,
    timestamp,
    uid_of,
    with_condition,
)
from llmops_gke_sandbox.control.plane import Plane
from llmops_gke_sandbox.controllers.autoscaling.calculation import Memory, for_pods, for_total, for_value, settle
from llmops_gke_sandbox.controllers.autoscaling.metrics import Metrics, NoMetric, no_metric
from llmops_gke_sandbox.kubernetes.quantity import parse

_RESOURCE = "horizontalpodautoscalers.autoscaling"
# kube-controller-manager --horizontal-pod-autoscaler-sync-period
_PERIOD_SECONDS = 15.0
# Wall seconds that it is at least. Each look reads all metrics of a cluster, which a fast clock would do all the time.
_LEAST_PERIOD = 0.3
# What the API server puts in where no metric is named.
_DEFAULT_METRIC = {"type": "Resource", "resource": {"name": "cpu"}}
_TARGETS = {"Deployment": "deployments.apps", "ReplicaSet": "replicasets.apps"}

_News = tuple[str, str, str, str]
# Conditions: type, status, reason, message.
_ABLE = (
    "AbleToScale",
    "True",
    "SucceededGetScale",
    "the HPA controller was able to get the target's current scale",
)
_DISABLED = (
    "ScalingActive",
    "False",
    "ScalingDisabled",
    "scaling is disabled since the replica count of the target is zero",
)


_READY = ("AbleToScale", "True", "ReadyForNewScale", "recommended size matches current size")
_DOWN_STABILIZED = (
    "AbleToScale",
    "True",
    "ScaleDownStabilized",
    "recent recommendations were higher than current one, applying the highest recent recommendation",
)
_UP_STABILIZED = (
    "AbleToScale",
    "True",
    "ScaleUpStabilized",
    "recent recommendations were lower than current one, applying the lowest recent recommendation",
)


@dataclass
class Proposal:
    """Replicas that the metrics ask for, the one that asks for the most, and those that could not be had."""

    wanted: int
    by: str
    shown: list[dict] = field(default_factory=list)
    errors: list[NoMetric] = field(default_factory=list)


class HorizontalPodAutoscalerController(Controller):
    """Scales the target by what the metrics APIs say."""

    component = "horizontal-pod-autoscaler"

    def __init__(self, plane: Plane, metrics: Metrics) -> None:
        super().__init__(plane)
        self._metrics = metrics
        self._memories: dict[str, Memory] = {}
        self._pods = self.store("pods")
        self._autoscalers = self.follow(_RESOURCE)
        for resource in _TARGETS.values():
            self.store(resource)

    async def reconcile(self, key: str) -> None:
        autoscaler = self._autoscalers.by_key(key)
        if autoscaler is None:
            return
        self.enqueue_after(key, max(_PERIOD_SECONDS, _LEAST_PERIOD * self.clock.speed))
        namespace, spec = autoscaler["metadata"]["namespace"], autoscaler["spec"]
        reference = spec["scaleTargetRef"]
        resource = _TARGETS.get(reference["kind"])
        target = self.store(resource).get(reference["name"], namespace) if resource else None
        if target is None:
            await self._no_target(autoscaler, reference)
            return
        current = target["spec"].get("replicas", 1)
        status = {"currentReplicas": current, "desiredReplicas": 0, "currentMetrics": None}
        if current == 0:
            await self._report(autoscaler, status, _ABLE, _DISABLED)
            return
        least, most = spec.get("minReplicas") or 1, spec["maxReplicas"]
        bounded = min(max(current, least), most)
        if bounded != current:
            why = "below Spec.MinReplicas" if bounded > current else "above Spec.MaxReplicas"
            why = f"Current number of replicas {why}"
            await self._rescale(autoscaler, resource, target, bounded, why, {"currentReplicas": current})
            return
        metrics = spec.get("metrics") or [_DEFAULT_METRIC]
        scale = await self._proposal(metrics, target, current)
        status["currentMetrics"] = scale.shown
        failed = len(scale.errors)
        # A metric less is no reason to give up replicas: it might be the one that needs them.
        if failed == len(metrics) or (failed and scale.wanted < current):
            await self._unable(autoscaler, status, scale.errors, len(metrics))
            return
        memory, moment = self._memories.setdefault(uid_of(autoscaler), Memory()), self._moment()
        settled, held = settle(memory, spec.get("behavior") or {}, moment, current, scale.wanted)
        size = min(max(settled, least), most)
        status["desiredReplicas"] = size
        found = (
            "ScalingActive",
            "True",
            "ValidMetricFound",
            f"the HPA was able to successfully calculate a replica count from {scale.by}",
        )
        news = [found, _limited(held, settled, least, most)]
        if size == current:
            stabilized = _UP_STABILIZED if scale.wanted > current else _DOWN_STABILIZED
            able = stabilized if held == "window" else _READY
            await self._report(autoscaler, status, able, *news)
            return
        memory.changed(moment, size - current)
        why = f"{scale.by} above target" if size > current else "All metrics below target"
        await self._rescale(autoscaler, resource, target, size, why, status, *news)

    async def _proposal(self, metrics: list[dict], target: dict, current: int) -> Proposal:
        """Return the most that any metric asks for."""
        namespace = target["metadata"]["namespace"]
        pods = [
            pod
            for pod in self._pods.all(namespace)
            if selects(target["spec"]["selector"], labels_of(pod)) and is_pod_active(pod)
        ]
        proposal = Proposal(-1, "")
        for metric in metrics:
            try:
                wanted, by, shown = await self._by_metric(metric, namespace, pods, current)
            except NoMetric as error:
                proposal.errors.append(error)
                proposal.shown.append({"type": ""})
                continue
            proposal.shown.append(shown)
            if wanted > proposal.wanted:
                proposal.wanted, proposal.by = wanted, by
        return proposal

    async def _by_metric(self, metric: dict, namespace: str, pods: list[dict], current: int) -> tuple[int, str, dict]:
        ready = sum(is_pod_ready(pod) for pod in pods)
        if metric["type"] == "Pods":
            name, goal = metric["pods"]["metric"]["name"], parse(metric["pods"]["target"]["averageValue"])
            values = await self._metrics.of_pods(metric, namespace)
            own = {pod["metadata"]["name"] for pod in pods}
            values = {pod: value for pod, value in values.items() if pod in own}
            if not values:
                raise no_metric(metric, namespace, "no metrics returned from custom metrics API")
            wanted = for_pods(values, len(pods), goal, current)
            average = _quantity(sum(values.values()) / len(values))
            shown = {"metric": {"name": name}, "current": {"averageValue": average}}
            return wanted, f"pods metric {name}", {"type": "Pods", "pods": shown}
        if metric["type"] == "External":
            found, goal = metric["external"]["metric"], metric["external"]["target"]
            total = await self._metrics.external(metric, namespace)
            if goal["type"] == "AverageValue":
                wanted = for_total(total, parse(goal["averageValue"]), current)
                value = {"averageValue": _quantity(total / current)}
            else:
                wanted, value = for_value(total, parse(goal["value"]), ready, current), {"value": _quantity(total)}
            shown = {"metric": found, "current": value}
            selector = (found.get("selector") or {}).get("matchLabels") or {}
            by = f"external metric {found['name']}(&LabelSelector{{MatchLabels:{selector},MatchExpressions:[],}})"
            return wanted, by, {"type": "External", "external": shown}
        raise no_metric(metric, namespace)

    def _moment(self) -> float:
        """Return seconds of life's time, for windows and periods."""
        return time.monotonic() * self.clock.speed

    async def _unable(self, autoscaler: dict, status: dict, errors: list[NoMetric], metrics: int) -> None:
        first = errors[0]
        unable = f"the HPA was unable to compute the replica count: {first.cause}"
        await self._report(autoscaler, status, _ABLE, ("ScalingActive", "False", first.reason, unable))
        await self.events.warning(autoscaler, first.reason, first.cause)
        invalid = f"invalid metrics ({len(errors)} invalid out of {metrics}), first error is: "
        text = f"{invalid}failed to get {first.what} metric value: {first.cause}"
        await self.events.warning(autoscaler, "FailedComputeMetricsReplicas", text)

    async def _no_target(self, autoscaler: dict, reference: dict) -> None:
        resource = _TARGETS.get(reference["kind"], f"{reference['kind'].lower()}s")
        cause = f'{resource} "{reference["name"]}" not found'
        text = f"the HPA controller was unable to get the target's current scale: {cause}"
        await self._report(autoscaler, {"desiredReplicas": 0}, ("AbleToScale", "False", "FailedGetScale", text))
        await self.events.warning(autoscaler, "FailedGetScale", cause)

    async def _rescale(
        self, autoscaler: dict, resource: str, target: dict, size: int, why: str, status: dict, *news: _News
    ) -> None:
        meta = target["metadata"]
        await self.client.patch(resource, meta["name"], {"spec": {"replicas": size}}, meta["namespace"], "scale")
        await self.events.normal(autoscaler, "SuccessfulRescale", f"New size: {size}; reason: {why}")
        status = {**status, "desiredReplicas": size, "lastScaleTime": timestamp(self.clock.now())}
        done = f"the HPA controller was able to update the target scale to {size}"
        await self._report(autoscaler, status, ("AbleToScale", "True", "SucceededRescale", done), *news)

    async def _report(self, autoscaler: dict, status: dict, *news: _News) -> None:
        now = timestamp(self.clock.now())
        have = autoscaler.get("status") or {}
        conditions = have.get("conditions") or []
        for kind, state, reason, message in news:
            new = {"type": kind, "status": state, "reason": reason, "message": message}
            conditions = with_condition(conditions, new, now)
        await self.client.update_status(_RESOURCE, autoscaler, {**have, **status, "conditions": conditions})


def _limited(held: str, settled: int, least: int, most: int) -> _News:
    """Return the condition that tells whether the count asked for was cut."""
    if settled > most:
        text = "the desired replica count is more than the maximum replica count"
        return "ScalingLimited", "True", "TooManyReplicas", text
    if settled < least:
        text = "the desired replica count is less than the minimum replica count"
        return "ScalingLimited", "True", "TooFewReplicas", text
    if held == "policy":
        text = "the desired replica count is increasing or decreasing faster than the policies allow"
        return "ScalingLimited", "True", "ScaleLimit", text
    return "ScalingLimited", "False", "DesiredWithinRange", "the desired count is within the acceptable range"


def _quantity(value: Decimal) -> str:
    milli = round(value * 1000)
    return str(milli // 1000) if milli % 1000 == 0 else f"{milli}m"
