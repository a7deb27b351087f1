"""The cluster autoscaler's growing half: a node for pods that none takes, within the pools' limits."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator

from llmops_gke_sandbox.google.container.operations import OperationFailed
from llmops_gke_sandbox.google.container.service import Parts
from llmops_gke_sandbox.google.container.state import Cluster, Pool

_LOG = logging.getLogger(__name__)
_LOOK_EVERY_SECONDS = 10
_NODE_SECONDS = 60


class Autoscaler:
    """Looks at every cluster's unschedulable pods and grows pools that would take them."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._growing: dict[str, asyncio.Task] = {}

    async def run(self) -> None:
        """Go on until cancelled."""
        try:
            while True:
                await self._parts.clock.sleep(_LOOK_EVERY_SECONDS)
                for cluster in self._parts.store.all():
                    try:
                        self._look(cluster)
                    except Exception:
                        _LOG.exception("the autoscaler broke on cluster %s", cluster.name)
        finally:
            for task in self._growing.values():
                task.cancel()

    def _look(self, cluster: Cluster) -> None:
        key = self._parts.store.path(cluster.location, cluster.name)
        busy = self._growing.get(key)
        if not _is_idle(cluster) or (busy and not busy.done()):
            return
        pools = [pool for pool in cluster.pools.values() if pool.body.get("autoscaling", {}).get("enabled")]
        if not pools:
            return
        wanted = next(_below_minimum(pools), None) or next(_wanted(cluster, pools), None)
        if wanted is not None:
            self._growing[key] = asyncio.create_task(self._grow(cluster, *wanted))

    async def _grow(self, cluster: Cluster, pool: Pool, zone: str) -> None:
        await self._parts.clock.sleep(_NODE_SECONDS)
        if not _is_idle(cluster) or pool.name not in cluster.pools:
            return
        try:
            await self._parts.provisioner.add(cluster, pool, zone, 1)
        except OperationFailed as failure:
            _LOG.warning("pool %s of %s can't grow: %s", pool.name, cluster.name, failure)


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


def _wanted(cluster: Cluster, pools: list[Pool]) -> Iterator[tuple[Pool, str]]:
    """Yield pools, with a zone, in which one more node would take a pod that waits."""
    for pod in cluster.backend.unschedulable_pods():
        for pool in pools:
            zone = _room(pool)
            if zone and cluster.backend.would_take(pool.body, zone, pod):
                yield pool, zone


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
