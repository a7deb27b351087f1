# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where nodes cannot be had, the failure says what Compute Engine knows of it; what is broken is named and left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import OperationFailed
from tests.contract.gke.playground import Playground, playground

PLACE = {"location": "us-central1"}
FIRST = {"name": "first", "initial_node_count": 1, "config": {"machine_type": "n1-standard-4"}}
GPU = {
    "name": "gpu",
    "initial_node_count": 1,
    "locations": ["us-central1-a"],
    "config": {
        "machine_type": "g2-standard-12",
        "accelerators": [{"accelerator_type": "nvidia-l4", "accelerator_count": 1}],
    },
}


@pytest.fixture
def cloud(tmp_path) -> Iterator[Playground]:
    with playground(tmp_path) as made:
        yield made


@pytest.fixture
def pool(cloud: Playground) -> dict[str, Any]:
    """The options of a GPU pool in a cluster that is there."""
    cloud.run("cluster", **PLACE, name="c1", node_pools=[FIRST])
    return {**PLACE, "cluster": "c1", **GPU}


def failure(cloud: Playground, module: str, **options: Any) -> OperationFailed:
    with pytest.raises(OperationFailed) as caught:
        cloud.run(module, **options)
    return caught.value


@pytest.mark.parametrize("where", ["pool", "operation"])
def test_a_stockout_names_the_other_zones_that_have_it(cloud: Playground, pool: dict[str, Any], where: str):
    cloud.fault("stockout", where=where, match={"zone": "us-central1-a"})
    error = failure(cloud, "node_pool", **pool)
    assert error.fields["code"] == "GCE_STOCKOUT"
    assert error.fields["other_zones"] == ["us-central1-b", "us-central1-c"]
    assert error.message.endswith(
        "other zones of us-central1 that offer g2-standard-12 with nvidia-l4: us-central1-b, us-central1-c"
    )


def test_a_stockout_everywhere_says_so(cloud: Playground, pool: dict[str, Any]):
    cloud.fault("stockout")
    error = failure(cloud, "node_pool", **{**pool, "locations": [f"us-central1-{zone}" for zone in "abc"]})
    # GKE names the zone in which it failed first; the others are said to have the type, not to have it in stock.
    assert set(error.fields["other_zones"]) < {"us-central1-a", "us-central1-b", "us-central1-c"}


def test_of_several_pools_the_advice_is_for_the_one_that_failed(cloud: Playground):
    cloud.fault("stockout", match={"pool": "gpu"})
    wanted = {**PLACE, "name": "c1", "node_pools": [FIRST, GPU]}
    error = failure(cloud, "cluster", **wanted)
    assert error.fields["other_zones"] == ["us-central1-b", "us-central1-c"]
    assert error.fields["node_pool"] == "gpu"
    assert [step["resource"] for step in error.fields["steps_done"]] == ["cluster c1"]
    assert cloud.state("us-central1", "c1")["status"] == "RUNNING"
    again = failure(cloud, "cluster", **wanted)
    assert again.message.startswith("node pool gpu is RUNNING_WITH_ERROR: GKE failed with GCE_STOCKOUT")
    cloud.sandbox.faults.clear()
    mended = cloud.run("cluster", **{**wanted, "node_pools": [FIRST, {**GPU, "repair": True}]})
    assert [step.action for step in mended.plan] == ["delete", "create"]
    assert not cloud.run("cluster", **wanted).changed


def test_the_advice_for_a_pool_without_gpus_is_about_its_own_machines(cloud: Playground):
    cloud.run("cluster", **PLACE, name="c1", node_pools=[FIRST])
    cloud.fault("stockout", match={"pool": "more"})
    more = {**FIRST, "name": "more", "locations": ["us-central1-a"]}
    error = failure(cloud, "cluster", **PLACE, name="c1", node_pools=[FIRST, more, GPU])
    assert "that offer n1-standard-4: " in error.message


def test_a_quota_is_named_with_its_limit_and_use(cloud: Playground, pool: dict[str, Any]):
    cloud.run("node_pool", **pool)
    cloud.fault("quota", times=1, match={"pool": "more"})
    error = failure(cloud, "node_pool", **{**pool, "name": "more"})
    assert error.fields["code"] == "GCE_QUOTA_EXCEEDED"
    assert error.fields["quota"] == {
        "metric": "NVIDIA_L4_GPUS",
        "scope": "us-central1",
        "limit": 8.0,
        "usage": 1.0,
    }
    assert error.message.endswith("quota NVIDIA_L4_GPUS of us-central1: limit 8, in use 1")


def test_a_quota_of_the_whole_project_is_found_there(cloud: Playground, pool: dict[str, Any]):
    cloud.fault("quota", times=1, metric="GPUS_ALL_REGIONS")
    error = failure(cloud, "node_pool", **pool)
    assert error.fields["quota"]["scope"] == f"project {cloud.project}"


def test_advice_that_cannot_be_had_does_not_hide_the_failure(cloud: Playground, pool: dict[str, Any]):
    cloud.fault("stockout", times=1)
    cloud.fault("permission_denied", match={"service": "compute"})
    error = failure(cloud, "node_pool", **pool)
    assert error.fields["code"] == "GCE_STOCKOUT"
    assert "other_zones" not in error.fields
    assert "us-central1-a" in error.message


def test_a_broken_pool_is_named_and_repaired_only_where_asked(cloud: Playground, pool: dict[str, Any]):
    cloud.fault("stockout", times=1)
    failure(cloud, "node_pool", **pool)
    before = len(cloud.begun("us-central1", "c1"))
    error = failure(cloud, "node_pool", **pool)
    assert error.message.startswith("node pool gpu is RUNNING_WITH_ERROR: GKE failed with GCE_STOCKOUT")
    assert "repair: true" in error.message
    assert len(cloud.begun("us-central1", "c1")) == before

    plan = cloud.run("node_pool", check=True, **pool, repair=True)
    assert [step.action for step in plan.plan] == ["delete", "create"]
    assert len(cloud.begun("us-central1", "c1")) == before
    assert cloud.run("node_pool", **pool, repair=True).changed
    assert cloud.begun("us-central1", "c1")[before:] == ["DELETE_NODE_POOL", "CREATE_NODE_POOL"]
    assert not cloud.run("node_pool", **pool, repair=True).changed
    assert cloud.orphans() == []


def test_a_repair_that_meets_the_same_reason_fails_with_it(cloud: Playground, pool: dict[str, Any]):
    cloud.fault("stockout")
    failure(cloud, "node_pool", **pool)
    before = len(cloud.begun("us-central1", "c1"))
    error = failure(cloud, "node_pool", **pool, repair=True)
    assert [step["action"] for step in error.fields["steps_done"]] == ["delete"]
    assert cloud.begun("us-central1", "c1")[before:] == ["DELETE_NODE_POOL", "CREATE_NODE_POOL"]


def test_a_cluster_in_error_says_the_way_out(cloud: Playground):
    cloud.fault("operation_error", times=1, message="The network is not there.")
    failure(cloud, "cluster", **PLACE, name="c1", node_pools=[FIRST])
    error = failure(cloud, "cluster", **PLACE, name="c1", node_pools=[FIRST], resource_labels={"team": "a"})
    assert error.message.startswith("cluster c1 is ERROR: GKE failed with INTERNAL: The network is not there")
    assert "state: absent" in error.message
    cloud.run("cluster", **PLACE, name="c1", state="absent")
    assert cloud.run("cluster", **PLACE, name="c1", node_pools=[FIRST]).changed
