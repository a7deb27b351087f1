# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cloud's faults look as they do in life, each in the place where a client must look for it."""

import asyncio

import aiohttp
import pytest

POOL = {"name": "p", "initialNodeCount": 1, "config": {"machineType": "n1-standard-4"}}
GPU = {
    "name": "gpu",
    "initialNodeCount": 1,
    "locations": ["us-central1-a"],
    "config": {"machineType": "g2-standard-12"},
}


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        ("stockout", "GCE_STOCKOUT", "zones/us-central1-a' does not have enough resources available"),
        ("quota", "GCE_QUOTA_EXCEEDED", "Quota 'NVIDIA_L4_GPUS' exceeded.  Limit: 8.0 in region us-central1."),
    ],
)
async def test_nodes_that_can_not_be_had_leave_the_pool_running_with_error(cloud, fault, code, words):
    cloud.faults.add(fault, match={"pool": "gpu"})
    operation = await cloud.create(nodePools=[POOL, GPU])
    assert "error" not in operation
    assert operation["nodepoolConditions"][0]["code"] == code
    pool = await cloud.get("clusters/c1/nodePools/gpu")
    assert pool["status"] == "RUNNING_WITH_ERROR"
    assert pool["conditions"][0]["code"] == code
    assert pool["conditions"][0]["canonicalCode"] == "RESOURCE_EXHAUSTED"
    assert words in pool["conditions"][0]["message"]
    cluster = await cloud.get("clusters/c1")
    assert cluster["status"] == "RUNNING"
    assert {one["name"]: one["status"] for one in cluster["nodePools"]}["p"] == "RUNNING"


async def test_a_stockout_can_fail_the_operation_too(cloud):
    await cloud.create()
    cloud.faults.add("stockout", times=1, where="operation")
    operation = await cloud.done("POST", "clusters/c1/nodePools", {"nodePool": GPU})
    assert operation["error"]["code"] == 8
    assert operation["error"]["message"] == operation["statusMessage"]
    assert "[GCE_STOCKOUT]" in operation["error"]["message"]
    assert (await cloud.get("clusters/c1/nodePools/gpu"))["status"] == "ERROR"
    await cloud.done("DELETE", "clusters/c1/nodePools/gpu")
    await cloud.done("POST", "clusters/c1/nodePools", {"nodePool": GPU})
    assert (await cloud.get("clusters/c1/nodePools/gpu"))["status"] == "RUNNING"


@pytest.mark.parametrize(
    ("field", "there", "absent"),
    [
        ("error", ("error", "statusMessage"), ()),
        ("statusMessage", ("statusMessage",), ("error",)),
        ("nodepoolConditions", ("nodepoolConditions",), ("error", "statusMessage")),
    ],
)
async def test_an_operation_that_is_done_can_have_failed_in_three_ways(cloud, field, there, absent):
    cloud.faults.add("operation_error", match={"type": "CREATE_CLUSTER"}, field=field, message="It broke.")
    operation = await cloud.create()
    assert operation["status"] == "DONE"
    assert all(name in operation for name in there)
    assert not any(name in operation for name in absent)
    assert "It broke." in str(operation[there[0]])


async def test_an_update_that_fails_changes_nothing(cloud):
    await cloud.create()
    cloud.faults.add("operation_error", times=1)
    body = {"update": {"desiredReleaseChannel": {"channel": "RAPID"}}}
    assert "error" in await cloud.done("PUT", "clusters/c1", body)
    cluster = await cloud.get("clusters/c1")
    assert (cluster["status"], cluster["releaseChannel"]) == ("RUNNING", {"channel": "REGULAR"})


async def test_a_cluster_whose_creation_failed_is_there_in_error_and_can_be_deleted(cloud):
    cloud.faults.add("operation_error", times=1)
    await cloud.create()
    cluster = await cloud.get("clusters/c1")
    assert cluster["status"] == "ERROR"
    assert cluster["statusMessage"] == "Internal error."
    error = await cloud.refused("POST", "clusters/c1/nodePools", {"nodePool": GPU})
    assert error["message"] == "Cluster c1 is in state ERROR; it can only be deleted."
    assert "error" not in await cloud.done("DELETE", "clusters/c1")


async def test_cluster_busy_names_an_operation_and_passes(cloud):
    await cloud.create()
    cloud.faults.add("cluster_busy", times=1)
    error = await cloud.refused("DELETE", "clusters/c1")
    assert error["status"] == "FAILED_PRECONDITION"
    assert "Cluster is running incompatible operation operation-" in error["message"]
    await cloud.done("DELETE", "clusters/c1")


async def test_a_slow_operation_is_still_running_when_others_are_done(cloud):
    cloud.faults.add("slow_operation", match={"cluster": "slow"}, factor=1000)
    _, slow = await cloud.call("POST", "clusters", {"cluster": {"name": "slow", "nodePools": [POOL]}})
    await cloud.create("quick")
    assert (await cloud.get(f"operations/{slow['name']}"))["status"] != "DONE"


