# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields of a node pool: disks, images, devices and system settings of its nodes."""

from __future__ import annotations

from ..equivalence import in_any_case
from ..field import Field, Value, Verb, keep
from ..remedies import ANOTHER_POOL

KUBELET = Verb("config.kubeletConfig", "kubeletConfig", base=keep)
LINUX = Verb("config.linuxNodeConfig", "linuxNodeConfig", base=keep)

GROUPS = {
    "config.ephemeralStorageLocalSsdConfig": (
        "Local SSDs for ephemeral storage, which holds images and the local data of pods."
    ),
    "config.localNvmeSsdBlockConfig": "Local SSDs as raw block devices.",
    "config.gcfsConfig": "Image streaming, which starts containers before their images are fully pulled.",
    "config.gvnic": "Google Virtual NIC (gVNIC) of the nodes.",
    "config.fastSocket": "NCCL Fast Socket, which speeds up communication between GPUs of several nodes.",
    "config.advancedMachineFeatures": "CPU features of the machines.",
    "config.shieldedInstanceConfig": "Shielded VM settings of the nodes.",
    "config.kubeletConfig": "Settings of the kubelet on the nodes.",
    "config.linuxNodeConfig": "Linux kernel settings of the nodes.",
    "config.loggingConfig": "Logging agent on the nodes.",
    "config.loggingConfig.variantConfig": "Variant of the logging agent.",
}


def _config(name: str) -> Verb:
    """PUT of one part of the nodes' configuration, which has the same name in the request."""
    return Verb(f"config.{name}", name)


FIELDS: tuple[Field, ...] = (
    Field(
        "config.imageType",
        "str",
        "Operating system image of the nodes.",
        choices=("COS_CONTAINERD", "UBUNTU_CONTAINERD"),
        change=_config("imageType"),
        same=in_any_case,
    ),
    Field(
        "config.ephemeralStorageLocalSsdConfig.localSsdCount",
        "int",
        "Number of local SSDs for ephemeral storage, of 375 GB each.",
        change=ANOTHER_POOL,
    ),
    Field(
        "config.ephemeralStorageLocalSsdConfig.dataCacheCount",
        "int",
        "Number of these local SSDs that cache persistent disks (GKE Data Cache).",
        change=ANOTHER_POOL,
    ),
    Field(
        "config.localNvmeSsdBlockConfig.localSsdCount",
        "int",
        "Number of local SSDs as raw block devices, of 375 GB each.",
        change=ANOTHER_POOL,
    ),
    Field(
        "config.secondaryBootDisks",
        "keyed",
        "Secondary boot disks, which provide container images or model weights when a node starts.",
        change=ANOTHER_POOL,
        keys=("diskImage",),
        items=(
            Value("diskImage", "str", "Path of the Compute Engine disk image.", required=True),
            Value(
                "mode",
                "str",
                "Purpose of the disk; V(CONTAINER_IMAGE_CACHE) holds container images.",
                choices=("CONTAINER_IMAGE_CACHE",),
            ),
        ),
    ),
    Field(
        "config.bootDiskKmsKey", "str", "Path of the Cloud KMS key that encrypts the boot disks.", change=ANOTHER_POOL
    ),
    Field("config.gcfsConfig.enabled", "bool", "Enable image streaming on the nodes.", change=_config("gcfsConfig")),
    Field("config.gvnic.enabled", "bool", "Use gVNIC as the nodes' network interface.", change=_config("gvnic")),
    Field(
        "config.fastSocket.enabled",
        "bool",
        "Enable NCCL Fast Socket, which requires O(ignore:gvnic).",
        change=_config("fastSocket"),
    ),
    Field(
        "config.minCpuPlatform",
        "str",
        "Oldest CPU platform that the nodes may have, such as V(Intel Ice Lake).",
        change=ANOTHER_POOL,
    ),
    Field(
        "config.advancedMachineFeatures.threadsPerCore",
        "int64",
        "Number of threads per physical core.",
        change=ANOTHER_POOL,
    ),
    Field(
        "config.shieldedInstanceConfig.enableSecureBoot",
        "bool",
        "Boot the nodes only with signed boot components.",
        change=ANOTHER_POOL,
    ),
    Field(
        "config.shieldedInstanceConfig.enableIntegrityMonitoring",
        "bool",
        "Compare each boot of a node with a trusted baseline.",
        change=ANOTHER_POOL,
    ),
    Field(
        "config.kubeletConfig.cpuManagerPolicy",
        "str",
        "CPU management policy of the kubelet; V(static) gives exclusive CPUs to pods that request whole ones.",
        choices=("none", "static"),
        change=KUBELET,
        absent="none",
    ),
    Field("config.kubeletConfig.podPidsLimit", "int64", "Maximum number of processes in a pod.", change=KUBELET),
    Field(
        "config.kubeletConfig.maxParallelImagePulls",
        "int",
        "Maximum number of images that a node pulls in parallel.",
        change=KUBELET,
    ),
    Field(
        "config.kubeletConfig.insecureKubeletReadonlyPortEnabled",
        "bool",
        "Open the kubelet's read-only port, which requires no authentication.",
        change=KUBELET,
    ),
    Field(
        "config.linuxNodeConfig.sysctls",
        "map",
        "Kernel parameters of the nodes. Parameters that are not given are kept unless O(exactly) lists this option.",
        change=LINUX,
        partial=True,
    ),
    Field(
        "config.linuxNodeConfig.cgroupMode",
        "str",
        "Version of control groups (cgroups) on the nodes.",
        choices=("CGROUP_MODE_V1", "CGROUP_MODE_V2"),
        change=LINUX,
    ),
    Field(
        "config.loggingConfig.variantConfig.variant",
        "str",
        "V(MAX_THROUGHPUT) handles more log lines and uses more of the node's resources.",
        choices=("DEFAULT", "MAX_THROUGHPUT"),
        change=_config("loggingConfig"),
    ),
)
