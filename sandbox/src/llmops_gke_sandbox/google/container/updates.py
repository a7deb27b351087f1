# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""In-place changes of clusters and pools, by the table data/updates.yml."""

from __future__ import annotations

import copy
from functools import cache

from llmops_gke_sandbox.google import places
from llmops_gke_sandbox.google.container.clusters import Clusters
from llmops_gke_sandbox.google.container.defaulting import known_version, merged, resolved_version
from llmops_gke_sandbox.google.container.pools import Pools
from llmops_gke_sandbox.google.container.service import Call, Parts
from llmops_gke_sandbox.google.container.state import Cluster, Pool, fingerprint
from llmops_gke_sandbox.google.container.validation import check_pool, check_workload_pool, check_zones, refuse
from llmops_gke_sandbox.google.errors import unimplemented

_EFFECTS = {"NO_SCHEDULE": "NoSchedule", "PREFER_NO_SCHEDULE": "PreferNoSchedule", "NO_EXECUTE": "NoExecute"}
# Fields of the requests that say where, not what.
_ADDRESS = ("name", "projectId", "zone", "clusterId", "nodePoolId", "etag")


class Changes:
    """The update methods of clusters and pools."""

    def __init__(self, parts: Parts, clusters: Clusters, pools: Pools) -> None:
        self._parts, self._clusters, self._pools = parts, clusters, pools

    def update_cluster(self, call: Call) -> dict:
        cluster = self._parts.store.cluster(call.location, call.cluster)
        update = {field: value for field, value in call.body.get("update", {}).items() if field != "etag"}
        if not update:
            raise refuse("Must specify a field to update.")
        if len(update) > 1 and not any(set(update) <= set(fields) for fields in _table()["together"]):
            raise refuse("Exactly one update can be applied to a cluster with each request.")
        if "desiredNodePoolAutoscaling" in update:
            pool = self._only_pool(cluster, update.get("desiredNodePoolId"))
            return self._pools.autoscale(cluster, pool, update["desiredNodePoolAutoscaling"])
        if "desiredNodeVersion" in update or "desiredImageType" in update:
            pool = self._only_pool(cluster, update.get("desiredNodePoolId"))
            names = {"desiredNodeVersion": "nodeVersion", "desiredImageType": "imageType"}
            return self._change_pool(cluster, pool, {names[name]: update[name] for name in update if name in names})
        if "desiredMasterVersion" in update:
            return self._upgrade_master(cluster, update["desiredMasterVersion"])
        if "desiredLocations" in update:
            return self._relocate(cluster, update["desiredLocations"])
        return self._set(cluster, update)

    def set_maintenance_policy(self, call: Call) -> dict:
        cluster = self._parts.store.cluster(call.location, call.cluster)
        policy = call.body.get("maintenancePolicy", {})
        if policy.get("resourceVersion", "") not in ("", cluster.body["maintenancePolicy"]["resourceVersion"]):
            raise refuse("Maintenance policy's resource version is not the current one: get it and try again.")
        window = policy.get("window", {})
        renewed = {"window": window, "resourceVersion": fingerprint(window)}
        return self._clusters.change(
            cluster, "SET_MAINTENANCE_POLICY", lambda: cluster.body.update(maintenancePolicy=renewed)
        )

    def update_pool(self, call: Call) -> dict:
        cluster, pool = self._parts.store.pool(call.location, call.cluster, call.pool)
        update = {field: value for field, value in call.body.items() if field not in _ADDRESS}
        if not update:
            raise refuse("At least one field to update must be specified.")
        return self._change_pool(cluster, pool, update)

    def _set(self, cluster: Cluster, update: dict) -> dict:
        for field in update:
            if field not in _table()["cluster"]:
                raise unimplemented(f"ClusterUpdate.{field}")
        check_workload_pool(update.get("desiredWorkloadIdentityConfig", {}), self._parts.project)

        def apply() -> None:
            for field, value in update.items():
                row = _table()["cluster"][field]
                _lay(cluster.body, row, value.get(row["inner"]) if "inner" in row else value)

        return self._clusters.change(cluster, "UPDATE_CLUSTER", apply)

    def _upgrade_master(self, cluster: Cluster, asked: str) -> dict:
        version = _version(asked, "Master")

        def apply() -> None:
            cluster.body["currentMasterVersion"] = version

        return self._clusters.change(cluster, "UPGRADE_MASTER", apply)

    def _relocate(self, cluster: Cluster, zones: list[str]) -> dict:
        check_zones("update.desired_locations", zones, cluster.location)
        if not zones:
            raise refuse("update.desired_locations must not be empty.")

        async def apply() -> None:
            cluster.body["locations"] = zones
            for pool in cluster.pools.values():
                pool.body["locations"] = list(zones)
                await self._parts.provisioner.resize(cluster, pool, pool.body["initialNodeCount"])

        return self._clusters.change(cluster, "UPDATE_CLUSTER", apply)

    def _change_pool(self, cluster: Cluster, pool: Pool, update: dict) -> dict:
        body = copy.deepcopy(pool.body)
        effects = set()
        for field, value in update.items():
            row = _table()["pool"].get(field)
            if row is None:
                raise unimplemented(f"UpdateNodePoolRequest.{field}")
            if field == "nodeVersion":
                value = cluster.body["currentMasterVersion"] if value == "-" else _version(value, "Node")
            value = int(value) if field == "diskSizeGb" else value
            if "inner" in row:
                value = value.get(row["inner"], {} if row["inner"] == "labels" else [])
            _lay(body, row, value)
            effects.add(row.get("nodes"))
        check_pool(body, "node_pool", cluster.location, body["locations"])

        async def apply() -> None:
            before = pool.body
            pool.body = body | {"status": before["status"]}
            await self._reach_nodes(cluster, pool, before, effects)

        type = "UPGRADE_NODES" if "recreate" in effects else "UPDATE_CLUSTER"
        return self._pools.change(cluster, pool, type, apply)

    async def _reach_nodes(self, cluster: Cluster, pool: Pool, before: dict, effects: set) -> None:
        provisioner, config = self._parts.provisioner, pool.body["config"]
        if "zones" in effects:
            await provisioner.resize(cluster, pool, pool.body["initialNodeCount"])
        if "recreate" in effects:
            await provisioner.replace(cluster, pool)
        elif "labels" in effects:
            labels = dict.fromkeys(before["config"].get("labels", {})) | config.get("labels", {})
            for name in pool.nodes:
                await cluster.backend.set_node_labels(name, labels)
        if "taints" in effects and "recreate" not in effects:
            taints = [taint | {"effect": _EFFECTS[taint["effect"]]} for taint in config.get("taints", [])]
            for name in pool.nodes:
                await cluster.backend.set_node_taints(name, taints)

    def _only_pool(self, cluster: Cluster, name: str | None) -> Pool:
        if name is None and len(cluster.pools) == 1:
            return next(iter(cluster.pools.values()))
        if name is None:
            raise refuse("desired_node_pool_id must be specified: the cluster has several node pools.")
        return self._parts.store.pool(cluster.location, cluster.name, name)[1]


@cache
def _table() -> dict:
    return places.table("updates")


def _version(asked: str, what: str) -> str:
    version = resolved_version(asked)
    if not known_version(version):
        raise refuse(f'{what} version "{asked}" is unsupported.')
    return version


def _lay(body: dict, row: dict, value: object) -> None:
    """Put a value where a row of the table says."""
    *folders, field = row["path"].split(".")
    for folder in folders:
        body = body.setdefault(folder, {})
    below = body.get(field, {}) if row.get("how") == "merge" else row.get("over")
    body[field] = value if below is None else merged(below, value)
