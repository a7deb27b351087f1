# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What machines cost: by the list, by the user's prices, and where nobody knows."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.google.accelerators import GPUS
from ansible_collections.llmops.gke.plugins.module_utils.google.machine_types import MACHINE_TYPES
from ansible_collections.llmops.gke.plugins.module_utils.google.prices import (
    NoPrice,
    machine_price,
    rate,
    read_prices,
)


def price(machine: str, gpu: str | None = None, gpus: int = 0, *, spot: bool = False, **given: float) -> float:
    named = {name.replace("_", "-"): value for name, value in given.items()}
    return machine_price(machine, MACHINE_TYPES.get(machine), gpu, gpus, spot=spot, given=named)


@pytest.mark.parametrize(
    ("machine", "gpu", "gpus", "spot", "hour"),
    [
        ("g2-standard-12", "nvidia-l4", 1, False, 1.000416),
        ("g2-standard-12", "nvidia-l4", 1, True, 0.562408),
        # The machine is paid whole, whatever of its GPUs a pod has, or whether they were named.
        ("g2-standard-96", "nvidia-l4", 1, False, 8.00333),
        ("g2-standard-96", None, 0, False, 8.00333),
        ("a3-highgpu-8g", "nvidia-h100-80gb", 8, False, 88.49),
        ("a3-highgpu-8g", "nvidia-h100-80gb", 8, True, 50.609541),
        ("n1-standard-4", None, 0, False, 4 * 0.031611 + 15 * 0.004237),
        ("n1-standard-4", None, 0, True, 4 * 0.01115 + 15 * 0.001494),
        ("n1-standard-4", "nvidia-tesla-t4", 2, False, 4 * 0.031611 + 15 * 0.004237 + 2 * 0.35),
        # What T4 costs on Spot is not known.
        ("n1-standard-4", "nvidia-tesla-t4", 2, True, 4 * 0.01115 + 15 * 0.001494 + 2 * 0.35 * 0.6),
        ("e2-standard-4", None, 0, False, 0.134023),
        ("e2-medium", None, 0, False, 0.033506),
        ("n2-standard-8", None, 0, False, 0.388472),
    ],
)
def test_the_list_price_of_a_machine(machine: str, gpu: str | None, gpus: int, spot: bool, hour: float):
    assert price(machine, gpu, gpus, spot=spot) == pytest.approx(hour, abs=2e-6)


@pytest.mark.parametrize("name", ["g2-standard-4", "g2-standard-24", "a2-highgpu-1g", "a2-megagpu-16g"])
def test_the_rates_of_a_family_add_up_to_its_machines(name: str):
    machine = MACHINE_TYPES[name]
    assert machine.price and machine.gpu
    parts = machine.cpus * rate(f"{machine.family}.cpu", {}) + machine.memory_gb * rate(
        f"{machine.family}.memory_gb", {}
    )
    assert parts + machine.gpus * rate(machine.gpu, {}) == pytest.approx(machine.price.on_demand, abs=1e-5)


def test_spot_costs_less_than_on_demand_and_a_bigger_machine_more():
    for gpu in GPUS.values():
        for machine in gpu.machine_types:
            if machine.price and machine.price.spot:
                assert machine.price.spot < machine.price.on_demand
        # Of machines with one GPU each the vCPUs make the price.
        priced = [one for one in gpu.machine_types if one.price]
        ordered = sorted(priced, key=lambda one: (one.gpus * one.gpu_share, one.cpus))
        hours = [one.price.on_demand for one in ordered if one.price]
        assert hours == sorted(hours)


def test_a_price_of_the_user_goes_before_the_list():
    assert price("g2-standard-12", "nvidia-l4", 1, g2_standard_12=0.7) == 0.7
    assert price("g2-standard-12", "nvidia-l4", 1, spot=True, g2_standard_12=0.7) == pytest.approx(0.42)
    assert price("g2-standard-12", "nvidia-l4", 1, nvidia_l4=0) == pytest.approx(0.440376, abs=1e-5)
    given = {"spot": 0.5}
    shape = MACHINE_TYPES["g2-standard-12"]
    assert machine_price("g2-standard-12", shape, None, 0, spot=True, given=given) == pytest.approx(0.500208)
    # All GPUs that are built in are paid, however many a pod has.
    assert price("g2-standard-24", "nvidia-l4", 1, nvidia_l4=1) == pytest.approx(0.880753 + 2, abs=1e-5)
    # Another machine's price is of no concern.
    assert price("g2-standard-12", "nvidia-l4", 1, nvidia_tesla_t4=9) == pytest.approx(1.000416)


@pytest.mark.parametrize(
    ("machine", "gpu", "missing"),
    [
        ("a4-highgpu-8g", "nvidia-b200", "a4-highgpu-8g"),
        ("a3-megagpu-8g", None, "a3-megagpu-8g"),
        ("g2-standard-12", "nvidia-l4-vws", "nvidia-l4-vws"),
        ("n1-standard-4", "nvidia-x1", "nvidia-x1"),
        ("n9-huge", None, "n9-huge"),
    ],
)
def test_a_price_that_nobody_knows_is_named(machine: str, gpu: str | None, missing: str):
    with pytest.raises(NoPrice, match=f"^{missing}$"):
        price(machine, gpu, 1)


def test_a_rate_by_its_name():
    assert rate("cluster", {}) == 0.10
    assert rate("cluster", {"cluster": 0.2}) == 0.2
    assert rate("nvidia-tesla-t4", {}) == 0.35
    assert rate("local-ssd", {}, spot=True) == pytest.approx(0.08 / 730 * 0.6)
    assert rate("e2.cpu", {}, spot=True) == 0.01309
    assert rate("e2.cpu", {"spot": 0.5}, spot=True) == pytest.approx(0.02181159 / 2)
    with pytest.raises(NoPrice, match="^pd-extreme$"):
        rate("pd-extreme", {})


def test_the_users_prices_are_numbers():
    assert read_prices({"nvidia-l4": "0.5", "cluster": 0}) == {"nvidia-l4": 0.5, "cluster": 0.0}
    for wrong in ("free", -0.1, "inf", "nan", None):
        with pytest.raises(InvalidOption, match="prices.nvidia-l4: .* is not accepted"):
            read_prices({"nvidia-l4": wrong})
