# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster as a target of reconcile."""

from __future__ import annotations

from typing import Any

from ..core.errors import InvalidOption, LlmopsError
from ..core.result import Progress, Step
from . import compare, operations, stockouts
from .client import Call, GkeClient, Place
from .fields.cluster.table import CLUSTER_FIELDS
from .fields.node_pool.table import NODE_POOL_FIELDS
from .monitoring import with_initial_components
from .target import BROKEN, GkeTarget


class ClusterTarget(GkeTarget):
    """A cluster; its node pools are born with it and are gke_node_pool's matter afterwards."""

    kind = "cluster"
    fields = CLUSTER_FIELDS

    def __init__(
        self, options: dict[str, Any], client: GkeClient, place: Place, *, check: bool, progress: Progress
    ) -> None:
        super().__init__(options, client, place, check=check, progress=progress)
        self._given = options

    def look(self) -> dict[str, Any] | None:
        """See ``GkeTarget.look``."""
        current = self.client.cluster(self.place.project, self.place.location, self.options["name"])
        self.options = with_initial_components(self._given, current)
        return current

    def birth(self) -> dict[str, Any]:
        """See ``GkeTarget.birth``."""
        pools = self.options["node_pools"]
        if not pools:
            raise InvalidOption("node_pools", pools, "at least one node pool, because the cluster is to be created")
        born = [
            {"name": pool["name"], **compare.birth(NODE_POOL_FIELDS, stockouts.in_first_zone(pool))} for pool in pools
        ]
        return {"name": self.options["name"], **compare.birth(self.fields, self.options), "nodePools": born}

    def plan(self, current: dict[str, Any] | None) -> list[Step]:
        """See ``GkeTarget.plan``. Raises InvalidOption where the deletion is protected against.

        Of a cluster in ERROR nothing can be changed: it is named at once.
        """
        if current is not None and self.options["state"] == "present" and current.get("status") == "ERROR":
            raise self._broken(self.resource, current)
        if current is not None and self.options["state"] == "absent" and self.options["deletion_protection"]:
            raise InvalidOption("state", "absent", f"present while deletion_protection is on: {self.resource} exists")
        return super().plan(current)

    def create_call(self) -> Call:
        """See ``GkeTarget.create_call``."""
        body = {"cluster": self.birth(), "parent": self.place.parent}
        return Call("POST", f"{self.place.parent}/clusters", self._doing("create"), body)

    def render(self, current: dict[str, Any] | None) -> dict[str, Any] | None:
        """See ``GkeTarget.render``; of the node pools, those that are named here and exist."""
        shown = super().render(current)
        if shown is None or current is None or not self.options["node_pools"]:
            return shown
        live = {pool["name"]: pool for pool in current.get("nodePools", [])}
        shown["node_pools"] = [
            {"name": pool["name"], **compare.shown(NODE_POOL_FIELDS, pool, live[pool["name"]])}
            for pool in self.options["node_pools"]
            if pool["name"] in live
        ]
        return shown

    def fault(self, current: dict[str, Any], *, created: bool) -> LlmopsError | None:
        """See ``GkeTarget.fault``; of a cluster that was created, also a node pool that was to be born with it."""
        named = {pool["name"] for pool in self.options["node_pools"] or [] if created}
        for pool in current.get("nodePools", []):
            if pool["name"] in named and pool.get("status") in BROKEN and not self._goes_on(pool):
                return self._pool_broken(pool)
        return super().fault(current, created=created)

    def concerns(self, current: dict[str, Any]) -> list[str]:
        """See ``GkeTarget.concerns``: node pools that are broken, which are gke_node_pool's matter."""
        return [
            self._out_of_stock(pool) if self._goes_on(pool) else self._pool_broken(pool).message
            for pool in current.get("nodePools", [])
            if pool.get("status") in BROKEN
        ]

    def _judge(self, operation: dict[str, Any], doing: str) -> None:
        """See ``GkeTarget._judge``. A cluster that only lacks a pool's nodes, which another zone may have, is there.

        GKE calls its creation failed, and yet the control plane works; one that does not is in ERROR.
        """
        error = operations.operation_failure(doing, operation)
        if error is None:
            return
        current = self.look() if stockouts.is_stockout(error) else None
        pools = [pool for pool in (current or {}).get("nodePools", []) if pool.get("status") in BROKEN]
        # The run then ends with a warning of each of them.
        if current is None or current.get("status") in BROKEN or not pools or not all(map(self._goes_on, pools)):
            raise error

    def _goes_on(self, pool: dict[str, Any]) -> bool:
        """Whether a broken pool is one that gke_node_pool makes in another zone."""
        in_order = {given["name"] for given in self.options["node_pools"] or [] if given.get("locations_in_order")}
        return pool["name"] in in_order and stockouts.pool_stockout(pool) is not None

    def _out_of_stock(self, pool: dict[str, Any]) -> str:
        where = ", ".join(pool.get("locations", []))
        return (
            f"node pool {pool['name']} of {self.resource} has no nodes, because {where} is out of stock: gke_node_pool "
            "goes on with the next of its locations (locations_in_order)"
        )

    def _pool_broken(self, pool: dict[str, Any]) -> LlmopsError:
        return self._broken(f"node pool {pool['name']} of {self.resource}", pool, kind="node pool")


def without_secrets(cluster: dict[str, Any] | None) -> dict[str, Any] | None:
    """The cluster as the API gives it, less the credentials that old clusters have in it."""
    if cluster is None or "masterAuth" not in cluster:
        return cluster
    secret = ("clientKey", "password")
    public = {name: value for name, value in cluster["masterAuth"].items() if name not in secret}
    return {**cluster, "masterAuth": public}
