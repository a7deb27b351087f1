# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What GKE would refuse is refused, naming what is wrong, and nothing is created."""

import pytest

POOL = {"name": "p", "initialNodeCount": 1, "config": {"machineType": "n1-standard-4"}}
G2 = {"machineType": "g2-standard-12"}
L4 = {"acceleratorType": "nvidia-l4", "acceleratorCount": "1"}


def cluster(**over) -> dict:
    return {"cluster": {"name": "c1", "nodePools": [POOL]} | over}


def pool(**over) -> dict:
    return cluster(nodePools=[POOL | over])


@pytest.mark.parametrize(
    ("body", "violations"),
    [
        (
            cluster(nam="x"),
            [("cluster", "Invalid JSON payload received. Unknown name \"nam\" at 'cluster': Cannot find field.")],
        ),
        ({"klaster": {}}, [(None, 'Invalid JSON payload received. Unknown name "klaster": Cannot find field.')]),
        (
            pool(config={"machineTyp": "x", "accelerators": [{"count": 1}]}),
            [
                (
                    "cluster.node_pools[0].config",
                    "Invalid JSON payload received. Unknown name \"machineTyp\" at 'cluster.node_pools[0].config': "
                    "Cannot find field.",
                ),
                (
                    "cluster.node_pools[0].config.accelerators[0]",
                    'Invalid JSON payload received. Unknown name "count" at '
                    "'cluster.node_pools[0].config.accelerators[0]': Cannot find field.",
                ),
            ],
        ),
        (
            pool(initialNodeCount="many"),
            [
                (
                    "cluster.node_pools[0].initial_node_count",
                    "Invalid value at 'cluster.node_pools[0].initial_node_count' (TYPE_INT32), \"many\"",
                )
            ],
        ),
        (
            cluster(releaseChannel={"channel": "FAST"}),
            [
                (
                    "cluster.release_channel.channel",
                    "Invalid value at 'cluster.release_channel.channel' "
                    '(type.googleapis.com/google.container.v1.ReleaseChannel.Channel), "FAST"',
                )
            ],
        ),
        (
            cluster(shieldedNodes={"enabled": "yes"}),
            [
                (
                    "cluster.shielded_nodes.enabled",
                    "Invalid value at 'cluster.shielded_nodes.enabled' (TYPE_BOOL), \"yes\"",
                )
            ],
        ),
    ],
)
async def test_what_the_schema_does_not_hold_is_named_with_its_path(cloud, body, violations):
    error = await cloud.refused("POST", "clusters", body)
    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
    assert error["message"] == "\n".join(text for _, text in violations)
    shown = error["details"][0]["fieldViolations"]
    assert [(one.get("field"), one["description"]) for one in shown] == violations
    assert await cloud.get("clusters") == {}


async def test_names_in_snake_case_and_output_only_fields_are_read_as_the_api_reads_them(cloud):
    await cloud.done("POST", "clusters", {"cluster": {"name": "c1", "node_pools": [POOL], "status": "ERROR"}})
    assert (await cloud.get("clusters/c1"))["status"] == "RUNNING"


