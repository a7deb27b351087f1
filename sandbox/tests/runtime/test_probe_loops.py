# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often containers are probed that are well: a fleet's share a budget, and one that has ended takes none of it."""

from __future__ import annotations

import asyncio

import pytest

from llmops_gke_sandbox.agents.kubelet.probe_loops import ProbeLoops, settled_period
from llmops_gke_sandbox.clock import Clock

PROBE = {"httpGet": {"port": 80}, "periodSeconds": 10}


@pytest.mark.parametrize(
    ("wall", "probes", "period"),
    [(0.01, 2, 1.0), (10.0, 2, 10.0), (0.01, 200, 4.0), (10.0, 200, 10.0)],
    ids=["a fast clock", "a slow clock", "a fleet", "a fleet by a slow clock"],
)
def test_period(wall, probes, period):
    assert settled_period(wall, probes) == period


class Well:
    """A prober that finds nothing wrong, and notes how many probes the sandbox counts."""

    def __init__(self) -> None:
        self.counted: list[int] = []

    async def failure(self, _probe: dict, _container: dict, _address: str) -> None:
        self.counted.append(ProbeLoops._following)


async def test_those_that_are_followed_are_counted_until_they_end():
    before, prober, ready = ProbeLoops._following, Well(), asyncio.Event()

    async def set_health(*, started: bool, ready: bool, seen: asyncio.Event = ready) -> None:
        if started and ready:
            seen.set()

    async def tell(*_event: str) -> None:
        raise AssertionError

    spec = {"name": "server", "readinessProbe": PROBE, "livenessProbe": PROBE}
    loops = ProbeLoops(spec, "10.0.0.1", prober, Clock(1000.0), tell)
    running = asyncio.create_task(loops.run(set_health))
    await ready.wait()
    assert before + 2 in prober.counted
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert ProbeLoops._following == before
