# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster autoscaler: a node for pods that none takes, within the pools' limits; see shrinking for the rest."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator

from llmops_gke_sandbox.google.container.autoscaling.backoff import Backoff
from llmops_gke_sandbox.google.container.autoscaling.events import FULL, LEFT_ALONE, GrowthEvents
from llmops_gke_sandbox.google.container.autoscaling.scale_down import Shrinking
from llmops_gke_sandbox.google.container.operations import OperationFailed
from llmops_gke_sandbox.google.container.service import Parts
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
        self._backoff = Backoff(parts.clock)
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
        wanted = next((one for one in _below_minimum(pools) if not self._is_left_alone(cluster, *one)), None)
        for pod in cluster.backend.unschedulable_pods():
            found, reasons = self._choose(cluster, pools, pod)
            if found is None:
                await self._events.not_triggered(cluster, pod, reasons)
            elif wanted is None:
                wanted = (*found, pod)
        if wanted is not None:
            self._growing[key] = asyncio.create_task(self._grow(cluster, *wanted))
            return
        for pool, name in self._shrinking.due(cluster, pools, time.monotonic()):
            await self._parts.provisioner.remove(cluster, pool, [name])

    def _choose(self, cluster: Cluster, pools: list[Pool], pod: dict) -> tuple[tuple[Pool, str] | None, list[str]]:
        """Return the pool and zone in which one more node would take a pod, or None and why no pool would."""
        reasons: list[str] = []
        for pool in sorted(pools, key=_price_rank):
            zones = _room(pool)
            refused = cluster.backend.refusals(pool.body, zones[0], pod) if zones else [FULL]
            free = [zone for zone in zones if not self._is_left_alone(cluster, pool, zone)]
            if not refused and free:
                return (pool, free[0]), []
            reasons += refused or [LEFT_ALONE]
        return None, reasons

    def _is_left_alone(self, cluster: Cluster, pool: Pool, zone: str) -> bool:
        return self._backoff.holds(self._group(cluster, pool, zone), time.monotonic())

    def _group(self, cluster: Cluster, pool: Pool, zone: str) -> tuple[str, str]:
        return self._parts.store.path(cluster.location, cluster.name, pool.name), zone

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
            self._backoff.worked(self._group(cluster, pool, zone))
        except OperationFailed as failure:
            _LOG.warning("pool %s of %s can't grow: %s", pool.name, cluster.name, failure)
            self._backoff.failed(self._group(cluster, pool, zone), time.monotonic())
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


def _emptiest(pool: Pool) -> str:
    return min(pool.body["locations"], key=lambda zone: len(pool.nodes_in(zone)))


def _room(pool: Pool) -> list[str]:
    """Return the zones in which a pool may have one more node, the emptiest first."""
    limits = pool.body["autoscaling"]
    most, total = limits.get("maxNodeCount"), limits.get("totalMaxNodeCount")
    if total and len(pool.nodes) >= total:
        return []
    zones = [zone for zone in pool.body["locations"] if not most or len(pool.nodes_in(zone)) < most]
    return sorted(zones, key=lambda zone: len(pool.nodes_in(zone)))


def _price_rank(pool: Pool) -> int:
    """Return the place of a pool by price: of those that would do, GKE's autoscaler grows the cheaper one."""
    return 0 if pool.body["config"].get("spot") else 1
