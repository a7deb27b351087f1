# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nodes take of Compute Engine's quotas (https://cloud.google.com/compute/resource-usage). Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from .plan import PoolPlan

LOCAL_SSD_GB = 375
_SSD_DISKS = ("pd-ssd", "pd-balanced")
_GPU_QUOTAS = {
    "nvidia-l4": "NVIDIA_L4_GPUS",
    "nvidia-l4-vws": "NVIDIA_L4_VWS_GPUS",
    "nvidia-tesla-t4": "NVIDIA_T4_GPUS",
    "nvidia-tesla-p4": "NVIDIA_P4_GPUS",
    "nvidia-tesla-p100": "NVIDIA_P100_GPUS",
    "nvidia-tesla-v100": "NVIDIA_V100_GPUS",
    "nvidia-tesla-a100": "NVIDIA_A100_GPUS",
    "nvidia-a100-80gb": "NVIDIA_A100_80GB_GPUS",
    "nvidia-h100-80gb": "NVIDIA_H100_GPUS",
}


def gpu_quota(pool: PoolPlan) -> str | None:
    """The regional quota of a pool's GPUs; None where it has none, or of a type whose quota is not in this form."""
    metric = _GPU_QUOTAS.get(pool.gpu or "")
    return metric and _prefix(pool) + metric


def node_needs(pool: PoolPlan, cpus: int, known: Collection[str]) -> Counter[str]:
    """What one node takes of each quota: metric -> amount.

    cpus: of its machine type. known: the metrics that the region has: a family's own quota of CPUs (``N2_CPUS``) is
    used where there is one, and ``CPUS`` otherwise.
    """
    prefix = _prefix(pool)
    family = f"{pool.machine_type.partition('-')[0].upper()}_CPUS"
    regional = f"{prefix}{family}" if f"{prefix}{family}" in known else f"{prefix}CPUS"
    disk = "SSD_TOTAL_GB" if pool.disk_type in _SSD_DISKS else "DISKS_TOTAL_GB"
    needs = Counter({regional: cpus, "CPUS_ALL_REGIONS": cpus, "INSTANCES": 1, disk: pool.disk_gb})
    if pool.public_addresses:
        needs["IN_USE_ADDRESSES"] = 1
    if pool.local_ssds:
        needs["PREEMPTIBLE_LOCAL_SSD_GB" if pool.spot else "LOCAL_SSD_TOTAL_GB"] = pool.local_ssds * LOCAL_SSD_GB
    if metric := gpu_quota(pool):
        needs[metric] = pool.gpus
        needs["GPUS_ALL_REGIONS"] = pool.gpus
    return needs


def _prefix(pool: PoolPlan) -> str:
    return "PREEMPTIBLE_" if pool.spot else ""
