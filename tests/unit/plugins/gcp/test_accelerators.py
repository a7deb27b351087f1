# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of GPUs: what every row must have, and what its accessors make of it."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.google.accelerators import GPUS
from ansible_collections.llmops.gke.plugins.module_utils.google.hardware import MIB, Gpu

OFFERED = {
    "nvidia-l4",
    "nvidia-l4-vws",
    "nvidia-tesla-t4",
    "nvidia-tesla-p4",
    "nvidia-tesla-p100",
    "nvidia-tesla-v100",
    "nvidia-tesla-a100",
    "nvidia-a100-80gb",
    "nvidia-h100-80gb",
    "nvidia-h100-mega-80gb",
    "nvidia-h200-141gb",
    "nvidia-b200",
    "nvidia-gb200",
    "nvidia-gb300",
    "nvidia-rtx-pro-6000",
    "nvidia-rtx-pro-6000-vws",
}


def test_every_gpu_that_gke_offers_has_its_row():
    assert set(GPUS) == OFFERED


@pytest.mark.parametrize("gpu", GPUS.values(), ids=str)
def test_every_gpu_can_be_had_on_some_machine(gpu: Gpu):
    ways = [bool(gpu.machine_types), bool(gpu.attachable), gpu.same_as in GPUS]
    assert ways.count(True) == 1


@pytest.mark.parametrize("gpu", GPUS.values(), ids=str)
def test_no_name_of_a_gpu_promises_more_memory_than_the_row_has(gpu: Gpu):
    """The GB in a name are rounded up, by less than a twentieth."""
    told = [int(part.removesuffix("gb")) for part in gpu.name.split("-") if part.endswith("gb")]
    for gigabytes in told:
        assert 0.95 * gigabytes < gpu.memory_bytes / 1e9 < 1.1 * gigabytes


def test_the_figures_of_the_tutorials_gpu():
    l4 = GPUS["nvidia-l4"]
    assert (l4.memory_bytes, l4.bandwidth, l4.compute_capability) == (23034 * MIB, 300, (8, 9))


@pytest.mark.parametrize(
    ("name", "on_demand", "spot", "listed"),
    [
        ("nvidia-l4", "NVIDIA_L4_GPUS", "PREEMPTIBLE_NVIDIA_L4_GPUS", True),
        ("nvidia-a100-80gb", "NVIDIA_A100_80GB_GPUS", "PREEMPTIBLE_NVIDIA_A100_80GB_GPUS", True),
        ("nvidia-h100-80gb", None, "PREEMPTIBLE_NVIDIA_H100_GPUS", False),
        ("nvidia-l4-vws", None, None, False),
    ],
)
def test_the_metrics_of_a_gpus_quota(name: str, on_demand: str | None, spot: str | None, listed: bool):
    gpu = GPUS[name]
    assert (gpu.quota_metric(spot=False), gpu.quota_metric(spot=True), gpu.always_listed) == (on_demand, spot, listed)


@pytest.mark.parametrize("gpu", GPUS.values(), ids=str)
def test_a_spot_metric_is_the_on_demand_one_with_its_prefix(gpu: Gpu):
    if gpu.quota:
        assert gpu.spot_quota == f"PREEMPTIBLE_{gpu.quota}"
    if gpu.quota_family and gpu.spot_quota:
        assert gpu.spot_quota == f"PREEMPTIBLE_{gpu.quota_family}_GPUS"
