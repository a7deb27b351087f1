"""What stands behind a cluster's record: an API server and what keeps it alive."""

from __future__ import annotations

from collections.abc import Callable
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

    async def set_node_labels(self, name: str, labels: dict[str, str | None]) -> None:
        """Set labels of a node; None removes one."""

    async def set_node_taints(self, name: str, taints: list[dict]) -> None:
        """Replace a node's taints, in Kubernetes' form."""

    def unschedulable_pods(self) -> list[dict]:
        """Return the pods that no node takes."""

    def would_take(self, pool: dict, zone: str, pod: dict) -> bool:
        """Return whether a new, empty node of a pool would take a pod."""


# (cluster name, location) -> a backend that is not started yet
BackendFactory = Callable[[str, str], Backend]
