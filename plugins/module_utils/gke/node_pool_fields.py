# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields of a node pool (GKE v1, schemas NodePool and UpdateNodePoolRequest), in the order of their changes."""

from __future__ import annotations

from typing import Any

from ansible_collections.llmops.gke.plugins.module_utils.gke.fields import Field, Immutable, Value, Verb

ANOTHER_POOL = Immutable(
    "create a node pool of another name with it, let the workload move there, then remove this one (state=absent)"
)

_PER_ZONE = ("minNodeCount", "maxNodeCount")
_TOTAL = ("totalMinNodeCount", "totalMaxNodeCount")


def _limits(have: dict[str, Any], want: dict[str, Any]) -> dict[str, Any]:
    """What stays of the autoscaling: nothing when it is turned off, and one kind of limits when the kind changes."""
    if want.get("enabled") is False:
        return {}
    dropped = _PER_ZONE if any(name in want for name in _TOTAL) else ()
    dropped = _TOTAL if any(name in want for name in _PER_ZONE) else dropped
    return {name: value for name, value in have.items() if name not in dropped}


def _settable_management(have: dict[str, Any], _want: Any) -> dict[str, Any]:
    return {name: have[name] for name in ("autoRepair", "autoUpgrade") if name in have}


def _keep(have: dict[str, Any], _want: Any) -> dict[str, Any]:
    """For a part that the API replaces whole."""
    return have


AUTOSCALING = Verb("autoscaling", "autoscaling", method="POST", suffix=":setAutoscaling", base=_limits)
SIZE = Verb("initialNodeCount", "nodeCount", method="POST", suffix=":setSize")
MANAGEMENT = Verb("management", "management", method="POST", suffix=":setManagement", base=_settable_management)
UPGRADE_SETTINGS = Verb("upgradeSettings", "upgradeSettings", base=_keep)
LABELS = Verb("config.labels", "labels.labels")
TAINTS = Verb("config.taints", "taints.taints")
TAGS = Verb("config.tags", "tags.tags")
DISK_SIZE = Verb("config.diskSizeGb", "diskSizeGb", text=True)


def _config(name: str) -> Verb:
    """PUT of one part of the nodes' configuration, which has the same name in the request."""
    return Verb(f"config.{name}", name)


GROUPS = {
    "autoscaling": "The pool's autoscaler. A limit is for each zone, or for all of them together.",
    "management": "What GKE does to the nodes by itself.",
    "upgradeSettings": "How many nodes an upgrade takes at once.",
    "maxPodsConstraint": "Room for pods on a node.",
    "config": "What its nodes are.",
    "config.ephemeralStorageLocalSsdConfig": "Local SSDs that hold what pods store and the images.",
    "config.gcfsConfig": "Image streaming.",
    "config.gvnic": "Google's virtual network interface.",
    "config.shieldedInstanceConfig": "Protection against changed firmware and kernels.",
    "config.workloadMetadataConfig": "What pods see of the metadata server.",
    "config.accelerators.gpuDriverInstallationConfig": "NVIDIA's driver.",
}
"""What an option that holds others is for."""

