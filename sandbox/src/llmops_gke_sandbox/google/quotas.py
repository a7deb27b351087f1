# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compute's quotas: what a node takes, what is left, and the words of a refusal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from llmops_gke_sandbox.config import Config
from llmops_gke_sandbox.faults import Faults
from llmops_gke_sandbox.google import places

_GLOBAL = "_ALL_REGIONS"
FAMILIES = "GPUS_PER_GPU_FAMILY"
_LOCAL_SSD_GB = 375
_SSD_DISKS = ("pd-ssd", "pd-balanced")


def node_needs(config: dict) -> Counter[str]:
    """Return what one node with a NodeConfig takes of each quota metric."""
    machine = places.machines()[config["machineType"]]
    spot = bool(config.get("spot") or config.get("preemptible"))
    prefix = "PREEMPTIBLE_" if spot else ""
    needs: Counter[str] = Counter({f"{prefix}CPUS": machine.cpus, "INSTANCES": 1, "CPUS_ALL_REGIONS": machine.cpus})
    needs["IN_USE_ADDRESSES"] = 1
    disk = "SSD_TOTAL_GB" if config.get("diskType") in _SSD_DISKS else "DISKS_TOTAL_GB"
    needs[disk] = int(config.get("diskSizeGb", 100))
    for gpu in config.get("accelerators", []):
        count = int(gpu["acceleratorCount"])
        known = places.accelerators()[gpu["acceleratorType"]]
        on_demand = known.quota or (f"{FAMILIES}/{known.family}" if known.family else None)
        if metric := known.spot_quota if spot else on_demand:
            needs[metric] += count
        needs["GPUS_ALL_REGIONS"] += count
    if ssds := local_ssds(config):
        needs["PREEMPTIBLE_LOCAL_SSD_GB" if spot else "LOCAL_SSD_TOTAL_GB"] = ssds * _LOCAL_SSD_GB
    return needs


def local_ssds(config: dict) -> int:
    """Return how many local SSDs a NodeConfig asks for, in whatever field."""
    return (
        config.get("ephemeralStorageLocalSsdConfig", {}).get("localSsdCount", 0)
        + config.get("localNvmeSsdBlockConfig", {}).get("localSsdCount", 0)
        + config.get("localSsdCount", 0)
    )


class Quotas:
    """Limits and what is used of them.

    :param nodes: returns (region, NodeConfig) of every node that exists now.
    """

    def __init__(self, config: Config, nodes: Callable[[], Iterable[tuple[str, dict]]], faults: Faults) -> None:
        self._limits = places.default_quotas() | {metric: float(limit) for metric, limit in config.quotas.items()}
        self._project = config.project
        self._nodes = nodes
        self._faults = faults

    def shown(self, region: str | None) -> list[dict]:
        """Return the quotas of a region, or the project-wide ones, as Compute lists them."""
        used = self._used(region)
        return [
            {"metric": metric, "limit": self.limit(metric), "usage": float(used[metric])}
            for metric in sorted(self._limits)
            if metric.endswith(_GLOBAL) == (region is None) and not metric.startswith(FAMILIES)
        ]

    def gpus(self) -> list[str]:
        """Return the metrics that limit GPUs in a region, those of families too."""
        return sorted(metric for metric in self._limits if "GPU" in metric and not metric.endswith(_GLOBAL))

    def shortage(self, region: str, config: dict, nodes: int) -> tuple[str, str] | None:
        """Return (metric, the API's sentence) of the first quota that so many more nodes would exceed."""
        for metric, need in node_needs(config).items():
            if not self._is_limited(metric):
                continue
            scope = None if metric.endswith(_GLOBAL) else region
            limit = self.limit(metric)
            free = limit - self._used(scope)[metric]
            if need * nodes > free:
                return metric, self.sentence(metric, float(need * nodes), limit, max(free, 0.0))
        return None

    def sentence(self, metric: str, need: float, limit: float, free: float) -> str:
        """Return how GKE says that a quota does not suffice."""
        scope, resource = "project" if metric.endswith(_GLOBAL) else "regional", metric.partition("/")[0]
        return (
            f"Insufficient {scope} quota to satisfy request: resource \"{resource}\": request requires '{need}' "
            f"and is short '{need - free}'. project has a quota of '{limit}' with '{free}' available. "
            f"View and manage quotas at https://console.cloud.google.com/iam-admin/quotas?usage=USED"
            f"&project={self._project}."
        )

    def limit(self, metric: str) -> float:
        """Return a metric's limit, or what the fault quota_limit makes of it."""
        fault = self._faults.peek("quota_limit", metric=metric)
        return self._limits.get(metric, 0.0) if fault is None else float(fault.get("limit", 0))

    def _is_limited(self, metric: str) -> bool:
        return metric in self._limits or self._faults.peek("quota_limit", metric=metric) is not None

    def _used(self, region: str | None) -> Counter[str]:
        used: Counter[str] = Counter()
        for place, config in self._nodes():
            if region in (None, place):
                used.update(node_needs(config))
        return used
