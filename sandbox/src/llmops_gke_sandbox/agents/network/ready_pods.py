# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a load balancer finds the pods of a Service."""

from __future__ import annotations

import itertools

from llmops_gke_sandbox.agents.network.pod_network import PodNetwork
from llmops_gke_sandbox.control.informers import Informers
from llmops_gke_sandbox.control.objects import labels_of

_SLICES = "endpointslices.discovery.k8s.io"
_SERVICE_LABEL = "kubernetes.io/service-name"


class ReadyPods:
    """The ready pods behind Services, each in its turn."""

    def __init__(self, informers: Informers, network: PodNetwork) -> None:
        self._network = network
        self._services, self._slices = informers.store("services"), informers.store(_SLICES)
        self._turns = itertools.count()

    def ports(self, namespace: str | None, name: str, port: int) -> list[int]:
        """Return the ports on 127.0.0.1 behind a Service's port."""
        service = self._services.get(name, namespace)
        names = [one.get("name", "") for one in service["spec"]["ports"] if one["port"] == port] if service else []
        found = []
        for piece in self._slices.all(namespace):
            if labels_of(piece).get(_SERVICE_LABEL) != name:
                continue
            numbers = [one["port"] for one in piece.get("ports") or [] if one.get("name", "") in names]
            for endpoint in piece.get("endpoints") or []:
                if numbers and (endpoint.get("conditions") or {}).get("ready"):
                    found.append(self._network.local_port(endpoint["addresses"][0], numbers[0]))
        return [local for local in found if local]

    def turn(self, ports: list[int]) -> int | None:
        """Return the one whose turn it is; None where there is none."""
        return ports[next(self._turns) % len(ports)] if ports else None
