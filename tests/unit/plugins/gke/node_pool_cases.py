# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For each field of a node pool: what GKE has, what the user names, and the one request that makes it good."""

from __future__ import annotations

from typing import Any

from ansible_collections.llmops.gke.plugins.module_utils.gke.fields.node_pool.table import NODE_POOL_FIELDS
from tests.unit.plugins.gke.gke_support import running

L4 = {"acceleratorCount": "1", "acceleratorType": "nvidia-l4"}
DEFAULT_DRIVER = {"gpuDriverInstallationConfig": {"gpuDriverVersion": "DEFAULT"}}
LATEST_DRIVER = {"gpuDriverInstallationConfig": {"gpuDriverVersion": "LATEST"}}
GKE_TAINT = {"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}
OWN_TAINT = {"key": "gpu", "value": "l4", "effect": "NO_EXECUTE"}
ON = {"enabled": True, "minNodeCount": 1, "maxNodeCount": 2}

# field: (what GKE has, the option, (the verb's suffix, the request's body)); None for a field that cannot change.
CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[str, dict[str, Any]] | None]] = {
    "autoscaling.enabled": ({"autoscaling": ON}, {"enabled": False}, (":setAutoscaling", {"enabled": False})),
    "autoscaling.minNodeCount": (
        {"autoscaling": ON},
        {"enabled": True, "min_node_count": 0},
        (":setAutoscaling", {**ON, "minNodeCount": 0}),
    ),
    "autoscaling.maxNodeCount": (
        {"autoscaling": ON},
        {"enabled": True, "max_node_count": 3},
        (":setAutoscaling", {**ON, "maxNodeCount": 3}),
    ),
    "autoscaling.totalMinNodeCount": (
        {"autoscaling": ON},
        {"enabled": True, "total_min_node_count": 1, "total_max_node_count": 4},
        (":setAutoscaling", {"enabled": True, "totalMinNodeCount": 1, "totalMaxNodeCount": 4}),
    ),
    "autoscaling.totalMaxNodeCount": (
        {"autoscaling": {"enabled": True, "totalMaxNodeCount": 2}},
        {"enabled": True, "total_max_node_count": 4},
        (":setAutoscaling", {"enabled": True, "totalMaxNodeCount": 4}),
    ),
    "autoscaling.locationPolicy": (
        {"autoscaling": ON},
        {"location_policy": "ANY"},
        (":setAutoscaling", {**ON, "locationPolicy": "ANY"}),
    ),
    "initialNodeCount": ({"initialNodeCount": 1}, 3, (":setSize", 3)),
    "management.autoRepair": (
        {"management": {"autoUpgrade": True, "upgradeOptions": {"description": "soon"}}},
        {"auto_repair": True},
        (":setManagement", {"autoUpgrade": True, "autoRepair": True}),
    ),
    "management.autoUpgrade": (
        {"management": {"autoRepair": True, "autoUpgrade": True}},
        {"auto_upgrade": False},
        (":setManagement", {"autoRepair": True, "autoUpgrade": False}),
    ),
    "upgradeSettings.maxSurge": (
        {"upgradeSettings": {"maxSurge": 1, "strategy": "SURGE"}},
        {"max_surge": 2},
        ("", {"upgradeSettings": {"maxSurge": 2, "strategy": "SURGE"}}),
    ),
    "upgradeSettings.maxUnavailable": (
        {"upgradeSettings": {"maxSurge": 1}},
        {"max_unavailable": 1},
        ("", {"upgradeSettings": {"maxSurge": 1, "maxUnavailable": 1}}),
    ),
    "maxPodsConstraint.maxPodsPerNode": (
        {"maxPodsConstraint": {"maxPodsPerNode": "110"}},
        {"max_pods_per_node": 32},
        None,
    ),
    "locations": (
        {"locations": ["us-central1-a"]},
        ["us-central1-b", "us-central1-a"],
        ("", {"locations": ["us-central1-a", "us-central1-b"]}),
    ),
    "version": ({"version": "1.32.4-gke.100"}, "1.33", ("", {"nodeVersion": "1.33"})),
    "config.machineType": ({"machineType": "g2-standard-8"}, "g2-standard-12", ("", {"machineType": "g2-standard-12"})),
    "config.accelerators": (
        {"accelerators": [{**L4, **DEFAULT_DRIVER}]},
        [
            {
                "accelerator_type": "nvidia-l4",
                "accelerator_count": 1,
                "gpu_driver_installation_config": {"gpu_driver_version": "LATEST"},
            }
        ],
        ("", {"accelerators": [{**L4, **LATEST_DRIVER}]}),
    ),
    "config.diskType": ({"diskType": "pd-standard"}, "pd-balanced", ("", {"diskType": "pd-balanced"})),
    "config.diskSizeGb": ({"diskSizeGb": 100}, 200, ("", {"diskSizeGb": "200"})),
    "config.imageType": (
        {"imageType": "UBUNTU_CONTAINERD"},
        "COS_CONTAINERD",
        ("", {"imageType": "COS_CONTAINERD"}),
    ),
    "config.ephemeralStorageLocalSsdConfig.localSsdCount": ({}, {"local_ssd_count": 1}, None),
    "config.gcfsConfig.enabled": ({}, {"enabled": True}, ("", {"gcfsConfig": {"enabled": True}})),
    "config.gvnic.enabled": ({}, {"enabled": True}, ("", {"gvnic": {"enabled": True}})),
    "config.workloadMetadataConfig.mode": (
        {"workloadMetadataConfig": {"mode": "GCE_METADATA"}},
        {"mode": "GKE_METADATA"},
        ("", {"workloadMetadataConfig": {"mode": "GKE_METADATA"}}),
    ),
    "config.labels": (
        {"labels": {"theirs": "stays", "accelerator": "old"}},
        {"accelerator": "nvidia-gpu"},
        ("", {"labels": {"labels": {"theirs": "stays", "accelerator": "nvidia-gpu"}}}),
    ),
    "config.taints": (
        {"taints": [GKE_TAINT]},
        [OWN_TAINT],
        ("", {"taints": {"taints": [OWN_TAINT, GKE_TAINT]}}),
    ),
    "config.tags": ({"tags": ["old"]}, ["new"], ("", {"tags": {"tags": ["new"]}})),
    "config.oauthScopes": ({"oauthScopes": ["https://one"]}, ["https://two"], None),
    "config.serviceAccount": ({"serviceAccount": "default"}, "nodes@demo-project.iam.gserviceaccount.com", None),
    "config.shieldedInstanceConfig.enableSecureBoot": ({}, {"enable_secure_boot": True}, None),
    "config.shieldedInstanceConfig.enableIntegrityMonitoring": ({}, {"enable_integrity_monitoring": True}, None),
    "config.spot": ({}, True, None),
    "config.metadata": ({"metadata": {"a": "1"}}, {"a": "2"}, None),
}


def case(path: str) -> tuple[dict[str, Any], dict[str, Any], tuple[str, dict[str, Any]] | None]:
    """What GKE has, the task's options and the expected change of CHANGES, each in full."""
    have, want, expected = CHANGES[path]
    field = next(field for field in NODE_POOL_FIELDS if field.path == path)
    names = field.option.split(".")
    inside = names[0] == "config"
    given = {names[1]: want} if inside else want
    if expected and expected[0]:
        wrapper = {":setAutoscaling": "autoscaling", ":setSize": "nodeCount", ":setManagement": "management"}
        expected = (expected[0], {wrapper[expected[0]]: expected[1]})
    return running({"config": have} if inside else have), {names[0]: given}, expected
