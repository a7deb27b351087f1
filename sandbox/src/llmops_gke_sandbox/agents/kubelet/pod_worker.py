# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of one pod on its node."""

from __future__ import annotations

import asyncio
import logging

from llmops_gke_sandbox.agents.kubelet.container import Container, Machinery, Place
from llmops_gke_sandbox.agents.kubelet.durations import back_off
from llmops_gke_sandbox.agents.kubelet.pod_status import Progress, pod_status
from llmops_gke_sandbox.agents.kubelet.volumes import MountError
from llmops_gke_sandbox.control.client import Client
from llmops_gke_sandbox.control.events import EventRecorder
from llmops_gke_sandbox.control.informers import Store
from llmops_gke_sandbox.control.objects import timestamp
from llmops_gke_sandbox.kubernetes.errors import ApiError

_log = logging.getLogger(__name__)

_SANDBOX_SECONDS = 1.0
_STOP_SECONDS = 2.0
# How often a node looks whether it is short of something; in wall seconds at the least, as nothing waits for it.
_PRESSURE_SECONDS, _LEAST_PRESSURE_PERIOD = 10.0, 0.2


class PodWorker:
    """Brings a pod up, reports on it, and takes it down when it is to go.

    :param node: the Node the pod is bound to.
    """

    def __init__(
        self, machinery: Machinery, client: Client, pods: Store, pod: dict, node: dict, events: EventRecorder
    ) -> None:
        self._machinery, self._client, self._pods = machinery, client, pods
        self._pod, self._node, self._events = pod, node, events
        self._clock = machinery.plane.clock
        self._to_go, self._given_up = asyncio.Event(), asyncio.Event()
        self._publishing = asyncio.Lock()
        spec = pod["spec"]
        host = next(one["address"] for one in node["status"]["addresses"] if one["type"] == "InternalIP")
        waiting = "PodInitializing" if spec.get("initContainers") else "ContainerCreating"
        self._progress = Progress(host, timestamp(self._clock.now()))
        self._progress.inits = [self._container(one, waiting) for one in spec.get("initContainers") or []]
        self._progress.containers = [self._container(one, waiting) for one in spec["containers"]]

    def container(self, name: str) -> Container | None:
        """Return a container of the pod by name."""
        return next((one for one in self._containers() if one.spec["name"] == name), None)

    @property
    def node(self) -> str:
        """The name of the node that it is on."""
        return self._node["metadata"]["name"]

    def ask_to_go(self) -> None:
        """Begin the pod's graceful end."""
        self._to_go.set()

    def give_up(self, reason: str, message: str) -> None:
        """End the pod for the node's own reasons: it has failed then, and stays to be seen."""
        self._progress.failure = (reason, message)
        self._given_up.set()

    async def run(self) -> None:
        """Live until the pod is deleted from the API; cancelled where it is gone already."""
        living = asyncio.create_task(self._live())
        ends = (self._to_go.wait(), self._given_up.wait(), self._evicted())
        watching = {asyncio.create_task(one) for one in ends}
        try:
            await asyncio.wait({living, *watching}, return_when=asyncio.FIRST_COMPLETED)
            if self._progress.failure is not None:
                await _cancel(living)
                await self._publish()
            elif living.done() and (error := living.exception()):
                _log.error("pod %s: %r", self._name, error, exc_info=error)
                await self._events.warning(self._pod, "FailedSync", f"error syncing pod: {error}")
            await self._to_go.wait()
            await self._end(living)
        finally:
            # Deleting the pod brings a second cancellation: first of all, let none of them run on.
            for task in (living, *watching):
                task.cancel()
            if self._progress.address:
                self._machinery.network.release(self._progress.address)
            await asyncio.gather(living, *watching, return_exceptions=True)

    async def _live(self) -> None:
        await self._publish()
        await self._mount()
        await self._clock.sleep(_SANDBOX_SECONDS)
        self._progress.address = self._machinery.network.allocate(self._node["spec"]["podCIDR"])
        place = Place(self._pod, self._node, self._progress.address, self._events)
        policy = self._pod["spec"].get("restartPolicy", "Always")
        for init in self._progress.inits:
            await self._publish()
            if await init.run(place, "OnFailure" if policy == "Always" else policy):
                return
        for container in self._progress.containers:
            container.state = {"waiting": {"reason": "ContainerCreating"}}
        self._progress.initialized = True
        await self._publish()
        runs = [asyncio.create_task(one.run(place, policy)) for one in self._progress.containers]
        try:
            await asyncio.gather(*runs)
        finally:
            for run in runs:
                run.cancel()
            await asyncio.gather(*runs, return_exceptions=True)
        await self._publish()

    async def _mount(self) -> None:
        failures = 0
        while True:
            try:
                seconds = await self._machinery.environment.check_volumes(self._pod, self._node)
                break
            except MountError as error:
                failures += 1
                await self._events.warning(self._pod, "FailedMount", str(error))
                await self._clock.sleep(min(back_off(failures), 20))
        await self._clock.sleep(seconds)

    async def _end(self, living: asyncio.Task) -> None:
        """Stop what runs, and tell the API that nothing of the pod is left."""
        running = [one for one in self._containers() if "running" in one.state]
        for one in running:
            path = f"spec.containers{{{one.spec['name']}}}"
            text = f"Stopping container {one.spec['name']}"
            await self._events.record(self._pod, "Normal", "Killing", text, field_path=path)
        if running:
            meta = (self._pods.get(self._pod["metadata"]["name"], self._pod["metadata"]["namespace"]) or self._pod)[
                "metadata"
            ]
            grace = meta.get("deletionGracePeriodSeconds", _STOP_SECONDS)
            await self._clock.sleep(min(max(_STOP_SECONDS, self._before_stop()), grace))
        await _cancel(living)
        await self._client.delete("pods", self._pod, grace_period=0)

    def _before_stop(self) -> float:
        """Seconds that the containers' preStop hooks sleep before the programs are told to end."""
        hooks = [(one.get("lifecycle") or {}).get("preStop") or {} for one in self._pod["spec"]["containers"]]
        return max(((hook.get("sleep") or {}).get("seconds", 0) for hook in hooks), default=0)

    async def _evicted(self) -> None:
        """Return once the node evicts the pod."""
        meta = self._pod["metadata"]
        while True:
            await asyncio.sleep(max(self._clock.scaled(_PRESSURE_SECONDS), _LEAST_PRESSURE_PERIOD))
            if not any("running" in one.state for one in self._progress.containers):
                continue
            fault = self._machinery.plane.faults.take("evicted", namespace=meta["namespace"], pod=meta["name"])
            if fault is not None:
                break
        message = fault.get("message") or (
            "The node was low on resource: ephemeral-storage. Threshold quantity: 10Gi, available: 1Gi. "
            f"Container {self._progress.containers[0].spec['name']} was using 15Gi, request is 0, "
            "has larger consumption of ephemeral-storage. "
        )
        self._progress.failure = ("Evicted", message)
        await self._events.warning(self._pod, "Evicted", message)

    async def _publish(self) -> None:
        """Write the pod's status, where it differs."""
        async with self._publishing:
            meta = self._pod["metadata"]
            pod = self._pods.get(meta["name"], meta["namespace"])
            if pod is None or pod["metadata"]["uid"] != meta["uid"]:
                return
            status = pod_status(pod, self._progress, timestamp(self._clock.now()))
            try:
                await self._client.update_status("pods", pod, status)
            except ApiError as error:
                if error.status not in (404, 409):
                    raise

    def _container(self, spec: dict, waiting: str) -> Container:
        return Container(self._machinery, spec, waiting, self._publish)

    def _containers(self) -> list[Container]:
        return [*self._progress.inits, *self._progress.containers]

    @property
    def _name(self) -> str:
        return f"{self._pod['metadata']['namespace']}/{self._pod['metadata']['name']}"


async def _cancel(task: asyncio.Task) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
