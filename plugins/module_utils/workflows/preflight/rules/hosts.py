# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts of one run would take from each other. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..deployment import Deployment
from ..findings import RULES, Finding

# An object of each in a namespace, and what is told where two hosts would write the same one.
_OBJECTS = {"llmops_name": "Deployment", "llmops_service_name": "Service"}
_NO_ADAPTER = "none"
_AT_BIRTH = {"initial_node_count", "initial_cluster_version"}
"""What only the first host to come sets."""


def check_hosts(here: Deployment, others: Sequence[Deployment]) -> Iterator[Finding]:
    """Another host that deploys to the same objects, or that wants what both share otherwise: cluster, node pools, the
    cluster's metrics adapter."""
    for other in others:
        if here.place == other.place:
            yield from _other_definitions(here, other)
        if here.model and other.model and here.place == other.place:
            yield from _same_objects(here, other)
            yield from _other_adapter(here, other)


def _same_objects(here: Deployment, other: Deployment) -> Iterator[Finding]:
    namespace = here.options.get("llmops_namespace")
    if namespace != other.options.get("llmops_namespace"):
        return
    for variable, kind in _OBJECTS.items():
        name = here.options.get(variable)
        if name == other.options.get(variable):
            message = (
                f"{variable}: hosts {here.host} and {other.host} would both have the {kind} {namespace}/{name} of "
                f"cluster {here.place[-1]}"
            )
            fix = f"give one of them another {variable}, llmops_namespace or llmops_cluster"
            yield Finding(RULES, message, fix, variable=variable)
            return


def _other_adapter(here: Deployment, other: Deployment) -> Iterator[Finding]:
    adapters = [deployment.model.get("metrics_adapter") or _NO_ADAPTER for deployment in (here, other)]
    if _NO_ADAPTER not in adapters and adapters[0] != adapters[1]:
        variable = here.model_names.of("metrics_adapter")
        message = (
            f"{variable}: host {here.host} wants {adapters[0]}, host {other.host} wants {adapters[1]}, and the cluster "
            f"{here.place[-1]} has one metrics adapter"
        )
        yield Finding(RULES, message, f"set {variable} to the same for both", variable=variable)


def _other_definitions(here: Deployment, other: Deployment) -> Iterator[Finding]:
    """The first field of a shared cluster or node pool that both hosts set, each to another value."""
    cluster = here.place[-1]
    for role in here.plans.keys() & other.plans.keys():
        mine, theirs = here.plans[role], other.plans[role]
        pools = [{pool.get("name"): pool for pool in plan.get("node_pools") or []} for plan in (mine, theirs)]
        prefix = "node_pools[0]." if "cluster" in mine else ""
        pairs = [(f"node pool {name} of cluster {cluster}", pools[0][name], pools[1][name], prefix)
                 for name in pools[0] if name in pools[1]]  # fmt: skip
        pairs.append((f"cluster {cluster}", mine.get("cluster") or {}, theirs.get("cluster") or {}, ""))
        for what, one, another, before in pairs:
            for path, wanted, else_wanted in _differences(one, another):
                variable = here.names_of(role).of(f"{before}{path}")
                message = (
                    f"{variable}: host {here.host} wants {wanted}, host {other.host} wants {else_wanted} for {what}"
                )
                fix = "they would take turns in changing it: set it once, in variables of a group that has both hosts"
                yield Finding(RULES, message, fix, variable=variable)
                break


def _differences(one: Mapping[str, Any], other: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any, Any]]:
    for name in sorted(one.keys() & other.keys() - _AT_BIRTH):
        mine, theirs = one[name], other[name]
        if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
            yield from _differences(mine, theirs, f"{path}{name}.")
        elif mine != theirs:
            yield f"{path}{name}", mine, theirs
