"""The cluster autoscaler: a node for pods that none takes, within the pools' limits; see shrinking for the rest."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator

from llmops_gke_sandbox.google.container.growth import FULL, GrowthEvents
from llmops_gke_sandbox.google.container.operations import OperationFailed
from llmops_gke_sandbox.google.container.service import Parts
from llmops_gke_sandbox.google.container.shrinking import Shrinking
from llmops_gke_sandbox.google.container.state import Cluster, Pool

_LOG = logging.getLogger(__name__)
_LOOK_EVERY_SECONDS = 10
_NODE_SECONDS = 60


class Autoscaler:
    """Looks at every cluster's unschedulable pods and grows pools that would take them; shrinks pools of idle nodes."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._events = GrowthEvents(parts.project)
        self._shrinking = Shrinking(parts.clock)
        self._growing: dict[str, asyncio.Task] = {}

    async def run(self) -> None:
        """Go on until cancelled."""
        try:
            while True:
                await self._parts.clock.sleep(_LOOK_EVERY_SECONDS)
                for cluster in self._parts.store.all():
                    try:
                        await self._look(cluster)
                    except Exception:
                        _LOG.exception("the autoscaler broke on cluster %s", cluster.name)
        finally:
            for task in self._growing.values():
                task.cancel()

    async def _look(self, cluster: Cluster) -> None:
        key = self._parts.store.path(cluster.location, cluster.name)
        busy = self._growing.get(key)
        if not _is_idle(cluster) or (busy and not busy.done()):
            return
        pools = [pool for pool in cluster.pools.values() if pool.body.get("autoscaling", {}).get("enabled")]
        if not pools:
            return
        wanted = next(_below_minimum(pools), None)
        for pod in cluster.backend.unschedulable_pods():
            found, reasons = _choose(cluster, pools, pod)
            if found is None:
                await self._events.not_triggered(cluster, pod, reasons)
            elif wanted is None:
                wanted = (*found, pod)
        if wanted is not None:
            self._growing[key] = asyncio.create_task(self._grow(cluster, *wanted))
            return
        for pool, name in self._shrinking.due(cluster, pools, time.monotonic()):
            await self._parts.provisioner.remove(cluster, pool, [name])

    async def _grow(self, cluster: Cluster, pool: Pool, zone: str, pod: dict | None = None) -> None:
        """Add a node.

        :param pod: the pod it is for; None where a pool is below its minimum.
        """
        if pod is not None:
            await self._events.triggered(cluster, pod, pool, zone)
        await self._parts.clock.sleep(_NODE_SECONDS)
        if not _is_idle(cluster) or pool.name not in cluster.pools:
            return
        before = set(pool.nodes)
        try:
            await self._parts.provisioner.add(cluster, pool, zone, 1)
            self._shrinking.added(set(pool.nodes) - before)
        except OperationFailed as failure:
            _LOG.warning("pool %s of %s can't grow: %s", pool.name, cluster.name, failure)
            if pod is not None:
                await self._events.failed(cluster, pod, zone, failure.condition)


def _is_idle(cluster: Cluster) -> bool:
    """Return whether a cluster is up and no operation changes it; its status says so of its pools too."""
    return cluster.backend is not None and cluster.body["status"] == "RUNNING"


def _below_minimum(pools: list[Pool]) -> Iterator[tuple[Pool, str]]:
    """Yield pools with a zone in which they have too few nodes."""
    for pool in pools:
        limits, zone = pool.body["autoscaling"], _emptiest(pool)
        few = len(pool.nodes_in(zone)) < limits.get("minNodeCount", 0)
        if few or len(pool.nodes) < limits.get("totalMinNodeCount", 0):
            yield pool, zone


def _choose(cluster: Cluster, pools: list[Pool], pod: dict) -> tuple[tuple[Pool, str] | None, list[str]]:
    """Return the pool and zone in which one more node would take a pod, or None and why no pool would."""
    reasons: list[str] = []
    for pool in pools:
        zone = _room(pool)
        refused = [FULL] if zone is None else cluster.backend.refusals(pool.body, zone, pod)
        if not refused:
            return (pool, zone), []
        reasons += refused
    return None, reasons


def _emptiest(pool: Pool) -> str:
    return min(pool.body["locations"], key=lambda zone: len(pool.nodes_in(zone)))


def _room(pool: Pool) -> str | None:
    """Return the emptiest zone in which a pool may have one more node."""
    limits = pool.body["autoscaling"]
    most, total = limits.get("maxNodeCount"), limits.get("totalMaxNodeCount")
    if total and len(pool.nodes) >= total:
        return None
    zone = _emptiest(pool)
    return zone if not most or len(pool.nodes_in(zone)) < most else None
