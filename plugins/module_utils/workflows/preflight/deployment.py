# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One host's deployment plan, as the module deployment_plan gives it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ...core.errors import InvalidOption
from ...core.option_names import OptionNames
from ...http import json_text

_ACCEPTED = "the plan that the module llmops.gke.deployment_plan returns"


def _texts(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value)


def _mappings(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(item, Mapping) for item in value.values())


_NEEDED = ("host", "roles", "options", "plans", "variables")
_PARTS: dict[str, Callable[[Any], bool]] = {
    "host": lambda value: isinstance(value, str),
    "roles": _texts,
    "options": lambda value: isinstance(value, Mapping),
    "plans": _mappings,
    "variables": _mappings,
    "secrets": lambda value: isinstance(value, Mapping),
    "errors": _texts,
    "refused": _texts,
    "unknown": lambda value: isinstance(value, (list, tuple)) and all(isinstance(item, Mapping) for item in value),
}
"""What each part of a plan must be."""


class UnreadablePool(InvalidOption):
    """A role's node pool has a value that is none of its kind, or is nowhere."""


@dataclass(frozen=True)
class BucketPlan:
    """A bucket with the weights. grants: whether the pods are given the right to read it."""

    name: str
    path: str
    grants: bool

    @property
    def uri(self) -> str:
        """``gs://NAME/PATH``."""
        return f"gs://{self.name}/{self.path}".rstrip("/")


@dataclass(frozen=True)
class Deployment:
    """See plugins/modules/deployment_plan.py. names: role -> variables of the options of its modules."""

    host: str
    roles: tuple[str, ...]
    options: Mapping[str, Any]
    plans: Mapping[str, Mapping[str, Any]]
    names: Mapping[str, OptionNames]
    secrets: Mapping[str, bool] = field(default_factory=dict)
    errors: tuple[str, ...] = ()
    refused: frozenset[str] = frozenset()
    unknown: tuple[Mapping[str, Any], ...] = ()

    def names_of(self, role: str) -> OptionNames:
        """What the options of a role's modules are called in the inventory."""
        return self.names.get(role) or OptionNames()

    def pool_names_of(self, role: str) -> OptionNames:
        """What the options of its node pools are called; a role that has a cluster, too, has them below that."""
        names = self.names_of(role)
        return names.below("node_pools") if self.plans[role].get("cluster") else names

    @cached_property
    def _serving(self) -> tuple[str, ...]:
        """The roles that run the model: the one that plans replicas, and the one of the engine that is asked for."""
        engine = self.options.get("llmops_engine")
        return tuple(
            role
            for role, plan in self.plans.items()
            if plan.get("replicas") or (plan.get("engine") and plan["engine"] == engine)
        )

    @cached_property
    def model(self) -> Mapping[str, Any]:
        """What these roles plan: ``replicas``, ``shards``, ``quantize``, ``context``, ``utilization`` (part of the GPU
        memory that the server may use), ``signals``, ``user``, ``environment`` and ``arguments`` (set beside the role's
        own); empty where no role plans replicas."""
        planned = {part: value for role in self._serving for part, value in self.plans[role].items()}
        return planned if planned.get("replicas") else {}

    @cached_property
    def model_names(self) -> OptionNames:
        """What the parts of ``model`` are called in the inventory."""
        names = OptionNames()
        for role in self._serving:
            names = names.extended(self.names_of(role))
        return names

    @property
    def context(self) -> int:
        """Tokens of the longest request, 0 where nobody says."""
        planned = str(self.model.get("context") or "")
        return int(planned) if planned.isdecimal() else 0

    @property
    def environment(self) -> Mapping[str, Any]:
        """Variables that are set for the model's server beside its role's own."""
        found = self.model.get("environment")
        return found if isinstance(found, Mapping) else {}

    @property
    def arguments(self) -> list[str]:
        """Arguments that it is given beside its role's own."""
        found = self.model.get("arguments")
        return [str(one) for one in found] if isinstance(found, (list, tuple)) else []

    @property
    def asks_hub(self) -> bool:
        """Whether the weights come from the Hub, or a mirror of it."""
        return (self.options.get("llmops_weights") or "hub") == "hub"

    @property
    def bucket(self) -> BucketPlan | None:
        """The bucket that they come from, if it is one."""
        planned = self.model.get("bucket") or {}
        return BucketPlan(planned["name"], planned["path"], bool(planned["iam"])) if planned.get("name") else None

    @property
    def disk_image(self) -> str:
        """The disk image that they are on, ``projects/PROJECT/global/images/NAME``, or nothing."""
        image = str(self.options.get("llmops_weights_disk_image") or "")
        if self.options.get("llmops_weights") != "disk" or not image:
            return ""
        return image if image.startswith("projects/") else f"projects/{self.place[0]}/{image}"

    @property
    def place(self) -> tuple[Any, ...]:
        """Project, location and cluster."""
        return tuple(self.options.get(f"llmops_{name}") for name in ("project", "location", "cluster"))


def read_deployment(plan: Mapping[str, Any], option: str = "plan") -> Deployment:
    """The plan of a host, or InvalidOption where something else was given."""
    missing = [part for part in _NEEDED if part not in plan]
    if missing:
        accepted = f"{_ACCEPTED} ({', '.join(missing)} is missing)"
        raise InvalidOption(option, sorted(plan), accepted)
    for part, fits in _PARTS.items():
        if plan.get(part) is not None and not fits(plan[part]) or plan.get(part) is None and part in _NEEDED:
            raise InvalidOption(f"{option}.{part}", type(plan[part]).__name__, _ACCEPTED)
    return Deployment(
        host=plan["host"],
        roles=tuple(plan["roles"]),
        options=plan["options"],
        plans=plan["plans"],
        names={role: OptionNames(variables) for role, variables in plan["variables"].items()},
        secrets=plan.get("secrets") or {},
        errors=tuple(plan.get("errors") or ()),
        refused=frozenset(plan.get("refused") or ()),
        unknown=tuple(plan.get("unknown") or ()),
    )


def _plan(given: Any, option: str) -> Mapping[str, Any]:
    """A plan that may be JSON text."""
    try:
        found = json_text.loads(given) if isinstance(given, str) else given
    except ValueError:
        found = None
    if not isinstance(found, Mapping):
        raise InvalidOption(option, type(given).__name__, _ACCEPTED)
    return found


def read_deployments(plan: Mapping[str, Any], plans: list[Any]) -> tuple[Deployment, list[Deployment]]:
    """This host's deployment, and those of the run's other hosts."""
    here = read_deployment(plan)
    if not set(here.roles) - {"llmops"}:
        raise InvalidOption(
            "plan.roles", list(here.roles), "roles of llmops.gke that the play has by roles or import_role"
        )
    all_of_them = [read_deployment(_plan(one, f"plans[{index}]"), f"plans[{index}]") for index, one in enumerate(plans)]
    return here, [one for one in all_of_them if one.host != here.host]
