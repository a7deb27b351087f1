# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of Deployments, ReplicaSets, DaemonSets, StatefulSets and Jobs: all but their pods.

Source: k8s.io/kubernetes, pkg/apis/apps/validation and pkg/apis/batch/validation.
"""

from __future__ import annotations

from llmops_gke_sandbox.kubernetes.selectors import selector_matches
from llmops_gke_sandbox.kubernetes.validation.checks.metadata import label_selector
from llmops_gke_sandbox.kubernetes.validation.checks.pods import pod_template
from llmops_gke_sandbox.kubernetes.validation.messages import (
    IMMUTABLE,
    NOT_NEGATIVE,
    Causes,
    Struct,
    forbidden,
    formed,
    not_negative,
    one_of,
    percent,
    required,
    unsupported,
    wrong,
)

_MISMATCH = "`selector` does not match template `labels`"


def deployment(obj: dict) -> Causes:
    """Check a Deployment."""
    spec = obj["spec"]
    yield from not_negative(spec, "spec", "replicas")
    yield from _selected_pods(spec, "deployment", "ReplicaSet")
    yield from _deployment_strategy(spec["strategy"])
    yield from not_negative(spec, "spec", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds")
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None and deadline <= (spec.get("minReadySeconds") or 0):
        yield wrong("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")


def deployment_status(obj: dict) -> Causes:
    """Check a Deployment's status."""
    status = obj.get("status", {})
    total, ready = status.get("replicas", 0), status.get("readyReplicas", 0)
    available = status.get("availableReplicas", 0)
    counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas")
    yield from not_negative(status, "status", *counts)
    for name in counts[1:4]:
        if status.get(name, 0) > total:
            yield wrong(f"status.{name}", status.get(name, 0), "cannot be greater than status.replicas")
    if available > ready:
        yield wrong("status.availableReplicas", available, "cannot be greater than readyReplicas")


def replica_set(obj: dict) -> Causes:
    """Check a ReplicaSet."""
    yield from not_negative(obj["spec"], "spec", "replicas", "minReadySeconds")
    yield from _selected_pods(obj["spec"], "deployment", "ReplicaSet")


def daemon_set(obj: dict) -> Causes:
    """Check a DaemonSet."""
    spec = obj["spec"]
    yield from label_selector(spec.get("selector"), "spec.selector")
    if not _matches(spec):
        yield wrong("spec.template.metadata.labels", _labels(spec), _MISMATCH)
    if spec.get("selector") == {}:
        yield wrong("spec.selector", {}, "empty selector is invalid for daemonset")
    yield from pod_template(spec["template"], "spec.template")
    yield from _always(spec, "DaemonSet")
    yield from not_negative(spec, "spec", "minReadySeconds")
    yield from _daemon_set_strategy(spec["updateStrategy"])
    yield from not_negative(spec, "spec", "revisionHistoryLimit")


def stateful_set(obj: dict) -> Causes:
    """Check a StatefulSet."""
    spec = obj["spec"]
    policy, strategy = spec["podManagementPolicy"], spec["updateStrategy"]
    if policy not in ("OrderedReady", "Parallel"):
        yield wrong("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'")
    if strategy.get("type") not in ("RollingUpdate", "OnDelete"):
        yield wrong("spec.updateStrategy", _strategy_struct(strategy), "must be 'RollingUpdate' or 'OnDelete'")
    yield from not_negative(strategy.get("rollingUpdate", {}), "spec.updateStrategy.rollingUpdate", "partition")
    yield from not_negative(spec, "spec", "replicas", "minReadySeconds")
    claims = {claim["metadata"]["name"] for claim in spec.get("volumeClaimTemplates", ())}
    yield from _selected_pods(spec, "statefulset", "", claims)


