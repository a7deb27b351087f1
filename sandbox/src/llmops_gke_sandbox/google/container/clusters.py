# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters: created, labelled, deleted."""

from __future__ import annotations

import asyncio
import uuid

from llmops_gke_sandbox.clock import rfc3339
from llmops_gke_sandbox.google.container import service
from llmops_gke_sandbox.google.container.defaulting import asked_pools, new_cluster, new_pool
from llmops_gke_sandbox.google.container.operations import Operation, OperationFailed
from llmops_gke_sandbox.google.container.service import Call, Parts
from llmops_gke_sandbox.google.container.state import Cluster, Pool, fingerprint
from llmops_gke_sandbox.google.container.validation import check_cluster, check_labels, refuse

# The shares of the creation after which the API server answers, and which the nodes take, and what is left of it.
_CONTROL_PLANE, _NODES = 10 / 16, 3 / 16


class Clusters:
    """The methods of a cluster's life."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def create(self, call: Call) -> dict:
        parts = self._parts
        asked, seconds = call.body.get("cluster"), parts.clock.durations.cluster
        if asked is None:
            raise refuse("Cluster must be specified.")
        check_cluster(asked, call.location, parts.project)
        cluster = Cluster(call.location, new_cluster(asked, call.location, parts.project))
        pools = asked_pools(asked)
        for one in pools:
            body = new_pool(one, cluster.body, alone=len(pools) == 1)
            parts.provisioner.check_quota(
                call.location, body["config"], body["initialNodeCount"] * len(body["locations"])
            )
            cluster.pools[body["name"]] = Pool(body | {"status": "PROVISIONING"})
        cluster.body |= {
            "status": "PROVISIONING",
            "id": uuid.uuid4().hex + uuid.uuid4().hex,
            "createTime": rfc3339(parts.clock.now()),
        }
        parts.store.add(cluster)

        async def work(operation: Operation) -> None:
            await operation.sleep(seconds * _CONTROL_PLANE)
            await parts.provisioner.start_control_plane(cluster)
            await operation.sleep(seconds * _NODES)
            results = await asyncio.gather(
                *(self._fill(operation, cluster, pool) for pool in cluster.pools.values()), return_exceptions=True
            )
            if failures := [result for result in results if isinstance(result, BaseException)]:
                raise failures[0]
            service.settle(cluster.body)

        async def undo(failure: OperationFailed) -> None:
            if failure.costs_cluster:
                for pool in cluster.pools.values():
                    await parts.provisioner.remove(cluster, pool, list(pool.nodes))
                await parts.provisioner.stop(cluster)
                service.failed(cluster, list(cluster.pools.values()), failure)
                return
            if failure.field == "nodepoolConditions" and cluster.backend is None:
                # It is only the pools that failed.
                await parts.provisioner.start_control_plane(cluster)
            started = [pool for pool in cluster.pools.values() if pool.body["status"] == "PROVISIONING"]
            service.failed(cluster, started, failure)

        return parts.operations.begin(
            "CREATE_CLUSTER", call.location, cluster.name, seconds=seconds, work=work, undo=undo
        )

    async def _fill(self, operation: Operation, cluster: Cluster, pool: Pool) -> None:
        try:
            await self._parts.provisioner.resize(cluster, pool, pool.body["initialNodeCount"])
        except OperationFailed as failure:
            service.failed_pool(pool, failure)
            raise
        await operation.sleep(self._parts.clock.durations.cluster * _NODES)
        service.settle(pool.body)

    def delete(self, call: Call) -> dict:
        parts = self._parts
        cluster = parts.store.cluster(call.location, call.cluster)
        parts.check_writable(cluster, "delete")
        before = cluster.body["status"]
        service.settle(cluster.body, "STOPPING")

        async def work(operation: Operation) -> None:
            await operation.sleep(service.DELETE_CLUSTER)
            await parts.provisioner.stop(cluster)
            parts.store.remove(cluster)

        async def undo(_failure: OperationFailed) -> None:
            service.settle(cluster.body, before)

        return parts.operations.begin(
            "DELETE_CLUSTER", call.location, cluster.name, seconds=service.DELETE_CLUSTER, work=work, undo=undo
        )

    def set_resource_labels(self, call: Call) -> dict:
        cluster = self._parts.store.cluster(call.location, call.cluster)
        labels = call.body.get("resourceLabels", {})
        check_labels(labels)
        if call.body.get("labelFingerprint") != fingerprint(cluster.body.get("resourceLabels", {})):
            raise refuse("Labels could not be set due to fingerprint mismatch: read the cluster again and retry.")
        return self.change(cluster, "SET_LABELS", lambda: cluster.body.update(resourceLabels=labels))

    def change(self, cluster: Cluster, type: str, apply) -> dict:
        """Begin an operation that applies a change to a cluster's record at its end; apply may be a coroutine."""
        parts = self._parts
        parts.check_writable(cluster, "update")
        before = cluster.body["status"]
        service.settle(cluster.body, "RECONCILING")

        async def work(operation: Operation) -> None:
            await operation.sleep(service.OTHER)
            result = apply()
            if asyncio.iscoroutine(result):
                await result
            service.settle(cluster.body)

        async def undo(_failure: OperationFailed) -> None:
            service.settle(cluster.body, before)

        return parts.operations.begin(type, cluster.location, cluster.name, seconds=service.OTHER, work=work, undo=undo)
