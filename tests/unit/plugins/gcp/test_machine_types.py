# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machine types, which GPUs go on which, and how many local SSDs each takes."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.google.accelerators import GPUS
from ansible_collections.llmops.gke.plugins.module_utils.google.hardware import MachineType
from ansible_collections.llmops.gke.plugins.module_utils.google.machine_types import (
    MACHINE_TYPES,
    check_local_ssds,
    machine_types_with,
    misfit,
    read_machine_type,
    siblings,
)


@pytest.mark.parametrize(
    ("name", "cpus", "memory_gb", "gpus", "gpu"),
    [
        ("g2-standard-12", 12, 48, 1, "nvidia-l4"),
        ("g2-standard-96", 96, 384, 8, "nvidia-l4"),
        ("a2-megagpu-16g", 96, 1360, 16, "nvidia-tesla-a100"),
        ("a3-highgpu-8g", 208, 1872, 8, "nvidia-h100-80gb"),
        ("a4x-maxgpu-4g-metal", 144, 960, 4, "nvidia-gb300"),
        ("n1-standard-1", 1, 3.75, 0, None),
        ("n1-highmem-96", 96, 624, 0, None),
        ("n1-highcpu-2", 2, 1.8, 0, None),
        ("n2-standard-128", 128, 512, 0, None),
        ("n2-highmem-128", 128, 864, 0, None),
        ("n2-highcpu-96", 96, 96, 0, None),
        ("e2-highmem-16", 16, 128, 0, None),
        ("e2-medium", 2, 4, 0, None),
    ],
)
def test_a_machine_types_shape(name: str, cpus: int, memory_gb: float, gpus: int, gpu: str | None):
    machine = MACHINE_TYPES[name]
    assert (machine.name, machine.cpus, machine.memory_gb, machine.gpus, machine.gpu) == (
        name,
        cpus,
        memory_gb,
        gpus,
        gpu,
    )


def test_a_part_of_a_gpu_is_told():
    shares = {name: MACHINE_TYPES[name].gpu_share for name in ("g4-standard-6", "g4-standard-24", "g4-standard-96")}
    assert shares == {"g4-standard-6": 0.125, "g4-standard-24": 0.5, "g4-standard-96": 1.0}


def test_the_memory_of_machines_of_a_family_grows_with_their_gpus():
    for gpu in GPUS.values():
        rows = [(one.gpus * one.gpu_share, one.memory_gb) for one in gpu.machine_types if one.family != "g2"]
        assert rows == sorted(rows)


def test_a_machine_type_that_the_table_lacks_is_read_from_compute_engine():
    body = {
        "guestCpus": 300,
        "memoryMb": 4096000,
        "accelerators": [{"guestAcceleratorType": "nvidia-x1", "guestAcceleratorCount": 8}],
    }
    assert read_machine_type("x9-highgpu-8g", body) == MachineType("x9-highgpu-8g", 300, 4000.0, 8, "nvidia-x1")
    assert read_machine_type("c9-odd-2", {"guestCpus": 2, "memoryMb": 1024}) == MachineType("c9-odd-2", 2, 1.0)
    assert read_machine_type("c9-odd-2", {"name": "c9-odd-2"}) == MachineType("c9-odd-2", 0, 0.0)
    assert read_machine_type("c9-odd-2", None) is None
    assert read_machine_type("g2-standard-4", {"guestCpus": 99}) is MACHINE_TYPES["g2-standard-4"]


def test_the_machine_types_that_have_a_gpu():
    assert machine_types_with(GPUS["nvidia-l4"], 4) == ["g2-standard-48"]
    assert machine_types_with(GPUS["nvidia-l4-vws"], 8) == ["g2-standard-96"]
    assert machine_types_with(GPUS["nvidia-b200"]) == ["a4-highgpu-8g"]
    assert machine_types_with(GPUS["nvidia-tesla-t4"]) == []


def test_siblings_are_of_the_same_family_and_have_gpus():
    assert siblings("a4x-highgpu-9g") == ["a4x-highgpu-4g", "a4x-maxgpu-4g-metal", "a4x-maxgpu-4g-metal-nolssd"]
    assert siblings("n1-standard-3") == []


def why(machine: str, gpu: str, gpus: int, shape: MachineType | None = None) -> tuple[str, str] | None:
    wrong = misfit(machine, gpu, gpus, shape or MACHINE_TYPES.get(machine))
    return (wrong.option, str(wrong)) if wrong else None


@pytest.mark.parametrize(
    ("machine", "gpu", "gpus"),
    [
        ("g2-standard-24", "nvidia-l4", 2),
        ("g2-standard-24", "nvidia-l4-vws", 2),
        ("n1-standard-32", "nvidia-tesla-t4", 1),
        ("n1-standard-96", "nvidia-tesla-t4", 4),
        ("n1-standard-8", "nvidia-tesla-v100", 1),
        ("custom-4-16384", "nvidia-tesla-t4", 1),
        # Nobody knows.
        ("g9-standard-4", "nvidia-x1", 3),
        ("g9-standard-4", "nvidia-l4", 3),
        ("n1-standard-4", "nvidia-x1", 3),
    ],
)
def test_gpus_that_fit(machine: str, gpu: str, gpus: int):
    assert why(machine, gpu, gpus) is None


