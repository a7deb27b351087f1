"""Everything that makes a cluster alive behind its API: controllers, the scheduler, nodes, pods, load balancers."""

from __future__ import annotations

import asyncio

from llmops_gke_sandbox.agents.addresses import Addresses
from llmops_gke_sandbox.agents.kubelet import Kubelets
from llmops_gke_sandbox.agents.load_balancers import LoadBalancers
from llmops_gke_sandbox.agents.network import PodNetwork
from llmops_gke_sandbox.agents.nodes import Nodes
from llmops_gke_sandbox.clock import Clock
from llmops_gke_sandbox.control.informers import Informers
from llmops_gke_sandbox.control.objects import condition
from llmops_gke_sandbox.control.plane import Plane
from llmops_gke_sandbox.controllers import CONTROLLERS
from llmops_gke_sandbox.faults import Faults
from llmops_gke_sandbox.kubernetes.errors import bad_request
from llmops_gke_sandbox.workloads.base import Hub


class ClusterRuntime:
    """One cluster's life.

    :param api: the LocalApi protocol, of the sandbox's own API server or of any other.
    :param addresses: where load balancers get theirs; one object for all clusters of a sandbox.
    """

    def __init__(
        self,
        cluster_name: str,
        project: str,
        location: str,
        api,
        *,
        clock: Clock,
        faults: Faults,
        hub: Hub,
        addresses: Addresses,
    ) -> None:
        self._informers = Informers(api)
        plane = Plane(cluster_name, project, location, api, self._informers, clock, faults)
        self._network = PodNetwork()
        self._nodes = Nodes(plane)
        self._kubelets = Kubelets(plane, hub, self._network)
        self._load_balancers = LoadBalancers(plane, addresses, self._network)
        self._controllers = [controller(plane) for controller in CONTROLLERS] + [self._load_balancers]
        self._pods = self._informers.store("pods")
        self._tasks: list[asyncio.Task] = []

    async def start(self) -> None:
        """Begin to act on what the API shows."""
        await self._informers.start()
        for controller in self._controllers:
            name = type(controller).__name__
            self._tasks.append(asyncio.create_task(controller.run(), name=name))

    async def stop(self) -> None:
        """End every task and listener; the API keeps what it shows."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        await self._informers.stop()
        await self._nodes.stop()
        await self._kubelets.stop()
        await self._load_balancers.stop()

    async def add_node(self, pool: dict, zone: str, name: str) -> None:
        """Add a machine of a node pool.

        :param pool: a NodePool of GKE's API.
        :raises ValueError: for a machine type that the sandbox does not know.
        """
        await self._nodes.add(pool, zone, name)

    async def remove_node(self, name: str) -> None:
        """Take a machine away, and the pods on it; one that is not there is fine."""
        await self._nodes.remove(name)

    def unschedulable_pods(self) -> list[dict]:
        """Return the pods that the scheduler found no node for, as a node pool's autoscaler wants to know them."""

        def is_stuck(pod: dict) -> bool:
            scheduled = condition(pod, "PodScheduled") or {}
            return not pod["spec"].get("nodeName") and scheduled.get("reason") == "Unschedulable"

        return [pod for pod in self._pods.all() if is_stuck(pod)]

    def pod_logs(self, namespace: str, pod: str, container: str, previous: bool, tail: int | None) -> list[str]:
        """Return the lines that a container wrote, the last ``tail`` of them; for KubernetesCluster.log_source.

        :raises ApiError: 400, if the container has not run, or has no former run where ``previous`` asks for one.
        """
        found = self._kubelets.container(namespace, pod, container)
        if found is None or not found.identity:
            raise bad_request(f'container "{container}" in pod "{pod}" is waiting to start: ContainerCreating')
        if previous and not found.last_state:
            raise bad_request(f'previous terminated container "{container}" in pod "{pod}" not found')
        lines = found.previous_log if previous else found.log
        return list(lines if tail is None else lines[max(0, len(lines) - tail) :])
