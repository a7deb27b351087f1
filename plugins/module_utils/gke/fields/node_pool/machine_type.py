# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of a node pool: machine type, GPUs and boot disk, which one request changes, and so the nodes only once."""

from __future__ import annotations

from ..field import Field, Value, Verb

MACHINE = Verb("config", "", only_changed=True, text=("config.diskSizeGb",))

GROUPS = {
    "config.accelerators.gpuDriverInstallationConfig": "NVIDIA's driver.",
    "config.accelerators.gpuSharingConfig": "One GPU for several containers.",
}

FIELDS: tuple[Field, ...] = (
    Field("config.machineType", "str", "Compute Engine machine type.", change=MACHINE),
    Field(
        "config.accelerators",
        "keyed",
        "GPUs of each node.",
        change=MACHINE,
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
            Value("gpuPartitionSize", "str", "Partition it, in sizes such as V(1g.5gb) (multi-instance GPUs only)."),
            Value(
                "gpuSharingConfig.gpuSharingStrategy",
                "str",
                "How they share it.",
                choices=("TIME_SHARING", "MPS"),
            ),
            Value("gpuSharingConfig.maxSharedClientsPerGpu", "int64", "How many may."),
        ),
    ),
    Field("config.diskType", "str", "Type of the boot disk, such as V(pd-balanced).", change=MACHINE),
    Field("config.diskSizeGb", "int", "Size of the boot disk in GB.", change=MACHINE),
)