async def test_permission_denied_names_the_permission(cloud):
    cloud.faults.add("permission_denied", match={"permission": "container.clusters.create"})
    error = await cloud.refused("POST", "clusters", {"cluster": {"name": "c1", "nodePools": [POOL]}})
    assert (error["code"], error["status"]) == (403, "PERMISSION_DENIED")
    assert '"container.clusters.create"' in error["message"]
    assert error["details"][0]["metadata"]["permission"] == "container.clusters.create"
    assert await cloud.get("clusters") == {}
    path = "/cloudresourcemanager/v1/projects/sandbox-project:testIamPermissions"
    asked = {"permissions": ["container.clusters.create", "container.clusters.get"]}
    _, granted = await cloud.call("POST", path, asked)
    assert granted == {"permissions": ["container.clusters.get"]}


async def test_http_fault_answers_instead_of_the_service(cloud):
    cloud.faults.add("http", times=1, status=429, reason="RESOURCE_EXHAUSTED", message="Slow down.", retry_after=2)
    async with cloud.session.get("/compute/v1/projects/sandbox-project") as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (429, "2")
        expected = {"error": {"code": 429, "message": "Slow down.", "status": "RESOURCE_EXHAUSTED"}}
        assert await answer.json() == expected
    await cloud.get("/compute/v1/projects/sandbox-project")


@pytest.mark.parametrize(("drop", "created"), [("before", False), ("after", True)])
async def test_a_reply_is_lost_before_or_after_the_service_acted(cloud, drop, created):
    cloud.faults.add("http", times=1, match={"service": "container", "method": "POST"}, drop=drop)
    with pytest.raises(aiohttp.ClientError):
        await cloud.call("POST", "clusters", {"cluster": {"name": "c1", "nodePools": [POOL]}})
    assert ("clusters" in await cloud.get("clusters")) is created


async def test_every_fault_of_the_cloud_is_logged_as_a_request(cloud):
    cloud.faults.add("http", times=1, match={"path": ".*/clusters/c9"}, status=503)
    await cloud.call("GET", "clusters/c9")
    entry = cloud.sandbox.log.entries("container")[-1]
    assert (entry["method"], entry["status"]) == ("GET", 503)
    assert entry["path"].endswith("/clusters/c9")


async def test_the_autoscaler_keeps_the_minimum(cloud):
    limits = {"enabled": True, "minNodeCount": 2, "maxNodeCount": 3}
    await cloud.create(nodePools=[POOL, GPU | {"autoscaling": limits}])
    async with asyncio.timeout(5):
        while len(cloud.behind["c1"].nodes) < 5:
            await asyncio.sleep(0.01)
    assert (await cloud.get("clusters/c1"))["currentNodeCount"] == 5


async def test_the_autoscaler_adds_a_node_within_the_maximum(cloud):
    limits = {"enabled": True, "minNodeCount": 1, "maxNodeCount": 2}
    await cloud.create(nodePools=[POOL, GPU | {"autoscaling": limits}])
    behind = cloud.behind["c1"]
    behind.pending = [{"for": "p", "metadata": {"uid": "1"}}, {"for": "gpu", "metadata": {"uid": "2"}}]

    def gpus() -> int:
        return sum(pool == "gpu" for pool, _ in behind.nodes.values())

    async with asyncio.timeout(5):
        while gpus() < 2:
            await asyncio.sleep(0.01)
    await cloud.sandbox.clock.sleep(200)
    assert gpus() == 2
    assert len(behind.nodes) == 5
    told = {uid: [one[1:] for one in behind.told if one[0] == uid] for uid in ("1", "2")}
    kind, reason, message = told["2"][0]
    assert (kind, reason) == ("Normal", "TriggeredScaleUp")
    assert message.startswith("pod triggered scale-up: [{https://www.googleapis.com/compute/v1/projects/")
    assert message.endswith("-grp 1->2 (max: 2)}]")
    assert told["2"][-1][2] == "pod didn't trigger scale-up: 1 max node group size reached"
    assert told["1"][0][1:] == ("NotTriggerScaleUp", "pod didn't trigger scale-up: 1 Insufficient nvidia.com/gpu")


@pytest.mark.parametrize(("fault", "why"), [("stockout", "GCE out of resources"), ("quota", "GCE quota exceeded")])
async def test_a_node_that_cannot_be_had_is_told_to_the_pod(cloud, fault, why):
    limits = {"enabled": True, "minNodeCount": 1, "maxNodeCount": 2}
    await cloud.create(nodePools=[POOL, GPU | {"autoscaling": limits}])
    behind = cloud.behind["c1"]
    cloud.faults.add(fault, match={"pool": "gpu"})
    behind.pending = [{"for": "gpu", "metadata": {"uid": "1"}}]
    async with asyncio.timeout(5):
        while "FailedScaleUp" not in [one[2] for one in behind.told]:
            await asyncio.sleep(0.01)
    told = next(one for one in behind.told if one[2] == "FailedScaleUp")
    zone = GPU["locations"][0]
    assert told[1:] == (
        "Warning",
        "FailedScaleUp",
        f"Node scale up in zones {zone} associated with this pod failed: {why}. Pod is at risk of not being scheduled.",
    )


