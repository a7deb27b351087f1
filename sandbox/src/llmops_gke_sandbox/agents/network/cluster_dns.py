# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a Service of the cluster really answers, for programs that run in it."""

from __future__ import annotations

from llmops_gke_sandbox.agents.network.pod_network import PodNetwork
from llmops_gke_sandbox.control.informers import Informers
from llmops_gke_sandbox.control.objects import labels_of

_SLICES = "endpointslices.discovery.k8s.io"
_SERVICE_LABEL = "kubernetes.io/service-name"


class ClusterDns:
    """Cluster DNS and kube-proxy in one: from a Service's name to an address on loopback."""

    def __init__(self, informers: Informers, network: PodNetwork) -> None:
        self._informers, self._network = informers, network

    def locate(self, namespace: str, service: str, port: int) -> str | None:
        """Return "ADDRESS:PORT" of a Service: its load balancer, which takes the pods in turns, or one ready pod."""
        found = self._informers.store("services").get(service, namespace)
        ports = [one for one in found["spec"]["ports"] if one["port"] == port] if found else []
        if not ports:
            return None
        ingress = ((found.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
        if ingress:
            return f"{ingress[0]['ip']}:{port}"
        for piece in self._informers.store(_SLICES).all(namespace):
            if labels_of(piece).get(_SERVICE_LABEL) != service:
                continue
            numbers = [
                one["port"] for one in piece.get("ports") or [] if one.get("name", "") == ports[0].get("name", "")
            ]
            for endpoint in piece.get("endpoints") or []:
                if numbers and (endpoint.get("conditions") or {}).get("ready"):
                    local = self._network.local_port(endpoint["addresses"][0], numbers[0])
                    if local:
                        return f"127.0.0.1:{local}"
        return None
