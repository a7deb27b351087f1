# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cluster IPs and node ports of Services."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Network, ip_address
from itertools import chain

from llmops_gke_sandbox.kubernetes.errors import ApiError, Cause, invalid
from llmops_gke_sandbox.kubernetes.schema.kinds import Kind

CLUSTER_RANGE = IPv4Network("34.118.224.0/20")
"""The range that GKE gives to Services by default."""
NODE_PORTS = range(30000, 32768)
_WITH_NODE_PORTS = ("NodePort", "LoadBalancer")
# Fields that go when a Service's new type has no use for them.
_OF_TYPES = {
    "allocateLoadBalancerNodePorts": ("LoadBalancer",),
    "externalTrafficPolicy": _WITH_NODE_PORTS,
    "loadBalancerClass": ("LoadBalancer",),
}


class ServiceAddresses:
    """Which addresses and ports are taken. Numbers are given in turn, so that a deleted one is not reused at once."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._hosts = list(map(str, CLUSTER_RANGE.hosts()))
        self._taken: set[str] = set()
        self._ports: set[int] = set()
        self._next_host = 0
        self._next_port = 0

    def allocate(self, service: dict) -> None:
        """Give a new Service, in place, what its type needs.

        :raises ApiError: 422 for an address or port that is taken or out of range.
        """
        spec = service["spec"]
        if spec["type"] == "ExternalName":
            return
        spec["clusterIP"] = self._cluster_ip(service, spec.get("clusterIP"))
        spec["clusterIPs"] = [spec["clusterIP"]]
        spec.setdefault("ipFamilies", ["IPv4"])
        spec.setdefault("ipFamilyPolicy", "SingleStack")
        self._node_ports(service, {})

    def reallocate(self, old: dict, new: dict) -> None:
        """Keep, in place, what a Service has, and give it what its new type needs."""
        before, after = old["spec"], new["spec"]
        for name in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            if name in before and after["type"] != "ExternalName":
                after.setdefault(name, before[name])
        for name, types in _OF_TYPES.items():
            if after["type"] not in types and after.get(name) == before.get(name):
                after.pop(name, None)
        if after.get("clusterIP") != before.get("clusterIP") and after.get("clusterIPs") == before.get("clusterIPs"):
            after["clusterIPs"] = [after["clusterIP"]]
        if "clusterIP" not in after:
            self.allocate(new)
            return
        kept = {(port["port"], port["protocol"]): port.get("nodePort") for port in before.get("ports", ())}
        self._node_ports(new, kept)
        used = {port.get("nodePort") for port in after.get("ports", ())}
        self._ports.difference_update(port for port in kept.values() if port not in used)

    @contextmanager
    def trial(self, dry_run: bool) -> Iterator[None]:
        """Take back what is given meanwhile, if it is a dry run or the write is refused."""
        before = (set(self._taken), set(self._ports))
        try:
            yield
        except ApiError:
            self._taken, self._ports = before
            raise
        if dry_run:
            self._taken, self._ports = before

    def release(self, service: dict) -> None:
        """Take back what a Service had."""
        spec = service["spec"]
        self._taken.discard(spec.get("clusterIP", ""))
        self._ports.difference_update(port.get("nodePort") for port in spec.get("ports", ()))

    def _cluster_ip(self, service: dict, wanted: str | None) -> str:
        if wanted == "None":
            return wanted
        if wanted:
            self._take(service, wanted)
            return wanted
        count = len(self._hosts)
        candidates = (self._hosts[(self._next_host + step) % count] for step in range(count))
        found = next(host for host in candidates if host not in self._taken)
        self._next_host = self._hosts.index(found) + 1
        self._taken.add(found)
        return found

    def _take(self, service: dict, wanted: str) -> None:
        try:
            inside = ip_address(wanted) in CLUSTER_RANGE
        except ValueError:
            return  # What is no address at all, validation refuses.
        problem = None
        if not inside:
            problem = f"the provided IP ({wanted}) is not in the valid range. The range of valid IPs is {CLUSTER_RANGE}"
        elif wanted in self._taken:
            problem = "provided IP is already allocated"
        if problem:
            message = f'Invalid value: ["{wanted}"]: failed to allocate IP {wanted}: {problem}'
            raise self._refuse(service, "spec.clusterIPs", message)
        self._taken.add(wanted)

    def _node_ports(self, service: dict, kept: dict) -> None:
        spec = service["spec"]
        wanted = spec["type"] in _WITH_NODE_PORTS and spec.get("allocateLoadBalancerNodePorts", True)
        for index, port in enumerate(spec.get("ports", ())):
            had = kept.get((port["port"], port["protocol"]))
            if not wanted:
                # What the former type had goes with it; what the writer says stays, and is refused.
                if spec["type"] not in _WITH_NODE_PORTS and port.get("nodePort") == had:
                    port.pop("nodePort", None)
                continue
            number = port.get("nodePort") or had or self._free_port()
            if number != had and number in self._ports:
                raise self._refuse(
                    service,
                    f"spec.ports[{index}].nodePort",
                    f"Invalid value: {number}: provided port is already allocated",
                )
            self._ports.add(number)
            port["nodePort"] = number

    def _free_port(self) -> int:
        order = chain(NODE_PORTS[self._next_port :], NODE_PORTS[: self._next_port])
        found = next(port for port in order if port not in self._ports)
        self._next_port = NODE_PORTS.index(found) + 1
        return found

    def _refuse(self, service: dict, field: str, message: str) -> ApiError:
        return invalid(self._kind, service["metadata"]["name"], [Cause("FieldValueInvalid", message, field)])
