# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of gke_node_pool."""

from __future__ import annotations

from typing import Any

from ...core.result import Progress, Result
from ...core.runner import ModuleSpec
from ...gke.client import Place
from ...gke.node_pool import PoolReader
from ...gke.options import CONTROL_PLANE, DEFINITION, LOCATION, NODE_POOL, TIMEOUT
from ...gke.session import Session, open_session
from ...gke.validation import check_node_pool
from ...http.address import check_proxy
from ...workflows.node_pools import zones
from ...workflows.stockout_advice import advised


def run(options: dict[str, Any], check: bool, progress: Progress) -> Result:
    """Bring a node pool to its desired state. options: those of gke_node_pool.

    Raises InvalidOption before any request, ImmutableField before any that writes, ClusterAbsent, OperationFailed,
    HttpError, DeadlineExceeded. In check mode an absent cluster is a warning, because it may be created by then.
    """
    check_node_pool(options)
    check_proxy("cluster_proxy_url", options["cluster_proxy_url"])
    cluster = Place(options["project"], options["location"], options["cluster"])
    with open_session(options, check, progress) as session:
        result = zones.converge(options, session, PoolReader(session.client, cluster))
        if check and result.changed and result.before is None:
            _warn_of_absent_cluster(result, session, cluster)
    result.http_requests = session.requests
    return result


def _warn_of_absent_cluster(result: Result, session: Session, cluster: Place) -> None:
    if not session.client.cluster_exists(cluster):
        result.warnings.append(f"{cluster} does not exist; the node pool is predicted as if it did")


_NOT_DEFINED = frozenset({"state"})

ARGUMENT_SPEC: dict[str, Any] = {
    **LOCATION,
    **CONTROL_PLANE,
    "cluster": {"type": "str", "required": True},
    "timeout": TIMEOUT,
    "definition": DEFINITION,
    **NODE_POOL,
}

SPEC = ModuleSpec(
    run=advised(run),
    argument_spec=ARGUMENT_SPEC,
    definition=frozenset(NODE_POOL) - _NOT_DEFINED,
    told=frozenset({"plan", "operations"}),
)
