# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters live as GKE's do: created, read, listed, refused, deleted, over HTTP."""

import base64

import pytest

from llmops_gke_sandbox.google.discovery import container_v1

POOL = {"name": "p", "initialNodeCount": 1, "config": {"machineType": "n1-standard-4"}}
GPU = {
    "name": "gpu",
    "initialNodeCount": 1,
    "locations": ["us-central1-a"],
    "config": {
        "machineType": "g2-standard-12",
        "accelerators": [{"acceleratorCount": "1", "acceleratorType": "nvidia-l4"}],
    },
}


async def test_a_cluster_and_its_gpu_pool_are_born_in_one_operation(cloud):
    operation = await cloud.create(nodePools=[POOL, GPU])
    assert operation["operationType"] == "CREATE_CLUSTER"
    assert "error" not in operation
    assert operation["startTime"] < operation["endTime"]
    assert operation["targetLink"].endswith("/clusters/c1")
    cluster = await cloud.get("clusters/c1")
    assert cluster["status"] == "RUNNING"
    assert cluster["endpoint"] == "127.0.0.1:6443"
    assert base64.b64decode(cluster["masterAuth"]["clusterCaCertificate"]) == b"the authority"
    assert cluster["locations"] == ["us-central1-a", "us-central1-b", "us-central1-c"]
    assert cluster["currentNodeCount"] == 4
    assert sorted(zone for _, zone in cloud.behind["c1"].nodes.values()) == [
        "us-central1-a",
        "us-central1-a",
        "us-central1-b",
        "us-central1-c",
    ]


@pytest.mark.parametrize("settings", [{"speed": 400}])
async def test_the_api_server_answers_before_the_creation_ends(cloud):
    status, operation = await cloud.call("POST", "clusters", {"cluster": {"name": "c1", "nodePools": [POOL]}})
    assert (status, operation["status"]) == (200, "PENDING")
    early = await cloud.get("clusters/c1")
    assert early["status"] == "PROVISIONING"
    assert "endpoint" not in early
    seen = []
    while operation["status"] != "DONE":
        operation = await cloud.get(f"operations/{operation['name']}")
        if "endpoint" in await cloud.get("clusters/c1"):
            seen.append(operation["status"])
    assert "RUNNING" in seen


