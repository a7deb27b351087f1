# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of claims, quotas and disruption budgets: what bounds pods from outside.

Source: k8s.io/kubernetes, pkg/apis/core/validation and pkg/apis/policy/validation.
"""

from __future__ import annotations

from llmops_gke_sandbox.kubernetes import quantity
from llmops_gke_sandbox.kubernetes.validation.checks.metadata import label_selector
from llmops_gke_sandbox.kubernetes.validation.checks.workloads import count_or_percent, not_above_all
from llmops_gke_sandbox.kubernetes.validation.messages import (
    NOT_NEGATIVE,
    POSITIVE,
    Causes,
    Struct,
    forbidden,
    formed,
    one_of,
    qualified_name,
    required,
    subdomain,
    unsupported,
    wrong,
)

_ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_CLAIM_KEPT = "spec is immutable after creation except resources.requests and volumeAttributesClassName"
_COUNTED = (
    "pods",
    "services",
    "services.loadbalancers",
    "services.nodeports",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
)
_MEASURED = (
    *("cpu", "memory", "storage", "ephemeral-storage"),
    *(f"{kind}.{name}" for kind in ("requests", "limits") for name in ("cpu", "memory", "ephemeral-storage")),
    "requests.storage",
)
_SCOPES = (
    "Terminating",
    "NotTerminating",
    "BestEffort",
    "NotBestEffort",
    "PriorityClass",
    "CrossNamespacePodAffinity",
    "VolumeAttributesClass",
)


def claim(obj: dict) -> Causes:
    """Check a PersistentVolumeClaim."""
    spec = obj["spec"]
    modes = spec.get("accessModes") or ()
    if not modes:
        yield required("spec.accessModes", "at least 1 access mode is required")
    for mode in modes:
        if mode not in _ACCESS_MODES:
            yield unsupported("spec.accessModes", mode, *_ACCESS_MODES)
    if "ReadWriteOncePod" in modes and len(modes) > 1:
        yield forbidden("spec.accessModes", "may not use ReadWriteOncePod with other access modes")
    size = (spec.get("resources", {}).get("requests") or {}).get("storage")
    if size is None:
        yield required("spec.resources[storage]")
    elif quantity.parse(size) <= 0:
        yield wrong("spec.resources[storage]", size, POSITIVE)
    if spec.get("storageClassName"):
        yield from formed("spec.storageClassName", spec["storageClassName"], subdomain)
    yield from one_of("spec.volumeMode", spec["volumeMode"], "Block", "Filesystem")


def claim_kept(old: dict, new: dict) -> Causes:
    """Check that a claim changes nothing but its size, and that once it is bound."""
    before, after = old["spec"], new["spec"]
    bound = old.get("status", {}).get("phase") == "Bound"
    names = ("storageClassName", "accessModes", "volumeMode", *(() if bound else ("resources",)))
    if any(before.get(name) != after.get(name) for name in names):
        yield forbidden("spec", _CLAIM_KEPT if bound else f"{_CLAIM_KEPT} for bound claims")


def resource_quota(obj: dict) -> Causes:
    """Check a ResourceQuota."""
    spec = obj["spec"]
    for name, value in sorted((spec.get("hard") or {}).items()):
        field = f"spec.hard[{name}]"
        yield from formed(field, name, qualified_name)
        if "/" not in name and name not in (*_COUNTED, *_MEASURED):
            yield wrong(field, name, "must be a standard resource type or fully qualified")
            yield wrong(field, name, "must be a standard resource for quota")
        number = quantity.parse(value)
        if number < 0:
            yield wrong(field, value, NOT_NEGATIVE)
        if name in _COUNTED and number != number.to_integral_value():
            yield wrong(field, value, "must be an integer")
    scopes = spec.get("scopes") or ()
    if any(scope not in _SCOPES for scope in scopes):
        yield wrong("spec.scopes", scopes, "unsupported scope")


def disruption_budget(obj: dict) -> Causes:
    """Check a PodDisruptionBudget."""
    spec = obj["spec"]
    if "minAvailable" in spec and "maxUnavailable" in spec:
        shown = Struct(
            MinAvailable=spec["minAvailable"],
            Selector=spec.get("selector"),
            MaxUnavailable=spec["maxUnavailable"],
            UnhealthyPodEvictionPolicy=spec.get("unhealthyPodEvictionPolicy"),
        )
        yield wrong("spec", shown, "minAvailable and maxUnavailable cannot be both set")
    for name in ("minAvailable", "maxUnavailable"):
        if name in spec:
            yield from count_or_percent(f"spec.{name}", spec[name])
            yield from not_above_all(f"spec.{name}", spec[name])
    yield from label_selector(spec.get("selector"), "spec.selector")
    policy = spec.get("unhealthyPodEvictionPolicy")
    if policy is not None:
        yield from one_of("spec.unhealthyPodEvictionPolicy", policy, "AlwaysAllow", "IfHealthyBudget")
