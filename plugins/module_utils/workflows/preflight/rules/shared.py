# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the variables that all roles share: the place, the names, the model's GPUs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from ....core.errors import InvalidOption
from ....core.rules import Rule, form, least
from ....google.names import check_location, check_project, check_zones, region_of
from ....google.quickstart.profiles import TARGETS as WANTED
from ....google.quickstart.profiles import read_targets
from ..plan import PoolPlan, ReplicaPlan
from .evaluation import Values

NAME = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
NAME_SAID = "a name of 1 to 63 lower-case letters, digits and hyphens"
_SUBDOMAIN = r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?"
_SUBDOMAIN_SAID = "a name of lower-case letters, digits, hyphens and dots"


def _accepts(check: Callable[..., Any], *arguments: Any) -> bool:
    """Whether a check of module_utils takes a value."""
    try:
        check(*arguments)
    except InvalidOption:
        return False
    return True


def are_zones(zones: Any, location: Any) -> bool:
    """Whether this is a list of different zones of the location's region. A text is none, though Ansible splits one."""
    return (
        isinstance(zones, list)
        and bool(zones)
        and len(set(zones)) == len(zones)
        and _accepts(check_zones, "zones", zones, str(location))
    )


def _zones_of(variable: str, location: Any) -> str:
    region = region_of(str(location))
    having = " that have the GPU" if variable == "llmops_zones" else ""
    return f"a list of different zones of {region}{having}, such as [{region}-a]"


def zones_rule(variable: str) -> Rule:
    """Zones of a role, which by default are those of the deployment; what is wrong with these is told once."""
    return Rule(
        variable,
        (variable, "llmops_zones", "llmops_location"),
        lambda values: (
            values[variable] == values["llmops_zones"] or are_zones(values[variable], values["llmops_location"])
        ),
        lambda values: _zones_of(variable, values["llmops_location"]),
    )


PLACES = (
    Rule(
        "llmops_project",
        ("llmops_project",),
        lambda values: _accepts(check_project, values["llmops_project"]),
        "the project's id, 6 to 30 lower-case letters, digits and hyphens; set it in your inventory",
    ),
    Rule(
        "llmops_location",
        ("llmops_location",),
        lambda values: _accepts(check_location, values["llmops_location"]),
        "a region such as us-central1, or a zone such as us-central1-a",
    ),
    Rule(
        "llmops_zones",
        ("llmops_zones", "llmops_location"),
        lambda values: are_zones(values["llmops_zones"], values["llmops_location"]),
        lambda values: _zones_of("llmops_zones", values["llmops_location"]),
    ),
    zones_rule("gke_cluster_locations"),
    zones_rule("gpu_nodepool_locations"),
)
"""Those without which Google cannot be asked."""


def _matching(values: Values) -> list[PoolPlan]:
    """The pools with the model's GPU."""
    wanted = values.replicas
    return [pool for pool in values.gpu_pools if wanted and pool.gpu == wanted.gpu]


def replicas_in(pools: Iterable[PoolPlan], wanted: ReplicaPlan) -> int:
    """Replicas that these pools can hold at most. A pod is on one node."""
    return sum(pool.most * (pool.gpus // max(wanted.gpus, 1)) for pool in pools if pool.gpu == wanted.gpu)


def _fits_a_node(values: Values) -> bool:
    return any(pool.gpus >= values["llmops_gpus_per_replica"] for pool in _matching(values))


def _room(values: Values) -> int:
    return replicas_in(values.gpu_pools, values.replicas) if values.replicas else 0


def _most_replicas(values: Values) -> int:
    wanted = values.replicas
    return wanted.most if wanted else 0


def _shards(values: Values) -> int:
    return int(values.model.get("shards") or values["llmops_gpus_per_replica"])


def _pools_said(values: Values) -> str:
    return ", ".join(dict.fromkeys(f"{pool.name} has {pool.gpus} {pool.gpu}" for pool in values.gpu_pools))


_GPUS = ("llmops_accelerator_type", "llmops_gpus_per_replica")

MODEL = (
    Rule(
        "llmops_accelerator_type",
        _GPUS,
        lambda values: not (values.replicas and values.gpu_pools) or bool(_matching(values)),
        lambda values: f"a GPU that a node pool of the play has ({_pools_said(values)}), or the pods fit no node",
    ),
    Rule(
        "llmops_gpus_per_replica",
        _GPUS,
        lambda values: not _matching(values) or _fits_a_node(values),
        lambda values: f"at most the GPUs of a node ({_pools_said(values)}), because a pod is on one node",
    ),
    Rule(
        lambda values: values.name("replicas.most"),
        _GPUS,
        lambda values: not _fits_a_node(values) or _most_replicas(values) <= _room(values),
        lambda values: (
            f"replicas that the play's node pools can hold: {_room(values)} at most (by nodes at most, zones and GPUs "
            f"of a node), where each needs {values['llmops_gpus_per_replica']} GPU"
        ),
        value=_most_replicas,
    ),
    Rule(
        lambda values: values.name("shards"),
        ("llmops_gpus_per_replica",),
        lambda values: _shards(values) == values["llmops_gpus_per_replica"],
        lambda values: (
            f"the value of llmops_gpus_per_replica ({values['llmops_gpus_per_replica']}), because each GPU of a pod "
            "holds one shard of the model"
        ),
        value=_shards,
    ),
)

LEAST = (
    least("llmops_replicas", 0),
    least("llmops_gpus_per_replica", 1),
    least("llmops_service_port", 1),
    Rule(
        "llmops_timeout_factor",
        ("llmops_timeout_factor",),
        lambda values: 0 < values["llmops_timeout_factor"] < math.inf,
        "a number above 0",
    ),
)

NAMES = (
    form("llmops_namespace", NAME, NAME_SAID),
    form("llmops_name", NAME, NAME_SAID),
    form(
        "llmops_service_name",
        r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?",
        f"{NAME_SAID}, first a letter",
    ),
    form("llmops_hpa_name", _SUBDOMAIN, _SUBDOMAIN_SAID),
    form("llmops_secret_name", _SUBDOMAIN, _SUBDOMAIN_SAID),
)

TARGETS = (
    Rule(
        "llmops_targets",
        ("llmops_targets",),
        lambda values: _accepts(read_targets, values["llmops_targets"], "llmops_targets"),
        f"numbers above 0 by these names: {', '.join(WANTED)}",
    ),
)

RULES = (*PLACES, *MODEL, *LEAST, *NAMES, *TARGETS)
