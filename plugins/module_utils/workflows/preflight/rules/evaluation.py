# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rule held against a host's deployment. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ....core.errors import InvalidOption
from ....core.rules import Rule, Text
from ..deployment import Deployment, UnreadablePool
from ..findings import RULES, Finding
from ..plan import PoolPlan, ReplicaPlan, read_pools, read_replicas


@dataclass(frozen=True)
class Values(Mapping[str, Any]):
    """The variables that a rule reads, and what the host's roles plan. A variable that it does not declare is an error.

    One that is not in the plan is None where the rule declares it optional.
    """

    deployment: Deployment
    declared: tuple[str, ...]

    def __getitem__(self, name: str) -> Any:
        if name not in self.declared:
            raise KeyError(f"the rule does not declare that it reads {name}")
        return self.deployment.options.get(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.declared)

    def __len__(self) -> int:
        return len(self.declared)

    @cached_property
    def pools(self) -> tuple[PoolPlan, ...]:
        """The node pools that the host's roles make."""
        return read_pools(self.deployment)

    @cached_property
    def gpu_pools(self) -> tuple[PoolPlan, ...]:
        """Those of them that have GPUs; none where the GPU nodes are somebody else's."""
        return tuple(pool for pool in self.pools if pool.gpu)

    @property
    def engines(self) -> list[str]:
        """The model servers that the host's roles can deploy."""
        return [plan["engine"] for plan in self.deployment.plans.values() if plan.get("engine")]

    @property
    def model(self) -> Mapping[str, Any]:
        """What the roles that run the model plan; empty where there is none."""
        return self.deployment.model

    @property
    def replicas(self) -> ReplicaPlan | None:
        """The model's replicas, or None where no role plans any."""
        return read_replicas(self.deployment)

    def name(self, path: str) -> str:
        """What a part of the plan of the model's role is called in the inventory."""
        return self.deployment.model_names.of(path)


def check(rule: Rule, deployment: Deployment, *, pools_told: bool = False) -> Finding | None:
    """What is wrong, or None. A rule that cannot be evaluated is wrong too, but for values refused otherwise.

    pools_told: whether something else tells why the node pools cannot be read, where they cannot.
    """
    if not all(_has_role(deployment, name) for name in rule.reads):
        return None
    if deployment.refused & {*rule.reads, *rule.optional}:
        return None
    values = Values(deployment, (*rule.reads, *rule.optional))
    first = rule.variable if isinstance(rule.variable, str) else rule.reads[0]
    missing = [name for name in rule.reads if name not in deployment.options]
    try:
        if missing:
            raise LookupError(f"{missing[0]} has no value")
        if rule.holds(values):
            return None
        variable, accepted = _said(rule.variable, values), _said(rule.accepted, values)
        value = rule.value(values) if rule.value else deployment.options.get(variable)
    except UnreadablePool as error:
        return None if pools_told else Finding(RULES, error.message, variable=error.fields["option"])
    except InvalidOption as error:
        return Finding(RULES, error.message, variable=error.fields["option"])
    except Exception as error:
        if deployment.refused:
            # What a refused value makes of the plan is told with that value.
            return None
        # Whatever a value makes of a predicate: a rule without an answer must not let anything pass.
        fix = "correct it, or the variables that it is compared with: " + ", ".join((*rule.reads, *rule.optional))
        return Finding(RULES, f"{first}: its rule cannot be evaluated ({error!r})", fix, variable=first)
    shown = json.dumps(value, ensure_ascii=False, default=str)
    return Finding(RULES, f"{variable}: {shown} is not accepted", f"it takes {accepted}", variable=variable)


def _has_role(deployment: Deployment, variable: str) -> bool:
    return any(variable.startswith(f"{role}_") for role in deployment.roles)


def _said(text: Text, values: Values) -> str:
    return text if isinstance(text, str) else text(values)
