# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""GKE answers otherwise than it was asked: by its types, and where it writes a value in its own way."""

import pytest

from llmops_gke_sandbox.google.discovery import container_v1

POOL = {"name": "p", "initialNodeCount": 1, "config": {"machineType": "n1-standard-4"}}
WRITE = "https://www.googleapis.com/auth/monitoring.write"


@pytest.mark.parametrize(
    ("schema", "body", "shown"),
    [
        ("Cluster", {"currentNodeCount": 0, "enableTpu": False, "description": ""}, {}),
        ("Cluster", {"locations": [], "resourceLabels": {}, "nodePools": []}, {}),
        ("Cluster", {"resourceLabels": {"empty": ""}}, {"resourceLabels": {"empty": ""}}),
        ("Cluster", {"legacyAbac": {"enabled": False}}, {"legacyAbac": {}}),
        ("MaxPodsConstraint", {"maxPodsPerNode": "0"}, {}),
        ("MaintenanceExclusionOptions", {"scope": "NO_UPGRADES"}, {}),
        ("MaintenanceExclusionOptions", {"scope": "NO_MINOR_UPGRADES"}, {"scope": "NO_MINOR_UPGRADES"}),
        ("ReleaseChannel", {"channel": "UNSPECIFIED"}, {}),
        ("NodeTaint", {"key": "a", "value": "", "effect": "NO_SCHEDULE"}, {"key": "a", "effect": "NO_SCHEDULE"}),
        ("StandardRolloutPolicy", {"batchPercentage": 0.0, "batchSoakDuration": "0s"}, {"batchSoakDuration": "0s"}),
        (
            "MaintenanceWindow",
            {"maintenanceExclusions": {"a": {"maintenanceExclusionOptions": {"scope": "NO_UPGRADES"}}}},
            {"maintenanceExclusions": {"a": {"maintenanceExclusionOptions": {}}}},
        ),
        ("DNSEndpointConfig", {"allowExternalTraffic": False}, {"allowExternalTraffic": False}),
    ],
)
def test_what_is_nothing_by_its_type_is_left_out(schema, body, shown):
    assert container_v1().shown(schema, body, {"allowExternalTraffic"}) == shown


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        (
            {"databaseEncryption": {"state": "ENCRYPTED", "keyName": "k"}},
            {"databaseEncryption": {"state": "ALL_OBJECTS_ENCRYPTION_ENABLED", "keyName": "k"}},
        ),
        (
            {"autoscaling": {"autoprovisioningNodePoolDefaults": {"oauthScopes": ["https://b", "https://a"]}}},
            {"autoscaling": {"autoprovisioningNodePoolDefaults": {"oauthScopes": ["https://a", "https://b", WRITE]}}},
        ),
        (
            {"maintenancePolicy": {"window": {"dailyMaintenanceWindow": {"startTime": "3:00"}}}},
            {
                "maintenancePolicy": {
                    "window": {"dailyMaintenanceWindow": {"startTime": "03:00", "duration": "PT4H0M0S"}}
                }
            },
        ),
        (
            {"maintenancePolicy": {"window": {"recurringWindow": {"recurrence": "FREQ=DAILY"}}}},
            {
                "maintenancePolicy": {
                    "window": {"recurringWindow": {"recurrence": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU"}}
                }
            },
        ),
        (
            {"maintenancePolicy": {"window": {"recurringWindow": {"recurrence": "FREQ=WEEKLY;BYDAY=SA"}}}},
            {"maintenancePolicy": {"window": {"recurringWindow": {"recurrence": "FREQ=WEEKLY;BYDAY=SA"}}}},
        ),
        ({"locations": ["us-central1-b", "us-central1-a"]}, {"locations": ["us-central1-a", "us-central1-b"]}),
    ],
)
async def test_a_cluster_s_value_comes_back_in_gke_s_own_way(cloud, asked, shown):
    await cloud.create(nodePools=[POOL], **asked)
    cluster = await cloud.get("clusters/c1")

    def holds(part, whole):
        if isinstance(part, dict):
            return all(key in whole and holds(value, whole[key]) for key, value in part.items())
        return part == whole

    assert holds(shown, cluster), cluster


async def test_deprecated_fields_show_the_same(cloud):
    private = {"defaultEnablePrivateNodes": True}
    await cloud.create(
        networkConfig=private,
        controlPlaneEndpointsConfig={
            "ipEndpointsConfig": {"authorizedNetworksConfig": {"enabled": True}, "globalAccess": True}
        },
    )
    cluster = await cloud.get("clusters/c1")
    assert cluster["masterAuthorizedNetworksConfig"] == {"enabled": True}
    assert cluster["privateClusterConfig"]["enablePrivateNodes"] is True
    assert cluster["privateClusterConfig"]["masterGlobalAccessConfig"] == {"enabled": True}
    assert cluster["privateClusterConfig"]["publicEndpoint"] == cluster["endpoint"]
    assert cluster["nodeConfig"] == cluster["nodePools"][0]["config"]
    assert cluster["initialNodeCount"] == 1
