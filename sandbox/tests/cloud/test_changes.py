# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters and pools change in place by their verbs; what can't change so is refused."""

import pytest

GPU = {
    "name": "gpu",
    "initialNodeCount": 1,
    "locations": ["us-central1-a"],
    "config": {"machineType": "g2-standard-12"},
}


async def update(cloud, **fields) -> dict:
    return await cloud.done("PUT", "clusters/c1", {"update": fields})


@pytest.mark.parametrize(
    ("desired", "shown"),
    [
        (
            {"desiredAddonsConfig": {"gcsFuseCsiDriverConfig": {"enabled": True}}},
            {"addonsConfig": {"gcsFuseCsiDriverConfig": {"enabled": True}, "horizontalPodAutoscaling": {}}},
        ),
        (
            {"desiredMasterAuthorizedNetworksConfig": {"enabled": True, "cidrBlocks": [{"cidrBlock": "10.0.0.0/8"}]}},
            {
                "masterAuthorizedNetworksConfig": {"enabled": True, "cidrBlocks": [{"cidrBlock": "10.0.0.0/8"}]},
                "controlPlaneEndpointsConfig": {"ipEndpointsConfig": {"authorizedNetworksConfig": {"enabled": True}}},
            },
        ),
        ({"desiredReleaseChannel": {"channel": "RAPID"}}, {"releaseChannel": {"channel": "RAPID"}}),
        (
            {"desiredIntraNodeVisibilityConfig": {"enabled": True}},
            {"networkConfig": {"enableIntraNodeVisibility": True}},
        ),
        (
            {"gkeAutoUpgradeConfig": {"patchMode": "ACCELERATED"}},
            {"gkeAutoUpgradeConfig": {"patchMode": "ACCELERATED"}},
        ),
        ({"desiredVerticalPodAutoscaling": {"enabled": True}}, {"verticalPodAutoscaling": {"enabled": True}}),
        (
            {"desiredMonitoringConfig": {"componentConfig": {"enableComponents": ["SYSTEM_COMPONENTS"]}}},
            {
                "monitoringConfig": {
                    "componentConfig": {"enableComponents": ["SYSTEM_COMPONENTS"]},
                    "managedPrometheusConfig": {"enabled": True},
                }
            },
        ),
        (
            {"desiredGcfsConfig": {"enabled": True}},
            {"nodePoolDefaults": {"nodeConfigDefaults": {"gcfsConfig": {"enabled": True}}}},
        ),
        (
            {"desiredWorkloadIdentityConfig": {"workloadPool": "sandbox-project.svc.id.goog"}},
            {"workloadIdentityConfig": {"workloadPool": "sandbox-project.svc.id.goog"}},
        ),
        ({"desiredMasterVersion": "latest"}, {"currentMasterVersion": "1.36.1-gke.1234000"}),
    ],
)
async def test_one_field_of_a_cluster_changes(cloud, desired, shown):
    await cloud.create()
    operation = await update(cloud, **desired)
    assert "error" not in operation
    cluster = await cloud.get("clusters/c1")
    assert cluster["status"] == "RUNNING"
    assert contains(cluster, shown)


async def test_several_fields_in_one_request_are_refused(cloud):
    await cloud.create()
    body = {"update": {"desiredShieldedNodes": {"enabled": True}, "desiredReleaseChannel": {"channel": "RAPID"}}}
    error = await cloud.refused("PUT", "clusters/c1", body)
    assert error["message"] == "Exactly one update can be applied to a cluster with each request."
    assert (await cloud.refused("PUT", "clusters/c1", {"update": {}}))["message"] == "Must specify a field to update."


async def test_a_field_that_is_not_played_is_refused_by_name(cloud):
    await cloud.create()
    error = await cloud.refused("PUT", "clusters/c1", {"update": {"desiredMeshCertificates": {}}})
    assert (error["code"], "ClusterUpdate.desiredMeshCertificates" in error["message"]) == (501, True)
    error = await cloud.refused("PUT", "clusters/c1/nodePools/p", {"windowsNodeConfig": {}})
    assert (error["code"], "UpdateNodePoolRequest.windowsNodeConfig" in error["message"]) == (501, True)


async def test_an_immutable_field_is_none_of_the_update(cloud):
    await cloud.create()
    error = await cloud.refused("PUT", "clusters/c1", {"update": {"desiredNetwork": "other"}})
    assert "Unknown name \"desiredNetwork\" at 'update'" in error["message"]


async def test_resource_labels_want_the_fingerprint_that_was_read(cloud):
    await cloud.create(resourceLabels={"a": "1"})
    before = (await cloud.get("clusters/c1"))["labelFingerprint"]
    body = {"resourceLabels": {"b": "2"}, "labelFingerprint": before}
    await cloud.done("POST", "clusters/c1:setResourceLabels", body)
    assert (await cloud.get("clusters/c1"))["resourceLabels"] == {"b": "2"}
    assert "fingerprint mismatch" in (await cloud.refused("POST", "clusters/c1:setResourceLabels", body))["message"]


