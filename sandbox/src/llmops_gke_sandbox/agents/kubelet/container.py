# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of one container: pull, create, run under probes, end, restart after a pause that grows."""

from __future__ import annotations

import asyncio
import functools
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from llmops_gke_sandbox import workloads
from llmops_gke_sandbox.agents.kubelet.durations import back_off, go_duration
from llmops_gke_sandbox.agents.kubelet.environment import ConfigError, Environment
from llmops_gke_sandbox.agents.kubelet.image_pulls import PullError, Pulls
from llmops_gke_sandbox.agents.kubelet.probe_loops import ProbeLoops
from llmops_gke_sandbox.agents.kubelet.probes import Prober
from llmops_gke_sandbox.agents.managed_prometheus import Collector
from llmops_gke_sandbox.agents.network.cluster_dns import ClusterDns
from llmops_gke_sandbox.agents.network.pod_network import PodNetwork
from llmops_gke_sandbox.control.events import EventRecorder
from llmops_gke_sandbox.control.objects import timestamp
from llmops_gke_sandbox.control.plane import Plane
from llmops_gke_sandbox.kubernetes.timed_log import TimedLog
from llmops_gke_sandbox.workloads.base import ContainerContext, Hub, Workload

_CREATE_SECONDS = 1.0
# How soon the kubelet looks at a pod again.
_SYNC_SECONDS = 2.0
_CONFIG_RETRY_SECONDS = 10.0
# A container that ran this long starts again with the first pause (kubelet: twice the longest pause).
_SOUND_SECONDS = 600.0
_CRASH_SECONDS = 2.0
_KILLED = 137
_NOT_STARTED = 128
_LAST_WORDS_BYTES = 2048


@dataclass(frozen=True)
class Machinery:
    """What the containers of all pods share."""

    plane: Plane
    hub: Hub
    network: PodNetwork
    prober: Prober
    environment: Environment
    pulls: Pulls


@dataclass(frozen=True)
class Place:
    """Where a container runs: its pod and node as they were when the pod was bound, its pod's address."""

    pod: dict
    node: dict
    address: str
    events: EventRecorder


@dataclass(frozen=True)
class Ending:
    """How a run of a container ended."""

    code: int
    reason: str


