# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Input that GKE would refuse late, or quietly ignore, is refused before anything is sent."""

from __future__ import annotations

import re
from typing import Any

from ..core.errors import InvalidOption
from ..core.option_names import option as marked
from ..google.machine_types import check_local_ssds, misfit, read_machine_type, siblings
from ..google.names import check_location, check_project, check_zones
from .fields.cluster.table import CLUSTER_FIELDS
from .fields.field import dig, snake_case
from .fields.formats import check_formats, check_map, check_one_of
from .fields.node_pool.maintenance import OF_STRATEGY
from .fields.node_pool.table import NODE_POOL_FIELDS

_NAME = re.compile(r"[a-z](?:[-a-z0-9]{0,38}[a-z0-9])?")
_WINDOW = "maintenance_policy.window"
_ROLLOUT = "upgrade_settings.blue_green_settings.standard_rollout_policy"
_LIMITS = ("min_node_count", "max_node_count", "total_min_node_count", "total_max_node_count")


def check_name(option: str, value: str | None) -> None:
    """The name of a cluster or a node pool, or InvalidOption."""
    if not value or not _NAME.fullmatch(value):
        raise InvalidOption(option, value, "1 to 40 lower-case letters, digits and hyphens that begin with a letter")


def check_cluster(options: dict[str, Any]) -> None:
    """The options of gke_cluster, those of its node pools included, or InvalidOption."""
    project = check_project(options["project"])
    location = check_location(options["location"])
    check_name("name", options["name"])
    check_zones("locations", options["locations"], location)
    pool = dig(options, "workload_identity_config.workload_pool")
    if pool is not None and pool != f"{project}.svc.id.goog":
        raise InvalidOption(
            "workload_identity_config.workload_pool", pool, f"the project's own pool: {project}.svc.id.goog"
        )
    check_formats(CLUSTER_FIELDS, options)
    check_one_of(options, ("initial_cluster_version", "master_version"))
    check_one_of(options, (f"{_WINDOW}.daily_maintenance_window.start_time", f"{_WINDOW}.recurring_window.recurrence"))
    _check_exactly(options)
    _check_pools(options["node_pools"] or [], location)


def check_node_pool(options: dict[str, Any]) -> None:
    """The options of gke_node_pool, or InvalidOption."""
    check_project(options["project"])
    location = check_location(options["location"])
    check_name("cluster", options["cluster"])
    check_name("name", options["name"])
    _check_exactly(options)
    check_node_pool_fields(options, location, "")


def check_node_pools(options: dict[str, Any]) -> None:
    """The options of gke_node_pools, or InvalidOption."""
    check_project(options["project"])
    location = check_location(options["location"])
    check_name("cluster", options["cluster"])
    _check_pools(options["node_pools"], location)


def _check_pools(node_pools: list[dict[str, Any]], location: str) -> None:
    names = []
    for index, node_pool in enumerate(node_pools):
        prefix = f"node_pools[{index}]."
        check_name(f"{prefix}name", node_pool["name"])
        if node_pool["name"] in names:
            raise InvalidOption(f"{prefix}name", node_pool["name"], "a name that no other pool of the list has")
        names.append(node_pool["name"])
        _check_exactly(node_pool, prefix)
        if node_pool.get("create_with_cluster") and node_pool["locations_in_order"]:
            raise InvalidOption(
                f"{prefix}create_with_cluster",
                True,
                f"false beside {marked(f'{prefix}locations_in_order')}, whose zones are tried later",
            )
        check_node_pool_fields(node_pool, location, prefix)


def check_node_pool_fields(pool: dict[str, Any], location: str, prefix: str) -> None:
    """A node pool's fields, or InvalidOption. prefix: goes before each option's name in the error."""
    check_zones(f"{prefix}locations", pool["locations"], location)
    if pool.get("locations_in_order") and not pool["locations"]:
        named = marked(f"{prefix}locations")
        raise InvalidOption(f"{prefix}locations_in_order", True, f"the zones in their order: name them in {named}")
    check_formats(NODE_POOL_FIELDS, pool, prefix)
    check_one_of(pool, (f"{_ROLLOUT}.batch_node_count", f"{_ROLLOUT}.batch_percentage"), prefix)
    check_map(f"{prefix}expected_labels", pool.get("expected_labels"))
    _check_strategy(pool, prefix)
    _check_autoscaling(pool, prefix)
    _check_shape(pool.get("config") or {}, f"{prefix}config.")


