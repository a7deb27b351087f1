# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model's replicas against the quota of their GPUs. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator

from .facts import POOL_SIZES, Facts
from .findings import ERROR, WARNING, Finding, listed, of_hosts
from .needs import gpu_quota
from .plan import Plan

_ALL_REGIONS = "GPUS_ALL_REGIONS"


def check_replicas(plan: Plan, facts: Facts, raise_at: str) -> Iterator[Finding]:
    """An error where the least replicas have no GPUs, a warning where only the autoscaler's last ones have none.

    raise_at: the page where more quota is asked for. GPUs that the plan's pools hold already count as theirs. Of a GPU
    whose quota Compute Engine does not list, only the quota of the whole project is known.
    """
    wanted = plan.replicas
    near = [pool for pool in plan.all_pools if pool.region == plan.region]
    pools = [pool for pool in near if wanted and pool.gpu == wanted.gpu]
    if wanted is None or not pools:
        return
    listed_metrics = {gpu_quota(pool, facts["region_quotas"]) for pool in pools}
    metrics = sorted(metric for metric in listed_metrics if metric)
    held = sum((facts[POOL_SIZES].get(pool.key) or 0) * pool.gpus for pool in pools)
    free = math.inf if None in listed_metrics else sum(_free(facts["region_quotas"].get(name)) for name in metrics)
    if _ALL_REGIONS in facts["project_quotas"]:
        everywhere = _free(facts["project_quotas"][_ALL_REGIONS])
        if everywhere < free:
            free, metrics = everywhere, [_ALL_REGIONS]
    gpus = held + free
    hosts = of_hosts(plan.other_hosts(one.host for one in plan.all_replicas))
    for limit, severity in (("least", ERROR), ("most", WARNING)):
        counts = [getattr(one, limit) for one in plan.all_replicas]
        need = sum(count * one.gpus for count, one in zip(counts, plan.all_replicas, strict=True))
        if need > gpus:
            option = wanted.names.of(f"replicas.{limit}")
            message = (
                f"{_counted(sum(counts))}{hosts} ({option}) need {need} {wanted.gpu}, but by {listed(metrics)} the "
                f"pools can have {gpus:g}" + ("" if hosts else f", enough for {math.floor(gpus / wanted.gpus)}")
            )
            fix = f"ask for {need - gpus:g} more at {raise_at}, or lower {option}"
            yield Finding("quota", message, fix, severity, option)
            return


def _counted(replicas: int) -> str:
    return f"{replicas} replica{'' if replicas == 1 else 's'}"


def _free(quota: dict[str, float] | None) -> float:
    """What is left of a quota; a region shows every GPU that it has a quota of, so one that is not there is 0."""
    return max(quota["limit"] - quota["usage"], 0.0) if quota else 0.0
