# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nodes take of Compute Engine's quotas (https://cloud.google.com/compute/resource-usage). Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from ....google.accelerators import GPUS
from ....google.machine_types import LOCAL_SSD_GB
from ..findings import of_hosts
from ..plan import Plan, PoolPlan

_SSD_DISKS = ("pd-ssd", "pd-balanced")


def gpu_quota(pool: PoolPlan, known: Collection[str]) -> str | None:
    """The regional quota that a pool's GPUs are held against; None where Compute Engine lists none for them.

    known: the metrics that the region has.
    """
    gpu = GPUS.get(pool.gpu or "")
    metric = gpu.quota_metric(spot=pool.spot) if gpu else None
    # A region shows what it has of the older types, so one of those that it does not show is 0.
    return metric if gpu and (metric in known or gpu.always_listed) else None


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
    if pool.gpu:
        needs["GPUS_ALL_REGIONS"] = pool.gpus
    if metric := gpu_quota(pool, known):
        needs[metric] = pool.gpus
    return needs


def named(plan: Plan, pools: list[PoolPlan]) -> str:
    """The pools' names, and whose they are where other hosts of the run have some."""
    hosts = plan.other_hosts(host for pool in pools for host in pool.hosts)
    return ", ".join(dict.fromkeys(pool.name for pool in pools)) + of_hosts(hosts)


def _prefix(pool: PoolPlan) -> str:
    return "PREEMPTIBLE_" if pool.spot else ""
