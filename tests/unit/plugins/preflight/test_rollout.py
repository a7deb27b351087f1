# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What preflight warns of where an update of the model would wait for a GPU in vain."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.deployment import read_deployment
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.findings import WARNING, Finding
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.rules.rollout import check_rollout
from tests.unit.preflight_plans import deployment_plan


def pool(most: int, gpus: int = 1) -> dict[str, Any]:
    return {
        "name": "gpu",
        "locations": ["us-central1-a"],
        "initial_node_count": 1,
        "autoscaling": {"enabled": True, "min_node_count": 0, "max_node_count": most},
        "config": {"accelerators": [{"accelerator_type": "nvidia-l4", "accelerator_count": gpus}]},
    }


def found(*pools: dict[str, Any], replicas: int = 1, most: int = 9, surge: Any = "25%", away: Any = 0) -> list[Finding]:
    options = {"model_server_max_surge": surge, "model_server_max_unavailable": away}
    model = {"replicas": {"least": replicas, "most": most}}
    return list(check_rollout(read_deployment(deployment_plan(*pools, model=model, options=options))))


def test_a_full_pool_is_told_with_both_ways_out():
    (finding,) = found(pool(1))
    assert (finding.severity, finding.variable) == (WARNING, "model_server_max_surge")
    assert finding.text == (
        "rollout: with 1 of 1 replicas that the node pools can hold, an update of the model has no GPU for the pod "
        "that it starts first, and fails while the old one serves on; raise gpu_nodepool_max_node_count, or let the "
        "old pod end first, with the model away until the new one has loaded (model_server_max_surge: 0, "
        "model_server_max_unavailable: 1)"
    )


@pytest.mark.parametrize(
    ("pools", "given"),
    [
        ([pool(2)], {}),
        ([pool(1, gpus=2)], {}),
        ([pool(1), {**pool(1), "name": "gpu-on-demand"}], {}),
        # The old pod ends first: one of four is 25 %, one of three is none.
        ([pool(1)], {"surge": 0, "away": 1}),
        ([pool(4)], {"replicas": 4, "away": "25%"}),
        ([pool(1)], {"surge": 0, "away": 0}),
        ([pool(1)], {"replicas": 0}),
        # GPU nodes of somebody else, of which nothing is known.
        ([], {}),
    ],
)
def test_where_a_pod_finds_a_gpu_or_an_old_one_ends_nothing_is_said(pools, given):
    assert found(*pools, **given) == []


def test_percentages_are_of_the_replicas_and_rounded_as_the_controller_does():
    assert len(found(pool(3), replicas=3, away="25%")) == 1
    assert len(found(pool(3), replicas=3, surge="1%")) == 1
