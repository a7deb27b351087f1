# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A zone without stock, as GKE and Compute Engine show it."""

import pytest

from llmops_gke_sandbox import faults

POOL = {"name": "p", "initialNodeCount": 1, "config": {"machineType": "n1-standard-4"}}
GPU = {
    "name": "gpu",
    "initialNodeCount": 2,
    "locations": ["us-central1-a"],
    "config": {"machineType": "g2-standard-12"},
}


async def group(cloud) -> dict:
    """Return the pool's group of instances, as Compute Engine has it."""
    (url,) = (await cloud.get("clusters/c1/nodePools/gpu"))["instanceGroupUrls"]
    return await cloud.get("/compute/v1/projects" + url.partition("/projects")[2])


async def test_a_zone_with_some_stock_gives_what_it_has(cloud):
    await cloud.create()
    cloud.faults.add("stockout", available=1)
    operation = await cloud.done("POST", "clusters/c1/nodePools", {"nodePool": GPU})
    message = operation["nodepoolConditions"][0]["message"]
    assert "Expected 2, running 1, transitioning 1. Current errors: [GCE_STOCKOUT]: Instance 'gke-c1-gpu-" in message
    assert (await cloud.get("clusters/c1/nodePools/gpu"))["status"] == "RUNNING_WITH_ERROR"
    assert [pool for pool, _zone in cloud.behind["c1"].nodes.values()].count("gpu") == 1
    shown = await group(cloud)
    assert (shown["targetSize"], shown["currentActions"]) == (2, {"none": 1, "creating": 1})


async def test_stock_that_is_enough_is_no_stockout(cloud):
    await cloud.create()
    cloud.faults.add("stockout", available=2)
    assert "nodepoolConditions" not in await cloud.done("POST", "clusters/c1/nodePools", {"nodePool": GPU})
    assert (await group(cloud))["currentActions"] == {"none": 2, "creating": 0}


@pytest.mark.parametrize(("where", "status"), [("pool", "RUNNING_WITH_ERROR"), ("operation", "ERROR")])
async def test_a_cluster_that_lacks_a_pool_s_nodes_is_there(cloud, where, status):
    cloud.faults.add("stockout", match={"pool": "gpu"}, where=where)
    operation = await cloud.create(nodePools=[POOL, GPU])
    assert ("error" in operation) == (where == "operation")
    cluster = await cloud.get("clusters/c1")
    assert cluster["status"] == "RUNNING"
    assert {pool["name"]: pool["status"] for pool in cluster["nodePools"]} == {"p": "RUNNING", "gpu": status}


async def test_a_pool_without_stock_may_cost_the_cluster_that_is_born_with_it(cloud):
    cloud.faults.add("stockout", match={"pool": "gpu"}, where="cluster")
    operation = await cloud.create(nodePools=[POOL, GPU])
    assert operation["nodepoolConditions"][0]["code"] == "GCE_STOCKOUT"
    cluster = await cloud.get("clusters/c1")
    assert cluster["status"] == "ERROR" and "endpoint" not in cluster
    assert cluster["conditions"][0]["code"] == "GCE_STOCKOUT"
    assert {pool["name"]: pool["status"] for pool in cluster["nodePools"]} == {"p": "ERROR", "gpu": "ERROR"}
    error = await cloud.refused("DELETE", "clusters/c1/nodePools/gpu")
    assert error["message"] == "Cluster c1 is in state ERROR; it can only be deleted."
    assert "error" not in await cloud.done("DELETE", "clusters/c1")


async def test_a_pool_without_stock_costs_no_cluster_that_is_there(cloud):
    await cloud.create()
    cloud.faults.add("stockout", match={"pool": "gpu"}, where="cluster")
    assert "error" in await cloud.done("POST", "clusters/c1/nodePools", {"nodePool": GPU})
    cluster = await cloud.get("clusters/c1")
    assert cluster["status"] == "RUNNING"
    assert {pool["name"]: pool["status"] for pool in cluster["nodePools"]} == {"p": "RUNNING", "gpu": "ERROR"}


def test_a_fault_can_end_by_itself(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(faults.time, "monotonic", lambda: now[0])
    switched_on = faults.Faults()
    switched_on.add("stockout", lasts=2)
    assert switched_on.peek("stockout") == {}
    now[0] = 102.0
    assert switched_on.peek("stockout") is None
    assert switched_on.list() == []
    with pytest.raises(ValueError, match="lasts must be above 0, not 0"):
        switched_on.add("stockout", lasts=0)