def job(obj: dict) -> Causes:
    """Check a Job."""
    spec = obj["spec"]
    labels = _labels(spec) or {}
    own = {"batch.kubernetes.io/controller-uid": labels.get("batch.kubernetes.io/controller-uid")}
    if not spec.get("manualSelector") and (spec.get("selector") or {}).get("matchLabels") != own:
        yield wrong("spec.selector", spec.get("selector"), "`selector` not auto-generated")
    numbers = ("parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished")
    yield from not_negative(spec, "spec", *numbers)
    yield from one_of("spec.completionMode", spec["completionMode"], "NonIndexed", "Indexed")
    if spec["completionMode"] == "Indexed" and spec.get("completions") is None:
        yield required("spec.completions", "when completion mode is Indexed")
    yield from label_selector(spec.get("selector"), "spec.selector")
    yield from pod_template(spec["template"], "spec.template")
    if spec["template"]["spec"].get("restartPolicy") not in ("OnFailure", "Never"):
        yield required("spec.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"')
    if not _matches(spec):
        yield wrong("spec.template.metadata.labels", labels, _MISMATCH)


def selector_kept(old: dict, new: dict) -> Causes:
    """Check that a workload's selector stays."""
    if old["spec"].get("selector") != new["spec"].get("selector"):
        yield wrong("spec.selector", new["spec"].get("selector"), IMMUTABLE)


def job_kept(old: dict, new: dict) -> Causes:
    """Check that what a Job has begun with stays."""
    before, after = old["spec"], new["spec"]
    if before.get("completions") != after.get("completions") and before.get("completionMode") != "Indexed":
        yield wrong("spec.completions", after.get("completions"), IMMUTABLE)
    yield from selector_kept(old, new)
    # What decides where its pods run may change until it is started.
    loose = _PLACEMENT if before.get("suspend") else ()
    if _without(before["template"]["spec"], loose) != _without(after["template"]["spec"], loose):
        yield wrong("spec.template.spec", after["template"]["spec"], IMMUTABLE)


_PLACEMENT = ("affinity", "nodeSelector", "schedulingGates", "tolerations")


def _without(spec: dict, names: tuple[str, ...]) -> dict:
    return {name: value for name, value in spec.items() if name not in names}


def _selected_pods(spec: dict, kind: str, within: str, claims: set[str] | frozenset = frozenset()) -> Causes:
    selector = spec.get("selector")
    problems = []
    if selector is None:
        yield required("spec.selector")
    else:
        problems = list(label_selector(selector, "spec.selector"))
        yield from problems
        if not selector:
            yield wrong("spec.selector", {}, f"empty selector is invalid for {kind}")
    if problems:
        yield wrong("spec.selector", selector, "invalid label selector")
        return
    if not _matches(spec):
        yield wrong("spec.template.metadata.labels", _labels(spec), _MISMATCH)
    yield from pod_template(spec["template"], "spec.template", claims)
    yield from _always(spec, within)


def _matches(spec: dict) -> bool:
    selector = spec.get("selector")
    return selector is not None and selector_matches(selector, _labels(spec) or {})


def _labels(spec: dict) -> dict | None:
    return spec["template"].get("metadata", {}).get("labels")


def _always(spec: dict, within: str) -> Causes:
    pod = spec["template"]["spec"]
    yield from one_of("spec.template.spec.restartPolicy", pod.get("restartPolicy"), "Always")
    if within and pod.get("activeDeadlineSeconds") is not None:
        message = f"activeDeadlineSeconds in {within} is not Supported"
        yield forbidden("spec.template.spec.activeDeadlineSeconds", message)


def _strategy_struct(strategy: dict) -> Struct:
    return Struct(Type=strategy.get("type", ""), RollingUpdate=strategy.get("rollingUpdate"))


def _deployment_strategy(strategy: dict) -> Causes:
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    path = "spec.strategy.rollingUpdate"
    if kind == "Recreate":
        if rolling is not None:
            yield forbidden(path, "may not be specified when strategy `type` is 'Recreate'")
    elif kind == "RollingUpdate":
        unavailable, surge = rolling["maxUnavailable"], rolling["maxSurge"]
        yield from count_or_percent(f"{path}.maxUnavailable", unavailable)
        yield from count_or_percent(f"{path}.maxSurge", surge)
        if _nought(unavailable) and _nought(surge):
            yield wrong(f"{path}.maxUnavailable", unavailable, "may not be 0 when `maxSurge` is 0")
        yield from not_above_all(f"{path}.maxUnavailable", unavailable)
    else:
        yield unsupported("spec.strategy", _strategy_struct(strategy), "Recreate", "RollingUpdate")


def _daemon_set_strategy(strategy: dict) -> Causes:
    path = "spec.updateStrategy.rollingUpdate"
    if strategy.get("type") == "RollingUpdate":
        rolling = strategy["rollingUpdate"]
        unavailable, surge = rolling["maxUnavailable"], rolling["maxSurge"]
        yield from count_or_percent(f"{path}.maxUnavailable", unavailable)
        yield from not_above_all(f"{path}.maxUnavailable", unavailable)
        yield from count_or_percent(f"{path}.maxSurge", surge)
        yield from not_above_all(f"{path}.maxSurge", surge)
        if _nought(unavailable) and _nought(surge):
            yield required(f"{path}.maxUnavailable", "cannot be 0 when maxSurge is 0")
        elif not _nought(unavailable) and not _nought(surge):
            yield wrong(f"{path}.maxSurge", surge, "may not be set when maxUnavailable is non-zero")
    elif strategy.get("type") != "OnDelete":
        yield unsupported("spec.updateStrategy", _strategy_struct(strategy), "RollingUpdate", "OnDelete")


def count_or_percent(field: str, value: int | str) -> Causes:
    """Check a number of pods, or a share of them."""
    if isinstance(value, str):
        yield from formed(field, value, percent)
    elif value < 0:
        yield wrong(field, value, NOT_NEGATIVE)


def not_above_all(field: str, value: int | str) -> Causes:
    """Check that a share of pods is not above all of them."""
    if isinstance(value, str) and not percent(value) and int(value[:-1]) > 100:
        yield wrong(field, value, "must not be greater than 100%")


def _nought(value: int | str) -> bool:
    return value == 0 or (isinstance(value, str) and not percent(value) and int(value[:-1]) == 0)
