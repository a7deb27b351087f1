# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one node takes of Compute Engine's quotas."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.plan import PoolPlan
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.quotas.needs import node_needs

from .preflight_support import plan


def node(**config: Any) -> PoolPlan:
    """A pool whose nodes are g2-standard-12, by default without GPUs."""
    definition = {"name": "a", "locations": ["us-central1-a"], "config": {"machine_type": "g2-standard-12", **config}}
    (found,) = plan(definition).pools
    return found


NODE = {"CPUS": 4, "CPUS_ALL_REGIONS": 4, "INSTANCES": 1, "IN_USE_ADDRESSES": 1}


@pytest.mark.parametrize(
    ("config", "takes"),
    [
        ({}, {**NODE, "SSD_TOTAL_GB": 100}),
        ({"disk_type": "pd-ssd", "disk_size_gb": 50}, {**NODE, "SSD_TOTAL_GB": 50}),
        ({"disk_type": "pd-balanced", "disk_size_gb": 50}, {**NODE, "SSD_TOTAL_GB": 50}),
        ({"disk_type": "pd-standard", "disk_size_gb": 50}, {**NODE, "DISKS_TOTAL_GB": 50}),
        (
            {"ephemeral_storage_local_ssd_config": {"local_ssd_count": 2}},
            {**NODE, "SSD_TOTAL_GB": 100, "LOCAL_SSD_TOTAL_GB": 750},
        ),
        (
            {"spot": True, "ephemeral_storage_local_ssd_config": {"local_ssd_count": 1}},
            {
                "PREEMPTIBLE_CPUS": 4,
                "CPUS_ALL_REGIONS": 4,
                "INSTANCES": 1,
                "IN_USE_ADDRESSES": 1,
                "SSD_TOTAL_GB": 100,
                "PREEMPTIBLE_LOCAL_SSD_GB": 375,
            },
        ),
    ],
)
def test_what_a_node_takes(config: dict[str, Any], takes: dict[str, int]):
    assert node_needs(node(**config), 4, ["CPUS", "PREEMPTIBLE_CPUS"]) == takes


@pytest.mark.parametrize(
    ("spot", "known", "metric"),
    [
        (False, ["CPUS", "G2_CPUS"], "G2_CPUS"),
        (False, ["CPUS", "G2", "PREEMPTIBLE_G2_CPUS"], "CPUS"),
        (True, ["CPUS", "G2_CPUS"], "PREEMPTIBLE_CPUS"),
        (True, ["CPUS", "G2_CPUS", "PREEMPTIBLE_G2_CPUS"], "PREEMPTIBLE_G2_CPUS"),
    ],
)
def test_which_quota_a_nodes_cpus_are_of(spot: bool, known: list[str], metric: str):
    needs = node_needs(node(spot=spot), 4, known)
    assert [name for name in needs if name.endswith("CPUS")] == [metric]
    assert needs[metric] == needs["CPUS_ALL_REGIONS"] == 4


@pytest.mark.parametrize(("spot", "metric"), [(False, "NVIDIA_L4_GPUS"), (True, "PREEMPTIBLE_NVIDIA_L4_GPUS")])
def test_a_nodes_gpus_are_of_the_region_and_of_the_project(spot: bool, metric: str):
    gpus = [{"accelerator_type": "nvidia-l4", "accelerator_count": 4}]
    needs = node_needs(node(spot=spot, accelerators=gpus), 4, [metric])
    assert {name: amount for name, amount in needs.items() if "GPU" in name} == {metric: 4, "GPUS_ALL_REGIONS": 4}


def test_private_nodes_take_no_address():
    private = {"network_config": {"enable_private_nodes": True}}
    (found,) = plan({"name": "a", "locations": ["us-central1-a"], **private}).pools
    assert "IN_USE_ADDRESSES" not in node_needs(found, 4, [])
