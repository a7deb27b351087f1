# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster costs an hour by its node pools, by its nodes, or by those that a model's pods run on. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ....google.hardware import PRICES_AS_OF
from ....google.machine_types import read_machine_type
from ....google.prices import NoPrice, machine_price
from ...gke_nodes import POOL_LABEL, gpus_in, machine_of
from ...preflight.plan import DEFAULT_DISK, DEFAULT_DISK_GB, DEFAULT_MACHINE, Plan, PoolPlan
from ...preflight.price import estimate

Cost = dict[str, Any]
"""``hour`` (US dollars), ``least`` and ``most`` an hour where autoscaling may change it, ``of`` (in words, what it is
the cost of), ``as_of`` and ``currency``, ``complete`` where nothing is without a price. ``beside``, where the cluster
has node pools of others: their names as ``node_pools``, and what they cost an ``hour`` more."""

Node = Mapping[str, Any]


def of_cluster(
    pools: Sequence[Mapping[str, Any]],
    given: Mapping[str, float],
    nodes: Sequence[Node] | None = None,
    gpus: Mapping[str, int] | None = None,
    empty: Collection[str] = (),
) -> Cost | None:
    """The cost of a cluster with these node pools, as GKE gives them; None where one is not as GKE gives it.

    nodes: that were seen, whosever; None where nobody looked, and then the pools' first ones count. gpus: that are
    needed of each pool, for which it grows. empty: pools that the autoscaler makes as small as they may be.
    """
    try:
        plans = [plan for pool in pools for plan in _plans(pool, nodes, gpus or {}, empty)]
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    told, _findings = estimate(Plan("", "", "", "", tuple(plans)), {}, given)
    names = {str(pool["name"]) for pool in pools}
    return of_estimate(told, FIRST if nodes is None else _now(sum(_label(node) in names for node in nodes)))


FIRST = "with the first nodes"


def least_of(pool: Mapping[str, Any]) -> int:
    """The nodes that a pool of GKE's API has at the least."""
    return _pool(pool)[0].least


def of_estimate(told: Mapping[str, Any], of: str) -> Cost:
    """Preflight's estimate."""
    return {
        "hour": told["start"]["hour"],
        "least": told["least"]["hour"],
        "most": told["most"]["hour"],
        "of": of,
        "currency": told["currency"],
        "as_of": told["as_of"],
        "complete": told["complete"],
    }


def of_pods(pods: Iterable[Mapping[str, Any]], given: Mapping[str, float]) -> Cost | None:
    """The machines that models' pods run on, each once."""
    machines = {str(pod.get("node")): pod for pod in pods if pod.get("machine_type")}
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


def _now(nodes: int) -> str:
    if nodes < 2:
        return "with the one node there is now" if nodes else "without nodes, of which there are none now"
    return f"with the {nodes} nodes there are now"


def _label(node: Node) -> str:
    return str(((node.get("metadata") or {}).get("labels") or {}).get(POOL_LABEL) or "")


def _plans(
    pool: Mapping[str, Any], nodes: Sequence[Node] | None, gpus: Mapping[str, int], empty: Collection[str]
) -> list[PoolPlan]:
    """The pool; and each kind of its nodes that was seen, which may be another machine than the pool has by now."""
    plan, fixed = _pool(pool)
    if nodes is None:
        plan = replace(plan, start=plan.least) if plan.name in empty else plan
        return [_grown(plan, gpus)]
    kinds = Counter(_of_node(plan, node) for node in nodes if _label(node) == plan.name)
    seen = [
        replace(kind, name=f"{plan.name}/{number}", start=count) for number, (kind, count) in enumerate(kinds.items())
    ]
    if fixed:
        return [replace(one, least=one.start, most=one.start) for one in seen]
    return [replace(plan, start=0), *seen]


def _of_node(pool: PoolPlan, node: Node) -> PoolPlan:
    """What one node of a pool is by its own labels; the pool's disks are the node's."""
    machine, capacity = machine_of(node), (node.get("status") or {}).get("capacity") or {}
    return replace(
        pool,
        machine_type=machine["machine_type"] or pool.machine_type,
        gpu=machine["accelerator_type"] or pool.gpu,
        gpus=gpus_in(capacity) or pool.gpus,
        spot=machine["spot"],
        zones=(),
        start=1,
        least=0,
        most=0,
    )


def _grown(pool: PoolPlan, gpus: Mapping[str, int]) -> PoolPlan:
    """The pool with the nodes that so many GPUs need, as far as it may have them."""
    needed = math.ceil(gpus.get(pool.name, 0) / pool.gpus) if pool.gpus else 0
    return replace(pool, start=max(pool.start, min(needed, pool.most)))


def _pool(pool: Mapping[str, Any]) -> tuple[PoolPlan, bool]:
    """A node pool of GKE's API, and whether its size is fixed."""
    config = pool.get("config") or {}
    gpus = config.get("accelerators") or []
    zones = tuple(pool.get("locations") or ("",))
    limits = pool.get("autoscaling") or {}
    start = int(pool.get("initialNodeCount") or 0) * len(zones)
    least, most = start, start
    if limits.get("enabled"):
        least = int(limits.get("totalMinNodeCount") or int(limits.get("minNodeCount") or 0) * len(zones))
        most = int(limits.get("totalMaxNodeCount") or int(limits.get("maxNodeCount") or 0) * len(zones))
    ssds = (config.get("ephemeralStorageLocalSsdConfig") or {}).get("localSsdCount")
    plan = PoolPlan(
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
    return plan, not limits.get("enabled")
