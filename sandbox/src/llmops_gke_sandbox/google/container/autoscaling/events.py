# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cluster autoscaler tells pods that no node takes: that a pool grows for them, or why none does.

Worded as cluster-autoscaler words it, and FailedScaleUp as GKE does.
"""

from __future__ import annotations

import time
from collections import Counter

from llmops_gke_sandbox.google.container.defaulting import group_name
from llmops_gke_sandbox.google.container.state import Cluster, Pool

FULL, LEFT_ALONE = "max node group size reached", "in backoff after failed scale-up"
_COMPUTE = "https://www.googleapis.com/compute/v1/projects"
_WANTS = {"GCE_QUOTA_EXCEEDED": "GCE quota exceeded", "GCE_STOCKOUT": "GCE out of resources"}
# The autoscaler repeats itself every ten seconds; on a fast clock that would be a flood. Wall seconds.
_REPEATED_EVERY = 0.5
_REMEMBERED = 500


class GrowthEvents:
    """Tells pods by events, and remembers what it told, so that it does not repeat itself more often than needed."""

    def __init__(self, project: str) -> None:
        self._project = project
        self._told: dict[str, tuple[str, float]] = {}

    async def triggered(self, cluster: Cluster, pod: dict, pool: Pool, zone: str) -> None:
        """Tell a pod that a pool gets one more node for it."""
        group = f"{_COMPUTE}/{self._project}/zones/{zone}/instanceGroups/{group_name(cluster, pool, zone)}-grp"
        have, limits = len(pool.nodes_in(zone)), pool.body["autoscaling"]
        most = limits.get("maxNodeCount") or limits.get("totalMaxNodeCount") or 1000
        text = f"pod triggered scale-up: [{{{group} {have}->{have + 1} (max: {most})}}]"
        await self._tell(cluster, pod, "Normal", "TriggeredScaleUp", text)

    async def not_triggered(self, cluster: Cluster, pod: dict, reasons: list[str]) -> None:
        """Tell a pod that no pool grows for it.

        :param reasons: one or more for each pool.
        """
        counted = [f"{count} {reason}" for reason, count in Counter(reasons).items()]
        text = f"pod didn't trigger scale-up: {', '.join(counted)}"
        await self._tell(cluster, pod, "Normal", "NotTriggerScaleUp", text)

    async def failed(self, cluster: Cluster, pod: dict, zone: str, condition: str) -> None:
        """Tell a pod that the node it needs could not be had.

        :param condition: code of the StatusCondition, e.g. GCE_STOCKOUT.
        """
        why = _WANTS.get(condition, "Internal error")
        text = (
            f"Node scale up in zones {zone} associated with this pod failed: {why}. "
            "Pod is at risk of not being scheduled."
        )
        await self._tell(cluster, pod, "Warning", "FailedScaleUp", text)

    async def _tell(self, cluster: Cluster, pod: dict, kind: str, reason: str, text: str) -> None:
        uid, now = pod["metadata"]["uid"], time.monotonic()
        last, moment = self._told.pop(uid, ("", 0.0))
        if text == last and now - moment < _REPEATED_EVERY:
            self._told[uid] = (last, moment)
            return
        self._told[uid] = (text, now)
        while len(self._told) > _REMEMBERED:
            del self._told[next(iter(self._told))]
        if cluster.backend is not None:
            await cluster.backend.tell_pod(pod, kind, reason, text)
