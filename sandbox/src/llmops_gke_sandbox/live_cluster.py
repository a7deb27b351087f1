# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster of the GKE API: an API server, the sandbox's own or any other, and what keeps it alive."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable

from llmops_gke_sandbox.agents.network.addresses import Addresses
from llmops_gke_sandbox.agents.nodes.nodes import driver_is_installed, gpu_count, node_object
from llmops_gke_sandbox.clock import Clock
from llmops_gke_sandbox.control.objects import simulated
from llmops_gke_sandbox.controllers.scheduling import placement
from llmops_gke_sandbox.faults import Faults
from llmops_gke_sandbox.google.container.operations import OperationFailed
from llmops_gke_sandbox.google.storage.models import ModelFiles
from llmops_gke_sandbox.huggingface.hub import Hub
from llmops_gke_sandbox.kubectl_access import KubectlAccess
from llmops_gke_sandbox.kubernetes.cluster import KubernetesCluster
from llmops_gke_sandbox.kubernetes.errors import ApiError
from llmops_gke_sandbox.remote.belongings import Belongings
from llmops_gke_sandbox.remote.egress import Egress
from llmops_gke_sandbox.remote.front import RemoteCluster
from llmops_gke_sandbox.remote.kubeconfig import Access
from llmops_gke_sandbox.request_log import RequestLog
from llmops_gke_sandbox.runtime import ClusterRuntime

_log = logging.getLogger(__name__)


class LiveCluster:
    """See google.container.backend.Backend.

    :param remote: access to an API server that somebody else runs, with its controllers and scheduler; None for one
        of the sandbox's own.
    :ivar kubeconfig: the file of ``remote``.
    """

    def __init__(
        self,
        name: str,
        location: str,
        *,
        project: str,
        clock: Clock,
        faults: Faults,
        log: RequestLog,
        authenticate: Callable[[str], str | None],
        granted: Callable[[str], bool],
        hub: Hub,
        files: ModelFiles,
        addresses: Addresses,
        kubectl_access: KubectlAccess,
        remote: Access | None = None,
    ) -> None:
        self._project = project
        self.kubeconfig = None if remote is None else remote.file
        served = {"faults": faults, "log": log, "authenticate": authenticate}
        self._server: KubernetesCluster | RemoteCluster = (
            KubernetesCluster(name, clock=clock, granted=granted, **served)
            if remote is None
            else RemoteCluster(name, remote, **served)
        )
        self._runtime = ClusterRuntime(
            name,
            project,
            location,
            self._server.api,
            clock=clock,
            faults=faults,
            hub=hub,
            files=files,
            addresses=addresses,
            controllers=remote is None,
        )
        self._server.log_source, self._server.port_source = self._runtime.pod_logs, self._runtime.pod_port
        self._egress: Egress | None = None
        self._belongings: Belongings | None = None
        if isinstance(self._server, RemoteCluster):
            self._server.pod = self._runtime.pod
            self._belongings = self._server.belongings
            self._egress = Egress(remote.egress_socket, self._runtime.route)
        self._kubectl_access = kubectl_access

    @property
    def endpoint(self) -> str:
        return self._server.endpoint

    @property
    def ca_certificate(self) -> bytes:
        return self._server.ca_certificate

    async def start(self) -> None:
        try:
            await self._server.start()
        except ApiError as error:
            await self._server.stop()
            text = f"The API server of the sandbox's kubeconfig can't be used: {error.message}"
            raise OperationFailed("FAILED_PRECONDITION", text) from None
        await self._runtime.start()
        if self._egress is not None:
            await self._runtime.clear()
            await self._egress.start()
        self._kubectl_access.write(self.endpoint, self.ca_certificate)

    async def stop(self) -> None:
        self._kubectl_access.remove()
        if self._egress is not None and self._belongings is not None:
            await self._given_back(self._belongings.take_back_namespaces)
            await self._given_back(self._runtime.withdraw)
            await self._egress.stop()
        await self._runtime.stop()
        if self._belongings is not None:
            # When nobody watches such objects any more.
            await self._given_back(self._belongings.take_back_definitions)
        await self._server.stop()

    @staticmethod
    async def _given_back(take: Callable[[], Awaitable[None]]) -> None:
        try:
            await take()
        except ApiError as error:
            # The server was ended first. Should it come back, the next sandbox takes what is left.
            _log.warning("what the sandbox brought stays on the API server: %s", error.message)

    async def add_node(self, pool: dict, zone: str, name: str) -> None:
        await self._runtime.add_node(pool, zone, name)

    async def remove_node(self, name: str) -> None:
        await self._runtime.remove_node(name)

    async def shut_down_node(self, name: str) -> None:
        await self._runtime.shut_down_node(name)

    async def set_node_labels(self, name: str, labels: dict[str, str | None]) -> None:
        await self._server.api.patch("nodes", name, {"metadata": {"labels": labels}})

    async def set_node_taints(self, name: str, taints: list[dict]) -> None:
        await self._server.api.patch("nodes", name, {"spec": {"taints": taints}})

    async def set_managed(self, namespace: str, daemon_set: dict, *, wanted: bool) -> None:
        api, name = self._server.api, daemon_set["metadata"]["name"]
        there = await api.get("daemonsets.apps", name, namespace) is not None
        if wanted and not there:
            if await api.get("namespaces", namespace) is None:
                await api.create("namespaces", simulated({"metadata": {"name": namespace}}))
            await api.create("daemonsets.apps", simulated(daemon_set), namespace)
        elif there and not wanted:
            await api.delete("daemonsets.apps", name, namespace)

    def set_csi_drivers(self, names: frozenset[str]) -> None:
        self._runtime.set_csi_drivers(names)

    async def define(self, definitions: Iterable[dict]) -> None:
        for definition in definitions:
            await self._server.define(definition)

    def unschedulable_pods(self) -> list[dict]:
        return self._runtime.unschedulable_pods()

    def idle_nodes(self) -> set[str]:
        return self._runtime.idle_nodes()

    def refusals(self, pool: dict, zone: str, pod: dict) -> list[str]:
        node = node_object(pool, zone, "new-node", 0, self._project)
        if driver_is_installed(pool):
            node["status"]["allocatable"]["nvidia.com/gpu"] = str(gpu_count(pool))
        refused = placement.refusal(pod, node, [])
        return [] if refused is None else list(refused.reasons)

    async def tell_pod(self, pod: dict, kind: str, reason: str, message: str) -> None:
        await self._runtime.tell_pod(pod, kind, reason, message)
