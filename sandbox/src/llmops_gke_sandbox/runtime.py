# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that makes a cluster alive behind its API: controllers, the scheduler, nodes, pods, load balancers."""

from __future__ import annotations

import asyncio

from llmops_gke_sandbox.agents.kubelet.kubelet import Kubelets
from llmops_gke_sandbox.agents.network.addresses import Addresses
from llmops_gke_sandbox.agents.network.cluster_dns import ClusterDns
from llmops_gke_sandbox.agents.network.cluster_routes import ClusterRoutes
from llmops_gke_sandbox.agents.network.gateways import Gateways
from llmops_gke_sandbox.agents.network.load_balancers import LoadBalancers
from llmops_gke_sandbox.agents.network.pod_network import PodNetwork
from llmops_gke_sandbox.agents.nodes.nodes import Nodes
from llmops_gke_sandbox.clock import Clock
from llmops_gke_sandbox.control.controller import Controller
from llmops_gke_sandbox.control.informers import Informers
from llmops_gke_sandbox.control.objects import condition, controller_of
from llmops_gke_sandbox.control.plane import Plane
from llmops_gke_sandbox.controllers import CONTROLLERS
from llmops_gke_sandbox.controllers.autoscaling.hpa import HorizontalPodAutoscalerController
from llmops_gke_sandbox.controllers.autoscaling.metrics import Metrics
from llmops_gke_sandbox.controllers.scheduling import placement
from llmops_gke_sandbox.faults import Faults
from llmops_gke_sandbox.kubernetes.api import KubernetesApi
from llmops_gke_sandbox.kubernetes.errors import bad_request
from llmops_gke_sandbox.workloads.base import Hub, ModelFiles


class ClusterRuntime:
    """One cluster's life.

    :param api: of the sandbox's own API server or of any other.
    :param files: buckets and disk images that pods may mount; None where there are none.
    :param addresses: where load balancers get theirs; one object for all clusters of a sandbox.
    :param controllers: False where the API server has controllers and a scheduler of its own.
    :param agents: False where others run the nodes: no kubelets, no load balancers.
    """

    def __init__(
        self,
        cluster_name: str,
        project: str,
        location: str,
        api: KubernetesApi,
        *,
        clock: Clock,
        faults: Faults,
        hub: Hub,
        files: ModelFiles | None = None,
        addresses: Addresses,
        controllers: bool = True,
        agents: bool = True,
    ) -> None:
        self._informers = Informers(api)
        plane = Plane(cluster_name, project, location, api, self._informers, clock, faults)
        self._network = PodNetwork()
        self._nodes = Nodes(plane)
        self._kubelets = Kubelets(plane, hub, files, self._network, self._nodes)
        self._agents = agents
        self._controllers: list[Controller] = [one(plane) for one in CONTROLLERS] if controllers else []
        if controllers:
            metrics = Metrics(self._informers, ClusterDns(self._informers, self._network).locate)
            self._controllers.append(HorizontalPodAutoscalerController(plane, metrics))
        self._routes = ClusterRoutes(self._informers, self._network)
        self._load_balancers = LoadBalancers(plane, addresses, self._network) if agents else None
        self._gateways = Gateways(plane, addresses, self._network) if agents else None
        self._controllers += [one for one in (self._load_balancers, self._gateways) if one is not None]
        self._autoscaler_events = plane.recorder("cluster-autoscaler", "cluster-autoscaler")
        self._pods = self._informers.store("pods")
        self._tasks: list[asyncio.Task] = []

    async def start(self) -> None:
        """Begin to act on what the API shows."""
        await self._informers.start()
        for controller in self._controllers:
            name = type(controller).__name__
            self._tasks.append(asyncio.create_task(controller.run(), name=name))
        if self._agents:
            self._tasks.append(asyncio.create_task(self._nodes.run(), name="heartbeats"))

    async def clear(self) -> None:
        """Remove nodes that an earlier sandbox left on an API server that outlived it."""
        await self._nodes.clear()

    async def withdraw(self) -> None:
        """Take nodes and addresses back from an API server that outlives this runtime; call it before stop()."""
        await self._nodes.clear()
        if self._load_balancers is not None:
            await self._load_balancers.withdraw()

    async def stop(self) -> None:
        """End every task and listener; the API keeps what it shows."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        await self._informers.stop()
        await self._nodes.stop()
        await self._kubelets.stop()
        for balancers in (self._load_balancers, self._gateways):
            if balancers is not None:
                await balancers.stop()

    async def add_node(self, pool: dict, zone: str, name: str) -> None:
        """Add a machine of a node pool.

        :param pool: a NodePool of GKE's API.
        :raises ValueError: for a machine type that the sandbox does not know.
        """
        await self._nodes.add(pool, zone, name)

    async def remove_node(self, name: str) -> None:
        """Take a machine away, and the pods on it; one that is not there is fine."""
        await self._nodes.remove(name)

    async def shut_down_node(self, name: str) -> None:
        """Begin a machine's end: its node says so, and its pods end."""
        await self._nodes.shut_down(name)
        self._kubelets.shut_down(name)

    def set_csi_drivers(self, names: frozenset[str]) -> None:
        """Have these CSI drivers of add-ons run on every node."""
        self._kubelets.csi_drivers = names

    def unschedulable_pods(self) -> list[dict]:
        """Return the pods that the scheduler found no node for, as a node pool's autoscaler wants to know them.

        Those for which a node has come meanwhile are left out: the scheduler has only not looked again.
        """

        def is_stuck(pod: dict) -> bool:
            scheduled = condition(pod, "PodScheduled") or {}
            return not pod["spec"].get("nodeName") and scheduled.get("reason") == "Unschedulable"

        pods = list(self._pods.all())
        stuck = [pod for pod in pods if is_stuck(pod)]
        return placement.without_room(stuck, self._nodes.expected(), pods)

    def idle_nodes(self) -> set[str]:
        """Return the nodes on which no pod is but those that every node has, and those that have ended."""
        nodes = {node["metadata"]["name"] for node in self._informers.store("nodes").all()}
        for pod in self._pods.all():
            ended = (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
            if not ended and (controller_of(pod) or {}).get("kind") != "DaemonSet":
                nodes.discard(pod["spec"].get("nodeName"))
        return nodes

    async def tell_pod(self, pod: dict, kind: str, reason: str, message: str) -> None:
        """Record an event of the cluster autoscaler's about a pod; kind is Normal or Warning."""
        await self._autoscaler_events.record(pod, kind, reason, message)

    def pod(self, namespace: str, name: str) -> dict | None:
        """Return a pod that runs on a node of this runtime; None for others, and for those that are not bound yet."""
        found = self._pods.get(name, namespace)
        return found if found is not None and self._nodes.owns(found["spec"].get("nodeName") or "") else None

    def pod_port(self, namespace: str, pod: str, port: int) -> int | None:
        """Return the port of 127.0.0.1 behind a pod's port, None where nothing listens; for port forwarding."""
        found = self._pods.get(pod, namespace)
        address = ((found or {}).get("status") or {}).get("podIP")
        return self._network.local_port(address, port) if address else None

    def route(self, host: str, port: int) -> tuple[str, int, bool] | None:
        """Return where a pod's or Service's address leads, for remote.egress; see ClusterRoutes.locate."""
        return self._routes.locate(host, port)

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
        return lines if tail is None else list(lines[max(0, len(lines) - tail) :])
