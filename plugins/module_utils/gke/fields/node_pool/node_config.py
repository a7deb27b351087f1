# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of a node pool: disks, images, devices and settings of its machines."""

from __future__ import annotations

from ..field import Field, Value, Verb, keep
from ..remedies import ANOTHER_POOL

KUBELET = Verb("config.kubeletConfig", "kubeletConfig", base=keep)
LINUX = Verb("config.linuxNodeConfig", "linuxNodeConfig", base=keep)

GROUPS = {
    "config.ephemeralStorageLocalSsdConfig": "Local SSDs that hold what pods store and the images.",
    "config.localNvmeSsdBlockConfig": "Local SSDs as raw block devices.",
    "config.gcfsConfig": "Image streaming.",
    "config.gvnic": "Google's virtual network interface.",
    "config.fastSocket": "NCCL Fast Socket, between GPUs of several nodes.",
    "config.advancedMachineFeatures": "The processors.",
    "config.shieldedInstanceConfig": "Protection against changed firmware and kernels.",
    "config.kubeletConfig": "The kubelet.",
    "config.linuxNodeConfig": "The Linux kernel.",
    "config.loggingConfig": "The logging agent.",
    "config.loggingConfig.variantConfig": "Its variant.",
}


def _config(name: str) -> Verb:
    """PUT of one part of the nodes' configuration, which has the same name in the request."""
    return Verb(f"config.{name}", name)


FIELDS: tuple[Field, ...] = (
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
    Field(
        "config.ephemeralStorageLocalSsdConfig.dataCacheCount",
        "int",
        "How many of them are a cache of persistent disks.",
        change=ANOTHER_POOL,
    ),
    Field("config.localNvmeSsdBlockConfig.localSsdCount", "int", "How many, of 375 GB each.", change=ANOTHER_POOL),
    Field(
        "config.secondaryBootDisks",
        "keyed",
        "Disks with images of containers or weights, ready at the node's start.",
        change=ANOTHER_POOL,
        keys=("diskImage",),
        items=(
            Value("diskImage", "str", "Path of the Compute image.", required=True),
            Value("mode", "str", "What it is for.", choices=("CONTAINER_IMAGE_CACHE",)),
        ),
    ),
    Field("config.bootDiskKmsKey", "str", "Path of the key that encrypts the boot disk.", change=ANOTHER_POOL),
    Field("config.gcfsConfig.enabled", "bool", "Whether it is on.", change=_config("gcfsConfig")),
    Field("config.gvnic.enabled", "bool", "Whether it is used.", change=_config("gvnic")),
    Field(
        "config.fastSocket.enabled", "bool", "Whether it is used; needs O(ignore:gvnic).", change=_config("fastSocket")
    ),
    Field("config.minCpuPlatform", "str", "The oldest processors, such as V(Intel Ice Lake).", change=ANOTHER_POOL),
    Field("config.advancedMachineFeatures.threadsPerCore", "int64", "Threads of a core.", change=ANOTHER_POOL),
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
    Field(
        "config.kubeletConfig.cpuManagerPolicy",
        "str",
        "V(static) gives whole processors to pods that ask for them.",
        choices=("none", "static"),
        change=KUBELET,
        absent="none",
    ),
    Field("config.kubeletConfig.podPidsLimit", "int64", "Most processes of a pod.", change=KUBELET),
    Field("config.kubeletConfig.maxParallelImagePulls", "int", "Images pulled at a time.", change=KUBELET),
    Field(
        "config.kubeletConfig.insecureKubeletReadonlyPortEnabled",
        "bool",
        "Open the kubelet's port without authentication.",
        change=KUBELET,
    ),
    Field(
        "config.linuxNodeConfig.sysctls", "map", "Kernel parameters; others are left alone.", change=LINUX, partial=True
    ),
    Field(
        "config.linuxNodeConfig.cgroupMode",
        "str",
        "Version of control groups.",
        choices=("CGROUP_MODE_V1", "CGROUP_MODE_V2"),
        change=LINUX,
    ),
    Field(
        "config.loggingConfig.variantConfig.variant",
        "str",
        "V(MAX_THROUGHPUT) takes more logs, and more of the node.",
        choices=("DEFAULT", "MAX_THROUGHPUT"),
        change=_config("loggingConfig"),
    ),
)
