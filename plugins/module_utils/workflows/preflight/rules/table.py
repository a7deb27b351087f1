# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All rules, and what they say of a host. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ....core.rules import Rule
from ....serving import registry
from ..definitions import field_meant
from ..deployment import Deployment
from ..findings import RULES as CHECK
from ..findings import Finding
from . import exposure, metrics, model_server, node_pools, shared, weights
from .evaluation import check
from .hosts import check_hosts

RULES = (*shared.RULES, *node_pools.RULES, *model_server.RULES, *exposure.RULES, *weights.RULES, *metrics.RULES)
"""Those of every deployment. The engine that serves the model has more."""

VARIABLES = "variables"
"""The check by whose name unknown variables are allowed."""


def check_rules(here: Deployment, others: Sequence[Deployment], *, unknown: bool = True) -> list[Finding]:
    """What the argument specs, the rules and other hosts stand against, each once. unknown: whether unknown variables
    are told."""
    findings = [Finding(CHECK, _refused(error), variable=_named_in(error, here)) for error in here.errors]
    findings += _unknown(here) if unknown else []
    told = pools_told(here)
    findings += [finding for rule in rules_of(here) if (finding := check(rule, here, pools_told=told))]
    findings += check_hosts(here, others)
    return list({finding.text: finding for finding in findings}.values())


def rules_of(here: Deployment) -> tuple[Rule, ...]:
    """The rules that a deployment must keep."""
    engine = here.options.get("llmops_engine")
    return (*RULES, *registry.engine(engine).deployment_rules) if engine in registry.ENGINES else RULES


def places_hold(here: Deployment) -> bool:
    """Whether project and places are such that Google can be asked about them."""
    wanted = {name for rule in shared.PLACES for name in rule.reads}
    return not here.refused & wanted and not any(check(rule, here) for rule in shared.PLACES)


def pools_told(here: Deployment) -> bool:
    """Whether a value that is told by itself may keep the node pools from being read."""
    return bool(here.refused) or not places_hold(here)


def _refused(error: str) -> str:
    """What an argument spec refuses, of which some say so."""
    return error if " is not accepted; it takes " in error else f"not accepted: {error}"


def _named_in(error: str, here: Deployment) -> str | None:
    """The option that an argument spec's error is about."""
    return max((name for name in here.refused if name in error), key=len, default=None)


def _of_its_role(here: Deployment, name: str, nearest: str | None) -> str | None:
    """A field of the role whose name a variable begins with, unless another variable of that role is near."""
    role = max((role for role in here.plans if name.startswith(f"{role}_")), key=len, default=None)
    return nearest if role and nearest and nearest.startswith(f"{role}_") else field_meant(here, name) or nearest


def _unknown(here: Deployment) -> Iterator[Finding]:
    for variable in here.unknown:
        name = variable["name"]
        nearest = _of_its_role(here, name, variable.get("nearest"))
        fix = f"did you mean {nearest}?" if nearest else "remove it, or give it another name"
        yield Finding(VARIABLES, f"{name} is not a variable of this collection", fix, variable=name)
