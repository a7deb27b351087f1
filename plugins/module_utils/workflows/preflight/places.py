# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the pools' machines and GPUs can be had, and what a machine can take. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ...google.compute import zones_by_region
from ...google.machine_types import check_local_ssds, misfit, read_machine_type
from .facts import REGION_ZONES, Facts
from .findings import Finding, listed
from .plan import Plan


def check_zones(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """Zones that are none, or do not have a pool's machine type or GPU, with those that have both."""
    known = facts[REGION_ZONES]
    for pool in plan.pools:
        offers = {pool.machine_type: facts["machine_types"].get(pool.machine_type, {})}
        if pool.gpu:
            offers[pool.gpu] = facts["accelerator_types"].get(pool.gpu, {})
        both = {zone: {} for zone in offers[pool.machine_type] if all(zone in zones for zones in offers.values())}
        fix = _elsewhere(plan, listed(list(offers)), zones_by_region(both))
        none = [zone for zone in pool.zones if known and zone not in known]
        wrong = [f"{plan.region} has no zone {listed(none)}"] if none else []
        for name, zones in offers.items():
            if missing := [zone for zone in pool.zones if zone not in zones and zone not in none]:
                wrong.append(f"{listed(missing)} {'has' if len(missing) == 1 else 'have'} no {name}")
        variable = pool.names.of("locations")
        for one in wrong:
            yield Finding("zones", f"pool {pool.name}: {one} ({variable})", fix, variable=variable)


def _elsewhere(plan: Plan, what: str, regions: dict[str, list[str]]) -> str:
    if plan.region in regions:
        return f"choose among the zones of {plan.region} that have {what}: {', '.join(regions[plan.region])}"
    if regions:
        return f"no zone of {plan.region} has {what}; these regions do: {', '.join(regions)}"
    return f"no zone that the project sees has {what}; check the names"


def check_shapes(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """GPUs and local SSDs that a machine type cannot take, with what it takes and where the wish can be met."""
    for pool in plan.pools:
        machine, offered = pool.machine_type, facts["machine_types"].get(pool.machine_type, {})
        shape = read_machine_type(machine, next(iter(offered.values()), None))
        wrong = misfit(machine, pool.gpu, pool.gpus, shape) if pool.gpu else None
        if wrong is not None:
            message = f"pool {pool.name}: {machine} cannot have {pool.gpus} {pool.gpu}"
            variable = pool.names.of(f"config.accelerators.{wrong.option}")
            yield Finding("shapes", message, f"set {variable} to {wrong}", variable=variable)
        if accepted := check_local_ssds(machine, pool.local_ssds):
            message = f"pool {pool.name}: {machine} cannot have {pool.local_ssds} local SSDs"
            variable = pool.names.of("config.ephemeral_storage_local_ssd_config.local_ssd_count")
            yield Finding("shapes", message, f"set {variable} to {accepted}", variable=variable)