NODE_POOL_FIELDS: tuple[Field, ...] = (
    Field("autoscaling.enabled", "bool", "Whether it is on.", change=AUTOSCALING),
    Field("autoscaling.minNodeCount", "int", "Fewest nodes in a zone.", change=AUTOSCALING),
    Field("autoscaling.maxNodeCount", "int", "Most nodes in a zone.", change=AUTOSCALING),
    Field("autoscaling.totalMinNodeCount", "int", "Fewest nodes in all zones.", change=AUTOSCALING),
    Field("autoscaling.totalMaxNodeCount", "int", "Most nodes in all zones.", change=AUTOSCALING),
    Field(
        "autoscaling.locationPolicy",
        "str",
        "In which zones nodes are added.",
        choices=("BALANCED", "ANY"),
        change=AUTOSCALING,
    ),
    Field(
        "initialNodeCount",
        "int",
        "Nodes in each zone. With the autoscaler on, it counts when the pool is created and not afterwards.",
        change=SIZE,
        unless="autoscaling.enabled",
    ),
    Field("management.autoRepair", "bool", "Repair nodes that are not healthy.", change=MANAGEMENT),
    Field("management.autoUpgrade", "bool", "Keep nodes at the control plane's version.", change=MANAGEMENT),
    Field("upgradeSettings.maxSurge", "int", "Nodes that may be added meanwhile.", change=UPGRADE_SETTINGS),
    Field("upgradeSettings.maxUnavailable", "int", "Nodes that may be missing meanwhile.", change=UPGRADE_SETTINGS),
    Field("maxPodsConstraint.maxPodsPerNode", "int64", "Most pods on a node.", change=ANOTHER_POOL),
    Field("locations", "set", "Zones in which the pool has nodes.", change=Verb("locations", "locations")),
    Field(
        "version", "version", "Kubernetes version of the nodes, such as C(1.33).", change=Verb("version", "nodeVersion")
    ),
    Field("config.machineType", "str", "Compute Engine machine type.", change=_config("machineType")),
    Field(
        "config.accelerators",
        "keyed",
        "GPUs of each node.",
        change=_config("accelerators"),
        keys=("acceleratorType",),
        items=(
            Value("acceleratorCount", "int64", "How many.", required=True),
            Value("acceleratorType", "str", "Their type, such as V(nvidia-l4).", required=True),
            Value(
                "gpuDriverInstallationConfig.gpuDriverVersion",
                "str",
                "Which driver GKE installs.",
                choices=("DEFAULT", "LATEST", "INSTALLATION_DISABLED"),
            ),
        ),
    ),
    Field("config.diskType", "str", "Type of the boot disk, such as V(pd-balanced).", change=_config("diskType")),
    Field("config.diskSizeGb", "int", "Size of the boot disk in GB.", change=DISK_SIZE),
    Field(
        "config.imageType",
        "str",
        "The nodes' operating system.",
        choices=("COS_CONTAINERD", "UBUNTU_CONTAINERD"),
        change=_config("imageType"),
    ),
    Field(
        "config.ephemeralStorageLocalSsdConfig.localSsdCount",
        "int",
        "How many, of 375 GB each.",
        change=ANOTHER_POOL,
    ),
    Field("config.gcfsConfig.enabled", "bool", "Whether it is on.", change=_config("gcfsConfig")),
    Field("config.gvnic.enabled", "bool", "Whether it is used.", change=_config("gvnic")),
    Field(
        "config.workloadMetadataConfig.mode",
        "str",
        "V(GKE_METADATA) gives pods their own identity, by Workload Identity.",
        choices=("GKE_METADATA", "GCE_METADATA"),
        change=_config("workloadMetadataConfig"),
    ),
    Field(
        "config.labels",
        "map",
        "Kubernetes labels of the nodes; labels that are not named here are left alone.",
        change=LABELS,
    ),
    Field(
        "config.taints",
        "keyed",
        "Kubernetes taints of the nodes; taints that are not named here, such as GKE's own for GPUs, are left alone.",
        change=TAINTS,
        partial=True,
        keys=("key", "effect"),
        items=(
            Value("key", "str", "Its key.", required=True),
            Value("value", "str", "Its value."),
            Value(
                "effect",
                "str",
                "What it does to pods.",
                choices=("NO_SCHEDULE", "PREFER_NO_SCHEDULE", "NO_EXECUTE"),
                required=True,
            ),
        ),
    ),
    Field("config.tags", "set", "Network tags, for firewall rules; others are removed.", change=TAGS),
    Field("config.oauthScopes", "set", "OAuth 2.0 scopes of the nodes' service account.", change=ANOTHER_POOL),
    Field(
        "config.serviceAccount", "str", "Email of the nodes' service account.", change=ANOTHER_POOL, absent="default"
    ),
    Field(
        "config.shieldedInstanceConfig.enableSecureBoot",
        "bool",
        "Run only signed boot components.",
        change=ANOTHER_POOL,
    ),
    Field(
        "config.shieldedInstanceConfig.enableIntegrityMonitoring",
        "bool",
        "Compare each boot with a baseline.",
        change=ANOTHER_POOL,
    ),
    Field("config.spot", "bool", "Use spot machines, which Google may take back at any time.", change=ANOTHER_POOL),
    Field("config.metadata", "map", "Metadata of the instances.", change=ANOTHER_POOL),
)
