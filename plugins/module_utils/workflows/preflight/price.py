# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan costs, estimated from list prices; pure. No discount, network, load balancer or log is in it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ...core.errors import InvalidOption
from ...google.compute import Offers
from .findings import WARNING, Finding
from .needs import LOCAL_SSD_GB
from .plan import Plan, PoolPlan

HOURS_A_MONTH = 730

PRICES: dict[str, float] = {
    "cluster": 0.10,
    "e2.cpu": 0.02181159,
    "e2.memory_gb": 0.00292353,
    "n1.cpu": 0.031611,
    "n1.memory_gb": 0.004237,
    "n2.cpu": 0.031611,
    "n2.memory_gb": 0.004237,
    "g2.cpu": 0.02498844,
    "g2.memory_gb": 0.00292731,
    "a2.cpu": 0.031611,
    "a2.memory_gb": 0.004237,
    "nvidia-l4": 0.56004,
    "nvidia-tesla-t4": 0.35,
    "nvidia-tesla-a100": 2.933908,
    "local-ssd": 0.08 / HOURS_A_MONTH,
    "pd-standard": 0.04 / HOURS_A_MONTH,
    "pd-balanced": 0.10 / HOURS_A_MONTH,
    "pd-ssd": 0.17 / HOURS_A_MONTH,
    "spot": 0.4,
}
"""US dollars an hour in us-central1, on demand: a cluster; a vCPU and a GB of memory of a machine family; a GPU; a GB
of disk. ``spot`` is the share of a machine's price that a spot machine costs at most (Google promises 60 % off)."""


class NoPrice(Exception):
    """A price that is not in the table; its name is the only argument."""


def read_prices(given: Mapping[str, Any]) -> dict[str, float]:
    """The option ``prices`` as numbers, or InvalidOption."""
    prices = {}
    for name, price in given.items():
        try:
            prices[name] = float(price)
        except (TypeError, ValueError) as error:
            raise InvalidOption(f"prices.{name}", price, "US dollars an hour, such as 0.56") from error
        if not 0 <= prices[name] < math.inf:
            raise InvalidOption(f"prices.{name}", price, "US dollars an hour, such as 0.56")
    return prices


def estimate(plan: Plan, machines: Offers, given: Mapping[str, float]) -> tuple[dict[str, Any], list[Finding]]:
    """The cost at least, at the start and at most, in US dollars an hour and a month, and what has no price.

    given: prices over those of PRICES, by the same names; a machine type's own name stands for the whole machine.
    """
    prices = {**PRICES, **given}
    findings, by_node = [], {}
    for pool in plan.pools:
        try:
            by_node[pool.name] = _node_price(pool, machines, prices)
        except NoPrice as missing:
            fix = f"give it in US dollars an hour by prices: {{{missing}: …}}"
            findings.append(Finding("price", f"pool {pool.name}: the price of {missing} is not known", fix, WARNING))
    known = [pool for pool in plan.pools if pool.name in by_node]
    totals = {
        when: prices["cluster"] + sum(by_node[pool.name] * nodes for pool, nodes in _sizes(plan, known, by_node, when))
        for when in ("least", "start", "most")
    }
    shown = {
        when: {"hour": round(hourly, 2), "month": round(hourly * HOURS_A_MONTH)} for when, hourly in totals.items()
    }
    nodes = {name: round(price, 4) for name, price in by_node.items()}
    return {"currency": "USD", "complete": not findings, "node_hour": nodes, **shown}, findings


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


def _node_price(pool: PoolPlan, machines: Offers, prices: Mapping[str, float]) -> float:
    def price(name: str) -> float:
        if name not in prices:
            raise NoPrice(name)
        return prices[name]

    machine = prices.get(pool.machine_type)
    if machine is None:
        family = pool.machine_type.partition("-")[0]
        shape = next(iter(machines.get(pool.machine_type, {}).values()), None)
        if shape is None:
            raise NoPrice(pool.machine_type)
        machine = shape["guestCpus"] * price(f"{family}.cpu")
        machine += shape["memoryMb"] / 1024 * price(f"{family}.memory_gb")
        machine += pool.gpus * price(pool.gpu) if pool.gpu else 0
    machine += pool.local_ssds * LOCAL_SSD_GB * price("local-ssd")
    return machine * (price("spot") if pool.spot else 1) + pool.disk_gb * price(pool.disk_type)
