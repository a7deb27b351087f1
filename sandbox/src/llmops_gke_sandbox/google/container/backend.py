# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands behind a cluster's record: an API server and what keeps it alive."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol


class Backend(Protocol):
    """A running cluster, as the GKE API needs it."""

    endpoint: str
    ca_certificate: bytes

    async def start(self) -> None:
        """Bring the API server up; endpoint and ca_certificate are known afterwards."""

    async def stop(self) -> None:
        """End every listener and task."""

    async def add_node(self, pool: dict, zone: str, name: str) -> None:
        """Add a node of a NodePool (as the API shows it); it is Ready when this returns or soon after."""

    async def remove_node(self, name: str) -> None:
        """Remove a node and the pods on it."""

    async def shut_down_node(self, name: str) -> None:
        """Begin a node's end: its pods end, and it takes no others."""

    async def set_node_labels(self, name: str, labels: dict[str, str | None]) -> None:
        """Set labels of a node; None removes one."""

    async def set_node_taints(self, name: str, taints: list[dict]) -> None:
        """Replace a node's taints, in Kubernetes' form."""

    async def set_managed(self, namespace: str, daemon_set: dict, *, wanted: bool) -> None:
        """Have a DaemonSet that the cloud itself runs in the cluster, or have it not."""

    def set_csi_drivers(self, names: frozenset[str]) -> None:
        """Have these CSI drivers of add-ons run on every node, and no others of them."""

    async def define(self, definitions: Iterable[dict]) -> None:
        """Have these CustomResourceDefinitions."""

    def unschedulable_pods(self) -> list[dict]:
        """Return the pods that no node takes."""

    def idle_nodes(self) -> set[str]:
        """Return the nodes on which nothing but DaemonSets' pods is."""

    def refusals(self, pool: dict, zone: str, pod: dict) -> list[str]:
        """Return why a new, empty node of a pool would not take a pod; nothing if it would."""

    async def tell_pod(self, pod: dict, kind: str, reason: str, message: str) -> None:
        """Record an event of the cluster autoscaler's about a pod; kind is Normal or Warning."""


# (cluster name, location) -> a backend that is not started yet
BackendFactory = Callable[[str, str], Backend]
