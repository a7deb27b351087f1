# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Node pools: created, resized, deleted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from llmops_gke_sandbox.google.container import service
from llmops_gke_sandbox.google.container.defaulting import new_pool
from llmops_gke_sandbox.google.container.operations import Operation, OperationFailed
from llmops_gke_sandbox.google.container.service import Call, Parts
from llmops_gke_sandbox.google.container.state import Cluster, Pool
from llmops_gke_sandbox.google.container.validation import check_autoscaling, check_pool, refuse
from llmops_gke_sandbox.google.errors import GoogleError, request_info


class Pools:
    """The methods of a node pool's life."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def create(self, call: Call) -> dict:
        parts = self._parts
        cluster = parts.store.cluster(call.location, call.cluster)
        asked = call.body.get("nodePool")
        if asked is None:
            raise refuse("NodePool must be specified.")
        check_pool(asked, "node_pool", call.location, asked.get("locations") or cluster.body["locations"])
        path = parts.store.path(call.location, cluster.name, asked["name"])
        if asked["name"] in cluster.pools:
            raise GoogleError("ALREADY_EXISTS", f"Already exists: {path}.", [request_info()])
        parts.check_writable(cluster, "create_node_pool")
        body = new_pool(asked, cluster.body, alone=not cluster.pools)
        parts.provisioner.check_quota(call.location, body["config"], body["initialNodeCount"] * len(body["locations"]))
        pool = Pool(body | {"status": "PROVISIONING"})
        cluster.pools[pool.name] = pool
        service.settle(cluster.body, "RECONCILING")

        seconds = parts.clock.durations.pool
        boot = min(parts.clock.durations.node, seconds)

        async def work(operation: Operation) -> None:
            await operation.sleep(boot)
            await parts.provisioner.resize(cluster, pool, body["initialNodeCount"])
            await operation.sleep(seconds - boot)
            service.settle(pool.body)
            service.settle(cluster.body)

        async def undo(failure: OperationFailed) -> None:
            service.failed_pool(pool, failure)
            service.settle(cluster.body)

        return parts.operations.begin(
            "CREATE_NODE_POOL",
            call.location,
            cluster.name,
            pool=pool.name,
            seconds=seconds,
            work=work,
            undo=undo,
        )

    def delete(self, call: Call) -> dict:
        cluster, pool = self._parts.store.pool(call.location, call.cluster, call.pool)

        async def gone() -> None:
            await self._parts.provisioner.remove(cluster, pool, list(pool.nodes))
            cluster.pools.pop(pool.name)

        return self.change(
            cluster, pool, "DELETE_NODE_POOL", gone, seconds=service.DELETE_POOL, status="STOPPING", verb="delete"
        )

    def set_size(self, call: Call) -> dict:
        cluster, pool = self._parts.store.pool(call.location, call.cluster, call.pool)
        count = call.body.get("nodeCount", 0)
        if count < 0:
            raise refuse("node_count must not be negative.")
        more = count * len(pool.body["locations"]) - len(pool.nodes)
        self._parts.provisioner.check_quota(call.location, pool.body["config"], max(more, 0))

        async def resized() -> None:
            pool.body["initialNodeCount"] = count
            await self._parts.provisioner.resize(cluster, pool, count)

        return self.change(cluster, pool, "SET_NODE_POOL_SIZE", resized)

    def set_autoscaling(self, call: Call) -> dict:
        cluster, pool = self._parts.store.pool(call.location, call.cluster, call.pool)
        return self.autoscale(cluster, pool, call.body.get("autoscaling", {}))

    def autoscale(self, cluster: Cluster, pool: Pool, autoscaling: dict) -> dict:
        """Begin the operation that gives a pool other autoscaling limits."""
        check_autoscaling(autoscaling, "autoscaling")
        if autoscaling.get("enabled"):
            autoscaling.setdefault("locationPolicy", pool.body.get("autoscaling", {}).get("locationPolicy", "BALANCED"))

        async def within() -> None:
            pool.body["autoscaling"] = autoscaling
            least, most = autoscaling.get("minNodeCount", 0), autoscaling.get("maxNodeCount", 0)
            if autoscaling.get("enabled") and most:
                for zone in pool.body["locations"]:
                    have = pool.nodes_in(zone)
                    await self._parts.provisioner.remove(cluster, pool, have[most:])
                    await self._parts.provisioner.add(cluster, pool, zone, least - len(have))

        return self.change(cluster, pool, "UPDATE_CLUSTER", within)

    def set_management(self, call: Call) -> dict:
        cluster, pool = self._parts.store.pool(call.location, call.cluster, call.pool)
        management = call.body.get("management")
        if management is None:
            raise refuse("Management must be specified.")
        channel = cluster.body["releaseChannel"].get("channel", "UNSPECIFIED")
        if channel != "UNSPECIFIED" and not management.get("autoUpgrade"):
            raise refuse("Auto_upgrade must be true when release_channel is set.")

        async def managed() -> None:
            pool.body["management"] = management

        return self.change(cluster, pool, "SET_NODE_POOL_MANAGEMENT", managed)

    def change(
        self,
        cluster: Cluster,
        pool: Pool,
        type: str,
        apply: Callable[[], Awaitable[None]],
        *,
        seconds: float = service.OTHER,
        status: str = "RECONCILING",
        verb: str = "update",
    ) -> dict:
        """Begin an operation that applies a change to a pool at its end."""
        parts = self._parts
        parts.check_writable(cluster, f"{verb}_node_pool")
        before = pool.body["status"]
        service.settle(pool.body, status)
        service.settle(cluster.body, "RECONCILING")

        async def work(operation: Operation) -> None:
            await operation.sleep(seconds)
            await apply()
            service.settle(pool.body)
            service.settle(cluster.body)

        async def undo(failure: OperationFailed) -> None:
            if failure.condition != "UNKNOWN":
                service.failed_pool(pool, failure)
            else:
                service.settle(pool.body, before)
            service.settle(cluster.body)

        return parts.operations.begin(
            type, cluster.location, cluster.name, pool=pool.name, seconds=seconds, work=work, undo=undo
        )
