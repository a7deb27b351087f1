# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a deployment costs an hour, by the estimate that preflight makes: of its plan, or of what was read. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...core.errors import InvalidOption
from ...google.hardware import PRICES_AS_OF
from ...google.machine_types import read_machine_type
from ...google.prices import NoPrice, machine_price, read_prices
from ..gke_nodes import POOL_LABEL
from ..preflight.plan import DEFAULT_DISK, DEFAULT_DISK_GB, DEFAULT_MACHINE, Plan, PoolPlan
from ..preflight.price import estimate
from .facts import DEPLOY, STATUS, TEARDOWN, VERIFY, HostFacts

Cost = dict[str, Any]
"""``hour`` (US dollars), ``least`` and ``most`` an hour where autoscaling may change it, ``of`` (in words, what it is
the cost of), ``as_of`` and ``currency``, ``complete`` where nothing is without a price."""


def cost_of(facts: HostFacts) -> Cost | None:
    """The cost of one host's deployment, None where it is not known."""
    checked = facts.result("preflight_checked")
    if facts.playbook == DEPLOY and checked:
        # No price where preflight_skip turns it off.
        planned = checked.get("price")
        return _of_estimate(planned, "with the first nodes") if planned else None
    if facts.playbook == VERIFY:
        return _of_pods((facts.result("verify_result").get("latency") or {}).get("pods"), prices(facts))
    if facts.playbook == TEARDOWN and facts.cluster and not facts.check:
        return None if facts.cluster_goes else of_cluster(facts.staying, prices(facts))
    if facts.playbook in (DEPLOY, STATUS, TEARDOWN) and facts.cluster:
        nodes = nodes_by_pool(facts.variables.get("status_objects") or []) if facts.playbook == STATUS else None
        return of_cluster(facts.node_pools, prices(facts), nodes)
    return None


def saved_by(facts: HostFacts) -> Cost | None:
    """What a removal saves of the cost of its cluster."""
    now = of_cluster(facts.node_pools, prices(facts)) if facts.cluster else None
    left = of_cluster(facts.staying, prices(facts)) if now and not facts.cluster_goes else None
    return {**now, "hour": round(now["hour"] - left["hour"], 2)} if now and left else now


def prices(facts: HostFacts) -> dict[str, float]:
    """The user's own prices; none where they are wrong, which preflight says."""
    try:
        return read_prices(facts.variables.get("llmops_prices") or {})
    except (InvalidOption, AttributeError):
        return {}


def nodes_by_pool(objects: Iterable[Mapping[str, Any]]) -> Counter[str]:
    """How many nodes each pool has, by the Nodes among objects of a cluster."""
    nodes = [one for one in objects if one.get("kind") == "Node"]
    return Counter(((node.get("metadata") or {}).get("labels") or {}).get(POOL_LABEL, "") for node in nodes)


def of_cluster(
    pools: Sequence[Mapping[str, Any]],
    given: Mapping[str, float],
    nodes: Mapping[str, int] | None = None,
    gpus: Mapping[str, int] | None = None,
) -> Cost | None:
    """The cost of a cluster by its node pools, as GKE gives them. nodes: how many each has now, None where nobody
    looked. gpus: that are needed of each type, for which pools grow. None where a pool is not as GKE gives it."""
    try:
        plans = tuple(_pool(pool, None if nodes is None else nodes.get(str(pool["name"]), 0)) for pool in pools)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    plans = tuple(_grown(plan, gpus or {}) for plan in plans)
    told, _findings = estimate(Plan("", "", "", "", plans), {}, given)
    count = None if nodes is None else sum(nodes.values())
    return _of_estimate(told, "with the first nodes" if count is None else f"with its {count} nodes of now")


def _grown(pool: PoolPlan, gpus: Mapping[str, int]) -> PoolPlan:
    """The pool with the nodes that so many GPUs need, as far as it may have them."""
    needed = math.ceil(gpus.get(pool.gpu or "", 0) / pool.gpus) if pool.gpus else 0
    return replace(pool, start=max(pool.start, min(needed, pool.most)))


def _of_estimate(told: Mapping[str, Any], of: str) -> Cost:
    return {
        "hour": told["start"]["hour"],
        "least": told["least"]["hour"],
        "most": told["most"]["hour"],
        "of": of,
        "currency": told["currency"],
        "as_of": told["as_of"],
        "complete": told["complete"],
    }


def _of_pods(pods: Iterable[Mapping[str, Any]] | None, given: Mapping[str, float]) -> Cost | None:
    """The machines that a model's pods run on, each once."""
    machines = {str(pod.get("node")): pod for pod in pods or () if pod.get("machine_type")}
    if not machines:
        return None
    try:
        hour = sum(_machine(pod, given) for pod in machines.values())
    except NoPrice:
        return None
    names = Counter(pod["machine_type"] for pod in machines.values())
    of = "for what it runs on: " + ", ".join(f"{count} x {name}" for name, count in sorted(names.items()))
    return {"hour": round(hour, 2), "of": of, "currency": "USD", "as_of": PRICES_AS_OF, "complete": True}


def _machine(pod: Mapping[str, Any], given: Mapping[str, float]) -> float:
    name, gpu, gpus = pod["machine_type"], pod.get("accelerator_type"), pod.get("gpus") or 0
    return machine_price(name, read_machine_type(name, None), gpu, gpus, spot=bool(pod.get("spot")), given=given)


def _pool(pool: Mapping[str, Any], nodes: int | None) -> PoolPlan:
    """A node pool of GKE's API."""
    config = pool.get("config") or {}
    gpus = config.get("accelerators") or []
    zones = tuple(pool.get("locations") or ("",))
    limits = pool.get("autoscaling") or {}
    start = int(pool.get("initialNodeCount") or 0) * len(zones) if nodes is None else nodes
    least, most = start, start
    if limits.get("enabled"):
        least = int(limits.get("totalMinNodeCount") or int(limits.get("minNodeCount") or 0) * len(zones))
        most = int(limits.get("totalMaxNodeCount") or int(limits.get("maxNodeCount") or 0) * len(zones))
    ssds = (config.get("ephemeralStorageLocalSsdConfig") or {}).get("localSsdCount")
    return PoolPlan(
        name=str(pool["name"]),
        zones=zones,
        machine_type=config.get("machineType") or DEFAULT_MACHINE,
        gpu=gpus[0]["acceleratorType"] if gpus else None,
        gpus=sum(int(one["acceleratorCount"]) for one in gpus),
        local_ssds=int(ssds or 0),
        disk_type=config.get("diskType") or DEFAULT_DISK,
        disk_gb=int(config.get("diskSizeGb") or DEFAULT_DISK_GB),
        spot=bool(config.get("spot") or config.get("preemptible")),
        public_addresses=True,
        start=max(start, least),
        least=least,
        most=max(most, start),
    )


def said(cost: Cost | None) -> list[str]:
    """A cost in words; in the second line what may become of it, and whose prices these are."""
    if not cost:
        return []
    between = ""
    if cost.get("least", cost["hour"]) != cost.get("most", cost["hour"]):
        between = f"{cost['least']:.2f} at the least, {cost['most']:.2f} at the most; "
    unknown = "" if cost["complete"] else "without what has no price; "
    return [
        f"about {cost['hour']:.2f} {cost['currency']} an hour {cost['of']}",
        f"{between}{unknown}list prices of {cost['as_of']}, without discounts, network and logs",
    ]
