# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Definitions of clusters and node pools, checked as their modules will check them, before anything is created."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError

from ...core.errors import InvalidOption
from ...core.option_names import OptionNames
from ...gke.options import CLUSTER, LOCATION, NODE_POOL
from ...gke.validation import check_cluster, check_node_pool
from .deployment import Deployment
from .findings import RULES, Finding
from .rules.misspelt import meant

_PLACE = {name: spec for name, spec in LOCATION.items() if name in ("project", "location")}
_LISTED = "ansible-doc llmops.gke.gke_cluster and llmops.gke.gke_node_pool list them"
_CLUSTER_SPEC: dict[str, Any] = {**_PLACE, "name": {"type": "str"}, **CLUSTER}
_POOL_SPEC: dict[str, Any] = {**_PLACE, "cluster": {"type": "str"}, **NODE_POOL}


def check_definitions(here: Deployment) -> Iterator[Finding]:
    """What gke_cluster and gke_node_pool would refuse of the definitions that the roles plan."""
    project, location, cluster = here.place
    place = {"project": project, "location": location}
    for role, plan in here.plans.items():
        names, pools = here.names_of(role), plan.get("node_pools") or []
        if "cluster" in plan:
            options = {**place, **plan["cluster"], "name": cluster, "node_pools": pools}
            yield from _refusals(options, _CLUSTER_SPEC, check_cluster, names)
            continue
        for pool in pools:
            yield from _refusals({**place, **pool, "cluster": cluster}, _POOL_SPEC, check_node_pool, names)


def field_meant(here: Deployment, variable: str) -> str | None:
    """The field that somebody looked for by the name of a variable that no role has, and the variable that takes it:
    ``gpu_nodepool_fields: config.disk_size_gb`` for ``gpu_nodepool_disk_size_gb``; None where there is none."""
    for role, plan in here.plans.items():
        others = here.names_of(role).others
        if others and variable.startswith(f"{role}_") and "node_pools" in plan:
            path = meant(variable.removeprefix(f"{role}_"), _CLUSTER_SPEC if "cluster" in plan else _POOL_SPEC)
            return f"{others}: {path}" if path else None
    return None


def _refusals(
    options: Mapping[str, Any],
    spec: dict[str, Any],
    check: Callable[[dict[str, Any]], None],
    names: OptionNames,
) -> Iterator[Finding]:
    validated = ArgumentSpecValidator(spec).validate(options)
    others = names.others
    where = f"{others}: " if others else ""
    for unknown in sorted(validated.unsupported_parameters, key=str):
        path = unknown if isinstance(unknown, str) else ".".join(unknown)
        wanted = meant(path, spec)
        fix = f"did you mean {wanted}?" if wanted else _LISTED
        yield Finding(RULES, f"{where}{path} is not an option", fix, variable=others)
    for error in validated.errors:
        if not isinstance(error, UnsupportedError):
            yield Finding(RULES, f"{where}{error.msg}", variable=others)
    if validated.error_messages:
        return
    try:
        check(validated.validated_parameters)
    except InvalidOption as error:
        yield Finding(RULES, error.told(names), variable=names.variable(error.fields["option"]))
