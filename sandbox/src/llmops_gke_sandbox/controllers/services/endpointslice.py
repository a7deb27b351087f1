# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""EndpointSlices: what proxies and load balancers read to find the pods of a Service."""

from __future__ import annotations

from llmops_gke_sandbox.control.controller import Controller
from llmops_gke_sandbox.control.objects import controller_reference, is_deleting, key_of, labels_of
from llmops_gke_sandbox.control.plane import Plane
from llmops_gke_sandbox.controllers.services.backends import Backend, backends, endpoint_ports, takes

_RESOURCE = "endpointslices.discovery.k8s.io"
_SERVICE_LABEL = "kubernetes.io/service-name"
_MANAGED_BY = {"endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}
_ZONE_LABEL = "topology.kubernetes.io/zone"


class EndpointSliceController(Controller):
    """Writes one slice for each Service with a selector and each set of target ports among its pods.

    A slice of a real cluster ends at 100 endpoints; the sandbox has no cluster of that size.
    """

    component = "endpoint-slice-controller"

    def __init__(self, plane: Plane) -> None:
        super().__init__(plane)
        self._services = self.follow("services")
        self._pods = self.follow("pods", self._services_of)
        self._nodes = self.store("nodes")
        self._slices = self.store(_RESOURCE)

    async def reconcile(self, key: str) -> None:
        service = self._services.by_key(key)
        # The slices of a Service that is gone belong to the garbage collector: the Service owns them.
        if service is None or is_deleting(service) or not service["spec"].get("selector"):
            return
        namespace, name = service["metadata"]["namespace"], service["metadata"]["name"]
        have = [one for one in self._slices.all(namespace) if labels_of(one).get(_SERVICE_LABEL) == name]
        for wanted in self._wanted(service, namespace):
            same = next((one for one in have if one.get("ports") == wanted["ports"]), None)
            if same is None:
                # A slice whose ports nobody has any more is free for new ones.
                same = next((one for one in have if not one.get("endpoints")), None)
            if same is None:
                await self.client.create(_RESOURCE, self._new(service, wanted), namespace)
                continue
            have.remove(same)
            if any(same.get(field) != value for field, value in wanted.items()):
                await self.client.patch(_RESOURCE, same["metadata"]["name"], wanted, namespace)
        for leftover in have:
            await self.client.delete(_RESOURCE, leftover)

    def _wanted(self, service: dict, namespace: str) -> list[dict]:
        groups: dict[str, dict] = {}
        for backend in backends(service, self._pods.all(namespace)):
            ports = endpoint_ports(service, backend.pod)
            group = groups.setdefault(repr(ports), {"endpoints": [], "ports": ports})
            group["endpoints"].append(self._endpoint(backend))
        return list(groups.values()) or [{"endpoints": [], "ports": []}]

    def _endpoint(self, backend: Backend) -> dict:
        endpoint = {
            "addresses": [backend.address],
            "conditions": {
                "ready": backend.ready,
                "serving": backend.ready,
                "terminating": backend.terminating,
            },
            "nodeName": backend.node,
            "targetRef": backend.target,
        }
        node = self._nodes.get(backend.node)
        zone = labels_of(node).get(_ZONE_LABEL) if node else None
        return {**endpoint, "zone": zone} if zone else endpoint

    def _new(self, service: dict, wanted: dict) -> dict:
        meta = service["metadata"]
        return {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "generateName": f"{meta['name']}-",
                "namespace": meta["namespace"],
                "labels": {**labels_of(service), _SERVICE_LABEL: meta["name"], **_MANAGED_BY},
                "ownerReferences": [controller_reference(service)],
            },
            "addressType": "IPv4",
            **wanted,
        }

    def _services_of(self, pod: dict) -> list[str]:
        namespace = pod["metadata"]["namespace"]
        return [key_of(service) for service in self._services.all(namespace) if takes(service, pod)]
