# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of gke_node_pool."""

from __future__ import annotations

from typing import Any

from ansible_collections.llmops.gke.plugins.module_utils.gke import compare
from ansible_collections.llmops.gke.plugins.module_utils.gke.client import Call, Place
from ansible_collections.llmops.gke.plugins.module_utils.gke.node_pool_fields import NODE_POOL_FIELDS
from ansible_collections.llmops.gke.plugins.module_utils.gke.target import GkeTarget, bring_about
from ansible_collections.llmops.gke.plugins.module_utils.gke.validation import check_node_pool
from ansible_collections.llmops.gke.plugins.module_utils.result import Progress, Result


class NodePoolTarget(GkeTarget):
    """A node pool of a cluster that exists."""

    kind = "node pool"
    fields = NODE_POOL_FIELDS

    def look(self) -> dict[str, Any] | None:
        """See ``GkeTarget.look``."""
        return self.client.node_pool(
            self.place.project, self.place.location, self.options["cluster"], self.options["name"]
        )

    def birth(self) -> dict[str, Any]:
        """See ``GkeTarget.birth``."""
        return {"name": self.options["name"], **compare.birth(self.fields, self.options)}

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
