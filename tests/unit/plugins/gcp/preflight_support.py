# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans of a host and what was read for it, for the tests of preflight's checks."""

from __future__ import annotations

from typing import Any

from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.deployment import read_deployment
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.facts import PoolKey
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.plan import Plan, read_plan
from tests.unit.preflight_plans import CLUSTER, LOCATION, deployment_plan

GPU_POOL: dict[str, Any] = {
    "name": "gpu",
    "locations": ["us-central1-a", "us-central1-b"],
    "initial_node_count": 1,
    "autoscaling": {"enabled": True, "min_node_count": 0, "max_node_count": 3},
    "config": {
        "machine_type": "g2-standard-12",
        "accelerators": [{"accelerator_type": "nvidia-l4", "accelerator_count": 1}],
        "ephemeral_storage_local_ssd_config": {"local_ssd_count": 1},
    },
}


def replicas(least: int, most: int) -> dict[str, Any]:
    """What the model's role plans."""
    return {"replicas": {"least": least, "most": most}}


def plan(*pools: dict[str, Any], others: tuple[dict[str, Any], ...] = (), **given: Any) -> Plan:
    """The plan of a host, beside those of others."""
    return read_plan(read_deployment(deployment_plan(*pools, **given)), [read_deployment(other) for other in others])


def sizes(**nodes: int) -> dict[PoolKey, int]:
    """Nodes that the pools of the host's cluster have now, as read_facts reads them."""
    return {(LOCATION, CLUSTER, name): count for name, count in nodes.items()}
