# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of a machine GKE leaves to pods."""

from __future__ import annotations

from llmops_gke_sandbox.google.places import Machine, machines

_GIB, _MIB = 2**30, 2**20
_LOCAL_SSD_BYTES = 375 * 10**9


def machine(name: str) -> Machine:
    """Return the machine of a type.

    :raises ValueError: for a type that is not in the table.
    """
    if name not in machines():
        raise ValueError(f"machine type {name} is not known to the sandbox")
    return machines()[name]


def capacity(shape: Machine, disk_gb: int, local_ssds: int, max_pods: int) -> tuple[dict[str, str], dict[str, str]]:
    """Return (capacity, allocatable) of a node, GPUs apart, as quantities.

    :param disk_gb: size of the boot disk, which holds ephemeral storage where there are no local SSDs for it.

    Source: GKE documentation, "Plan node sizes": what is reserved for system components and eviction.
    """
    memory = shape.memory_mb * _MIB
    storage = local_ssds * _LOCAL_SSD_BYTES if local_ssds else int((disk_gb - 5) * _GIB * 0.95)
    full = {
        "cpu": str(shape.cpus),
        "memory": f"{int(memory * 0.98) // 1024}Ki",
        "ephemeral-storage": f"{storage // 1024}Ki",
        "hugepages-1Gi": "0",
        "hugepages-2Mi": "0",
        "pods": str(max_pods),
    }
    free_memory = int(memory * 0.98) - _reserved_memory(memory) - 100 * _MIB
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
