# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields of a node pool: number of nodes, zones, and how machines are obtained."""

from __future__ import annotations

from typing import Any

from ..field import Field, Verb
from ..remedies import ANOTHER_POOL

_PER_ZONE = ("minNodeCount", "maxNodeCount")
_TOTAL = ("totalMinNodeCount", "totalMaxNodeCount")


def _limits(have: dict[str, Any], want: dict[str, Any]) -> dict[str, Any]:
    """What stays of the autoscaling: nothing when it is turned off, and one kind of limits when the kind changes."""
    if want.get("enabled") is False:
        return {}
    dropped = _PER_ZONE if any(name in want for name in _TOTAL) else ()
    dropped = _TOTAL if any(name in want for name in _PER_ZONE) else dropped
    return {name: value for name, value in have.items() if name not in dropped}


AUTOSCALING = Verb("autoscaling", "autoscaling", method="POST", suffix=":setAutoscaling", base=_limits)
SIZE = Verb("initialNodeCount", "nodeCount", method="POST", suffix=":setSize")

GROUPS = {
    "autoscaling": "Autoscaler of the node pool. Limits apply either per zone or to all zones together.",
    "placementPolicy": "Physical placement of the nodes relative to each other.",
    "queuedProvisioning": (
        "Queued provisioning (Dynamic Workload Scheduler), which adds nodes only when all of them are available."
    ),
    "config.reservationAffinity": "Compute Engine reservations that the nodes consume.",
}

FIELDS: tuple[Field, ...] = (
    Field("autoscaling.enabled", "bool", "Enable the autoscaler of the node pool.", change=AUTOSCALING),
    Field("autoscaling.minNodeCount", "int", "Minimum number of nodes per zone.", change=AUTOSCALING),
    Field("autoscaling.maxNodeCount", "int", "Maximum number of nodes per zone.", change=AUTOSCALING),
    Field("autoscaling.totalMinNodeCount", "int", "Minimum number of nodes in all zones together.", change=AUTOSCALING),
    Field("autoscaling.totalMaxNodeCount", "int", "Maximum number of nodes in all zones together.", change=AUTOSCALING),
    Field(
        "autoscaling.locationPolicy",
        "str",
        "How nodes are distributed over the zones - V(BALANCED) evenly, V(ANY) wherever capacity is available.",
        choices=("BALANCED", "ANY"),
        change=AUTOSCALING,
    ),
    Field(
        "initialNodeCount",
        "int",
        "Number of nodes per zone. If the autoscaler is on, this applies only when the pool is created; "
        "otherwise the pool is resized to this number. Leave it out if something else resizes the pool.",
        change=SIZE,
        unless="autoscaling.enabled",
    ),
    Field("locations", "set", "Zones in which the pool has nodes.", change=Verb("locations", "locations")),
    Field(
        "placementPolicy.type",
        "str",
        "V(COMPACT) places the nodes physically close together.",
        choices=("COMPACT",),
        change=ANOTHER_POOL,
    ),
    Field(
        "placementPolicy.policyName",
        "str",
        "Name of a Compute Engine resource policy for the placement.",
        change=ANOTHER_POOL,
    ),
    Field(
        "queuedProvisioning.enabled",
        "bool",
        "Use queued provisioning for the node pool.",
        change=Verb("queuedProvisioning", "queuedProvisioning"),
    ),
    Field("config.spot", "bool", "Use Spot VMs, which Google may reclaim at any time.", change=ANOTHER_POOL),
    Field(
        "config.flexStart",
        "bool",
        "Use flex-start VMs, which start when capacity becomes available and run for at most seven days.",
        change=Verb("config.flexStart", "flexStart"),
    ),
    Field(
        "config.maxRunDuration",
        "duration",
        "Maximum lifetime of a node, such as C(86400s).",
        change=Verb("config.maxRunDuration", "maxRunDuration"),
    ),
    Field(
        "config.reservationAffinity.consumeReservationType",
        "str",
        "Reservations that the nodes consume - none, any, or those that O(ignore:values) names.",
        choices=("NO_RESERVATION", "ANY_RESERVATION", "SPECIFIC_RESERVATION"),
        change=ANOTHER_POOL,
    ),
    Field(
        "config.reservationAffinity.key",
        "str",
        "Label key of the reservations, C(compute.googleapis.com/reservation-name) for reservations by name.",
        change=ANOTHER_POOL,
    ),
    Field("config.reservationAffinity.values", "set", "Names of the reservations to consume.", change=ANOTHER_POOL),
)