@pytest.mark.parametrize("tainted", [False, True])
async def test_an_idle_node_goes_unless_it_is_a_first_one_that_others_may_use(cloud, tainted):
    limits = {"enabled": True, "minNodeCount": 0, "maxNodeCount": 2}
    plain = {"machineType": "n1-standard-4"}
    pool = GPU | {"autoscaling": limits, "config": GPU["config"] if tainted else plain}
    await cloud.create(nodePools=[POOL, pool])
    behind = cloud.behind["c1"]
    first = {name for name, (pool, _zone) in behind.nodes.items() if pool == "gpu"}
    behind.pending = [{"for": "gpu", "metadata": {"uid": "1"}}]

    def gpus() -> set[str]:
        return {name for name, (pool, _zone) in behind.nodes.items() if pool == "gpu"}

    async with asyncio.timeout(5):
        while len(gpus()) < 2:
            await asyncio.sleep(0.005)
        behind.pending, behind.idle = [], True
        while len(gpus()) > (0 if tainted else 1):
            await asyncio.sleep(0.005)
    await cloud.sandbox.clock.sleep(1500)
    assert gpus() == (set() if tainted else first)


def pools_of(behind) -> set[str]:
    return {pool for pool, _zone in behind.nodes.values()} - {"p"}


NONE = {"initialNodeCount": 0, "autoscaling": {"enabled": True, "minNodeCount": 0, "maxNodeCount": 1}}
SPOT = GPU | NONE | {"name": "spot", "config": GPU["config"] | {"spot": True}}
ON_DEMAND = GPU | NONE | {"name": "on-demand"}


async def test_the_cheaper_pool_grows_and_the_other_where_it_cannot_be_had(cloud):
    await cloud.create(nodePools=[POOL, ON_DEMAND, SPOT])
    behind = cloud.behind["c1"]
    behind.takers, behind.binds = {"spot", "on-demand"}, True
    behind.pending = [{"for": "either", "metadata": {"uid": "1"}}]
    async with asyncio.timeout(5):
        while not pools_of(behind):
            await asyncio.sleep(0.005)
    assert pools_of(behind) == {"spot"}
    behind.told.clear()
    cloud.faults.add("stockout", match={"pool": "spot"})
    assert (await cloud.done("POST", "clusters/c1/nodePools/spot:setSize", {"nodeCount": 0}))["status"] == "DONE"
    behind.pending = [{"for": "either", "metadata": {"uid": "2"}}]
    async with asyncio.timeout(5):
        while not pools_of(behind):
            await asyncio.sleep(0.005)
    assert pools_of(behind) == {"on-demand"}
    assert [one[2] for one in behind.told[:3]] == ["TriggeredScaleUp", "FailedScaleUp", "TriggeredScaleUp"]
    behind.pending = [{"for": "either", "metadata": {"uid": "3"}}]
    async with asyncio.timeout(5):
        while "NotTriggerScaleUp" not in [one[2] for one in behind.told]:
            await asyncio.sleep(0.005)
    told = next(one for one in behind.told if one[2] == "NotTriggerScaleUp")
    assert told[3] == ("pod didn't trigger scale-up: 1 in backoff after failed scale-up, 1 max node group size reached")


async def test_only_a_spot_machine_is_taken_back_and_after_a_notice(cloud):
    first = {"initialNodeCount": 1}
    await cloud.create(nodePools=[POOL, SPOT | first, ON_DEMAND | first])
    behind = cloud.behind["c1"]
    (taken,) = [name for name, (pool, _zone) in behind.nodes.items() if pool == "spot"]
    cloud.faults.add("spot_reclaim", match={"cluster": "c1"})
    async with asyncio.timeout(5):
        while not behind.shut_down:
            await asyncio.sleep(0.001)
        assert behind.shut_down == [taken]
        while taken in behind.nodes:
            await asyncio.sleep(0.001)
    await cloud.sandbox.clock.sleep(100)
    assert (pools_of(behind), behind.shut_down) == ({"on-demand"}, [taken])


async def test_the_exporter_of_gke_follows_the_settings(cloud):
    await cloud.create()
    async with asyncio.timeout(5):
        while not cloud.behind["c1"].managed:
            await asyncio.sleep(0.005)
        monitoring = {"componentConfig": {"enableComponents": ["SYSTEM_COMPONENTS"]}}
        await cloud.done("PUT", "clusters/c1", {"update": {"desiredMonitoringConfig": monitoring}})
        while cloud.behind["c1"].managed:
            await asyncio.sleep(0.005)
