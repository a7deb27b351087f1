# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where machines are: regions, zones, machine types and GPUs, from the tables in data/."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml


@dataclass(frozen=True)
class Accelerator:
    """A GPU model: the most an instance takes, its quota metrics on demand and on Spot, the zones that have it.

    :param family: what the quota of GPU families calls it, which it is counted in where it has no metric on demand.
    """

    name: str
    description: str
    per_instance: int
    quota: str | None
    spot_quota: str | None
    family: str | None
    zones: frozenset[str]


@dataclass(frozen=True)
class Machine:
    """A machine type; memory in MB, gpu and gpus are what is built in.

    :param attachable: GPU models that can be added.
    :param local_ssds: the counts of local SSDs it takes besides 0.
    """

    name: str
    cpus: int
    memory_mb: int
    gpu: str | None
    gpus: int
    attachable: frozenset[str]
    local_ssds: tuple[int, ...]


def table(name: str) -> dict:
    """Return one of the YAML tables of data/."""
    return yaml.safe_load((files(__package__) / "data" / f"{name}.yml").read_text(encoding="utf-8"))


@cache
def regions() -> dict[str, tuple[str, ...]]:
    """Return region -> its zones' full names."""
    return {
        region: tuple(f"{region}-{letter}" for letter in letters) for region, letters in _places()["regions"].items()
    }


def subnetwork_ranges() -> dict[str, str]:
    """Return region -> the range of its subnetwork in a network of auto mode."""
    return dict(_places()["subnetworks"])


def zones_of(location: str) -> tuple[str, ...]:
    """Return the zones of a region, or the zone itself; nothing for an unknown location."""
    if location in regions():
        return regions()[location]
    return (location,) if any(location in zones for zones in regions().values()) else ()


def region_of(location: str) -> str:
    """Return the region of a zone, or the region itself."""
    return location if location in regions() else location.rpartition("-")[0]


@cache
def accelerators() -> dict[str, Accelerator]:
    """Return GPU model -> what is known of it."""
    return {
        name: Accelerator(
            name,
            known["description"],
            known["per_instance"],
            known["quota"],
            known["spot_quota"],
            known.get("family"),
            frozenset(f"{region}-{letter}" for region, letters in known["zones"].items() for letter in letters),
        )
        for name, known in _places()["accelerators"].items()
    }


@cache
def machines() -> dict[str, Machine]:
    """Return machine type -> its shape."""
    found = {}
    for family, known in table("machines").items():
        for size, (cpus, memory) in known["sizes"].items():
            name = f"{family}-{size}" if size else family
            ssds = known.get("local_ssds", ())
            if isinstance(ssds, dict):
                ssds = ssds[size]
            if maximum := known.get("local_ssd_maximum", {}).get(size):
                ssds = range(1, maximum + 1)
            found[name] = Machine(
                name,
                cpus,
                memory,
                known.get("gpu"),
                known.get("gpus", {}).get(size, 0),
                frozenset(known.get("attachable", ())),
                tuple(ssds),
            )
    return found


def machines_in(zone: str) -> list[Machine]:
    """Return the machine types of a zone: those with a built-in GPU only where that GPU is."""
    return [
        machine for machine in machines().values() if machine.gpu is None or zone in accelerators()[machine.gpu].zones
    ]


def default_quotas() -> dict[str, float]:
    """Return Compute's quota limits by metric."""
    return {metric: float(limit) for metric, limit in _places()["quotas"].items()}


@cache
def _places() -> dict:
    return table("places")
