# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the addresses of a cluster's own network lead: pods', Services', and the names of Services."""

from __future__ import annotations

import re

from llmops_gke_sandbox.agents.network.cluster_dns import ClusterDns
from llmops_gke_sandbox.agents.network.pod_network import PodNetwork
from llmops_gke_sandbox.control.informers import Informers

_NAME = re.compile(r"(?P<name>[^.]+)\.(?P<namespace>[^.]+)\.svc(\.cluster\.local)?")


class ClusterRoutes:
    """For an API server that somebody else runs and that is connected with simulated pods, see remote.egress."""

    def __init__(self, informers: Informers, network: PodNetwork) -> None:
        self._network, self._dns = network, ClusterDns(informers, network)
        self._services = informers.store("services")
        self._apis = informers.store("apiservices.apiregistration.k8s.io")
        informers.store("endpointslices.discovery.k8s.io")

    def locate(self, host: str, port: int) -> tuple[str, int, bool] | None:
        """Return ("127.…", port there, whether it is an API that the API server serves), None where nothing listens."""
        local = self._network.local_port(host, port)
        if local is not None:
            return "127.0.0.1", local, False
        service = self._service(host)
        address = self._dns.locate(*service, port) if service else None
        if address is None:
            return None
        found, _colon, number = address.rpartition(":")
        return found, int(number), self._serves_an_api(*service)

    def _service(self, host: str) -> tuple[str, str] | None:
        named = _NAME.fullmatch(host)
        if named:
            return named["namespace"], named["name"]
        for one in self._services.all():
            if host in (one["spec"].get("clusterIPs") or ()):
                return one["metadata"]["namespace"], one["metadata"]["name"]
        return None

    def _serves_an_api(self, namespace: str, name: str) -> bool:
        asked = (one["spec"].get("service") or {} for one in self._apis.all())
        return any((one.get("namespace"), one.get("name")) == (namespace, name) for one in asked)
