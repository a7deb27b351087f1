"""Machine types as data, and how much of a machine GKE leaves to pods."""

from __future__ import annotations

import re
from dataclasses import dataclass

_GIB, _MIB = 2**30, 2**20
_LOCAL_SSD_BYTES = 375 * 10**9


@dataclass(frozen=True)
class Machine:
    """A machine type: vCPUs, memory in bytes, GPUs that belong to the shape."""

    cpus: int
    memory: int
    gpus: int = 0


# Family and class -> GiB a vCPU (Compute Engine's documentation of machine families).
_GIB_PER_CPU = {
    "n1-standard": 3.75, "n1-highmem": 6.5, "n1-highcpu": 0.9,
    "n2-standard": 4.0, "n2-highmem": 8.0, "n2-highcpu": 1.0,
    "n2d-standard": 4.0, "n4-standard": 4.0, "c3-standard": 4.0, "c4-standard": 3.75,
    "e2-standard": 4.0, "e2-highmem": 8.0, "e2-highcpu": 1.0,
    "g2-standard": 4.0,
}  # fmt: skip
_G2_GPUS = {4: 1, 8: 1, 12: 1, 16: 1, 24: 2, 32: 1, 48: 4, 96: 8}
_OTHERS = {
    "e2-micro": Machine(2, 1 * _GIB),
    "e2-small": Machine(2, 2 * _GIB),
    "e2-medium": Machine(2, 4 * _GIB),
    "a2-highgpu-1g": Machine(12, 85 * _GIB, 1),
    "a2-highgpu-2g": Machine(24, 170 * _GIB, 2),
    "a2-highgpu-4g": Machine(48, 340 * _GIB, 4),
    "a2-highgpu-8g": Machine(96, 680 * _GIB, 8),
    "a2-ultragpu-1g": Machine(12, 170 * _GIB, 1),
    "a3-highgpu-8g": Machine(208, 1872 * _GIB, 8),
}


def machine(name: str) -> Machine:
    """Return the machine of a type.

    :raises ValueError: for a type that is not in the table.
    """
    if name in _OTHERS:
        return _OTHERS[name]
    family, _dash, count = name.rpartition("-")
    per_cpu = _GIB_PER_CPU.get(family)
    if per_cpu is None or not re.fullmatch(r"[1-9]\d*", count):
        raise ValueError(f"machine type {name} is not known to the sandbox")
    cpus = int(count)
    gpus = _G2_GPUS.get(cpus, 0) if family == "g2-standard" else 0
    return Machine(cpus, int(cpus * per_cpu * _GIB), gpus)


def capacity(shape: Machine, disk_gb: int, local_ssds: int, max_pods: int) -> tuple[dict[str, str], dict[str, str]]:
    """Return (capacity, allocatable) of a node, GPUs apart, as quantities.

    :param disk_gb: size of the boot disk, which holds ephemeral storage where there are no local SSDs for it.

    Source: GKE documentation, "Plan node sizes": what is reserved for system components and eviction.
    """
    storage = local_ssds * _LOCAL_SSD_BYTES if local_ssds else int((disk_gb - 5) * _GIB * 0.95)
    full = {
        "cpu": str(shape.cpus),
        "memory": f"{int(shape.memory * 0.98) // 1024}Ki",
        "ephemeral-storage": f"{storage // 1024}Ki",
        "hugepages-1Gi": "0",
        "hugepages-2Mi": "0",
        "pods": str(max_pods),
    }
    free_memory = int(shape.memory * 0.98) - _reserved_memory(shape.memory) - 100 * _MIB
    free_storage = storage - _reserved_storage(storage, local_ssds)
    allocatable = {
        **full,
        "cpu": f"{shape.cpus * 1000 - _reserved_millicpu(shape.cpus)}m",
        "memory": f"{free_memory // 1024}Ki",
        "ephemeral-storage": str(free_storage),
    }
    return full, allocatable


def _reserved_memory(memory: int) -> int:
    reserved, rest = 0.0, memory / _GIB
    for width, share in ((4, 0.25), (4, 0.20), (8, 0.10), (112, 0.06), (float("inf"), 0.02)):
        reserved += min(rest, width) * share
        rest -= min(rest, width)
    return int(reserved * _GIB)


def _reserved_millicpu(cpus: int) -> int:
    return int(
        60 * min(cpus, 1) + 10 * max(0, min(cpus - 1, 1)) + 5 * max(0, min(cpus - 2, 2)) + 2.5 * max(0, cpus - 4)
    )


def _reserved_storage(storage: int, local_ssds: int) -> int:
    eviction = storage // 10
    if local_ssds:
        return eviction + {1: 50, 2: 75}.get(local_ssds, 100) * _GIB
    return eviction + int(min(storage * 0.5, 6 * _GIB + storage * 0.35, 100 * _GIB))
