# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Heartbeats: without them an API server's node lifecycle controller takes nodes for dead and evicts their pods."""

from __future__ import annotations

import asyncio
import logging

from llmops_gke_sandbox.control.objects import micro_timestamp, timestamp
from llmops_gke_sandbox.control.plane import Plane
from llmops_gke_sandbox.kubernetes.errors import ApiError

_log = logging.getLogger(__name__)

_LEASES, _NAMESPACE = "leases.coordination.k8s.io", "kube-node-lease"
# The kubelet's: a quarter of the lease's life, and nodeStatusReportFrequency. Wall seconds, as the controller's are.
_LEASE_SECONDS = 40
_PERIOD_SECONDS = 10.0
_STATUS_EVERY = 30


class Heartbeats:
    """Renews the leases of nodes, and now and then the times in their status."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._client = plane.client("kubelet")
        self._nodes = plane.informers.store("nodes")
        self._names: set[str] = set()

    async def add(self, node: dict) -> None:
        """Begin with a node: make its lease."""
        meta = node["metadata"]
        reference = {"apiVersion": "v1", "kind": "Node", "name": meta["name"], "uid": meta["uid"]}
        lease = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": meta["name"], "namespace": _NAMESPACE, "ownerReferences": [reference]},
            "spec": {
                "holderIdentity": meta["name"],
                "leaseDurationSeconds": _LEASE_SECONDS,
                "renewTime": micro_timestamp(self._plane.clock.now()),
            },
        }
        try:
            await self._client.create(_LEASES, lease, _NAMESPACE)
        except ApiError as error:
            if error.status != 409:
                raise
            # Of a machine of this name that was there before.
            await self._client.patch(_LEASES, meta["name"], lease, _NAMESPACE)
        self._names.add(meta["name"])

    def remove(self, name: str) -> None:
        """End with a node; its lease goes with it, by its owner reference."""
        self._names.discard(name)

    async def run(self) -> None:
        """Renew until cancelled."""
        beats = 0
        while True:
            await asyncio.sleep(_PERIOD_SECONDS)
            beats += 1
            for name in list(self._names):
                try:
                    await self._beat(name, with_status=beats % _STATUS_EVERY == 0)
                except ApiError as error:
                    _log.warning("heartbeat of node %s: %s", name, error)

    async def _beat(self, name: str, *, with_status: bool) -> None:
        now = self._plane.clock.now()
        await self._client.patch(_LEASES, name, {"spec": {"renewTime": micro_timestamp(now)}}, _NAMESPACE)
        node = self._nodes.get(name)
        if with_status and node is not None:
            conditions = [{**one, "lastHeartbeatTime": timestamp(now)} for one in node["status"]["conditions"]]
            await self._client.patch("nodes", name, {"status": {"conditions": conditions}}, None, "status")
