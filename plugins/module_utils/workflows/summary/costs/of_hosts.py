# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's deployment costs an hour: its cluster with those node pools that its inventory has. Pure.

Node pools of others on the same cluster are told apart, whichever playbook tells it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ....core.errors import InvalidOption
from ....google.prices import read_prices
from ..facts import DEPLOY, STATUS, TEARDOWN, VERIFY, HostFacts
from .of_cluster import FIRST, Cost, Node, of_cluster, of_estimate, of_pods


def cost_of(facts: HostFacts) -> Cost | None:
    """The cost of one host's deployment, None where it is not known."""
    if facts.playbook == VERIFY:
        return of_pods(_pods(facts), prices(facts))
    if facts.playbook not in (DEPLOY, STATUS, TEARDOWN):
        return None
    checked, here = facts.result("preflight_checked"), _there(facts)
    cost = None
    if facts.playbook == DEPLOY and checked and not facts.failed:
        # No price where preflight_skip turns it off.
        planned = checked.get("price")
        cost = of_estimate(planned, FIRST) if planned else None
    elif facts.cluster and not (facts.cluster_goes and not facts.check):
        needed = gpus_of([facts]) if facts.result("model_server_result") else None
        cost = of_cluster(facts.own(here), prices(facts), nodes_of(facts), needed)
    if cost and facts.asleep:
        cost = {**cost, "hour": cost["least"], "most": cost["least"], "of": "once its empty nodes are gone"}
    return _with_others(cost, facts, facts.own(here))


def saved_by(facts: HostFacts) -> Cost | None:
    """What a removal saves of the cost of its cluster, whosever its node pools are."""
    now = of_cluster(facts.node_pools, prices(facts)) if facts.cluster else None
    left = of_cluster(facts.staying, prices(facts)) if now and not facts.cluster_goes else None
    return {**now, "hour": round(now["hour"] - left["hour"], 2)} if now and left else now


def together(hosts: Sequence[HostFacts]) -> Cost | None:
    """The cost of hosts on one cluster: what they share once, the node pools of all of them, a GPU for each model."""
    if hosts[0].playbook == VERIFY:
        return of_pods([pod for one in hosts for pod in _pods(one)], prices(hosts[0]))
    pools = {str(pool.get("name")): pool for one in hosts for pool in one.own(_there(one))}
    awake = {str(pool.get("name")) for one in hosts if not one.asleep for pool in one.own(_there(one))}
    seen = [nodes for one in hosts if (nodes := nodes_of(one)) is not None]
    gpus = gpus_of(hosts) if hosts[0].playbook == DEPLOY else None
    if not pools:
        return None
    nodes, empty = seen[0] if seen else None, pools.keys() - awake
    cost = of_cluster(list(pools.values()), prices(hosts[0]), nodes, gpus, empty)
    return _with_others(cost, hosts[0], pools.values())


def prices(facts: HostFacts) -> dict[str, float]:
    """The user's own prices; none where they are wrong, which preflight says."""
    try:
        return read_prices(facts.variables.get("llmops_prices") or {})
    except (InvalidOption, AttributeError):
        return {}


def nodes_of(facts: HostFacts) -> list[Node] | None:
    """The nodes that status saw; none of a cluster that is still being made, None where nobody looked."""
    if facts.playbook != STATUS:
        return None
    if facts.result("status_in_cluster").get("exists"):
        return [one for one in facts.variables.get("status_objects") or [] if one.get("kind") == "Node"]
    return [] if (facts.cluster or {}).get("status") == "PROVISIONING" else None


def gpus_of(facts: Sequence[HostFacts]) -> Counter[str]:
    """The GPUs of all replicas, by the node pool that the host has for them."""
    gpus: Counter[str] = Counter()
    for one in facts:
        names = [
            str(pool.get("name")) for pool in one.own(_there(one)) if (pool.get("config") or {}).get("accelerators")
        ]
        if names and not one.failed:
            counts = ("llmops_replicas", "llmops_gpus_per_replica")
            replicas, each = (int(one.variables.get(name) or 0) for name in counts)
            first = one.text("gpu_nodepool_name")
            gpus[first if first in names else names[0]] += replicas * each
    return gpus


def _there(facts: HostFacts) -> list[Mapping[str, Any]]:
    return facts.node_pools if facts.check else facts.staying


def _pods(facts: HostFacts) -> list[Mapping[str, Any]]:
    return (facts.result("verify_result").get("latency") or {}).get("pods") or []


def _with_others(cost: Cost | None, facts: HostFacts, own: Iterable[Mapping[str, Any]]) -> Cost | None:
    """The cost, and beside it the node pools of the cluster that are not among those."""
    names = {str(pool.get("name")) for pool in own}
    others = [pool for pool in _there(facts) if str(pool.get("name")) not in names]
    whole, without = (of_cluster(some, prices(facts), nodes_of(facts)) for some in (others, []))
    if not cost or not whole or not without:
        return cost
    more = {"node_pools": sorted(str(pool.get("name")) for pool in others), "hour": whole["hour"] - without["hour"]}
    return {**cost, "beside": {**more, "hour": round(more["hour"], 2)} if others else None}


def said(cost: Cost | None) -> list[str]:
    """A cost in words; in the second line what may become of it, and whose prices these are."""
    if not cost:
        return []
    between = ""
    if cost.get("least", cost["hour"]) != cost.get("most", cost["hour"]):
        between = f"{cost['least']:.2f} at the least, {cost['most']:.2f} at the most; "
        if cost["hour"] < cost["least"]:
            between = f"once it has the nodes that it is to have, {between}"
    unknown = "" if cost["complete"] else "without what has no price; "
    return [
        f"about {cost['hour']:.2f} {cost['currency']} an hour {cost['of']}",
        f"{between}{unknown}list prices of {cost['as_of']}, without discounts, network and logs",
        *_said_beside(cost),
    ]


def _said_beside(cost: Cost) -> list[str]:
    """That the cost leaves out the node pools of others, and what they cost."""
    others = of_others(cost)
    return [f"for the cluster and this host's node pools; {others}"] if others else []


def of_others(cost: Cost) -> str:
    """The node pools that a cost leaves out; empty where there are none."""
    beside = cost.get("beside")
    if not beside:
        return ""
    several = "s" if len(beside["node_pools"]) > 1 else ""
    return f"node pool{several} {', '.join(beside['node_pools'])} of others: about {beside['hour']:.2f} more"
