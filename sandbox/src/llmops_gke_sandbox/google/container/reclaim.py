# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spot machines that Google takes back: pods get their notice, then the node is gone.

In life the pool's instance group asks for another machine at once; here the autoscaler does, for the pods that wait.
"""

from __future__ import annotations

import asyncio
import logging

from llmops_gke_sandbox.faults import Faults
from llmops_gke_sandbox.google.container.service import Parts
from llmops_gke_sandbox.google.container.state import Cluster, Pool

_LOG = logging.getLogger(__name__)
_LOOK_EVERY_SECONDS = 10
_NOTICE_SECONDS = 30


class Reclaim:
    """Looks at every Spot node, and takes back those that the fault spot_reclaim strikes."""

    def __init__(self, parts: Parts, faults: Faults) -> None:
        self._parts, self._faults = parts, faults
        self._going: dict[str, asyncio.Task] = {}

    async def run(self) -> None:
        """Go on until cancelled."""
        try:
            while True:
                await self._parts.clock.sleep(_LOOK_EVERY_SECONDS)
                for cluster in self._parts.store.all():
                    self._look(cluster)
        finally:
            for task in self._going.values():
                task.cancel()

    def _look(self, cluster: Cluster) -> None:
        for pool in cluster.pools.values():
            if not pool.body["config"].get("spot") or cluster.backend is None:
                continue
            for name, zone in pool.nodes.items():
                context = {"project": self._parts.project, "location": cluster.location, "cluster": cluster.name}
                context |= {"pool": pool.name, "zone": zone, "node": name}
                if name not in self._going and self._faults.take("spot_reclaim", **context) is not None:
                    self._going[name] = asyncio.create_task(self._take_back(cluster, pool, name))

    async def _take_back(self, cluster: Cluster, pool: Pool, name: str) -> None:
        try:
            await cluster.backend.shut_down_node(name)
            await self._parts.clock.sleep(_NOTICE_SECONDS)
            if name in pool.nodes:
                await self._parts.provisioner.remove(cluster, pool, [name])
        except Exception:
            _LOG.exception("node %s could not be taken back", name)
        finally:
            del self._going[name]