async def test_gpu_nodes_are_tainted_where_others_can_take_the_rest(cloud):
    await cloud.create(nodePools=[POOL, GPU])
    await cloud.create("alone", nodePools=[GPU])
    gpu = await cloud.get("clusters/c1/nodePools/gpu")
    assert gpu["config"]["taints"] == [{"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}]
    assert "taints" not in (await cloud.get("clusters/alone/nodePools/gpu"))["config"]


async def test_cluster_defaults_reach_the_pools(cloud):
    await cloud.create(
        workloadIdentityConfig={"workloadPool": "sandbox-project.svc.id.goog"},
        nodePoolDefaults={"nodeConfigDefaults": {"gcfsConfig": {"enabled": True}}},
    )
    config = (await cloud.get("clusters/c1/nodePools/p"))["config"]
    assert config["workloadMetadataConfig"] == {"mode": "GKE_METADATA"}
    assert config["gcfsConfig"] == {"enabled": True}


async def test_false_and_zero_are_left_out_as_the_api_does(cloud):
    await cloud.create(
        addonsConfig={"httpLoadBalancing": {"disabled": False}}, releaseChannel={"channel": "UNSPECIFIED"}
    )
    cluster = await cloud.get("clusters/c1")
    assert cluster["addonsConfig"]["httpLoadBalancing"] == {}
    assert cluster["releaseChannel"] == {}
    assert cluster["controlPlaneEndpointsConfig"]["dnsEndpointConfig"]["allowExternalTraffic"] is False


async def test_endpoints_that_are_off_have_no_address(cloud):
    await cloud.create("open")
    await cloud.create("inside", controlPlaneEndpointsConfig={"ipEndpointsConfig": {"enablePublicEndpoint": False}})
    await cloud.create("closed", controlPlaneEndpointsConfig={"ipEndpointsConfig": {"enabled": False}})
    shown = {name: await cloud.get(f"clusters/{name}") for name in ("open", "inside", "closed")}
    kinds = {
        name: sorted(
            {"publicEndpoint", "privateEndpoint"} & one["controlPlaneEndpointsConfig"]["ipEndpointsConfig"].keys()
        )
        for name, one in shown.items()
    }
    assert kinds == {"open": ["privateEndpoint", "publicEndpoint"], "inside": ["privateEndpoint"], "closed": []}
    assert ["endpoint" in one for one in shown.values()] == [True, True, False]
    names = {one["controlPlaneEndpointsConfig"]["dnsEndpointConfig"]["endpoint"] for one in shown.values()}
    assert len(names) == 3 and all(name.endswith(".us-central1.gke.goog") for name in names)


async def test_what_is_shown_is_what_the_discovery_document_describes(cloud):
    await cloud.create(nodePools=[POOL, GPU], resourceLabels={"team": "serving"})
    for path, schema in (
        ("clusters", "ListClustersResponse"),
        ("clusters/c1/nodePools", "ListNodePoolsResponse"),
        ("operations", "ListOperationsResponse"),
        ("serverConfig", "ServerConfig"),
    ):
        container_v1().read(schema, await cloud.get(path))


async def test_lists_are_of_a_location_or_of_all(cloud):
    await cloud.create()
    everywhere = "/container/v1/projects/sandbox-project/locations/-/clusters"
    assert [one["name"] for one in (await cloud.get(everywhere))["clusters"]] == ["c1"]
    elsewhere = "/container/v1/projects/sandbox-project/locations/europe-west4/clusters"
    assert await cloud.get(elsewhere) == {}


async def test_the_project_goes_by_its_number_too(cloud):
    await cloud.create()
    number = "/container/v1/projects/123456789012/locations/us-central1/clusters/c1"
    assert (await cloud.get(number))["name"] == "c1"


async def test_what_is_not_there_is_not_found(cloud):
    await cloud.create()
    home = "projects/sandbox-project/locations/us-central1"
    for path in ("clusters/x", "clusters/c1/nodePools/x", "operations/x"):
        error = await cloud.refused("GET", path)
        assert (error["status"], error["message"]) == ("NOT_FOUND", f"Not found: {home}/{path}.")


async def test_a_name_is_taken_while_its_cluster_is_there(cloud):
    await cloud.create()
    error = await cloud.refused("POST", "clusters", {"cluster": {"name": "c1", "nodePools": [POOL]}})
    assert error["status"] == "ALREADY_EXISTS"
    assert error["message"] == "Already exists: projects/sandbox-project/locations/us-central1/clusters/c1."


@pytest.mark.parametrize("settings", [{"speed": 100}])
async def test_a_busy_cluster_names_its_operation(cloud):
    _, operation = await cloud.call("POST", "clusters", {"cluster": {"name": "c1", "nodePools": [POOL]}})
    for method, path, body in (
        ("DELETE", "clusters/c1", None),
        ("POST", "clusters/c1/nodePools", {"nodePool": GPU}),
        ("PUT", "clusters/c1", {"update": {"desiredShieldedNodes": {"enabled": True}}}),
    ):
        error = await cloud.refused(method, path, body)
        assert (error["code"], error["status"]) == (400, "FAILED_PRECONDITION")
        assert error["message"] == f"Cluster is running incompatible operation {operation['name']}."
        assert error["details"][0]["reason"] == "CLUSTER_ALREADY_HAS_OPERATION"


async def test_deleting_ends_what_ran_and_frees_the_name(cloud):
    await cloud.create()
    behind = cloud.behind["c1"]
    status, operation = await cloud.call("DELETE", "clusters/c1")
    assert (status, operation["operationType"]) == (200, "DELETE_CLUSTER")
    assert "error" not in await cloud.finished(operation)
    assert not behind.running
    assert (await cloud.refused("GET", "clusters/c1"))["status"] == "NOT_FOUND"
    await cloud.create()


async def test_stopping_the_sandbox_ends_clusters(cloud):
    await cloud.create()
    await cloud.sandbox.stop()
    assert not cloud.behind["c1"].running


async def test_what_is_not_played_is_refused_by_name(cloud):
    for path in ("clusters/c1:setLegacyAbac", "clusters/c1:startIpRotation", "operations/x:cancel"):
        error = await cloud.refused("POST", path, {})
        assert error["code"] == 501
        assert f"container.projects.locations.{path.partition('/')[0]}.{path.partition(':')[2]}" in error["message"]
    error = await cloud.refused("POST", "clusters", {"cluster": {"name": "a", "autopilot": {"enabled": True}}})
    assert error["code"] == 501
    error = await cloud.refused("GET", "/container/v1/projects/sandbox-project/zones/us-central1-a/clusters")
    assert "container.projects.zones.clusters.list" in error["message"]


async def test_every_answer_says_that_it_is_simulated(cloud):
    for path in (
        "/container/v1/projects/sandbox-project/locations/-/clusters",
        "/huggingface/x",
        "/token",
        "/sandbox/v1/status",
    ):
        async with cloud.session.get(path) as answer:
            assert answer.headers["x-simulated"] == "llmops-gke-sandbox"
