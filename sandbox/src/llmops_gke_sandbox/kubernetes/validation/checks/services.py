# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of Services. Source: k8s.io/kubernetes, pkg/apis/core/validation, ValidateService."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address, ip_network

from llmops_gke_sandbox.kubernetes.validation.checks.containers import PROTOCOLS
from llmops_gke_sandbox.kubernetes.validation.checks.metadata import labels
from llmops_gke_sandbox.kubernetes.validation.messages import (
    Causes,
    dns_label,
    duplicate,
    forbidden,
    formed,
    one_of,
    port,
    port_number,
    required,
    unsupported,
    wrong,
)

TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_OUTSIDE = ("LoadBalancer", "NodePort")
_POLICIES = ("Cluster", "Local")
_ONLY_LOAD_BALANCER = "may only be used when `type` is 'LoadBalancer'"
_LONGEST_AFFINITY_SECONDS = 86400


def service(obj: dict) -> Causes:
    """Check a Service."""
    spec = obj["spec"]
    kind = spec["type"]
    if not spec.get("ports") and kind != "ExternalName" and spec.get("clusterIP") != "None":
        yield required("spec.ports")
    if kind == "LoadBalancer" and spec.get("clusterIP") == "None":
        yield wrong("spec.clusterIPs[0]", "None", "may not be set to 'None' for LoadBalancer services")
    if kind == "ExternalName" and not spec.get("externalName"):
        yield required("spec.externalName")
    yield from _ports(spec.get("ports") or ())
    yield from labels(spec.get("selector"), "spec.selector")
    yield from one_of("spec.sessionAffinity", spec["sessionAffinity"], "ClientIP", "None")
    yield from _affinity_time(spec)
    yield from _address_families(spec)
    for index, address in enumerate(spec.get("externalIPs") or ()):
        yield from _address(f"spec.externalIPs[{index}]", address)
    yield from one_of("spec.type", kind, *TYPES)
    yield from _port_sets(spec)
    yield from _source_ranges(spec)
    if kind != "LoadBalancer" and spec.get("loadBalancerClass") is not None:
        yield forbidden("spec.loadBalancerClass", _ONLY_LOAD_BALANCER)
    yield from _traffic(spec)


def service_kept(old: dict, new: dict) -> Causes:
    """Check that a Service keeps its address."""
    before, after = old["spec"], new["spec"]
    if "ExternalName" in (before["type"], after["type"]) or not before.get("clusterIP"):
        return
    if before["clusterIP"] != after.get("clusterIP"):
        yield wrong("spec.clusterIPs[0]", after.get("clusterIPs"), "may not change once set")


def _ports(ports: list[dict]) -> Causes:
    names: set[str] = set()
    for index, one in enumerate(ports):
        at = f"spec.ports[{index}]"
        name = one.get("name", "")
        if not name and len(ports) > 1:
            yield required(f"{at}.name")
        elif name:
            yield from formed(f"{at}.name", name, dns_label)
            if name in names:
                yield duplicate(f"{at}.name", name)
            names.add(name)
        yield from port_number(f"{at}.port", one["port"])
        yield from one_of(f"{at}.protocol", one.get("protocol"), *PROTOCOLS)
        yield from port(f"{at}.targetPort", one["targetPort"])


def _port_sets(spec: dict) -> Causes:
    for index, one in enumerate(spec.get("ports") or ()):
        if spec["type"] == "ClusterIP" and one.get("nodePort"):
            yield forbidden(f"spec.ports[{index}].nodePort", "may not be used when `type` is 'ClusterIP'")


def _affinity_time(spec: dict) -> Causes:
    if spec["sessionAffinity"] == "ClientIP":
        seconds = spec["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"]
        if not 0 < seconds <= _LONGEST_AFFINITY_SECONDS:
            message = f"must be greater than 0 and less than {_LONGEST_AFFINITY_SECONDS}"
            yield wrong("spec.sessionAffinityConfig.clientIP.timeoutSeconds", seconds, message)


def _address_families(spec: dict) -> Causes:
    for index, family in enumerate(spec.get("ipFamilies") or ()):
        if family not in ("IPv4", "IPv6"):
            yield unsupported(f"spec.ipFamilies[{index}]", family, "IPv4", "IPv6")
    for index, address in enumerate(spec.get("clusterIPs") or ()):
        if address != "None":
            yield from _address(f"spec.clusterIPs[{index}]", address)


def _source_ranges(spec: dict) -> Causes:
    # The capital is the server's.
    path = "spec.LoadBalancerSourceRanges"
    ranges = spec.get("loadBalancerSourceRanges")
    if ranges and spec["type"] != "LoadBalancer":
        yield forbidden(path, _ONLY_LOAD_BALANCER)
    for index, one in enumerate(ranges or ()):
        if "/" not in one or not _parses(one.strip(), lambda text: ip_network(text, strict=False)):
            message = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
            yield wrong(f"{path}[{index}]", one, message)


def _traffic(spec: dict) -> Causes:
    policy = spec.get("externalTrafficPolicy")
    if policy:
        if spec["type"] not in _OUTSIDE and not spec.get("externalIPs"):
            yield wrong("spec.externalTrafficPolicy", policy, "may only be set for externally-accessible services")
        else:
            yield from one_of("spec.externalTrafficPolicy", policy, *_POLICIES)
    if "internalTrafficPolicy" in spec:
        yield from one_of("spec.internalTrafficPolicy", spec["internalTrafficPolicy"], *_POLICIES)


def _address(field: str, value: str) -> Causes:
    if not _parses(value, ip_address):
        yield wrong(field, value, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")


def _parses(value: str, parse: Callable[[str], object]) -> bool:
    try:
        parse(value)
    except ValueError:
        return False
    return True
