# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields of a node pool: machine type, GPUs and boot disk, which one request changes, as each replaces the nodes."""

from __future__ import annotations

from ..field import Field, Value, Verb

MACHINE = Verb("config", "", only_changed=True, text=("config.diskSizeGb",))

GROUPS = {
    "config.accelerators.gpuDriverInstallationConfig": "Installation of the NVIDIA driver by GKE.",
    "config.accelerators.gpuSharingConfig": "Sharing of one GPU by several containers.",
}

FIELDS: tuple[Field, ...] = (
    Field("config.machineType", "str", "Compute Engine machine type of the nodes.", change=MACHINE),
    Field(
        "config.accelerators",
        "keyed",
        "GPUs that are attached to each node.",
        change=MACHINE,
        keys=("acceleratorType",),
        items=(
            Value("acceleratorCount", "int64", "Number of GPUs per node.", required=True),
            Value("acceleratorType", "str", "Type of the GPUs, such as V(nvidia-l4).", required=True),
            Value(
                "gpuDriverInstallationConfig.gpuDriverVersion",
                "str",
                "NVIDIA driver that GKE installs; V(INSTALLATION_DISABLED) leaves the installation to you.",
                choices=("DEFAULT", "LATEST", "INSTALLATION_DISABLED"),
            ),
            Value("gpuPartitionSize", "str", "Size of the partitions of a multi-instance GPU, such as V(1g.5gb)."),
            Value(
                "gpuSharingConfig.gpuSharingStrategy",
                "str",
                "How containers share a GPU - in turns (V(TIME_SHARING)) or side by side (V(MPS)).",
                choices=("TIME_SHARING", "MPS"),
            ),
            Value("gpuSharingConfig.maxSharedClientsPerGpu", "int64", "Maximum number of containers that share a GPU."),
        ),
    ),
    Field("config.diskType", "str", "Type of the nodes' boot disk, such as V(pd-balanced).", change=MACHINE),
    Field("config.diskSizeGb", "int", "Size of the nodes' boot disk in GB.", change=MACHINE),
)
