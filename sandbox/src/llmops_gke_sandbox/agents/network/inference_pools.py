# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""InferencePools: their pods, what their endpoint picker says, and what a Gateway's controller tells of them."""

from __future__ import annotations

import aiohttp

from llmops_gke_sandbox.agents.network.pod_network import PodNetwork
from llmops_gke_sandbox.agents.network.ready_pods import ReadyPods
from llmops_gke_sandbox.control.informers import Informers
from llmops_gke_sandbox.control.objects import is_deleting, is_pod_ready, labels_of
from llmops_gke_sandbox.workloads.picker.workload import PICK

POOLS = "inferencepools.inference.networking.k8s.io"
_PATIENCE = aiohttp.ClientTimeout(total=5)


class PickerFailed(Exception):
    """The picker does not answer, and the pool shall then take no request."""


class PickerRefused(Exception):
    """The picker refuses a request: status and text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


class InferencePools:
    """Those of one cluster, once it knows the kind."""

    def __init__(self, informers: Informers, network: PodNetwork) -> None:
        self._informers, self._network = informers, network
        self._services = ReadyPods(informers, network)
        self._pods = informers.store("pods")
        self.is_known = False

    def get(self, namespace: str, name: str) -> dict | None:
        """Return a pool; None where there is none."""
        return self._informers.store(POOLS).get(name, namespace) if self.is_known else None

    def endpoints(self, namespace: str, name: str) -> dict[str, int]:
        """Return the ready pods of a pool: address -> port on 127.0.0.1 behind its target port."""
        pool = self.get(namespace, name)
        if pool is None:
            return {}
        labels, port = pool["spec"]["selector"]["matchLabels"].items(), pool["spec"]["targetPorts"][0]["number"]
        found = {
            pod["status"]["podIP"]: self._network.local_port(pod["status"]["podIP"], port)
            for pod in self._pods.all(namespace)
            if labels <= labels_of(pod).items() and is_pod_ready(pod) and not is_deleting(pod)
        }
        return {address: local for address, local in found.items() if local}

    def lacks(self, pool: dict) -> str | None:
        """Return what a pool names that is not there, None where that is nothing."""
        service = pool["spec"]["endpointPickerRef"]["name"]
        found = self._informers.store("services").get(service, pool["metadata"]["namespace"])
        return None if found else f"Service {service} of the endpoint picker does not exist"

    async def pick(self, namespace: str, name: str, request: dict, endpoints: dict[str, int]) -> int | None:
        """Return the port of the endpoint that takes a request: {path, body}. None: any may, its picker is silent.

        :raises PickerFailed: where it is silent, and the pool fails closed.
        :raises PickerRefused: as the picker does.
        """
        reference = self.get(namespace, name)["spec"]["endpointPickerRef"]
        ports = self._services.ports(namespace, reference["name"], reference["port"]["number"])
        try:
            if not ports:
                raise aiohttp.ClientConnectionError
            async with aiohttp.ClientSession(timeout=_PATIENCE, trust_env=False) as session:
                asked = {**request, "endpoints": endpoints}
                async with session.post(f"http://127.0.0.1:{ports[0]}{PICK}", json=asked) as answer:
                    said = await answer.json()
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            if reference["failureMode"] == "FailOpen":
                return None
            raise PickerFailed from error
        if "status" in said:
            raise PickerRefused(said["status"], said["text"])
        return endpoints[said["endpoint"]]
