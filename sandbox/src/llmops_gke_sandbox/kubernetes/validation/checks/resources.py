# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of resources that containers request and may use. Source: k8s.io/kubernetes, pkg/apis/core/validation."""

from __future__ import annotations

from llmops_gke_sandbox.kubernetes import quantity
from llmops_gke_sandbox.kubernetes.validation.messages import (
    NOT_NEGATIVE,
    Causes,
    formed,
    qualified_name,
    required,
    wrong,
)

_OF_CONTAINERS = ("cpu", "memory", "ephemeral-storage")
_STANDARD = (*_OF_CONTAINERS, "storage", "pods", "services", "secrets", "configmaps")


def resources(found: dict, path: str) -> Causes:
    """Check a container's limits and requests."""
    limits, requests = found.get("limits") or {}, found.get("requests") or {}
    for name, value in sorted(limits.items()):
        yield from _one(f"{path}.limits[{name}]", name, value)
    for name, value in sorted(requests.items()):
        yield from _one(f"{path}.requests[{name}]", name, value)
        if name in limits:
            if _extended(name) and value != limits[name]:
                yield wrong(f"{path}.requests", value, f"must be equal to {name} limit of {limits[name]}")
            elif quantity.parse(value) > quantity.parse(limits[name]):
                yield wrong(f"{path}.requests", value, f"must be less than or equal to {name} limit of {limits[name]}")
        elif _extended(name):
            yield required(f"{path}.limits", "Limit must be set for non overcommitable resources")


def _extended(name: str) -> bool:
    """Resources such as GPUs cannot be overcommitted: what is requested is what may be used."""
    return "/" in name and "kubernetes.io/" not in name


def _one(field: str, name: str, value: str) -> Causes:
    yield from formed(field, name, qualified_name)
    if "/" not in name:
        if name not in _STANDARD:
            yield wrong(field, name, "must be a standard resource type or fully qualified")
        if name not in _OF_CONTAINERS and not name.startswith("hugepages-"):
            yield wrong(field, name, "must be a standard resource for containers")
    elif _extended(name) and qualified_name(f"requests.{name}"):
        yield wrong(field, name, "doesn't follow extended resource name standard")
    number = quantity.parse(value)
    if number < 0:
        yield wrong(field, value, NOT_NEGATIVE)
    if _extended(name) and number != number.to_integral_value():
        yield wrong(field, value, "must be an integer")
