# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the pools' machines and GPUs can be had, and what a machine can take. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...gke.machine_shapes import SHAPES
from ...google.compute import zones_by_region
from .facts import Facts
from .findings import Finding, listed
from .plan import Plan, PoolPlan


def check_zones(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """Zones that do not have a pool's machine type or GPU, with those that have both."""
    for pool in plan.pools:
        offers = {pool.machine_type: facts["machine_types"].get(pool.machine_type, {})}
        if pool.gpu:
            offers[pool.gpu] = facts["accelerator_types"].get(pool.gpu, {})
        both = {zone: {} for zone in offers[pool.machine_type] if all(zone in zones for zones in offers.values())}
        for name, zones in offers.items():
            if missing := [zone for zone in pool.zones if zone not in zones]:
                message = f"pool {pool.name}: {listed(missing)} {'has' if len(missing) == 1 else 'have'} no {name}"
                yield Finding("zones", message, _elsewhere(plan, listed(list(offers)), zones_by_region(both)))


def _elsewhere(plan: Plan, what: str, regions: dict[str, list[str]]) -> str:
    if plan.region in regions:
        return f"choose among the zones of {plan.region} that have {what}: {', '.join(regions[plan.region])}"
    if regions:
        return f"no zone of {plan.region} has {what}; these regions do: {', '.join(regions)}"
    return f"no zone that the project sees has {what}; check the names"


def check_shapes(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """GPUs and local SSDs that a machine type cannot take."""
    for pool in plan.pools:
        machine = next(iter(facts["machine_types"].get(pool.machine_type, {}).values()), None)
        if machine is not None:
            yield from _check_gpus(pool, machine, facts["accelerator_types"])
        shape = SHAPES.get(pool.machine_type)
        if shape is not None and pool.local_ssds > shape.local_ssds:
            message = (
                f"pool {pool.name}: {pool.local_ssds} local SSDs, but {pool.machine_type} takes {shape.local_ssds}"
            )
            yield Finding("shapes", message, f"set local_ssd_count to {shape.local_ssds} at most")


def _check_gpus(pool: PoolPlan, machine: dict[str, Any], accelerators: dict[str, Any]) -> Iterator[Finding]:
    built_in = (machine.get("accelerators") or [None])[0]
    if built_in is not None:
        kind, count = built_in["guestAcceleratorType"], built_in["guestAcceleratorCount"]
        if pool.gpu and (pool.gpu, pool.gpus) != (kind, count) and not pool.gpu.startswith(f"{kind}-"):
            message = (
                f"pool {pool.name}: {pool.gpus} {pool.gpu}, but {pool.machine_type} has {count} {kind}, no more or less"
            )
            yield Finding("shapes", message, f"set accelerator_type to {kind} and accelerator_count to {count}")
        return
    if not pool.gpu:
        return
    most = next(iter(accelerators.get(pool.gpu, {}).values()), {}).get("maximumCardsPerInstance", 0)
    if most and pool.gpus > most:
        message = f"pool {pool.name}: {pool.gpus} {pool.gpu}, but an instance takes {most} at most"
        yield Finding("shapes", message, f"set accelerator_count to {most} at most and add nodes instead")
    if not pool.machine_type.startswith("n1-") or pool.gpu == "nvidia-l4":
        machines = "the G2 machine types" if pool.gpu == "nvidia-l4" else "an N1 machine type"
        message = f"pool {pool.name}: {pool.machine_type} takes no {pool.gpu}"
        yield Finding("shapes", message, f"set machine_type to one of {machines}" if pool.gpu == "nvidia-l4"
                      else f"set machine_type to {machines}, or to one that has its GPUs built in")  # fmt: skip
