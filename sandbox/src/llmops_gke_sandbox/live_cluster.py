"""A cluster of the GKE API, backed by the sandbox's own Kubernetes API server and what keeps it alive."""

from __future__ import annotations

from collections.abc import Callable

from llmops_gke_sandbox.agents.addresses import Addresses
from llmops_gke_sandbox.agents.nodes import driver_is_installed, gpu_count, node_object
from llmops_gke_sandbox.clock import Clock
from llmops_gke_sandbox.controllers import placement
from llmops_gke_sandbox.faults import Faults
from llmops_gke_sandbox.huggingface.hub import Hub
from llmops_gke_sandbox.kubectl_access import KubectlAccess
from llmops_gke_sandbox.kubernetes.cluster import KubernetesCluster
from llmops_gke_sandbox.request_log import RequestLog
from llmops_gke_sandbox.runtime import ClusterRuntime


class LiveCluster:
    """See google.container.backend.Backend."""

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
        hub: Hub,
        addresses: Addresses,
        kubectl_access: KubectlAccess,
    ) -> None:
        self._project = project
        self._server = KubernetesCluster(name, clock=clock, faults=faults, log=log, authenticate=authenticate)
        self._runtime = ClusterRuntime(
            name, project, location, self._server.api, clock=clock, faults=faults, hub=hub, addresses=addresses
        )
        self._server.log_source = self._runtime.pod_logs
        self._kubectl_access = kubectl_access

    @property
    def endpoint(self) -> str:
        return self._server.endpoint

    @property
    def ca_certificate(self) -> bytes:
        return self._server.ca_certificate

    async def start(self) -> None:
        await self._server.start()
        await self._runtime.start()
        self._kubectl_access.write(self.endpoint, self.ca_certificate)

    async def stop(self) -> None:
        self._kubectl_access.remove()
        await self._runtime.stop()
        await self._server.stop()

    async def add_node(self, pool: dict, zone: str, name: str) -> None:
        await self._runtime.add_node(pool, zone, name)

    async def remove_node(self, name: str) -> None:
        await self._runtime.remove_node(name)

    async def set_node_labels(self, name: str, labels: dict[str, str | None]) -> None:
        await self._server.api.patch("nodes", name, {"metadata": {"labels": labels}})

    async def set_node_taints(self, name: str, taints: list[dict]) -> None:
        await self._server.api.patch("nodes", name, {"spec": {"taints": taints}})

    def unschedulable_pods(self) -> list[dict]:
        return self._runtime.unschedulable_pods()

    def would_take(self, pool: dict, zone: str, pod: dict) -> bool:
        node = node_object(pool, zone, "new-node", 0, self._project)
        if driver_is_installed(pool):
            node["status"]["allocatable"]["nvidia.com/gpu"] = str(gpu_count(pool))
        return placement.refusal(pod, node, []) is None
