# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Endpoints: the addresses behind each Service, ready and not."""

from __future__ import annotations

from llmops_gke_sandbox.control.controller import Controller
from llmops_gke_sandbox.control.objects import key_of, labels_of
from llmops_gke_sandbox.control.plane import Plane
from llmops_gke_sandbox.controllers.services.backends import Backend, backends, endpoint_ports, takes


class EndpointsController(Controller):
    """Writes one Endpoints object for each Service with a selector."""

    component = "endpoint-controller"

    def __init__(self, plane: Plane) -> None:
        super().__init__(plane)
        self._services = self.follow("services")
        self._pods = self.follow("pods", self._services_of)
        self._endpoints = self.store("endpoints")

    async def reconcile(self, key: str) -> None:
        service, have = self._services.by_key(key), self._endpoints.by_key(key)
        if service is None:
            if have is not None:
                await self.client.delete("endpoints", have)
            return
        if not service["spec"].get("selector"):
            return
        namespace, name = service["metadata"]["namespace"], service["metadata"]["name"]
        subsets = _subsets(service, backends(service, self._pods.all(namespace)))
        labels = labels_of(service)
        if have is None:
            wanted = {
                "apiVersion": "v1",
                "kind": "Endpoints",
                "metadata": {"name": name, "namespace": namespace, "labels": labels},
                **({"subsets": subsets} if subsets else {}),
            }
            await self.client.create("endpoints", wanted, namespace)
        elif (have.get("subsets") or []) != subsets or labels_of(have) != labels:
            gone = dict.fromkeys(labels_of(have).keys() - labels.keys())
            body = {"metadata": {"labels": {**labels, **gone}}, "subsets": subsets or None}
            await self.client.patch("endpoints", name, body, namespace)

    def _services_of(self, pod: dict) -> list[str]:
        namespace = pod["metadata"]["namespace"]
        return [key_of(service) for service in self._services.all(namespace) if takes(service, pod)]


def _subsets(service: dict, found: list[Backend]) -> list[dict]:
    """Group the backends by the ports they have: one subset each, ready and unready addresses apart."""
    groups: dict[tuple, list[Backend]] = {}
    for backend in found:
        if not backend.terminating:
            ports = endpoint_ports(service, backend.pod)
            key = tuple((port["name"], port["port"], port["protocol"]) for port in ports)
            groups.setdefault(key, []).append(backend)
    subsets = []
    for key, members in groups.items():
        subset: dict = {}
        for field, ready in (("addresses", True), ("notReadyAddresses", False)):
            if addresses := [_address(one) for one in members if one.ready is ready]:
                subset[field] = addresses
        ports = [
            {**({"name": name} if name else {}), "port": port, "protocol": protocol} for name, port, protocol in key
        ]
        subsets.append({**subset, **({"ports": ports} if ports else {})})
    return subsets


def _address(backend: Backend) -> dict:
    return {"ip": backend.address, "nodeName": backend.node, "targetRef": backend.target}
