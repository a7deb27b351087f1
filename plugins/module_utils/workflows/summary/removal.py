# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a teardown removed, or would remove, and what it left alone and why. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .changes import sum_up
from .facts import HostFacts
from .page import Page

Kept = dict[str, Any]
"""``resource``, ``why`` and ``workloads`` of others."""

_BELONGS = "it belongs to the cluster"
"""Of a node pool that no host of the run has."""


def removed_of_clusters(facts: Iterable[HostFacts]) -> set[str]:
    """Clusters and node pools that the tasks of hosts on one cluster removed, or would remove."""
    made = [result for one in facts for result in one.made]
    names = sum_up(made, check=any(one.check for one in facts)).to_dict()["removed"]
    return {name for name in names if name.startswith(("cluster ", "node pool "))}


def kept(facts: HostFacts) -> list[Kept]:
    """What a removal left alone, and why."""
    if not facts.variables.get("teardown_keeps_cluster"):
        return []
    used = {str(one["name"]): one for one in facts.variables.get("teardown_pools_in_use") or []}
    others = list(facts.variables.get("teardown_workloads") or [])
    found: list[Kept] = [{"resource": f"cluster {facts.place[2]}", "why": "others run on it", "workloads": others}]
    for pool in facts.node_pools:
        name = str(pool.get("name"))
        if name not in facts.going:
            user = used.get(name)
            why = _users(user) if user else _BELONGS
            workloads = list(user["workloads"]) if user else []
            found.append({"resource": f"node pool {name}", "why": why, "workloads": workloads})
    return found


def _users(pool: Mapping[str, Any]) -> str:
    hosts = pool["hosts"]
    reasons = [f"{', '.join(hosts)} of the inventory {'have' if len(hosts) > 1 else 'has'} it"] if hosts else []
    reasons += ["these have pods on its nodes"] if pool["workloads"] else []
    return ", and ".join(reasons)


def add_pools(page: Page, facts: HostFacts, would: str) -> None:
    """The node pools that go, by a step of their own or with their cluster."""
    for name in facts.going:
        alone = f"node pool {name}" in facts.removed
        page.row("node pool", f"{name}: {would}{'' if alone else ' with the cluster'}")


def add_kept(page: Page, record: Mapping[str, Any]) -> None:
    """What stays, each with its reason; the cluster last, with the way to remove all of it."""
    cluster, *pools = record["kept"]
    for one in pools:
        name, why = one["resource"].removeprefix("node pool "), one["why"]
        reason = " with the cluster" if why == _BELONGS else f": {why}"
        page.row("node pool", f"{name} stays{reason}{':' if one['workloads'] else ''}", *one["workloads"])
    page.row("cluster", f"{record['cluster']} stays, because others run on it:", *cluster["workloads"])
    page.row("", "remove all of it, theirs as well, with -e llmops_teardown_in_use=true")


def add_removed(page: Page, facts: Sequence[HostFacts], records: Sequence[Mapping[str, Any]]) -> None:
    """Of many hosts: what goes of each cluster, and what stays."""
    for place in dict.fromkeys(one.place for one in facts):
        there = [one for one in facts if one.place == place]
        pools = sorted({name for one in there for name in one.going})
        would = "would go" if there[0].check else "gone"
        if there[0].cluster_goes:
            beside = f" with node pools {', '.join(pools)}" if pools else ""
            page.line(f"{would}: cluster {place[2]}{beside}")
        else:
            for name in pools:
                page.line(f"{would}: node pool {name}")
    said = []
    for one in (one for record in records for one in record.get("kept") or []):
        workloads = f": {', '.join(one['workloads'])}" if one["workloads"] else ""
        said.append(f"stays: {one['resource']} ({one['why']}{workloads})")
    for line in dict.fromkeys(said):
        page.line(line)
