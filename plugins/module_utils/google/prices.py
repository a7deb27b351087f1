# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine costs, by the list prices of us-central1 or by prices that the user gives over them. Pure.

Rates of the families: worked out from karpenter-provider-gcp's list of machine prices (accelerators.PRICES_AS_OF).
"""

from __future__ import annotations

from collections.abc import Mapping

from .accelerators import GPUS, MachineType, Price

RATES: Mapping[str, Price] = {
    "e2.cpu": Price(0.02181159, 0.01309),
    "e2.memory_gb": Price(0.00292353, 0.001754),
    "n1.cpu": Price(0.031611, 0.01115),
    "n1.memory_gb": Price(0.004237, 0.001494),
    "n2.cpu": Price(0.031611, 0.01499),
    "n2.memory_gb": Price(0.004237, 0.00201),
    "g2.cpu": Price(0.02498844),
    "g2.memory_gb": Price(0.00292731),
    "a2.cpu": Price(0.031611),
    "a2.memory_gb": Price(0.004237),
}
"""A vCPU and a GB of memory of a family."""

SPOT = "spot"
SPOT_SHARE = 0.6
"""The share of its price that something costs on Spot where its Spot price is not known: what E2 costs, the most of all
families whose Spot price is known."""


class NoPrice(Exception):
    """A price that is not known; its name is the only argument."""


def machine_price(
    machine: str, shape: MachineType | None, gpu: str | None, gpus: int, *, spot: bool, given: Mapping[str, float]
) -> float:
    """US dollars an hour of a machine with its GPUs and bundled local SSDs. Raises NoPrice.

    shape: of the machine type, None where it is not known. gpu, gpus: type and count of what is on it, for which a
    machine type with GPUs built in needs no word. given: prices of the user: of a machine type, a type of GPU, a rate
    as in RATES, and of SPOT, the share.
    """
    if machine in given:
        return given[machine] * (spot_share(given) if spot else 1)
    if shape is None:
        raise NoPrice(machine)
    gpu, gpus = gpu or shape.gpu, gpus or shape.gpus
    parts: dict[str, float] = {f"{shape.family}.cpu": shape.cpus, f"{shape.family}.memory_gb": shape.memory_gb}
    if gpu:
        parts[gpu] = gpus
    if shape.price and gpu == shape.gpu and not given.keys() & parts.keys():
        return _hour(shape.price, spot, given)
    known = {
        **{name: price for name in parts if (price := _rate(name))},
        **{name: Price(given[name]) for name in given},
    }
    missing = [name for name in parts if name not in known]
    if missing:
        raise NoPrice(gpu if missing == [gpu] else machine)
    return sum(amount * _hour(known[name], spot, given) for name, amount in parts.items())


def spot_share(given: Mapping[str, float]) -> float:
    """The share of its price that something costs on Spot where nothing else is known."""
    return given.get(SPOT, SPOT_SHARE)


def _rate(name: str) -> Price | None:
    return GPUS[name].price if name in GPUS else RATES.get(name)


def _hour(price: Price, spot: bool, given: Mapping[str, float]) -> float:
    if not spot:
        return price.on_demand
    return price.on_demand * spot_share(given) if price.spot is None or SPOT in given else price.spot
