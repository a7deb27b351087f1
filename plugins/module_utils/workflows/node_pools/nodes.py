# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new node pool that is there as soon as its nodes are, while GKE still finishes the operation that makes it.

Once a node is ready, what runs on it can start: the driver's installation, images. GKE's operation goes on for a while.
A pool that lacks nodes is waited for as ever, because GKE's operation tells why they do not come.
"""

from __future__ import annotations

from typing import Any

from ...core.deadline import Deadline
from ...core.errors import LlmopsError
from ...gke.node_pool import NodePoolTarget
from ..gke_nodes import POOL_LABEL

_PATIENCE = 10
"""Seconds that a look at the nodes may take, of the many that a pool takes."""


def takes_pods(node: dict[str, Any]) -> bool:
    """Whether a node is ready, and not left for a while of a pool of the same name, which GKE drained and deleted."""
    from ...kubernetes.wait.states import condition

    leaves = node["metadata"].get("deletionTimestamp") or (node.get("spec") or {}).get("unschedulable")
    return not leaves and condition(node, "Ready").get("status") == "True"


class PoolUntilNodesReady(NodePoolTarget):
    """A node pool whose creation is waited for until its first nodes are ready."""

    _nodes_are_ready = False
    _blind = False

    def serves(self) -> bool:
        """See ``GkeTarget.serves``."""
        if not self._nodes_are_ready and not self._blind:
            self._nodes_are_ready = self._looks_ready()
            if self._nodes_are_ready:
                self.progress(f"{self.resource}: its nodes are ready; GKE finishes its operation meanwhile")
        return self._nodes_are_ready

    def _looks_ready(self) -> bool:
        body = self.create_body()
        # Of each zone. Where no zone is named, GKE decides how many there are.
        wanted = body.get("initialNodeCount", 0) * len(body.get("locations", []))
        return wanted > 0 and self._ready_nodes() >= wanted

    def _ready_nodes(self) -> int:
        # What speaks to the cluster is imported for a pool that is created, and for none that is there already.
        from ...kubernetes.client.resources import NODE
        from .. import cluster_access

        try:
            with cluster_access.cluster_access(self.options, Deadline(_PATIENCE)) as access:
                api = access.required()
                nodes = api.list(NODE, label_selector=f"{POOL_LABEL}={self.options['name']}")
                self.session.other_requests += access.requests
        except LlmopsError:
            # Such as a control plane that is not reached from here: then GKE alone tells.
            self._blind = True
            return 0
        return sum(map(takes_pods, nodes))