class Container:
    """One container of a pod.

    :param spec: its entry in the pod's spec.
    :param changed: awaited whenever its state changed.
    :ivar state: its ContainerState, as the API shows it; likewise last_state.
    """

    def __init__(self, machinery: Machinery, spec: dict, waiting: str, changed: Callable[[], Awaitable[None]]) -> None:
        self.spec = spec
        self.state: dict = {"waiting": {"reason": waiting}}
        self.last_state: dict = {}
        self.restarts = 0
        self.ready = self.started = False
        self.identity = ""
        self._machinery, self._changed = machinery, changed
        self._clock, self._faults = machinery.plane.clock, machinery.plane.faults
        self._workload: Workload | None = None
        self._place: Place | None = None
        # Logs of the last run that ended, and of the one before.
        self._last_log: list[str] = []
        self._former_log: list[str] = []

    @property
    def log(self) -> list[str]:
        """The lines of the present run, or of the last one while there is none."""
        return self._workload.log if self._workload is not None else self._last_log

    @property
    def previous_log(self) -> list[str]:
        """The lines of the run that last_state tells of."""
        return self._former_log if "terminated" in self.state else self._last_log

    async def run(self, place: Place, restart_policy: str) -> int:
        """Run, and run again as the policy says; return the exit code once it is over for good.

        Cancelling ends the program.
        """
        self._place = place
        crashes = 0
        while True:
            await self._pull()
            environment = await self._environment()
            started = asyncio.get_running_loop().time()
            ending = await self._run_once(environment)
            lived = (asyncio.get_running_loop().time() - started) * self._clock.speed
            if restart_policy == "Never" or (restart_policy == "OnFailure" and ending.code == 0):
                return ending.code
            crashes = 1 if lived > _SOUND_SECONDS else crashes + 1
            await self._pause(crashes)
            self.restarts += 1
            self.last_state = self.state if "terminated" in self.state else self.last_state

    async def _pull(self) -> None:
        place, image, failures = self._place, self.spec["image"], 0
        while True:
            try:
                await self._machinery.pulls.pull(place.pod, self.spec, place.node, self._tell)
                return
            except PullError as error:
                failures += 1
                await self._tell("Warning", "Failed", f'Failed to pull image "{image}": {error}')
                await self._tell("Warning", "Failed", "Error: ErrImagePull")
                await self._wait("ErrImagePull", str(error))
                await self._clock.sleep(_SYNC_SECONDS)
                await self._tell("Normal", "BackOff", f'Back-off pulling image "{image}"')
                await self._tell("Warning", "Failed", "Error: ImagePullBackOff")
                await self._wait("ImagePullBackOff", f'Back-off pulling image "{image}": ErrImagePull: {error}')
                await self._clock.sleep(back_off(failures))

    async def _environment(self) -> dict[str, str]:
        while True:
            try:
                return await self._machinery.environment.resolve(self._place.pod, self.spec)
            except ConfigError as error:
                await self._tell("Warning", "Failed", f"Error: {error}")
                await self._wait("CreateContainerConfigError", str(error))
                await self._clock.sleep(_CONFIG_RETRY_SECONDS)

    async def _run_once(self, environment: dict[str, str]) -> Ending:
        await self._clock.sleep(_CREATE_SECONDS)
        place, name = self._place, self.spec["name"]
        seed = f"{place.pod['metadata']['uid']}/{name}/{self.restarts}"
        self.identity = f"containerd://{hashlib.sha256(seed.encode()).hexdigest()}"
        # The node as it is now: its GPU may have appeared since the pod was bound.
        node = self._machinery.plane.informers.store("nodes").get(place.node["metadata"]["name"]) or place.node
        context = ContainerContext(
            place.pod,
            self.spec,
            environment,
            node,
            self._clock,
            self._faults,
            self._machinery.hub,
            await self._machinery.environment.files(place.pod, self.spec),
            self._machinery.environment.directories(place.pod, node, self.spec),
            ClusterDns(self._machinery.plane.informers, self._machinery.network).locate,
            functools.partial(self._beside, node["metadata"]["name"]),
            Collector(self._machinery.plane, self._machinery.network).series,
        )
        workload = workloads.create(context)
        workload.log = TimedLog(workload.log)
        await self._tell("Normal", "Created", f"Created container: {name}")
        began = timestamp(self._clock.now())
        try:
            await workload.start()
        except Exception as error:
            workload.log.append(str(error))
            ending = Ending(_NOT_STARTED, "StartError")
        else:
            ending = await self._watch(workload, began)
        finally:
            self._machinery.network.detach(place.address, workload)
            self._workload, self._former_log, self._last_log = None, self._last_log, workload.log
            self.ready = self.started = False
            await workload.stop()
        self.state = {"terminated": self._terminated(ending, began)}
        await self._changed()
        return ending

    def _beside(self, node: str) -> list[tuple[dict, Workload]]:
        pods = self._machinery.plane.informers.store("pods").all()
        here = [pod for pod in pods if pod["spec"].get("nodeName") == node]
        network = self._machinery.network
        return [(pod, one) for pod in here for one in network.programs((pod.get("status") or {}).get("podIP") or "")]

    async def _watch(self, workload: Workload, began: str) -> Ending:
        """Let the program run under its probes until it ends or a probe wants it ended."""
        place, name = self._place, self.spec["name"]
        self._workload = workload
        self._machinery.network.attach(place.address, workload)
        self.state = {"running": {"startedAt": began}}
        await self._tell("Normal", "Started", f"Started container {name}")
        await self._changed()
        meta = place.pod["metadata"]
        crash = self._faults.take("crash", namespace=meta["namespace"], pod=meta["name"], container=name)
        probes = ProbeLoops(self.spec, place.address, self._machinery.prober, self._clock, self._tell)
        watching = asyncio.create_task(probes.run(self._set_health), name=f"probes {meta['name']}/{name}")
        limit = None if crash is None else self._clock.scaled(float(crash.get("after", _CRASH_SECONDS)))
        try:
            done, _pending = await asyncio.wait(
                {workload.exit, watching}, timeout=limit, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        if workload.exit in done:
            code = workload.exit.result()
            return Ending(code, "Completed" if code == 0 else "Error")
        if watching in done:
            await self._tell("Normal", "Killing", watching.result())
            return Ending(_KILLED, "Error")
        code = int(crash.get("exit_code", 1))
        workload.log.append(str(crash.get("message", f"exiting with code {code} (simulated crash)")))
        return Ending(code, str(crash.get("reason", "Error" if code else "Completed")))

    async def _pause(self, crashes: int) -> None:
        """Wait before a restart; the first one comes at once."""
        if crashes < 2:
            return
        self.last_state = self.state if "terminated" in self.state else self.last_state
        seconds, meta, name = back_off(crashes - 1), self._place.pod["metadata"], self.spec["name"]
        pod = f"{meta['name']}_{meta['namespace']}({meta['uid']})"
        await self._tell("Warning", "BackOff", f"Back-off restarting failed container {name} in pod {pod}")
        text = f"back-off {go_duration(seconds)} restarting failed container={name} pod={pod}"
        await self._wait("CrashLoopBackOff", text)
        await self._clock.sleep(seconds)

    async def _set_health(self, *, started: bool, ready: bool) -> None:
        if (self.started, self.ready) != (started, ready):
            self.started, self.ready = started, ready
            await self._changed()

    async def _wait(self, reason: str, message: str) -> None:
        self.state = {"waiting": {"reason": reason, "message": message}}
        await self._changed()

    async def _tell(self, kind: str, reason: str, message: str) -> None:
        path = f"spec.containers{{{self.spec['name']}}}"
        await self._place.events.record(self._place.pod, kind, reason, message, field_path=path)

    def _terminated(self, ending: Ending, began: str) -> dict:
        terminated = {
            "exitCode": ending.code,
            "reason": ending.reason,
            "startedAt": began,
            "finishedAt": timestamp(self._clock.now()),
            "containerID": self.identity,
        }
        if ending.code and self.spec.get("terminationMessagePolicy") == "FallbackToLogsOnError":
            terminated["message"] = "\n".join(self._last_log)[-_LAST_WORDS_BYTES:]
        return terminated
