# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""GPUs whose quota Compute Engine does not list, against their limit by Cloud Quotas. Pure.

Cloud Quotas tells no use. So a need above the limit is certain to fail, and one below it may.
"""

from __future__ import annotations

from collections.abc import Iterator

from ....core.errors import LlmopsError
from ....google.accelerators import GPUS
from ....google.apis import why_unread
from ....google.cloud_quotas import API, CLOUD_QUOTAS
from ..facts import POOL_SIZES, UNLISTED_LIMITS, Facts
from ..findings import WARNING, Finding
from ..plan import Plan, PoolPlan
from .needs import gpu_quota, named


def check_unlisted(plan: Plan, facts: Facts, page: str) -> Iterator[Finding]:
    """An error where the first nodes are above the limit, a warning where only the last ones are or nobody knows.

    page: where more quota is asked for.
    """
    kinds: dict[tuple[str, bool], list[PoolPlan]] = {}
    for pool in plan.all_pools:
        near = pool.region == plan.region
        growing = pool.most > (facts[POOL_SIZES].get(pool.key) or 0)
        if pool.gpu and near and growing and gpu_quota(pool, facts["region_quotas"]) is None:
            kinds.setdefault((pool.gpu, pool.spot), []).append(pool)
    for (name, spot), pools in kinds.items():
        limit = facts[UNLISTED_LIMITS].get((name, spot))
        if limit is None or isinstance(limit, LlmopsError):
            yield _unknown(plan, facts, (name, spot), pools, limit, page)
        else:
            # What pools without growth hold is a part of the limit too.
            holders = [
                pool for pool in plan.all_pools if (pool.gpu, pool.spot, pool.region) == (name, spot, plan.region)
            ]
            yield from _above(plan, facts, holders, limit, page)


def quota_name(name: str, *, spot: bool) -> str:
    """What the quota of a GPU is called where more of it is asked for."""
    gpu = GPUS.get(name)
    metric, family = (gpu.quota_metric(spot=spot), gpu.quota_family) if gpu else (None, None)
    return metric or (f"GPUs per GPU family (gpu_family {family})" if family else f"GPUs per GPU family of {name}")


def _above(plan: Plan, facts: Facts, pools: list[PoolPlan], limit: float, page: str) -> Iterator[Finding]:
    have = {pool.key: facts[POOL_SIZES].get(pool.key) for pool in pools}
    first = sum(
        pool.gpus * max(pool.start if have[pool.key] is None else pool.least, have[pool.key] or 0) for pool in pools
    )
    last = sum(pool.gpus * max(pool.most, have[pool.key] or 0) for pool in pools)
    quota = quota_name(str(pools[0].gpu), spot=pools[0].spot)
    state = f"the limit in {plan.region} is {limit:g}"
    if first > limit:
        begin = pools[0].names.of("initial_node_count")
        message = f"{quota}: the first nodes of {named(plan, pools)} need {first:g}, {state}"
        fix = f"ask for at least {first:g} at {page}, or begin with fewer ({begin}) or smaller nodes"
        yield Finding("quota", message, fix, variable=begin)
    elif last > limit:
        most = pools[0].names.of("autoscaling.max_node_count")
        message = f"{quota}: the largest size of {named(plan, pools)} needs {last:g}, {state}; autoscaling stops there"
        yield Finding("quota", message, f"ask for at least {last:g} at {page}, or lower {most}", WARNING, most)


def _unknown(
    plan: Plan, facts: Facts, kind: tuple[str, bool], pools: list[PoolPlan], limit: LlmopsError | None, page: str
) -> Finding:
    name, spot = kind
    why = f": {why_unread(limit, CLOUD_QUOTAS, API, plan.project)}" if limit else ""
    need = sum(pool.gpus * (pool.most - (facts[POOL_SIZES].get(pool.key) or 0)) for pool in pools)
    message = (
        f"Compute Engine lists no quota of {name} {'on Spot' if spot else 'on demand'} in {plan.region}, so whether "
        f"the {need} that {named(plan, pools)} may need are free is not known{why}"
    )
    return Finding("quota", message, f"look for {quota_name(name, spot=spot)} in {plan.region} at {page}", WARNING)
