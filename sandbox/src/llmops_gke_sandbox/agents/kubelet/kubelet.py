# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kubelets of a cluster's nodes: whatever is bound to a node comes alive here."""

from __future__ import annotations

import asyncio
import logging

from llmops_gke_sandbox.agents.kubelet.container import Container, Machinery
from llmops_gke_sandbox.agents.kubelet.environment import Environment
from llmops_gke_sandbox.agents.kubelet.image_pulls import Pulls
from llmops_gke_sandbox.agents.kubelet.pod_worker import PodWorker
from llmops_gke_sandbox.agents.kubelet.probes import Prober
from llmops_gke_sandbox.agents.kubelet.volumes import ModelVolumes
from llmops_gke_sandbox.agents.network.pod_network import PodNetwork
from llmops_gke_sandbox.agents.nodes.nodes import Nodes
from llmops_gke_sandbox.control.events import EventRecorder
from llmops_gke_sandbox.control.objects import is_deleting, key_of, uid_of
from llmops_gke_sandbox.control.plane import Plane
from llmops_gke_sandbox.workloads.base import Hub, ModelFiles

_log = logging.getLogger(__name__)


class Kubelets:
    """One worker for each pod that is bound to a node.

    :param files: buckets and disk images that pods may mount; None where there are none.
    :param machines: the nodes that are run by these kubelets.
    :ivar csi_drivers: that run on each of them.
    """

    def __init__(self, plane: Plane, hub: Hub, files: ModelFiles | None, network: PodNetwork, machines: Nodes) -> None:
        self._plane, self._owns = plane, machines.owns
        self.csi_drivers: frozenset[str] = frozenset()
        self._client = plane.client("kubelet")
        self._pods = plane.informers.store("pods")
        self._nodes = plane.informers.store("nodes")
        self._prober = Prober(network)
        volumes = ModelVolumes(files, lambda: self.csi_drivers, machines.secondary_disks)
        environment = Environment(plane.api, volumes)
        self._machinery = Machinery(plane, hub, network, self._prober, environment, Pulls(plane))
        self._recorders: dict[str, EventRecorder] = {}
        self._workers: dict[str, PodWorker] = {}
        self._tasks: dict[str, asyncio.Task] = {}
        self._pods.subscribe(self._pod_changed)
        self._nodes.subscribe(self._node_changed)

    async def stop(self) -> None:
        """End everything that runs."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._prober.stop()

    def container(self, namespace: str, pod: str, name: str) -> Container | None:
        """Return a container that has come to life, by the names of its pod and its own."""
        obj = self._pods.get(pod, namespace)
        worker = self._workers.get(uid_of(obj)) if obj else None
        return worker.container(name) if worker else None

    def shut_down(self, node: str) -> None:
        """End the pods of a node, as the kubelet does when its machine is about to stop."""
        for uid, worker in list(self._workers.items()):
            if uid in self._tasks and worker.node == node:
                worker.give_up("Terminated", "Pod was terminated in response to imminent node shutdown.")

    def _pod_changed(self, old: dict | None, new: dict | None) -> None:
        if new is None:
            self._workers.pop(uid_of(old), None)
            task = self._tasks.get(uid_of(old))
            if task is not None:
                task.cancel()
            return
        self._see_to(new)

    def _node_changed(self, old: dict | None, new: dict | None) -> None:
        """A pod may be bound before its node is seen."""
        if old is None and new is not None:
            for pod in self._pods.all():
                if pod["spec"].get("nodeName") == new["metadata"]["name"]:
                    self._see_to(pod)

    def _see_to(self, pod: dict) -> None:
        uid, node = uid_of(pod), self._nodes.get(pod["spec"].get("nodeName") or "")
        worker = self._workers.get(uid)
        if worker is None and node is not None and self._owns(node["metadata"]["name"]):
            events = self._recorder(node["metadata"]["name"])
            worker = self._workers[uid] = PodWorker(self._machinery, self._client, self._pods, pod, node, events)
            task = self._tasks[uid] = asyncio.create_task(worker.run(), name=f"pod {key_of(pod)}")
            task.add_done_callback(lambda task: self._ended(uid, task))
        if worker is not None and is_deleting(pod):
            worker.ask_to_go()

    def _recorder(self, node: str) -> EventRecorder:
        if node not in self._recorders:
            self._recorders[node] = self._plane.recorder("kubelet", "kubelet", node)
        return self._recorders[node]

    def _ended(self, uid: str, task: asyncio.Task) -> None:
        # Kept until here, so that stop() waits for what is still being taken down.
        del self._tasks[uid]
        if not task.cancelled() and (error := task.exception()):
            _log.error("%s failed: %r", task.get_name(), error, exc_info=error)
