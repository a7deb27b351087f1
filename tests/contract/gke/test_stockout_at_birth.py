# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""GPUs that cannot be had when a cluster is born: the cluster lives where they are asked for after it.

Where they are asked for in its own create request, GKE may leave only the pool broken or the whole cluster in ERROR.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import OperationFailed
from tests.contract.gke import playground as playgrounds
from tests.contract.gke.playground import Playground
from tests.contract.gke.roles_play import RolesPlay

PLACE = {"location": "us-central1", "name": "c1"}
FIRST = {"name": "first", "initial_node_count": 1, "locations": ["us-central1-a"]}
GPU = {
    "name": "gpu",
    "initial_node_count": 1,
    "locations": ["us-central1-a"],
    "config": {
        "machine_type": "g2-standard-12",
        "accelerators": [{"accelerator_type": "nvidia-l4", "accelerator_count": 1}],
    },
}
AT_BIRTH = {**GPU, "create_with_cluster": True}
OUTCOMES = ("pool", "operation", "cluster")


@pytest.fixture
def cloud(tmp_path) -> Iterator[Playground]:
    with playgrounds.playground(tmp_path) as made:
        yield made


def born(cloud: Playground, gpu: dict[str, Any]) -> OperationFailed:
    """The failure of a cluster's creation with a GPU pool."""
    with pytest.raises(OperationFailed) as raised:
        cloud.run("cluster", **PLACE, node_pools=[FIRST, gpu])
    return raised.value


def test_the_failure_tells_of_the_cluster_that_it_left(cloud: Playground):
    cloud.fault("stockout", match={"pool": "first"})
    left = born(cloud, GPU).fields["cluster"]
    assert (left["name"], left["status"]) == (PLACE["name"], cloud.state(*PLACE.values())["status"])
    assert [(pool["name"], pool["status"]) for pool in left["nodePools"]] == [("first", "RUNNING_WITH_ERROR")]


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_gpus_that_are_asked_for_after_the_cluster_cost_it_nothing(cloud: Playground, outcome: str):
    fault = cloud.fault("stockout", where=outcome, match={"pool": "gpu"})
    error = born(cloud, GPU)
    assert error.fields["code"] == "GCE_STOCKOUT" and error.fields["node_pool"] == "gpu"
    state = cloud.state(*PLACE.values())
    assert (state["status"], state["nodes"]) == ("RUNNING", {"first": 1})
    cloud.sandbox.faults.remove(fault)
    mended = cloud.run("cluster", **PLACE, node_pools=[FIRST, {**GPU, "repair": True}])
    assert [step.action for step in mended.plan] == ["delete", "create"]
    assert cloud.state(*PLACE.values())["nodes"] == {"first": 1, "gpu": 1}


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_gpus_that_are_asked_for_at_its_birth_may_cost_the_cluster(cloud: Playground, outcome: str):
    cloud.fault("stockout", where=outcome, match={"pool": "gpu"})
    error = born(cloud, AT_BIRTH)
    assert error.fields["code"] == "GCE_STOCKOUT"
    state = cloud.state(*PLACE.values())
    pools = {pool["name"]: pool["status"] for pool in state["nodePools"]}
    if outcome == "cluster":
        assert state["status"] == "ERROR" and "endpoint" not in state and state["nodes"] == {}
        assert state["conditions"][0]["code"] == "GCE_STOCKOUT"
        assert pools == {"first": "ERROR", "gpu": "ERROR"}
    else:
        assert state["status"] == "RUNNING" and pools["first"] == "RUNNING" and pools["gpu"] != "RUNNING"
    assert cloud.orphans() == []


def test_a_cluster_that_it_cost_has_a_way_out(cloud: Playground):
    fault = cloud.fault("stockout", where="cluster", match={"pool": "gpu"})
    born(cloud, AT_BIRTH)
    cloud.sandbox.faults.remove(fault)

    again = born(cloud, GPU)
    assert "llmops.gke.teardown -e llmops_confirm_teardown=c1" in again.message
    pool = {"location": "us-central1", "cluster": "c1", "name": "gpu"}
    for check in (True, False):
        gone = cloud.run("node_pool", check=check, **pool, state="absent")
        assert not gone.changed and "left to the deletion of cluster c1" in gone.warnings[0]
    with pytest.raises(OperationFailed, match=r"cluster c1 .*is ERROR: .*llmops\.gke\.teardown"):
        cloud.run("node_pool", **{**pool, "name": "another"}, config={"machine_type": "e2-medium"})

    assert cloud.run("cluster", **PLACE, state="absent").changed
    cloud.run("cluster", **PLACE, node_pools=[FIRST, GPU])
    assert cloud.state(*PLACE.values())["nodes"] == {"first": 1, "gpu": 1}
    assert cloud.orphans() == []


def test_the_teardown_playbook_removes_a_cluster_that_it_cost(cloud: Playground, tmp_path: Path):
    cloud.fault("stockout", where="cluster", match={"pool": "gpu"})
    born(cloud, AT_BIRTH)
    play = RolesPlay(cloud, tmp_path)
    place = {"llmops_location": PLACE["location"], "llmops_zones": ["us-central1-a"], "llmops_cluster": PLACE["name"]}
    output = " ".join(play.refused(**place, gke_cluster_kubeconfig="").split())
    assert "run ansible-playbook -i INVENTORY llmops.gke.teardown -e llmops_confirm_teardown=c1" in output

    play.run("teardown", **place, gpu_nodepool_name="gpu", gke_cluster_kubeconfig="", llmops_confirm_teardown="c1")
    assert cloud.begun(*PLACE.values()) == ["CREATE_CLUSTER", "DELETE_CLUSTER"]
    assert cloud.state(*PLACE.values()) is None
    assert cloud.orphans() == []
