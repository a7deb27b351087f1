# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, networks and versions that collide with what is there. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from ...google.names import region_of
from .facts import Facts, existing
from .findings import Finding
from .plan import Plan

NODES_BEHIND = 2
"""Minor versions that nodes may be older than their control plane (GKE versioning and support)."""


def check_names(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """A cluster of the same name that is not the plan's, or that cannot be brought to the plan."""
    for cluster in facts["clusters"]:
        place = cluster.get("location", "")
        if cluster.get("name") != plan.cluster or region_of(place) != plan.region:
            continue
        if place != plan.location:
            message = f"a cluster {plan.cluster} is in {place} already, and {plan.location} would get a second one"
            fix = f"set llmops_location to {place} if that is the one, or choose another llmops_cluster"
            yield Finding("names", message, fix, variable="llmops_location")
        elif cluster.get("status") in ("STOPPING", "ERROR"):
            message = f"cluster {plan.cluster} in {place} is {cluster['status']}"
            fix = "wait until it is gone, delete it (playbooks/teardown.yml), or choose another llmops_cluster"
            yield Finding("names", message, fix, variable="llmops_cluster")


def check_networks(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """A network that is not there, and ranges of addresses that overlap. Of a cluster that is there, or that somebody
    else makes: nothing."""
    if plan.network is None or plan.subnetwork is None or existing(plan, facts["clusters"]) is not None:
        return
    ours = [one for one in facts["subnetworks"] if _last(one["network"]) == _last(plan.network)]
    here = [one for one in ours if _last(one["region"]) == plan.region]
    if not any(one["name"] == _last(plan.subnetwork) for one in here):
        names = ", ".join(sorted(one["name"] for one in here)) or "none"
        message = f"network {plan.network} has no subnetwork {plan.subnetwork} in {plan.region}"
        variable = plan.names.of("subnetwork")
        fix = f"those that it has there: {names}; set {variable} to one of them or create it"
        yield Finding("networks", message, fix, variable=variable)
    wanted, wrong = {}, []
    for what, cidr in plan.ip_ranges.items():
        try:
            wanted[what] = ipaddress.ip_network(cidr)
        except ValueError as error:
            wrong.append(_range(f"{what}: {cidr!r} is no range: {error}", "write it as 10.96.0.0/14"))
    yield from wrong
    for (one, first), (other, second) in combinations(wanted.items(), 2):
        if first.overlaps(second):
            message = f"{one} {first} and {other} {second} overlap"
            yield _range(message, "choose ranges that share no address")
    for what, cidr in wanted.items():
        for name, taken in _taken(ours):
            if cidr.overlaps(taken):
                message = f"{what} {cidr} overlaps {taken} of subnetwork {name}"
                yield _range(message, f"choose a range that is free in network {plan.network}")


def check_versions(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """A version that GKE does not offer, and nodes that their control plane leaves behind."""
    offered = facts["server_config"].get("validMasterVersions", [])
    if plan.version and not any(_is_version(plan.version, one) for one in offered):
        message = f"GKE offers no version {plan.version} in {plan.location}"
        variable = plan.names.of("initial_cluster_version")
        fix = f"leave {variable} out, or choose among {', '.join(offered)}"
        yield Finding("versions", message, fix, variable=variable)
    cluster = existing(plan, facts["clusters"]) or {}
    control_plane = cluster.get("currentMasterVersion", "")
    for pool in cluster.get("nodePools", []):
        behind = _minor(control_plane) - _minor(pool.get("version", ""))
        if behind > NODES_BEHIND:
            message = f"pool {pool['name']} runs {pool['version']}, {behind} minor versions behind its control plane"
            yield Finding("versions", message, f"upgrade the pool to {control_plane}; GKE supports {NODES_BEHIND}")


def _range(message: str, fix: str) -> Finding:
    return Finding("networks", message, f"{fix} (preflight_ip_ranges)", variable="preflight_ip_ranges")


def _taken(subnetworks: list[dict[str, Any]]) -> Iterator[tuple[str, Any]]:
    for subnetwork in subnetworks:
        ranges = [subnetwork.get("ipCidrRange")]
        ranges += [one.get("ipCidrRange") for one in subnetwork.get("secondaryIpRanges", [])]
        for cidr in filter(None, ranges):
            yield f"{subnetwork['name']} in {_last(subnetwork['region'])}", ipaddress.ip_network(cidr)


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _is_version(asked: str, offered: str) -> bool:
    """Whether an offered version is what was asked for; GKE takes a version's beginning for its newest patch."""
    return offered == asked or offered.startswith((f"{asked}.", f"{asked}-"))


def _minor(version: str) -> int:
    found = re.match(r"1\.(\d+)", version)
    return int(found[1]) if found else 0
