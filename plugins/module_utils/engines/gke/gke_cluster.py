# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of gke_cluster."""

from __future__ import annotations

from typing import Any

from ...core.result import Progress, Result
from ...core.runner import ModuleSpec
from ...gke.client import Place
from ...gke.cluster import ClusterTarget, without_secrets
from ...gke.fields.argument_spec import exactly_spec, spec_of
from ...gke.fields.cluster.table import CLUSTER_FIELDS
from ...gke.fields.node_pool.table import NODE_POOL_FIELDS
from ...gke.monitoring import COMPONENTS
from ...gke.options import LOCATION, LOCATIONS_IN_ORDER, STATE, TIMEOUT
from ...gke.target import bring_about
from ...gke.validation import check_cluster
from ...workflows.stockout_advice import advised


def run(options: dict[str, Any], check: bool, progress: Progress) -> Result:
    """Bring a cluster to its desired state. options: those of gke_cluster.

    Raises InvalidOption before any request, ImmutableField before any that writes, OperationFailed, HttpError,
    DeadlineExceeded.
    """
    check_cluster(options)
    place = Place(options["project"], options["location"], options["name"])
    result, cluster = bring_about(
        options,
        check,
        progress,
        lambda client: ClusterTarget(options, client, place, check=check, progress=progress),
    )
    result.values["cluster"] = without_secrets(cluster)
    return result


ARGUMENT_SPEC: dict[str, Any] = {
    **LOCATION,
    "name": {"type": "str", "required": True},
    "state": STATE,
    "timeout": TIMEOUT,
    "node_pools": {
        "type": "list",
        "elements": "dict",
        "options": {
            "name": {"type": "str", "required": True},
            "locations_in_order": LOCATIONS_IN_ORDER,
            **spec_of(NODE_POOL_FIELDS),
        },
    },
    "deletion_protection": {"type": "bool", "default": False},
    "initial_monitoring_components": {"type": "list", "elements": "str", "choices": list(COMPONENTS.choices)},
    "exactly": exactly_spec(CLUSTER_FIELDS),
    **spec_of(CLUSTER_FIELDS),
}

SPEC = ModuleSpec(run=advised(run), argument_spec=ARGUMENT_SPEC)
