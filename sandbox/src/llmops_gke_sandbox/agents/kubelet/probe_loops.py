# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a container is probed, and what follows from it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Protocol

from llmops_gke_sandbox.agents.kubelet.image_pulls import Tell
from llmops_gke_sandbox.agents.kubelet.probes import Prober
from llmops_gke_sandbox.clock import Clock

# Wall seconds between probes of a container whose state has settled, and how many such probes the sandbox makes in a
# second for all containers of all its clusters. A fast clock, or a fleet, would otherwise spend the machine on probing.
_LEAST_SETTLED_PERIOD = 1.0
_SETTLED_PROBES_PER_SECOND = 50.0


def settled_period(wall: float, probes: int) -> float:
    """Seconds until a settled container is probed again. wall: its period on the clock. probes: of all containers."""
    return max(wall, _LEAST_SETTLED_PERIOD, probes / _SETTLED_PROBES_PER_SECOND)


class SetHealth(Protocol):
    """Takes in what the probes say of a container."""

    def __call__(self, *, started: bool, ready: bool) -> Awaitable[None]: ...


class ProbeLoops:
    """The startup, readiness and liveness probes of one run of a container."""

    _following = 0
    """Probes that are under way for good, of all containers of this process."""

    def __init__(self, spec: dict, address: str, prober: Prober, clock: Clock, tell: Tell) -> None:
        self._spec, self._address, self._prober, self._clock, self._tell = spec, address, prober, clock, tell

    async def run(self, set_health: SetHealth) -> str:
        """Probe until a probe wants the container killed; return why, as the kubelet's event says it.

        Without probes the container is started and ready at once, and this never returns.
        """
        readiness = self._spec.get("readinessProbe")
        startup = self._spec.get("startupProbe")
        if startup is not None:
            await set_health(started=False, ready=False)
            if not await self._passes("Startup", startup):
                return f"Container {self._spec['name']} failed startup probe, will be restarted"
        await set_health(started=True, ready=readiness is None)
        loops = [self._live()]
        if readiness is not None:
            loops.append(self._follow_readiness(readiness, set_health))
        tasks = [asyncio.create_task(loop) for loop in loops]
        probes = sum(f"{kind}Probe" in self._spec for kind in ("liveness", "readiness"))
        ProbeLoops._following += probes
        try:
            await tasks[0]
        finally:
            ProbeLoops._following -= probes
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return f"Container {self._spec['name']} failed liveness probe, will be restarted"

    async def _live(self) -> None:
        """Return once the liveness probe has failed for good."""
        liveness = self._spec.get("livenessProbe")
        if liveness is None:
            await asyncio.Event().wait()
        await self._delay(liveness)
        failures = 0
        while failures < liveness.get("failureThreshold", 3):
            failures = failures + 1 if await self._fails("Liveness", liveness) else 0
            await self._period(liveness, settled=failures == 0)

    async def _passes(self, kind: str, probe: dict) -> bool:
        """Probe until it succeeds; False once it has failed as often as it may."""
        await self._delay(probe)
        for _ in range(probe.get("failureThreshold", 3)):
            if not await self._fails(kind, probe):
                return True
            await self._period(probe, settled=False)
        return False

    async def _follow_readiness(self, probe: dict, set_health: SetHealth) -> None:
        await self._delay(probe)
        ready, run, was_failing = False, 0, None
        while True:
            failing = await self._fails("Readiness", probe)
            run = run + 1 if failing == was_failing else 1
            was_failing = failing
            threshold = probe.get("failureThreshold", 3) if failing else probe.get("successThreshold", 1)
            if run >= threshold:
                ready = not failing
                await set_health(started=True, ready=ready)
            await self._period(probe, settled=ready and not failing)

    async def _fails(self, kind: str, probe: dict) -> bool:
        failure = await self._prober.failure(probe, self._spec, self._address)
        if failure is not None:
            await self._tell("Warning", "Unhealthy", f"{kind} probe failed: {failure}")
        return failure is not None

    async def _delay(self, probe: dict) -> None:
        await self._clock.sleep(probe.get("initialDelaySeconds", 0))

    async def _period(self, probe: dict, *, settled: bool) -> None:
        wall = self._clock.scaled(probe.get("periodSeconds", 10))
        await asyncio.sleep(settled_period(wall, ProbeLoops._following) if settled else wall)
