# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For each field of a node pool: a value at its creation, another one afterwards, and what else must be given."""

from __future__ import annotations

from typing import Any

from tests.contract.gke.field_cases import OFF, ON, Case, switched

SCALED = {"autoscaling.enabled": True, "autoscaling.minNodeCount": 0, "autoscaling.maxNodeCount": 3}
TOTAL = {"autoscaling.enabled": True, "autoscaling.totalMinNodeCount": 0, "autoscaling.totalMaxNodeCount": 3}
_BLUE_GREEN = "upgradeSettings.blueGreenSettings"
_ROLLOUT = f"{_BLUE_GREEN}.standardRolloutPolicy"
_IN_BLUE_GREEN = {"upgradeSettings.strategy": "BLUE_GREEN"}
G2 = {"config.machineType": "g2-standard-12"}


def gpu(driver: str = "LATEST", **sharing: Any) -> dict[str, Any]:
    """One L4."""
    return {
        "accelerator_type": "nvidia-l4",
        "accelerator_count": 1,
        "gpu_driver_installation_config": {"gpu_driver_version": driver},
        **({"gpu_sharing_config": sharing} if sharing else {}),
    }


def taint(key: str, value: str, effect: str = "NO_SCHEDULE") -> dict[str, Any]:
    """A taint."""
    return {"key": key, "value": value, "effect": effect}


def disk(name: str) -> dict[str, Any]:
    """A disk with images of containers."""
    return {"disk_image": f"projects/p/global/images/{name}", "mode": "CONTAINER_IMAGE_CACHE"}


POOL_CASES: dict[str, Case] = {
    "autoscaling.enabled": Case(False, True, later={"autoscaling.minNodeCount": 0, "autoscaling.maxNodeCount": 3}),
    "autoscaling.minNodeCount": Case(0, 1, {**SCALED, "autoscaling.minNodeCount": 0}),
    "autoscaling.maxNodeCount": Case(2, 3, {"autoscaling.enabled": True, "autoscaling.minNodeCount": 0}),
    "autoscaling.totalMinNodeCount": Case(0, 1, TOTAL),
    "autoscaling.totalMaxNodeCount": Case(2, 3, {"autoscaling.enabled": True}),
    "autoscaling.locationPolicy": Case("BALANCED", "ANY", SCALED),
    "initialNodeCount": Case(0, 2),
    "locations": Case(["us-central1-a"], ["us-central1-a", "us-central1-b"]),
    "placementPolicy.type": Case(None, "COMPACT"),
    "placementPolicy.policyName": Case("one", "two"),
    "queuedProvisioning.enabled": ON,
    "config.spot": ON,
    "config.flexStart": ON,
    "config.maxRunDuration": Case("3600s", "7200s"),
    "config.reservationAffinity.consumeReservationType": Case("NO_RESERVATION", "ANY_RESERVATION"),
    "config.reservationAffinity.key": Case("compute.googleapis.com/reservation-name", "other"),
    "config.reservationAffinity.values": Case(["one"], ["two"]),
    "management.autoRepair": OFF,
    "management.autoUpgrade": Case(False, True, {"management.autoRepair": True}),
    "upgradeSettings.strategy": Case("SURGE", "BLUE_GREEN", later={f"{_BLUE_GREEN}.nodePoolSoakDuration": "60s"}),
    "upgradeSettings.maxSurge": Case(1, 2),
    "upgradeSettings.maxUnavailable": Case(0, 1, {"upgradeSettings.maxSurge": 1}),
    f"{_BLUE_GREEN}.nodePoolSoakDuration": Case("3600s", "60s", _IN_BLUE_GREEN),
    f"{_ROLLOUT}.batchNodeCount": Case(1, 2, _IN_BLUE_GREEN),
    f"{_ROLLOUT}.batchPercentage": Case(0.25, 0.5, _IN_BLUE_GREEN),
    f"{_ROLLOUT}.batchSoakDuration": Case("10s", "20.5s", {**_IN_BLUE_GREEN, f"{_ROLLOUT}.batchNodeCount": 1}),
    "nodeDrainConfig.respectPdbDuringNodePoolDeletion": ON,
    "maxPodsConstraint.maxPodsPerNode": Case(110, 32),
    "networkConfig.enablePrivateNodes": ON,
    "networkConfig.podRange": Case("one", "two"),
    "networkConfig.podIpv4CidrBlock": Case("10.0.0.0/20", "/21"),
    "version": Case("1.35", "1.36"),
    "config.machineType": Case("g2-standard-8", "g2-standard-12"),
    "config.accelerators": Case(
        [gpu("DEFAULT")], [gpu(gpu_sharing_strategy="TIME_SHARING", max_shared_clients_per_gpu=2)], G2
    ),
    "config.diskType": Case("pd-standard", "pd-balanced"),
    "config.diskSizeGb": Case(100, 200),
    "config.imageType": Case("UBUNTU_CONTAINERD", "COS_CONTAINERD"),
    "config.ephemeralStorageLocalSsdConfig.localSsdCount": Case(None, 1, G2),
    "config.ephemeralStorageLocalSsdConfig.dataCacheCount": Case(
        None, 1, {"config.ephemeralStorageLocalSsdConfig.localSsdCount": 2, "config.machineType": "n1-standard-4"}
    ),
    "config.localNvmeSsdBlockConfig.localSsdCount": Case(1, 2, {"config.machineType": "n1-standard-4"}),
    "config.secondaryBootDisks": Case([disk("weights-1")], [disk("weights-2")]),
    "config.bootDiskKmsKey": Case("one", "two"),
    **switched("config.gcfsConfig.enabled", "config.gvnic.enabled"),
    "config.fastSocket.enabled": Case(False, True, {"config.gvnic.enabled": True}),
    "config.minCpuPlatform": Case("Intel Skylake", "Intel Ice Lake"),
    "config.advancedMachineFeatures.threadsPerCore": Case(2, 1),
    "config.kubeletConfig.cpuManagerPolicy": Case("none", "static"),
    "config.kubeletConfig.podPidsLimit": Case(1024, 4096),
    "config.kubeletConfig.maxParallelImagePulls": Case(2, 5),
    "config.kubeletConfig.insecureKubeletReadonlyPortEnabled": OFF,
    "config.linuxNodeConfig.sysctls": Case(
        {"net.core.somaxconn": 2048, "net.core.rmem_max": 1}, {"net.core.somaxconn": 4096}
    ),
    "config.linuxNodeConfig.cgroupMode": Case("CGROUP_MODE_V1", "CGROUP_MODE_V2"),
    "config.loggingConfig.variantConfig.variant": Case("DEFAULT", "MAX_THROUGHPUT"),
    "config.workloadMetadataConfig.mode": Case("GCE_METADATA", "GKE_METADATA"),
    "config.shieldedInstanceConfig.enableSecureBoot": ON,
    "config.shieldedInstanceConfig.enableIntegrityMonitoring": OFF,
    "config.oauthScopes": Case(["https://one"], ["https://two"]),
    "config.serviceAccount": Case("default", "nodes@sandbox-project.iam.gserviceaccount.com"),
    "config.metadata": Case({"disable-legacy-endpoints": "true"}, {"disable-legacy-endpoints": "false"}),
    "config.resourceLabels": Case({"team": "a", "kept": "yes"}, {"team": "b"}),
    "config.labels": Case({"team": "a", "kept": "yes"}, {"team": "b"}),
    "config.taints": Case([taint("a", "1"), taint("kept", "")], [taint("a", "2"), taint("b", "1", "NO_EXECUTE")]),
    "config.tags": Case(["a", "gone"], ["a", "b"]),
}
