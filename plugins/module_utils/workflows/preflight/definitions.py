# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Definitions of clusters and node pools, checked as their modules will check them, before anything is created."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ...core.errors import InvalidOption
from ...core.option_names import OptionNames
from ...gke.options import CLUSTER, LOCATION, NODE_POOL
from ...gke.validation import check_cluster, check_node_pool
from .deployment import Deployment
from .findings import RULES, Finding

_PLACE = {name: spec for name, spec in LOCATION.items() if name in ("project", "location")}
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


def _refusals(
    options: Mapping[str, Any],
    spec: dict[str, Any],
    check: Callable[[dict[str, Any]], None],
    names: OptionNames,
) -> Iterator[Finding]:
    validated = ArgumentSpecValidator(spec).validate(options)
    if validated.error_messages:
        others = names.variable("*")
        for message in validated.error_messages:
            yield Finding(RULES, f"{others}: {message}" if others else message, variable=others)
        return
    try:
        check(validated.validated_parameters)
    except InvalidOption as error:
        yield Finding(RULES, error.told(names), variable=names.variable(error.fields["option"]))
