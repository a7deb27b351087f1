# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster as a target of reconcile, and as what its node pools are read from."""

from __future__ import annotations

from typing import Any

from ..core.errors import InvalidOption, LlmopsError
from ..core.option_names import option
from ..core.result import Step
from ..google.machine_types import read_machine_type
from . import compare, operations
from .client import Call, GkeClient, Place
from .fields.cluster.table import CLUSTER_FIELDS
from .fields.node_pool.table import NODE_POOL_FIELDS
from .monitoring import with_initial_components
from .node_pool import PoolReader
from .session import Session
from .target import BROKEN, GkeTarget

_ELSEWHERE = (
    "it is none of this task's pools: once the reason is gone, who keeps it can have it deleted and created anew "
    "(llmops.gke.gke_node_pool with repair: true, the roles with -e gpu_nodepool_repair=true)"
)


class ClusterReader(PoolReader):
    """Reads a cluster and its node pools together: one answer serves all, until another request is sent."""

    def __init__(self, client: GkeClient, place: Place, known: dict[str, Any] | None = None) -> None:
        """known: the cluster as the client's last request gave it."""
        super().__init__(client, place)
        self._cluster = known
        self._read_at = -1 if known is None else client.http.sent

    def cluster(self) -> dict[str, Any] | None:
        """The cluster as the API gives it, or None where it is absent."""
        if self._read_at != self.client.http.sent:
            place = self.place
            self._cluster = self.client.cluster(place.project, place.location, str(place.cluster))
            self._read_at = self.client.http.sent
        return self._cluster

    def pool(self, name: str) -> dict[str, Any] | None:
        """See ``PoolReader.pool``."""
        return next((pool for pool in self.pools() if pool["name"] == name), None)

    def pools(self) -> list[dict[str, Any]]:
        """See ``PoolReader.pools``."""
        return (self.cluster() or {}).get("nodePools", [])


class PredictedCluster(ClusterReader):
    """Reads from a cluster as it is expected to be; sends nothing."""

    def __init__(self, client: GkeClient, place: Place, cluster: dict[str, Any]) -> None:
        super().__init__(client, place)
        self._cluster = cluster

    def cluster(self) -> dict[str, Any] | None:
        """See ``ClusterReader.cluster``."""
        return self._cluster

    def put(self, name: str, pool: dict[str, Any] | None) -> None:
        """Expect a node pool to be like this, or to be absent."""
        pools = self.pools()
        if pool is not None:
            there = any(one["name"] == name for one in pools)
            pools = [pool if one["name"] == name else one for one in pools] + ([] if there else [pool])
        else:
            pools = [one for one in pools if one["name"] != name]
        self._cluster = {**(self._cluster or {}), "nodePools": pools}


class ClusterTarget(GkeTarget):
    """A cluster without its node pools, but for those that its create request takes along."""

    kind = "cluster"
    fields = CLUSTER_FIELDS

    def __init__(self, options: dict[str, Any], session: Session, reader: ClusterReader) -> None:
        super().__init__(options, session, reader.place)
        self.reader = reader
        self._given = options

    def fetch(self) -> dict[str, Any] | None:
        """See ``GkeTarget.fetch``."""
        current = self.reader.cluster()
        self.options = with_initial_components(self._given, current)
        return current

    def create_body(self) -> dict[str, Any]:
        """See ``GkeTarget.create_body``."""
        pools = [pool for pool in self.options["node_pools"] or [] if is_created_with_cluster(pool)]
        if not pools:
            raise InvalidOption(
                "node_pools",
                [pool["name"] for pool in self.options["node_pools"] or []],
                "at least one node pool without accelerators, because the cluster is to be created: GKE needs a pool "
                "in the cluster's own create request, and GPU pools are created after it (create_with_cluster)",
            )
        bodies = [{"name": pool["name"], **compare.create_body(NODE_POOL_FIELDS, pool)} for pool in pools]
        return {
            "name": self.options["name"],
            **compare.create_body(self.fields, self.options),
            "nodePools": bodies,
        }

    def plan(self, current: dict[str, Any] | None) -> list[Step]:
        """See ``GkeTarget.plan``. Raises InvalidOption where the deletion is protected against.

        Of a cluster in ERROR nothing can be changed: it is named at once.
        """
        if current is not None and self.options["state"] == "present" and current.get("status") == "ERROR":
            raise self._broken(self.resource, current)
        if current is not None and self.options["state"] == "absent" and self.options["deletion_protection"]:
            raise InvalidOption(
                "state", "absent", f"present while {option('deletion_protection')} is on: {self.resource} exists"
            )
        return super().plan(current)

    def create_call(self) -> Call:
        """See ``GkeTarget.create_call``."""
        body = {"cluster": self.create_body(), "parent": self.place.parent}
        return Call("POST", f"{self.place.parent}/clusters", self._doing("create"), body)

    def failure(self, current: dict[str, Any], *, created: bool) -> LlmopsError | None:
        """See ``GkeTarget.failure``; of a cluster that was created, also a node pool that came with it."""
        error = super().failure(current, created=created)
        broken = [pool for pool in current.get("nodePools", []) if pool.get("status") in BROKEN] if created else []
        if broken and error is None:
            error = self._pool_broken(broken[0])
            error.about_item_of("node_pools")
        return error

    def notices(self, current: dict[str, Any]) -> list[str]:
        """See ``GkeTarget.notices``: that the cluster is degraded, and node pools that are broken, and that this task
        has not to do with."""
        named = {pool["name"] for pool in self.options["node_pools"] or []}
        degraded = current.get("status") == "DEGRADED"
        return [f"{self.resource} is DEGRADED: {operations.complaint(current)}"] * degraded + [
            self._pool_broken(pool, _ELSEWHERE).message
            for pool in current.get("nodePools", [])
            if pool.get("status") in BROKEN and pool["name"] not in named
        ]

    def _pool_broken(self, pool: dict[str, Any], elsewhere: str = "") -> LlmopsError:
        error = self._broken(f"node pool {pool['name']} of {self.resource}", pool, "node pool", elsewhere)
        error.fields["node_pool"] = pool["name"]
        return error


def is_created_with_cluster(pool: dict[str, Any]) -> bool:
    """Whether a pool of ``node_pools`` belongs in the cluster's own create request.

    A GPU that is out of stock would take the cluster along into ERROR there, and zones that are tried one after the
    other can only be tried once the cluster is there.
    """
    if pool["state"] == "absent":
        return False
    if pool["create_with_cluster"] is not None:
        return pool["create_with_cluster"]
    config = pool.get("config") or {}
    machine = read_machine_type(config.get("machine_type") or "", None)
    has_gpus = bool(config.get("accelerators")) or (machine is not None and machine.gpu is not None)
    return not (pool["locations_in_order"] or has_gpus)


def without_secrets(cluster: dict[str, Any] | None) -> dict[str, Any] | None:
    """The cluster as the API gives it, less the credentials that old clusters have in it."""
    if cluster is None or "masterAuth" not in cluster:
        return cluster
    secret = ("clientKey", "password")
    public = {name: value for name, value in cluster["masterAuth"].items() if name not in secret}
    return {**cluster, "masterAuth": public}