async def test_pool_autoscaling_by_either_verb(cloud):
    await cloud.create()
    limits = {"enabled": True, "minNodeCount": 1, "maxNodeCount": 5}
    await update(cloud, desiredNodePoolId="p", desiredNodePoolAutoscaling=limits)
    assert (await cloud.get("clusters/c1/nodePools/p"))["autoscaling"] == limits | {"locationPolicy": "BALANCED"}
    limits = {"enabled": True, "minNodeCount": 2, "maxNodeCount": 3}
    await cloud.done("POST", "clusters/c1/nodePools/p:setAutoscaling", {"autoscaling": limits})
    assert (await cloud.get("clusters/c1"))["currentNodeCount"] == 6
    bad = {"autoscaling": {"enabled": True, "minNodeCount": 4, "maxNodeCount": 3}}
    assert (await cloud.refused("POST", "clusters/c1/nodePools/p:setAutoscaling", bad))["code"] == 400


async def test_size_management_and_upgrade_settings_of_a_pool(cloud):
    await cloud.create()
    await cloud.done("POST", "clusters/c1/nodePools/p:setSize", {"nodeCount": 2})
    assert len(cloud.behind["c1"].nodes) == 6
    await cloud.done("POST", "clusters/c1/nodePools/p:setSize", {"nodeCount": 0})
    assert cloud.behind["c1"].nodes == {}
    error = await cloud.refused("POST", "clusters/c1/nodePools/p:setManagement", {"management": {"autoRepair": True}})
    assert error["message"] == "Auto_upgrade must be true when release_channel is set."
    await cloud.done("POST", "clusters/c1/nodePools/p:setManagement", {"management": {"autoUpgrade": True}})
    assert (await cloud.get("clusters/c1/nodePools/p"))["management"] == {"autoUpgrade": True}
    await cloud.done("PUT", "clusters/c1/nodePools/p", {"upgradeSettings": {"maxSurge": 2}})
    assert (await cloud.get("clusters/c1/nodePools/p"))["upgradeSettings"] == {
        "maxSurge": 2,
        "strategy": "SURGE",
    }


async def test_labels_and_taints_reach_the_nodes_that_are_there(cloud):
    await cloud.create()
    behind = cloud.behind["c1"]
    before = dict(behind.nodes)
    await cloud.done("PUT", "clusters/c1/nodePools/p", {"labels": {"labels": {"a": "1", "b": "2"}}})
    await cloud.done("PUT", "clusters/c1/nodePools/p", {"labels": {"labels": {"a": "3"}}})
    taint = {"key": "k", "value": "v", "effect": "NO_SCHEDULE"}
    await cloud.done("PUT", "clusters/c1/nodePools/p", {"taints": {"taints": [taint]}})
    assert behind.nodes == before
    assert set(map(str, behind.labels.values())) == {str({"a": "3", "b": None})}
    assert all(taints == [taint | {"effect": "NoSchedule"}] for taints in behind.taints.values())
    assert (await cloud.get("clusters/c1/nodePools/p"))["config"]["labels"] == {"a": "3"}
    await cloud.done("PUT", "clusters/c1/nodePools/p", {"taints": {"taints": []}})
    assert "taints" not in (await cloud.get("clusters/c1/nodePools/p"))["config"]


async def test_another_machine_type_replaces_the_nodes(cloud):
    await cloud.create()
    before = set(cloud.behind["c1"].nodes)
    await cloud.done("PUT", "clusters/c1/nodePools/p", {"machineType": "n1-standard-8"})
    after = set(cloud.behind["c1"].nodes)
    assert len(after) == len(before)
    assert not after & before
    error = await cloud.refused("PUT", "clusters/c1/nodePools/p", {"machineType": "n9-huge"})
    assert "n9-huge" in error["message"]


async def test_other_zones_move_the_nodes(cloud):
    await cloud.create()
    await cloud.done("PUT", "clusters/c1/nodePools/p", {"locations": ["us-central1-f"]})
    assert [zone for _, zone in cloud.behind["c1"].nodes.values()] == ["us-central1-f"]


async def test_a_pool_is_created_and_deleted_beside_others(cloud):
    await cloud.create()
    operation = await cloud.done("POST", "clusters/c1/nodePools", {"nodePool": GPU})
    assert operation["operationType"] == "CREATE_NODE_POOL"
    assert operation["targetLink"].endswith("/clusters/c1/nodePools/gpu")
    assert (await cloud.get("clusters/c1/nodePools/gpu"))["status"] == "RUNNING"
    error = await cloud.refused("POST", "clusters/c1/nodePools", {"nodePool": GPU})
    assert error["status"] == "ALREADY_EXISTS"
    await cloud.done("DELETE", "clusters/c1/nodePools/gpu")
    assert [one["name"] for one in (await cloud.get("clusters/c1"))["nodePools"]] == ["p"]
    assert {pool for pool, _ in cloud.behind["c1"].nodes.values()} == {"p"}


def contains(have: object, want: object) -> bool:
    if isinstance(want, dict):
        return isinstance(have, dict) and all(key in have and contains(have[key], want[key]) for key in want)
    return have == want


async def test_a_maintenance_policy_is_set_by_who_has_read_the_last_one(cloud):
    await cloud.create()
    read = (await cloud.get("clusters/c1"))["maintenancePolicy"]["resourceVersion"]
    window = {"dailyMaintenanceWindow": {"startTime": "03:00"}}
    body = {"maintenancePolicy": {"window": window, "resourceVersion": read}}
    await cloud.done("POST", "clusters/c1:setMaintenancePolicy", body)
    after = (await cloud.get("clusters/c1"))["maintenancePolicy"]
    assert after["window"]["dailyMaintenanceWindow"]["startTime"] == "03:00" and after["resourceVersion"] != read
    error = await cloud.refused("POST", "clusters/c1:setMaintenancePolicy", body)
    assert error["status"] == "INVALID_ARGUMENT" and "resource version" in error["message"]
