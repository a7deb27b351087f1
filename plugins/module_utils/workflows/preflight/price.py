# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan costs, estimated from list prices; pure. No discount, network, load balancer or log is in it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ...google.compute import Offers
from ...google.hardware import PRICES_AS_OF
from ...google.machine_types import LOCAL_SSD_GB, read_machine_type
from ...google.prices import HOURS_A_MONTH, NoPrice, machine_price, rate
from .findings import WARNING, Finding
from .plan import Plan, PoolPlan


def estimate(plan: Plan, machines: Offers, given: Mapping[str, float]) -> tuple[dict[str, Any], list[Finding]]:
    """The cost at least, at the start and at most, in US dollars an hour and a month, and what has no price.

    given: the user's prices, as machine_price takes them.
    """
    findings, by_node = [], {}
    for pool in plan.pools:
        try:
            by_node[pool.name] = _node_price(pool, machines, given)
        except NoPrice as missing:
            fix = f"give it in US dollars an hour by llmops_prices: {{{missing}: …}}"
            message = f"pool {pool.name}: the price of {missing} is not known"
            findings.append(Finding("price", message, fix, WARNING, "llmops_prices"))
    known = [pool for pool in plan.pools if pool.name in by_node]
    totals = {
        when: rate("cluster", given)
        + sum(by_node[pool.name] * nodes for pool, nodes in _sizes(plan, known, by_node, when))
        for when in ("least", "start", "most")
    }
    shown = {
        when: {"hour": round(hourly, 2), "month": round(hourly * HOURS_A_MONTH)} for when, hourly in totals.items()
    }
    nodes = {name: round(price, 4) for name, price in by_node.items()}
    told = {"currency": "USD", "as_of": PRICES_AS_OF, "complete": not findings, "node_hour": nodes}
    return {**told, **shown}, findings


def _sizes(plan: Plan, pools: list[PoolPlan], by_node: Mapping[str, float], when: str) -> list[tuple[PoolPlan, int]]:
    """Each pool's nodes; where the least replicas need more GPUs than these have, the cheapest pools grow for them."""
    sizes = {pool.name: getattr(pool, when) for pool in pools}
    wanted = plan.replicas
    takers = sorted((pool for pool in pools if wanted and pool.gpu == wanted.gpu), key=lambda pool: by_node[pool.name])
    lacking = wanted.least * wanted.gpus if wanted else 0
    lacking -= sum(sizes[pool.name] * pool.gpus for pool in takers)
    for pool in takers:
        more = min(max(math.ceil(lacking / pool.gpus), 0), pool.most - sizes[pool.name])
        sizes[pool.name] += more
        lacking -= more * pool.gpus
    return [(pool, sizes[pool.name]) for pool in pools]


def _node_price(pool: PoolPlan, machines: Offers, given: Mapping[str, float]) -> float:
    offered = next(iter(machines.get(pool.machine_type, {}).values()), None)
    shape = read_machine_type(pool.machine_type, offered)
    hour = machine_price(pool.machine_type, shape, pool.gpu, pool.gpus, spot=pool.spot, given=given)
    if shape is None or not shape.bundled_ssds:
        hour += pool.local_ssds * LOCAL_SSD_GB * rate("local-ssd", given, spot=pool.spot)
    return hour + pool.disk_gb * rate(pool.disk_type, given)
