# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quotas against what the plan takes, at its start and at its most. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ...google.accelerators import GPUS
from .facts import POOL_SIZES, Facts
from .findings import WARNING, Finding
from .needs import gpu_quota, node_needs
from .plan import Plan, PoolPlan
from .replicas import check_replicas


def check_quota(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """An error where the first nodes do not fit, a warning where only the autoscaler's last ones do not; then the
    model's replicas.

    Nodes that the pools have already are in the quota's usage, so only those to come are asked for.
    """
    quotas = {**facts["region_quotas"], **facts["project_quotas"]}
    starting, growing = _more(plan, facts, "start"), _more(plan, facts, "most")
    names = {metric: _pools_that_need(plan, facts, metric) for metric in growing}
    gpu_metrics = {gpu_quota(pool, facts["region_quotas"]) for pool in plan.pools}
    page = f"https://console.cloud.google.com/iam-admin/quotas?project={plan.project}"
    for metric in sorted(growing):
        quota = quotas.get(metric)
        if quota is None and metric not in gpu_metrics:
            continue
        limit, usage = (quota["limit"], quota["usage"]) if quota else (0.0, 0.0)
        free = max(limit - usage, 0.0)
        where = f"project {plan.project}" if metric in facts["project_quotas"] else plan.region
        state = f"{free:g} of {limit:g} are free in {where}"
        raise_it = f"ask for at least {{0:g}} at {page}"
        pools = ", ".join(names[metric])
        if starting[metric] > free:
            fix = f"{raise_it.format(usage + starting[metric])}, or begin with fewer or smaller nodes"
            yield Finding("quota", f"{metric}: the first nodes of {pools} need {starting[metric]:g}, {state}", fix)
        elif growing[metric] > free:
            message = f"{metric}: at their most {pools} need {growing[metric]:g} more, {state}; autoscaling stops there"
            fix = f"{raise_it.format(usage + growing[metric])}, or lower max_node_count"
            yield Finding("quota", message, fix, WARNING)
    yield from _check_unlisted(plan, facts, page)
    yield from check_replicas(plan, facts, page)


def _more(plan: Plan, facts: Facts, when: str) -> Counter[str]:
    """What the nodes take that are to come until the plan's start, or its most."""
    total: Counter[str] = Counter()
    for pool in plan.pools:
        have = facts[POOL_SIZES].get(pool.name)
        # A pool that is there was begun before: its size is the autoscaler's matter, within its limits.
        wanted = pool.least if when == "start" and have is not None else getattr(pool, when)
        for metric, amount in _needs(pool, facts).items():
            total[metric] += amount * max(wanted - (have or 0), 0)
    return total


def _needs(pool: PoolPlan, facts: Facts) -> Counter[str]:
    shape = next(iter(facts["machine_types"].get(pool.machine_type, {}).values()), {})
    return node_needs(pool, shape.get("guestCpus", 0), facts["region_quotas"])


def _pools_that_need(plan: Plan, facts: Facts, metric: str) -> list[str]:
    return [pool.name for pool in plan.pools if _needs(pool, facts)[metric]]


def _check_unlisted(plan: Plan, facts: Facts, page: str) -> Iterator[Finding]:
    """GPUs whose quota Compute Engine does not list, so that nobody can say beforehand whether it suffices."""
    needs: Counter[tuple[str, bool]] = Counter()
    pools: dict[tuple[str, bool], list[str]] = {}
    for pool in plan.pools:
        more = pool.most - (facts[POOL_SIZES].get(pool.name) or 0)
        if pool.gpu and more > 0 and gpu_quota(pool, facts["region_quotas"]) is None:
            needs[pool.gpu, pool.spot] += pool.gpus * more
            pools.setdefault((pool.gpu, pool.spot), []).append(pool.name)
    for (name, spot), need in needs.items():
        gpu = GPUS.get(name)
        metric, family = (gpu.quota_metric(spot=spot), gpu.quota_family) if gpu else (None, None)
        kind = "on Spot" if spot else "on demand"
        message = (
            f"Compute Engine lists no quota of {name} {kind} in {plan.region}, so whether the {need} that "
            f"{', '.join(pools[name, spot])} may need are free is not known"
        )
        where = metric or (f"GPUs per GPU family (gpu_family {family})" if family else f"GPUs per GPU family of {name}")
        yield Finding("quota", message, f"look for {where} in {plan.region} at {page}", WARNING)
