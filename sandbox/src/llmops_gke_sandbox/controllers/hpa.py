"""HorizontalPodAutoscalers: bounds are kept, and the absence of metrics is told as the real controller tells it."""

from __future__ import annotations

from llmops_gke_sandbox.control.controller import Controller
from llmops_gke_sandbox.control.objects import timestamp, with_condition
from llmops_gke_sandbox.control.plane import Plane

_RESOURCE = "horizontalpodautoscalers.autoscaling"
# kube-controller-manager --horizontal-pod-autoscaler-sync-period
_PERIOD_SECONDS = 15.0
# What the API server puts in where no metric is named.
_DEFAULT_METRIC = {"type": "Resource", "resource": {"name": "cpu"}}
_TARGETS = {"Deployment": "deployments.apps", "ReplicaSet": "replicasets.apps"}

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


class HorizontalPodAutoscalerController(Controller):
    """Scales the target into minReplicas..maxReplicas and reports that no metrics API is registered."""

    component = "horizontal-pod-autoscaler"

    def __init__(self, plane: Plane) -> None:
        super().__init__(plane)
        self._autoscalers = self.follow(_RESOURCE)
        for resource in _TARGETS.values():
            self.store(resource)

    async def reconcile(self, key: str) -> None:
        autoscaler = self._autoscalers.by_key(key)
        if autoscaler is None:
            return
        self.enqueue_after(key, _PERIOD_SECONDS)
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
            await self._rescale(autoscaler, resource, target, bounded)
            return
        metrics = spec.get("metrics") or [_DEFAULT_METRIC]
        status["currentMetrics"] = [{"type": ""} for _ in metrics]
        reason, what, cause = no_metrics(metrics[0], namespace)
        unable = f"the HPA was unable to compute the replica count: {cause}"
        await self._report(autoscaler, status, _ABLE, ("ScalingActive", "False", reason, unable))
        await self.events.warning(autoscaler, reason, cause)
        invalid = f"invalid metrics ({len(metrics)} invalid out of {len(metrics)}), first error is: "
        text = f"{invalid}failed to get {what} metric value: {cause}"
        await self.events.warning(autoscaler, "FailedComputeMetricsReplicas", text)

    async def _no_target(self, autoscaler: dict, reference: dict) -> None:
        resource = _TARGETS.get(reference["kind"], f"{reference['kind'].lower()}s")
        cause = f'{resource} "{reference["name"]}" not found'
        text = f"the HPA controller was unable to get the target's current scale: {cause}"
        await self._report(autoscaler, {"desiredReplicas": 0}, ("AbleToScale", "False", "FailedGetScale", text))
        await self.events.warning(autoscaler, "FailedGetScale", cause)

    async def _rescale(self, autoscaler: dict, resource: str, target: dict, size: int) -> None:
        current = target["spec"].get("replicas", 1)
        why = (
            "Current number of replicas below Spec.MinReplicas"
            if size > current
            else "Current number of replicas above Spec.MaxReplicas"
        )
        meta = target["metadata"]
        await self.client.patch(resource, meta["name"], {"spec": {"replicas": size}}, meta["namespace"])
        await self.events.normal(autoscaler, "SuccessfulRescale", f"New size: {size}; reason: {why}")
        status = {
            "currentReplicas": current,
            "desiredReplicas": size,
            "lastScaleTime": timestamp(self.clock.now()),
        }
        done = f"the HPA controller was able to update the target scale to {size}"
        await self._report(autoscaler, status, ("AbleToScale", "True", "SucceededRescale", done))

    async def _report(self, autoscaler: dict, status: dict, *news: tuple[str, str, str, str]) -> None:
        now = timestamp(self.clock.now())
        have = autoscaler.get("status") or {}
        conditions = have.get("conditions") or []
        for kind, state, reason, message in news:
            new = {"type": kind, "status": state, "reason": reason, "message": message}
            conditions = with_condition(conditions, new, now)
        await self.client.update_status(_RESOURCE, autoscaler, {**have, **status, "conditions": conditions})


def no_metrics(metric: dict, namespace: str) -> tuple[str, str, str]:
    """Return (reason, kind of metric, cause) of a metric that cannot be had, as no metrics API is registered."""
    match metric["type"]:
        case "Pods":
            name = metric["pods"]["metric"]["name"]
            return "FailedGetPodsMetric", "pods", f"unable to get metric {name}: {_absent('custom')}"
        case "Object":
            name = metric["object"]["metric"]["name"]
            return "FailedGetObjectMetric", "object", f"unable to get metric {name}: {_absent('custom')}"
        case "External":
            found = metric["external"]["metric"]
            selector = (found.get("selector") or {}).get("matchLabels") or {}
            shown = ",".join(f"{key}: {value}" for key, value in sorted(selector.items()))
            cause = f"unable to get external metric {namespace}/{found['name']}/{{{shown}}}: {_absent('external')}"
            return "FailedGetExternalMetric", "external", cause
    name = (metric.get("resource") or metric.get("containerResource"))["name"]
    kind = "Resource" if metric["type"] == "Resource" else "ContainerResource"
    missing = "unable to fetch metrics from resource metrics API: the server could not find the requested resource"
    cause = f"unable to get metric {name}: {missing} (get pods.metrics.k8s.io)"
    return f"FailedGet{kind}Metric", f"{name} resource" if kind == "Resource" else "container resource", cause


def _absent(api: str) -> str:
    registered = f"no {api} metrics API ({api}.metrics.k8s.io) registered"
    return f"unable to fetch metrics from {api} metrics API: {registered}"
