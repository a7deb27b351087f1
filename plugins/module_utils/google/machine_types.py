# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machine types: those with GPUs built in, and the families N1, N2 and E2; which GPUs and local SSDs each takes. Pure.

Shapes and local SSDs of N1, N2 and E2: Compute Engine's documentation of general-purpose machines and of local SSDs
(2026-04-14).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .accelerators import GPUS
from .hardware import Gpu, MachineType, Price

LOCAL_SSD_GB = 375
"""Size of a local SSD that is asked for by count."""

_ATTACHING = ("n1", "custom")
"""The families whose machines GPUs can be attached to: N1, whose custom types have no family in their names."""

_TYPE, _COUNT = "accelerator_type", "accelerator_count"

_N1_SSDS = (1, 2, 3, 4, 5, 6, 7, 8, 16, 24)


def _n2_ssds(cpus: int) -> tuple[int, ...]:
    least = next(count for most, count in ((10, 1), (20, 2), (40, 4), (80, 8), (128, 16)) if cpus <= most)
    return tuple(count for count in (1, 2, 4, 8, 16, 24) if count >= least)


def _general() -> Iterator[MachineType]:
    n1_sizes = (2, 4, 8, 16, 32, 64, 96)
    for kind, sizes, memory in (
        ("standard", (1, *n1_sizes), 3.75),
        ("highmem", n1_sizes, 6.5),
        ("highcpu", n1_sizes, 0.9),
    ):
        for cpus in sizes:
            yield MachineType(f"n1-{kind}-{cpus}", cpus, round(cpus * memory, 2), local_ssds=_N1_SSDS)
    n2_sizes = (2, 4, 8, 16, 32, 48, 64, 80, 96)
    for kind, sizes, memory in (
        ("standard", (*n2_sizes, 128), 4),
        ("highmem", n2_sizes, 8),
        ("highcpu", n2_sizes, 1),
    ):
        for cpus in sizes:
            yield MachineType(f"n2-{kind}-{cpus}", cpus, cpus * memory, local_ssds=_n2_ssds(cpus))
    yield MachineType("n2-highmem-128", 128, 864, local_ssds=_n2_ssds(128))
    for kind, sizes, memory in (
        ("standard", (2, 4, 8, 16, 32), 4),
        ("highmem", (2, 4, 8, 16), 8),
        ("highcpu", (2, 4, 8, 16, 32), 1),
    ):
        for cpus in sizes:
            yield MachineType(f"e2-{kind}-{cpus}", cpus, cpus * memory)
    # Of their two vCPUs these have a share all the time, and that is what is paid.
    yield MachineType("e2-micro", 2, 1, price=Price(0.008376, 0.005027))
    yield MachineType("e2-small", 2, 2, price=Price(0.016753, 0.010053))
    yield MachineType("e2-medium", 2, 4, price=Price(0.033506, 0.020106))


def _built_in() -> Iterator[MachineType]:
    for gpu in GPUS.values():
        for machine in gpu.machine_types:
            yield replace(machine, gpu=gpu.name)


MACHINE_TYPES: Mapping[str, MachineType] = {machine.name: machine for machine in (*_built_in(), *_general())}
"""By Compute Engine's name."""


@dataclass(frozen=True)
class Misfit:
    """GPUs that a machine type does not take.

    option: which of the two is wrong, accelerator_type or accelerator_count; accepted: what the machine type takes
    instead; elsewhere: where the wish can be met, or empty.
    """

    option: str
    accepted: str
    elsewhere: str

    def __str__(self) -> str:
        return f"{self.accepted}; {self.elsewhere}" if self.elsewhere else self.accepted


def read_machine_type(name: str, body: Mapping[str, Any] | None) -> MachineType | None:
    """A machine type of the table, or else as Compute Engine describes it (machineTypes.get); None without either."""
    if name in MACHINE_TYPES or not body:
        return MACHINE_TYPES.get(name)
    first = (body.get("accelerators") or [{}])[0]
    return MachineType(
        name,
        cpus=body.get("guestCpus", 0),
        memory_gb=body.get("memoryMb", 0) / 1024,
        gpus=first.get("guestAcceleratorCount", 0),
        gpu=first.get("guestAcceleratorType"),
    )


def machine_types_with(gpu: Gpu, gpus: int | None = None) -> list[str]:
    """The machine types that have a GPU built in, all of them or those that have so many."""
    machines = GPUS[gpu.same_as].machine_types if gpu.same_as else gpu.machine_types
    return [machine.name for machine in machines if gpus in (None, machine.gpus)]


def siblings(name: str) -> list[str]:
    """The machine types with GPUs of the same family."""
    family = name.partition("-")[0]
    return [one.name for one in MACHINE_TYPES.values() if one.gpu and one.family == family]


def misfit(machine: str, gpu: str, gpus: int, shape: MachineType | None) -> Misfit | None:
    """Why so many GPUs of a type can't be on a machine type; None where they can, or where it is not known.

    shape: of the machine type, as read_machine_type returns it.
    """
    if shape is not None and shape.gpu is not None:
        return _misfit_of_built_in(shape, gpu, gpus)
    known = GPUS.get(gpu)
    attaching = machine.partition("-")[0] in _ATTACHING
    if known is None or (shape is None and not attaching):
        return None
    if not attaching:
        return Misfit(_TYPE, f"none with machine type {machine}, which takes no GPUs", _where(known))
    if not known.attachable:
        types = _listed([name for name, one in GPUS.items() if one.attachable])
        return Misfit(_TYPE, f"{types} with machine type {machine}", _where(known))
    cpus = shape.cpus if shape else 0
    counts = [count for count, most in known.attachable.items() if cpus <= most]
    if gpus in counts:
        return None
    most = known.attachable.get(gpus)
    elsewhere = f"{gpus} {gpu} are for N1 machine types of {most} vCPUs at most" if most else ""
    return Misfit(_COUNT, f"{_listed(list(map(str, counts)))} with machine type {machine}", elsewhere)


def check_local_ssds(machine: str, count: int) -> str | None:
    """What counts of local SSDs a machine type takes, where this is none of them; None where it is, or is not known."""
    shape = MACHINE_TYPES.get(machine)
    if shape is None:
        return None
    counts = (shape.bundled_ssds,) if shape.bundled_ssds else shape.local_ssds
    if count in (0, *counts):
        return None
    if shape.bundled_ssds:
        return f"{shape.bundled_ssds} with machine type {machine}, which always has that many"
    if not counts:
        return f"0 with machine type {machine}, which takes none"
    if counts == tuple(range(1, counts[-1] + 1)):
        return f"at most {counts[-1]} with machine type {machine}"
    return f"{_listed(list(map(str, counts)))} with machine type {machine}, or 0"


def _misfit_of_built_in(shape: MachineType, gpu: str, gpus: int) -> Misfit | None:
    known = GPUS.get(gpu)
    types = [name for name, one in GPUS.items() if shape.gpu in (name, one.same_as)] or [str(shape.gpu)]
    if gpu not in types:
        return Misfit(_TYPE, f"{_listed(types)} with machine type {shape.name}", _where(known) if known else "")
    if gpus == shape.gpus:
        return None
    others = machine_types_with(known, gpus) if known else []
    elsewhere = f"machine types with {gpus} {gpu}: {', '.join(others)}" if others else ""
    return Misfit(_COUNT, f"{shape.gpus} with machine type {shape.name}, which has that many GPUs", elsewhere)


def _where(gpu: Gpu) -> str:
    machines = "N1" if gpu.attachable else ", ".join(machine_types_with(gpu))
    return f"machine types with {gpu.name}: {machines}"


def _listed(names: Sequence[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
