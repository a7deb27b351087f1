# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster autoscaler's shrinking half: a node that nothing needed for a while goes.

Nodes that the autoscaler itself added go, and all nodes of a tainted pool. In life the first nodes of any other pool
carry the system's pods, which are not simulated here, and so they stay.
"""

from __future__ import annotations

from llmops_gke_sandbox.clock import Clock
from llmops_gke_sandbox.google.container.state import Cluster, Pool

# cluster-autoscaler's --scale-down-unneeded-time
_UNNEEDED_SECONDS = 600


class Shrinking:
    """Remembers which nodes came by autoscaling, and since when nothing needs them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._added: set[str] = set()
        self._unneeded: dict[str, float] = {}

    def added(self, names: set[str]) -> None:
        """Take note of nodes that the autoscaler added."""
        self._added |= names

    def due(self, cluster: Cluster, pools: list[Pool], moment: float) -> list[tuple[Pool, str]]:
        """Return the nodes that are to go now, with their pools.

        :param moment: monotonic wall seconds.
        """
        idle = cluster.backend.idle_nodes()
        due = []
        for pool in pools:
            for name, zone in pool.nodes.items():
                if name not in idle or not (name in self._added or _keeps_others_away(pool)):
                    self._unneeded.pop(name, None)
                    continue
                since = self._unneeded.setdefault(name, moment)
                going = sum(1 for other, one in due if other is pool and pool.nodes[one] == zone)
                left = len(pool.nodes_in(zone)) - going - 1
                total = len(pool.nodes) - sum(1 for other, _name in due if other is pool) - 1
                limits = pool.body["autoscaling"]
                enough = left >= limits.get("minNodeCount", 0) and total >= limits.get("totalMinNodeCount", 0)
                if enough and moment - since >= self._clock.scaled(_UNNEEDED_SECONDS):
                    due.append((pool, name))
        for _pool, name in due:
            self._added.discard(name)
            self._unneeded.pop(name, None)
        return due


def _keeps_others_away(pool: Pool) -> bool:
    """Tell whether the system's pods stay off a pool's nodes, as they do off nodes with GPUs."""
    return any(taint["effect"] == "NO_SCHEDULE" for taint in pool.body["config"].get("taints", []))
