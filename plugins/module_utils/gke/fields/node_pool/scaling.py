# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of a node pool: how many nodes it has, where, and how they are had."""

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
    "autoscaling": "The pool's autoscaler. A limit is for each zone, or for all of them together.",
    "placementPolicy": "Where its machines stand to each other.",
    "queuedProvisioning": "Nodes that come all together, when they are there (Dynamic Workload Scheduler).",
    "config.reservationAffinity": "Which reservations its machines use.",
}

FIELDS: tuple[Field, ...] = (
    Field("autoscaling.enabled", "bool", "Whether it is on.", change=AUTOSCALING),
    Field("autoscaling.minNodeCount", "int", "Fewest nodes in a zone.", change=AUTOSCALING),
    Field("autoscaling.maxNodeCount", "int", "Most nodes in a zone.", change=AUTOSCALING),
    Field("autoscaling.totalMinNodeCount", "int", "Fewest nodes in all zones.", change=AUTOSCALING),
    Field("autoscaling.totalMaxNodeCount", "int", "Most nodes in all zones.", change=AUTOSCALING),
    Field(
        "autoscaling.locationPolicy",
        "str",
        "In which zones nodes are added: V(BALANCED) in all alike, V(ANY) where most can be had.",
        choices=("BALANCED", "ANY"),
        change=AUTOSCALING,
    ),
    Field(
        "initialNodeCount",
        "int",
        "Nodes in each zone. With the autoscaler on, it counts when the pool is created and not afterwards; without, "
        "the pool is resized to it. Leave it out where others resize the pool.",
        change=SIZE,
        unless="autoscaling.enabled",
    ),
    Field("locations", "set", "Zones in which the pool has nodes.", change=Verb("locations", "locations")),
    Field("placementPolicy.type", "str", "V(COMPACT) is close together.", choices=("COMPACT",), change=ANOTHER_POOL),
    Field("placementPolicy.policyName", "str", "A resource policy of your own.", change=ANOTHER_POOL),
    Field(
        "queuedProvisioning.enabled",
        "bool",
        "Whether they do.",
        change=Verb("queuedProvisioning", "queuedProvisioning"),
    ),
    Field("config.spot", "bool", "Use spot machines, which Google may take back at any time.", change=ANOTHER_POOL),
    Field(
        "config.flexStart",
        "bool",
        "Use flex-start machines, which come when they can be had, for seven days at most.",
        change=Verb("config.flexStart", "flexStart"),
    ),
    Field(
        "config.maxRunDuration",
        "duration",
        "How long a node may exist, such as C(86400s).",
        change=Verb("config.maxRunDuration", "maxRunDuration"),
    ),
    Field(
        "config.reservationAffinity.consumeReservationType",
        "str",
        "Of which kind.",
        choices=("NO_RESERVATION", "ANY_RESERVATION", "SPECIFIC_RESERVATION"),
        change=ANOTHER_POOL,
    ),
    Field(
        "config.reservationAffinity.key",
        "str",
        "C(compute.googleapis.com/reservation-name) for specific ones.",
        change=ANOTHER_POOL,
    ),
    Field("config.reservationAffinity.values", "set", "Their names.", change=ANOTHER_POOL),
)
