# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine costs, by the list prices of us-central1 or by prices that the user gives over them. Pure.

Rates that come with a price for Spot were worked out from the prices of the family's machines.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..core.errors import InvalidOption
from .accelerators import GPUS
from .hardware import UNDATED, MachineType, Price

HOURS_A_MONTH = 730

RATES: Mapping[str, Price] = {
    "e2.cpu": Price(0.02181159, 0.01309),
    "e2.memory_gb": Price(0.00292353, 0.001754),
    "n1.cpu": Price(0.031611, 0.01115),
    "n1.memory_gb": Price(0.004237, 0.001494),
    "n2.cpu": Price(0.031611, 0.01499),
    "n2.memory_gb": Price(0.004237, 0.00201),
    "g2.cpu": Price(0.02498844, source=UNDATED),
    "g2.memory_gb": Price(0.00292731, source=UNDATED),
    "a2.cpu": Price(0.031611, source=UNDATED),
    "a2.memory_gb": Price(0.004237, source=UNDATED),
    "cluster": Price(0.10, source=UNDATED),
    "local-ssd": Price(0.08 / HOURS_A_MONTH, source=UNDATED),
    "pd-standard": Price(0.04 / HOURS_A_MONTH, source=UNDATED),
    "pd-balanced": Price(0.10 / HOURS_A_MONTH, source=UNDATED),
    "pd-ssd": Price(0.17 / HOURS_A_MONTH, source=UNDATED),
}
"""A vCPU and a GB of memory of a family; a cluster; a GB of disk."""

SPOT = "spot"
SPOT_SHARE = 0.6
"""The share of its price that something costs on Spot where its Spot price is not known: what E2 costs, the most of all
families whose Spot price is known."""


class NoPrice(Exception):
    """A price that is not known; its name is the only argument."""


def read_prices(given: Mapping[str, Any]) -> dict[str, float]:
    """The user's prices as numbers, or InvalidOption."""
    prices = {}
    for name, price in given.items():
        try:
            prices[name] = float(price)
        except (TypeError, ValueError) as error:
            raise InvalidOption(f"prices.{name}", price, "US dollars an hour, such as 0.56") from error
        if not 0 <= prices[name] < math.inf:
            raise InvalidOption(f"prices.{name}", price, "US dollars an hour, such as 0.56")
    return prices


def rate(name: str, given: Mapping[str, float], *, spot: bool = False) -> float:
    """US dollars an hour of a GPU or of something of RATES, or NoPrice. given: the user's prices."""
    price = _known(name, given)
    if price is None:
        raise NoPrice(name)
    return _hour(price, given, spot=spot)


def machine_price(
    machine: str, shape: MachineType | None, gpu: str | None, gpus: int, *, spot: bool, given: Mapping[str, float]
) -> float:
    """US dollars an hour of a machine with its GPUs and bundled local SSDs. Raises NoPrice.

    shape: of the machine type, None where it is not known. gpu, gpus: type and count of what is attached to it; of a
    machine type with GPUs built in those are meant, whatever the count. given: prices of the user: of a machine type, a
    type of GPU, a rate as in RATES, and of SPOT, the share.
    """
    if machine in given:
        return _hour(Price(given[machine]), given, spot=spot)
    if shape is None:
        raise NoPrice(machine)
    gpu, gpus = gpu or shape.gpu, shape.gpus or gpus
    parts: dict[str, float] = {f"{shape.family}.cpu": shape.cpus, f"{shape.family}.memory_gb": shape.memory_gb}
    if gpu:
        parts[gpu] = gpus
    if shape.price and gpu == shape.gpu and not given.keys() & parts.keys():
        return _hour(shape.price, given, spot=spot)
    missing = [name for name in parts if _known(name, given) is None]
    if missing:
        raise NoPrice(gpu if missing == [gpu] else machine)
    return sum(amount * rate(name, given, spot=spot) for name, amount in parts.items())


def _known(name: str, given: Mapping[str, float]) -> Price | None:
    if name in given:
        return Price(given[name])
    return GPUS[name].price if name in GPUS else RATES.get(name)


def _hour(price: Price, given: Mapping[str, float], *, spot: bool) -> float:
    if not spot:
        return price.on_demand
    return price.on_demand * given.get(SPOT, SPOT_SHARE) if price.spot is None or SPOT in given else price.spot