def _check_exactly(options: dict[str, Any], prefix: str = "") -> None:
    for name in options["exactly"] or []:
        if dig(options, name) is None:
            raise InvalidOption(
                f"{prefix}exactly", name, "options that are given beside it; an empty one removes everything"
            )


def _check_strategy(pool: dict[str, Any], prefix: str) -> None:
    """What belongs to one strategy of upgrades is not given beside another one, or what belongs to that."""
    for strategy, names in OF_STRATEGY.items():
        for name in map(snake_case, names):
            others = [snake_case(other) for kind, group in OF_STRATEGY.items() if kind != strategy for other in group]
            if dig(pool, "upgrade_settings.strategy") not in (None, strategy):
                others.insert(0, "strategy")
            for other in others:
                check_one_of(pool, (f"upgrade_settings.{other}", f"upgrade_settings.{name}"), prefix)


def _check_autoscaling(pool: dict[str, Any], prefix: str) -> None:
    autoscaling = pool.get("autoscaling") or {}
    limits = {name: autoscaling[name] for name in _LIMITS if autoscaling.get(name) is not None}
    option = f"{prefix}autoscaling"
    if limits and not autoscaling.get("enabled"):
        raise InvalidOption(
            f"{option}.enabled",
            autoscaling.get("enabled"),
            f"true where {', '.join(marked(f'{option}.{name}') for name in limits)} is given (GKE would ignore it)",
        )
    if any(name.startswith("total") for name in limits) and not all(name.startswith("total") for name in limits):
        raise InvalidOption(option, limits, "limits of one kind, for each zone or for all of them (total_)")
    for name, value in limits.items():
        if value < 0:
            raise InvalidOption(f"{option}.{name}", value, "0 or more")
    for total in ("", "total_"):
        fewest, most = limits.get(f"{total}min_node_count"), limits.get(f"{total}max_node_count")
        if most is not None and most < max(fewest or 0, 1):
            name, limit = (f"{option}.{total}max_node_count", max(fewest or 0, 1))
            raise InvalidOption(
                name, most, f"{limit} or more ({marked(f'{option}.{total}min_node_count')} is {fewest or 0})"
            )
    _check_count(pool.get("initial_node_count"), limits, f"{prefix}initial_node_count")


def _check_count(count: int | None, limits: dict[str, int], option: str) -> None:
    if count is None:
        return
    fewest, most = limits.get("min_node_count", 0), limits.get("max_node_count")
    if count < fewest or (most is not None and count > most):
        accepted = f"{fewest} or more" if most is None else f"{fewest} to {most}, the limits of the pool's autoscaling"
        raise InvalidOption(option, count, accepted)


def _check_shape(config: dict[str, Any], prefix: str) -> None:
    machine = config.get("machine_type")
    if machine is None:
        return
    if not machine.strip():
        raise InvalidOption(f"{prefix}machine_type", machine, "a machine type such as g2-standard-8")
    shape = read_machine_type(machine, None)
    if shape is None and (others := siblings(machine)):
        raise InvalidOption(f"{prefix}machine_type", machine, f"one of its family: {', '.join(others)}")
    ssds = dig(config, "ephemeral_storage_local_ssd_config.local_ssd_count")
    if ssds and (accepted := check_local_ssds(machine, ssds)):
        raise InvalidOption(f"{prefix}ephemeral_storage_local_ssd_config.local_ssd_count", ssds, accepted)
    for index, accelerator in enumerate(config.get("accelerators") or []):
        wrong = misfit(machine, accelerator["accelerator_type"], accelerator["accelerator_count"], shape)
        if wrong is not None:
            option = f"{prefix}accelerators[{index}].{wrong.option}"
            raise InvalidOption(option, accelerator[wrong.option], str(wrong))
