# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of gke_node_pool."""

from __future__ import annotations

from typing import Any

from ..core.result import Progress, Result, Step
from . import compare
from .client import Call, Place
from .fields.field import snake_case
from .fields.node_pool.table import NODE_POOL_FIELDS
from .target import BROKEN, GkeTarget, bring_about
from .validation import check_node_pool


class NodePoolTarget(GkeTarget):
    """A node pool of a cluster that exists."""

    kind = "node pool"
    fields = NODE_POOL_FIELDS
    _repaired = False

    def look(self) -> dict[str, Any] | None:
        """See ``GkeTarget.look``."""
        return self.client.node_pool(
            self.place.project, self.place.location, self.options["cluster"], self.options["name"]
        )

    def _updates(self, current: dict[str, Any]) -> list[Step]:
        return [self._within_limits(step) for step in super()._updates(current)]

    def _within_limits(self, step: Step) -> Step:
        """The step, or an impossible one where a limit that is asked for contradicts the one that GKE has."""
        limits = (step.payload.body if step.payload else {}).get("autoscaling") or {}
        for least, most in (("minNodeCount", "maxNodeCount"), ("totalMinNodeCount", "totalMaxNodeCount")):
            if limits.get(least, 0) > limits.get(most, limits.get(least, 0)):
                reason = (
                    f"{snake_case(least)} would be {limits[least]} and {snake_case(most)} {limits[most]}: name both"
                )
                return Step("update", self.resource, "", step.changes, way_out=reason)
        return step

    def birth(self) -> dict[str, Any]:
        """See ``GkeTarget.birth``."""
        return {"name": self.options["name"], **compare.birth(self.fields, self.options)}

    def plan(self, current: dict[str, Any] | None) -> list[Step]:
        """See ``GkeTarget.plan``; a broken pool is deleted and created anew where that was asked for."""
        wanted = self.options["state"] == "present" and self.options["repair"] and not self._repaired
        if wanted and current is not None and current.get("status") in BROKEN:
            delete = Call("DELETE", self.place.name, self._doing("delete broken"))
            return [self._step("delete", delete), self._step("create", self.create_call())]
        return super().plan(current)

    def act(self, step: Step, progress: Progress) -> dict[str, Any] | None:
        """See ``GkeTarget.act``. What is created and broken again is a failure, not to be repaired once more."""
        self._repaired = self._repaired or step.action == "create"
        return super().act(step, progress)

    def create_call(self) -> Call:
        """See ``GkeTarget.create_call``."""
        cluster = self.place.cluster_place.name
        body = {"nodePool": self.birth(), "parent": cluster}
        return Call("POST", f"{cluster}/nodePools", self._doing("create"), body)


def run(options: dict[str, Any], check: bool, progress: Progress) -> Result:
    """Bring a node pool to its desired state. options: those of gke_node_pool.

    Raises InvalidOption before any request, ImmutableField before any that writes, OperationFailed, HttpError,
    DeadlineExceeded.
    """
    check_node_pool(options)
    place = Place(options["project"], options["location"], options["cluster"], options["name"])
    result, node_pool = bring_about(
        options,
        check,
        progress,
        lambda client: NodePoolTarget(options, client, place, check=check, progress=progress),
    )
    result.values["node_pool"] = node_pool
    return result
