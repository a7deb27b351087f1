# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model's replicas against the quota of their GPUs. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ....core.errors import LlmopsError
from ..facts import POOL_SIZES, UNLISTED_LIMITS, Facts
from ..findings import ERROR, WARNING, Finding, listed, of_hosts
from ..plan import Plan, PoolPlan
from .needs import gpu_quota
from .unlisted import quota_name

_ALL_REGIONS = "GPUS_ALL_REGIONS"


def check_replicas(plan: Plan, facts: Facts, raise_at: str) -> Iterator[Finding]:
    """An error where the least replicas have no GPUs, a warning where only the autoscaler's last ones have none.

    raise_at: the page where more quota is asked for. GPUs that the plan's pools hold already count as theirs.
    """
    wanted = plan.replicas
    near = [pool for pool in plan.all_pools if pool.region == plan.region]
    pools = [pool for pool in near if wanted and pool.gpu == wanted.gpu]
    if wanted is None or not pools:
        return
    held = sum(_held(facts, pool) for pool in pools)
    free_by_quota = {_quota(facts, pool): _free_for(facts, pools, pool) for pool in pools}
    metrics, free = sorted(free_by_quota), sum(free_by_quota.values())
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


def _quota(facts: Facts, pool: PoolPlan) -> str:
    """What the quota of a pool's GPUs is called."""
    return gpu_quota(pool, facts["region_quotas"]) or quota_name(str(pool.gpu), spot=pool.spot)


def _free_for(facts: Facts, pools: list[PoolPlan], pool: PoolPlan) -> float:
    """What is left of the quota of a pool's GPUs for all pools that share it; infinity where nobody knows."""
    metric = gpu_quota(pool, facts["region_quotas"])
    if metric:
        return _free(facts["region_quotas"].get(metric))
    limit = facts[UNLISTED_LIMITS].get((pool.gpu, pool.spot))
    if limit is None or isinstance(limit, LlmopsError):
        return math.inf
    return max(limit - sum(_held(facts, one) for one in pools if one.spot == pool.spot), 0.0)


def _held(facts: Facts, pool: PoolPlan) -> int:
    """The GPUs that a pool has now."""
    return (facts[POOL_SIZES].get(pool.key) or 0) * pool.gpus


def _free(quota: dict[str, float] | None) -> float:
    """What is left of a quota; a region shows every GPU that it has a quota of, so one that is not there is 0."""
    return max(quota["limit"] - quota["usage"], 0.0) if quota else 0.0