T4_COUNTS = "1, 2 or 4 with machine type n1-standard-4"


@pytest.mark.parametrize(
    ("machine", "gpu", "gpus", "option", "text"),
    [
        (
            "g2-standard-24",
            "nvidia-l4",
            8,
            "accelerator_count",
            "2 with machine type g2-standard-24, which has that many GPUs; machine types with 8 nvidia-l4: "
            "g2-standard-96",
        ),
        (
            "g2-standard-24",
            "nvidia-l4",
            3,
            "accelerator_count",
            "2 with machine type g2-standard-24, which has that many GPUs",
        ),
        (
            "g2-standard-24",
            "nvidia-b200",
            2,
            "accelerator_type",
            "nvidia-l4 or nvidia-l4-vws with machine type g2-standard-24; machine types with nvidia-b200: "
            "a4-highgpu-8g",
        ),
        (
            "g2-standard-24",
            "nvidia-x1",
            2,
            "accelerator_type",
            "nvidia-l4 or nvidia-l4-vws with machine type g2-standard-24",
        ),
        (
            "e2-standard-4",
            "nvidia-tesla-t4",
            1,
            "accelerator_type",
            "none with machine type e2-standard-4, which takes no GPUs; machine types with nvidia-tesla-t4: N1",
        ),
        (
            "n1-standard-4",
            "nvidia-h200-141gb",
            8,
            "accelerator_type",
            "nvidia-tesla-t4, nvidia-tesla-p4, nvidia-tesla-p100 or nvidia-tesla-v100 with machine type n1-standard-4; "
            "machine types with nvidia-h200-141gb: a3-ultragpu-8g, a3-ultragpu-8g-nolssd",
        ),
        ("n1-standard-4", "nvidia-tesla-t4", 3, "accelerator_count", T4_COUNTS),
        (
            "n1-standard-64",
            "nvidia-tesla-t4",
            2,
            "accelerator_count",
            "4 with machine type n1-standard-64; 2 nvidia-tesla-t4 are for N1 machine types of 48 vCPUs at most",
        ),
    ],
)
def test_gpus_that_do_not_fit(machine: str, gpu: str, gpus: int, option: str, text: str):
    assert why(machine, gpu, gpus) == (option, text)


def test_a_machine_type_that_compute_engine_says_has_no_gpus_takes_none():
    option, text = why("c9-standard-4", "nvidia-l4", 1, MachineType("c9-standard-4", 4, 16))
    assert option == "accelerator_type"
    assert text.startswith(
        "none with machine type c9-standard-4, which takes no GPUs; machine types with nvidia-l4: g2"
    )


def test_a_machine_type_from_compute_engine_has_the_gpus_that_it_says():
    shape = MachineType("x9-highgpu-8g", 300, 4000.0, 8, "nvidia-x1")
    assert why("x9-highgpu-8g", "nvidia-x1", 8, shape) is None
    assert why("x9-highgpu-8g", "nvidia-x1", 4, shape) == (
        "accelerator_count",
        "8 with machine type x9-highgpu-8g, which has that many GPUs",
    )
    assert why("x9-highgpu-8g", "nvidia-l4", 8, shape)[1].startswith("nvidia-x1 with machine type x9-highgpu-8g; ")


@pytest.mark.parametrize(
    ("machine", "count", "accepted"),
    [
        ("g2-standard-48", 0, None),
        ("g2-standard-48", 3, None),
        ("g2-standard-48", 5, "at most 4 with machine type g2-standard-48"),
        ("g2-standard-48", -1, "at most 4 with machine type g2-standard-48"),
        ("a2-highgpu-4g", 8, None),
        ("a2-highgpu-4g", 2, "4 or 8 with machine type a2-highgpu-4g, or 0"),
        ("a2-highgpu-8g", 4, "8 with machine type a2-highgpu-8g, or 0"),
        ("a3-highgpu-8g", 16, None),
        ("a3-highgpu-8g", 0, None),
        ("a3-highgpu-8g", 8, "16 with machine type a3-highgpu-8g, which always has that many"),
        ("g4-standard-6", 1, "0 with machine type g4-standard-6, which takes none"),
        ("e2-standard-4", 1, "0 with machine type e2-standard-4, which takes none"),
        ("n1-standard-4", 16, None),
        ("n1-standard-4", 9, "1, 2, 3, 4, 5, 6, 7, 8, 16 or 24 with machine type n1-standard-4, or 0"),
        ("n2-standard-8", 1, None),
        ("n2-standard-16", 1, "2, 4, 8, 16 or 24 with machine type n2-standard-16, or 0"),
        ("n2-standard-32", 2, "4, 8, 16 or 24 with machine type n2-standard-32, or 0"),
        ("n2-standard-80", 4, "8, 16 or 24 with machine type n2-standard-80, or 0"),
        ("n2-standard-128", 8, "16 or 24 with machine type n2-standard-128, or 0"),
        ("c9-odd-2", 77, None),
    ],
)
def test_the_local_ssds_that_a_machine_type_takes(machine: str, count: int, accepted: str | None):
    assert check_local_ssds(machine, count) == accepted