async def test_unreadable_json_and_unknown_query_parameters(cloud):
    headers = {"Content-Type": "application/json"}
    async with cloud.session.post(
        "/container/v1/projects/sandbox-project/locations/us-central1/clusters", data=b"{", headers=headers
    ) as answer:
        assert answer.status == 400
    error = await cloud.refused("GET", "clusters?fancy=1")
    assert 'Unknown name "fancy": Cannot bind query parameter.' in error["message"]
    assert await cloud.get("clusters?alt=json&prettyPrint=false") == {}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (cluster(name="Mistral"), 'Invalid value for field "cluster.name": "Mistral"'),
        (cluster(name="a" * 41), "up to 39"),
        (cluster(name=""), "cluster.name"),
        (pool(name="gpu_pool"), 'Invalid value for field "cluster.node_pools[0].name": "gpu_pool"'),
        (cluster(nodePools=[POOL, POOL]), "unique"),
        (cluster(nodePools=[]), "Cluster.initial_node_count must be greater than zero."),
        (cluster(initialNodeCount=3), "Only one of cluster.node_pools and"),
        (cluster(locations=["us-central1"]), 'cluster.locations: "us-central1" is not a zone of region us-central1.'),
        (pool(locations=["us-east4-a"]), '"us-east4-a" is not a zone of region us-central1'),
        (
            cluster(workloadIdentityConfig={"workloadPool": "sandbox-projectsvc.id.goog"}),
            'only supported workload identity pool is "sandbox-project.svc.id.goog"; got "sandbox-projectsvc.id.goog"',
        ),
        (cluster(resourceLabels={"Team": "x"}), 'Invalid resource label "Team=x"'),
        (cluster(initialClusterVersion="1.12.1"), 'Master version "1.12.1" is unsupported.'),
        (cluster(ipAllocationPolicy={"clusterIpv4CidrBlock": "10.0.0.1/14"}), "Invalid CIDR range"),
        (
            pool(autoscaling={"enabled": True, "minNodeCount": 3, "maxNodeCount": 2}),
            "(3) must not exceed the maximum (2)",
        ),
        (pool(autoscaling={"enabled": True}), "maximum number of nodes must be greater than zero"),
        (
            pool(config={"machineType": "n9-huge"}),
            "Machine type with name 'n9-huge' does not exist in zone 'us-central1-a'.",
        ),
        (
            pool(locations=["us-central1-f"], config=G2),
            "Machine type with name 'g2-standard-12' does not exist in zone 'us-central1-f'.",
        ),
        (
            pool(config={"machineType": "n1-standard-4", "accelerators": [L4]}),
            "can't be attached to machine type n1-standard-4",
        ),
        (pool(config=G2 | {"accelerators": [L4 | {"acceleratorCount": "2"}]}), "has 1 nvidia-l4"),
        (
            pool(config=G2 | {"ephemeralStorageLocalSsdConfig": {"localSsdCount": 2}}),
            "Number of local SSDs for machine type g2-standard-12 must be one of: 1; requested: 2.",
        ),
        (pool(upgradeSettings={"maxSurge": 0}), "max_surge and max_unavailable"),
        (pool(upgradeSettings={"strategy": "BLUE_GREEN", "maxSurge": 1}), "can only be set with strategy SURGE"),
        (
            pool(upgradeSettings={"blueGreenSettings": {"nodePoolSoakDuration": "60s"}}),
            "can only be set with strategy BLUE_GREEN, not SURGE",
        ),
    ],
)
async def test_what_gke_does_not_take_is_refused(cloud, body, words):
    error = await cloud.refused("POST", "clusters", body)
    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
    assert words in error["message"]
    assert await cloud.get("clusters") == {}
    assert await cloud.get("operations") == {}


async def test_a_location_that_does_not_exist(cloud):
    error = await cloud.refused("POST", "/container/v1/projects/sandbox-project/locations/mars/clusters", cluster())
    assert error["message"] == 'Location "mars" does not exist.'


async def test_ssds_are_taken_where_the_shape_has_them(cloud):
    config = {"machineType": "g2-standard-24", "ephemeralStorageLocalSsdConfig": {"localSsdCount": 2}}
    await cloud.create(nodePools=[POOL | {"locations": ["us-central1-a"], "config": config}])
    shown = (await cloud.get("clusters/c1/nodePools/p"))["config"]
    assert shown["accelerators"] == [{"acceleratorCount": "2", "acceleratorType": "nvidia-l4"}]


@pytest.mark.parametrize("settings", [{"quotas": {"NVIDIA_L4_GPUS": 1}}])
async def test_quota_is_consumed_refused_and_given_back(cloud):
    gpu = {"name": "gpu", "initialNodeCount": 1, "locations": ["us-central1-a"], "config": G2}
    await cloud.create(nodePools=[POOL, gpu])
    region = await cloud.get("/compute/v1/projects/sandbox-project/regions/us-central1")
    assert {"metric": "NVIDIA_L4_GPUS", "limit": 1.0, "usage": 1.0} in region["quotas"]
    error = await cloud.refused("POST", "clusters/c1/nodePools", {"nodePool": gpu | {"name": "more"}})
    assert (error["code"], error["status"]) == (403, "PERMISSION_DENIED")
    assert error["message"].startswith(
        "Insufficient regional quota to satisfy request: resource \"NVIDIA_L4_GPUS\": request requires '1.0' and is "
        "short '1.0'. project has a quota of '1.0' with '0.0' available."
    )
    await cloud.done("DELETE", "clusters/c1/nodePools/gpu")
    await cloud.done("POST", "clusters/c1/nodePools", {"nodePool": gpu | {"name": "more"}})
