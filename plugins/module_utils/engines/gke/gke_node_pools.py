# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of gke_node_pools."""

from __future__ import annotations

from typing import Any

from ...core.result import Progress, Result
from ...core.runner import ModuleSpec
from ...gke.options import CONTROL_PLANE, LOCATION, NODE_POOL, TIMEOUT, WAIT_UNTIL
from ...gke.session import open_session
from ...gke.validation import check_node_pools
from ...http.address import check_proxy
from ...workflows import cluster_with_pools
from ...workflows.stockout_advice import advised


def run(options: dict[str, Any], check: bool, progress: Progress) -> Result:
    """Bring node pools of one cluster to their desired state. options: those of gke_node_pools.

    Raises InvalidOption before any request, and what ``cluster_with_pools.converge_pools`` raises.
    """
    check_node_pools(options)
    check_proxy("cluster_proxy_url", options["cluster_proxy_url"])
    with open_session(options, check, progress) as session:
        result = cluster_with_pools.converge_pools(options, session)
    result.http_requests = session.requests
    return result


SPEC = ModuleSpec(
    run=advised(run),
    told=frozenset({"plan", "operations"}),
    argument_spec={
        **LOCATION,
        **CONTROL_PLANE,
        "cluster": {"type": "str", "required": True},
        "node_pools": {"type": "list", "elements": "dict", "required": True, "options": NODE_POOL},
        "wait_until": WAIT_UNTIL,
        "timeout": TIMEOUT,
    },
)
