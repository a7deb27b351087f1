# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node pool as a target of reconcile."""

from __future__ import annotations

from typing import Any

from ..core.errors import HttpError
from ..core.option_names import option
from ..core.result import Progress, Step
from . import compare, operations
from .client import Call, ClusterAbsent, GkeClient, Place
from .fields.equivalence import text
from .fields.field import dig, snake_case
from .fields.node_pool.maintenance import OF_STRATEGY
from .fields.node_pool.table import NODE_POOL_FIELDS
from .session import Session
from .target import BROKEN, REMEDIES, GkeTarget


class PoolReader:
    """Reads the node pools of one cluster, by a request of its own each time."""

    def __init__(self, client: GkeClient, place: Place) -> None:
        self.client = client
        self.place = place

    def pool(self, name: str) -> dict[str, Any] | None:
        """The node pool as the API gives it; None where it or its cluster is absent."""
        return self.client.node_pool(self.place.project, self.place.location, str(self.place.cluster), name)

    def cluster(self) -> dict[str, Any] | None:
        """The cluster as the API gives it, or None where it is absent."""
        return self.client.cluster(self.place.project, self.place.location, str(self.place.cluster))

    def pools(self) -> list[dict[str, Any]]:
        """All node pools; none where the cluster is absent."""
        return self.client.node_pools(self.place)


class NodePoolTarget(GkeTarget):
    """A node pool of a cluster. options: those of gke_node_pool."""

    kind = "node pool"
    left_broken = REMEDIES[kind]
    fields = NODE_POOL_FIELDS
    _repaired = False
    _left_to_cluster = False

    def __init__(self, options: dict[str, Any], session: Session, reader: PoolReader) -> None:
        cluster = reader.place
        super().__init__(options, session, Place(cluster.project, cluster.location, cluster.cluster, options["name"]))
        self.reader = reader

    def fetch(self) -> dict[str, Any] | None:
        """See ``GkeTarget.fetch``."""
        return self.reader.pool(self.options["name"])

    def read(self) -> dict[str, Any] | None:
        """See ``GkeTarget.read``. Of a cluster in ERROR GKE deletes no pool alone, nor is there an end to wait for."""
        current = self.fetch()
        if current is None or self.options["state"] == "present":
            return self._waited_for(current)
        self._left_to_cluster = (self.reader.cluster() or {}).get("status") == "ERROR"
        if not self._left_to_cluster:
            return self._waited_for(current)
        self.warnings.append(
            f"{self.resource} is left to the deletion of {self.place.cluster_place}: that is in ERROR, and GKE deletes "
            "such a cluster only as a whole"
        )
        return current

    def _updates(self, current: dict[str, Any]) -> list[Step]:
        have = dig(current, "upgradeSettings.strategy") or "SURGE"
        return [self._of_one_strategy(self._within_limits(step), have) for step in super()._updates(current)]

    def _of_one_strategy(self, step: Step, have: str) -> Step:
        """The step, or an impossible one where settings are asked for that the pool's strategy of upgrades has not."""
        settings = (step.payload.body if step.payload else {}).get("upgradeSettings") or {}
        strategy = settings.get("strategy", have)
        for other, names in OF_STRATEGY.items():
            asked = [option(f"upgrade_settings.{snake_case(name)}") for name in names if name in settings]
            if other != strategy and asked:
                reason = (
                    f"the pool's upgrades are {strategy}: give {option('upgrade_settings.strategy')}: {other} as well "
                    f"to change that, or null for {' and '.join(asked)} to keep it"
                )
                return Step("update", self.resource, "", step.changes, remedy=reason)
        return step

    def _within_limits(self, step: Step) -> Step:
        """The step, or an impossible one where a limit that is asked for contradicts the one that GKE has."""
        limits = (step.payload.body if step.payload else {}).get("autoscaling") or {}
        for least, most in (("minNodeCount", "maxNodeCount"), ("totalMinNodeCount", "totalMaxNodeCount")):
            if limits.get(least, 0) > limits.get(most, limits.get(least, 0)):
                reason = (
                    f"{snake_case(least)} would be {limits[least]} and {snake_case(most)} {limits[most]}: name both"
                )
                return Step("update", self.resource, "", step.changes, remedy=reason)
        return step

    def create_body(self) -> dict[str, Any]:
        """See ``GkeTarget.create_body``."""
        return {"name": self.options["name"], **compare.create_body(self.fields, self.options)}

    def plan(self, current: dict[str, Any] | None) -> list[Step]:
        """See ``GkeTarget.plan``; a broken pool is deleted and created anew where that was asked for.

        A pool that is to be absent stays where it lacks one of the expected labels: it is somebody else's.
        """
        absent = self.options["state"] == "absent" and current is not None
        if absent and (self._left_to_cluster or not self._has_expected_labels(current)):
            return []
        wanted = self.options["state"] == "present" and self.options["repair"] and not self._repaired
        if wanted and current is not None and current.get("status") in BROKEN:
            delete = Call("DELETE", self.place.name, self._doing("delete broken"))
            return [self._step("delete", delete), self._step("create", self.create_call())]
        return super().plan(current)

    def _has_expected_labels(self, current: dict[str, Any]) -> bool:
        have = (current.get("config") or {}).get("labels") or {}
        expected = self.options.get("expected_labels") or {}
        return {text(key): text(value) for key, value in expected.items()}.items() <= have.items()

    def act(self, step: Step, progress: Progress) -> dict[str, Any] | None:
        """See ``GkeTarget.act``. What is created and broken again is a failure, not to be repaired once more."""
        self._repaired = self._repaired or step.action == "create"
        return super().act(step, progress)

    def create_call(self) -> Call:
        """See ``GkeTarget.create_call``."""
        cluster = self.place.cluster_place.name
        body = {"nodePool": self.create_body(), "parent": cluster}
        return Call("POST", f"{cluster}/nodePools", self._doing("create"), body)

    def _after(self, step: Step, error: HttpError) -> Step | None:
        """See ``GkeTarget._after``. Raises ClusterAbsent where the pool cannot be created for want of its cluster, and
        OperationFailed where that can only be deleted."""
        cluster = self.place.cluster_place
        if error.reason == "FAILED_PRECONDITION" and operations.blocking_operation(error) is None:
            found = self.reader.cluster() or {}
            if found.get("status") == "ERROR":
                raise self._broken(str(cluster), found, kind="cluster") from error
        if step.action == "create" and error.status == 404 and not self.client.cluster_exists(cluster):
            raise ClusterAbsent(
                f"{step.payload.doing}: {cluster} does not exist; create it first (llmops.gke.gke_cluster)"
            ) from error
        return super()._after(step, error)
