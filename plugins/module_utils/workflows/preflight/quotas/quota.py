# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quotas against what the plan takes, at its start and at its most. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ..facts import POOL_SIZES, Facts
from ..findings import WARNING, Finding
from ..plan import Plan, PoolPlan
from .needs import gpu_quota, named, node_needs
from .replicas import check_replicas
from .unlisted import check_unlisted


def check_quota(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """An error where the first nodes do not fit, a warning where only the autoscaler's last ones do not; then the
    model's replicas.

    Nodes that the pools have already are in the quota's usage, so only those to come are asked for.
    """
    quotas = {**facts["region_quotas"], **facts["project_quotas"]}
    starting, growing = _more(plan, facts, "start"), _more(plan, facts, "most")
    names = {metric: _pools_that_need(plan, facts, metric) for metric in growing}
    gpu_metrics = {gpu_quota(pool, facts["region_quotas"]) for pool in plan.all_pools}
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
        pools = named(plan, names[metric])
        if starting[metric] > free:
            first = names[metric][0].names.of("initial_node_count")
            fix = f"{raise_it.format(usage + starting[metric])}, or begin with fewer ({first}) or smaller nodes"
            message = f"{metric}: the first nodes of {pools} need {starting[metric]:g}, {state}"
            yield Finding("quota", message, fix, variable=first)
        elif growing[metric] > free:
            more = f"the largest size of {pools} needs {growing[metric]:g} more"
            message = f"{metric}: {more}, {state}; autoscaling stops there"
            limits = names[metric][0].names.of("autoscaling.max_node_count")
            fix = f"{raise_it.format(usage + growing[metric])}, or lower {limits}"
            yield Finding("quota", message, fix, WARNING, limits)
    yield from check_unlisted(plan, facts, page)
    yield from check_replicas(plan, facts, page)


def _more(plan: Plan, facts: Facts, when: str) -> Counter[str]:
    """What the nodes take that are to come until the plan's start, or its most."""
    total: Counter[str] = Counter()
    for pool in plan.all_pools:
        have = facts[POOL_SIZES].get(pool.key)
        # A pool that is there was begun before: its size is the autoscaler's matter, within its limits.
        wanted = pool.least if when == "start" and have is not None else getattr(pool, when)
        for metric, amount in _needs(plan, pool, facts).items():
            total[metric] += amount * max(wanted - (have or 0), 0)
    return total


def _needs(plan: Plan, pool: PoolPlan, facts: Facts) -> Counter[str]:
    """What a node takes of the region's and the project's quotas; of another region's pool, only of the project's."""
    shape = next(iter(facts["machine_types"].get(pool.machine_type, {}).values()), {})
    needs = node_needs(pool, shape.get("guestCpus", 0), facts["region_quotas"])
    near = pool.region == plan.region
    return Counter({name: amount for name, amount in needs.items() if near or name in facts["project_quotas"]})


def _pools_that_need(plan: Plan, facts: Facts, metric: str) -> list[PoolPlan]:
    return [pool for pool in plan.all_pools if _needs(plan, pool, facts)[metric]]
