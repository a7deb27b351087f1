# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Google measured of a model on a machine, and what somebody wants of it. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ...core.errors import InvalidOption

TARGETS: dict[str, dict[str, Any]] = {
    "ttft_milliseconds": {"type": "int"},
    "ntpot_milliseconds": {"type": "int"},
    "cost_per_million_output_tokens": {"type": "float", "no_log": False},
    "requests_per_second": {"type": "float"},
}
"""Argument spec of what can be wanted."""

_NANOS = 1_000_000_000


@dataclass(frozen=True)
class Targets:
    """The most that is wanted, None where anything will do. cost: US dollars for a million output tokens.

    rate: requests a second that all replicas together are to answer.
    """

    ttft_milliseconds: int | None = None
    ntpot_milliseconds: int | None = None
    cost: float | None = None
    rate: float | None = None

    def __bool__(self) -> bool:
        return any(one is not None for one in (self.ttft_milliseconds, self.ntpot_milliseconds, self.cost))

    def __str__(self) -> str:
        told = {
            "ttft": self.ttft_milliseconds and f"{self.ttft_milliseconds} ms",
            "ntpot": self.ntpot_milliseconds and f"{self.ntpot_milliseconds} ms",
        }
        parts = [f"{name} {value}" for name, value in told.items() if value]
        return ", ".join(parts + ([f"{self.cost:g} USD a million output tokens"] if self.cost else []))

    def latency(self) -> dict[str, Any]:
        """Those of latency as the API's PerformanceRequirements."""
        wanted = {
            "targetTtftMilliseconds": self.ttft_milliseconds,
            "targetNtpotMilliseconds": self.ntpot_milliseconds,
        }
        return {name: value for name, value in wanted.items() if value is not None}

    def requirements(self, pricing: str) -> dict[str, Any]:
        """As the API's PerformanceRequirements. pricing: by which the cost is meant, also where none is wanted."""
        cost: dict[str, Any] = {"pricingModel": pricing}
        if self.cost is not None:
            nanos = round(self.cost * _NANOS)
            cost["costPerMillionOutputTokens"] = {"units": str(nanos // _NANOS), "nanos": nanos % _NANOS}
        return {**self.latency(), "targetCost": cost}

    def met_by(self, figures: Figures) -> bool:
        """Whether figures keep all of them. What Google does not tell keeps none."""
        bounds = (
            (self.ttft_milliseconds, figures.ttft_milliseconds),
            (self.ntpot_milliseconds, figures.ntpot_milliseconds),
            (self.cost, figures.cost_per_million_output_tokens),
        )
        return all(most is None or (value is not None and value <= most) for most, value in bounds)


@dataclass(frozen=True)
class Figures:
    """One measurement, at one rate of requests. Costs are US dollars by pricing_model; None for what is not told."""

    queries_per_second: float | None = None
    output_tokens_per_second: int | None = None
    ntpot_milliseconds: int | None = None
    ttft_milliseconds: int | None = None
    cost_per_million_output_tokens: float | None = None
    cost_per_million_input_tokens: float | None = None
    pricing_model: str | None = None

    def __str__(self) -> str:
        told = [
            f"{name} {value} ms"
            for name, value in (("ttft", self.ttft_milliseconds), ("ntpot", self.ntpot_milliseconds))
            if value is not None
        ]
        if self.cost_per_million_output_tokens is not None:
            told.append(f"{self.cost_per_million_output_tokens:.2f} USD a million output tokens")
        return ", ".join(told) or "no figures"


@dataclass(frozen=True)
class Profile:
    """A model with a server on accelerators of a machine, and what was measured there."""

    model: str
    model_server: str
    model_server_version: str | None
    accelerator_type: str
    accelerator_count: int
    instance_type: str
    tpu_topology: str | None
    figures: tuple[Figures, ...]

    @property
    def place(self) -> str:
        """The server and what it runs on, in words."""
        server = " ".join(filter(None, (self.model_server, self.model_server_version)))
        return f"{server} on {self.accelerator_count} x {self.accelerator_type} ({self.instance_type})"

    def shown(self) -> dict[str, Any]:
        """JSON-ready."""
        return {**asdict(self), "figures": [asdict(one) for one in self.figures]}

    def calmest(self) -> Figures | None:
        """What was measured at the lowest rate of requests: closest to one request after the other."""
        return min(self.figures, key=lambda one: one.queries_per_second or math.inf, default=None)

    def best_for(self, targets: Targets) -> Figures | None:
        """Of the measurements that keep the targets the one with the most tokens a second; None where none does."""
        kept = [one for one in self.figures if targets.met_by(one)]
        return max(kept, key=lambda one: one.output_tokens_per_second or 0, default=None)


def read_targets(given: Mapping[str, Any] | None, option: str) -> Targets:
    """The targets of an option, or InvalidOption."""
    wanted = {name: value for name, value in (given or {}).items() if value is not None}
    for name, value in wanted.items():
        if name not in TARGETS:
            raise InvalidOption(f"{option}.{name}", value, f"only these names: {', '.join(TARGETS)}")
        try:
            number = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError):
            number = math.nan
        if not 0 < number < math.inf:
            raise InvalidOption(f"{option}.{name}", value, "a number above 0")
        wanted[name] = number
    milliseconds = {
        name: max(1, round(wanted[name])) for name in ("ttft_milliseconds", "ntpot_milliseconds") if name in wanted
    }
    return Targets(
        **milliseconds, cost=wanted.get("cost_per_million_output_tokens"), rate=wanted.get("requests_per_second")
    )


def read_profile(given: Mapping[str, Any]) -> Profile:
    """A profile as the API writes it. An answer leaves out what is 0."""
    info = given["modelServerInfo"]
    return Profile(
        model=info["model"],
        model_server=info["modelServer"],
        model_server_version=info.get("modelServerVersion") or None,
        accelerator_type=given.get("acceleratorType", ""),
        accelerator_count=given.get("resourcesUsed", {}).get("acceleratorCount", 0),
        instance_type=given.get("instanceType", ""),
        tpu_topology=given.get("tpuTopology") or None,
        figures=tuple(_figures(one) for one in given.get("performanceStats", [])),
    )


def _figures(given: Mapping[str, Any]) -> Figures:
    cost = next(iter(given.get("cost", [])), {})
    return Figures(
        queries_per_second=given.get("queriesPerSecond"),
        output_tokens_per_second=given.get("outputTokensPerSecond"),
        ntpot_milliseconds=given.get("ntpotMilliseconds"),
        ttft_milliseconds=given.get("ttftMilliseconds"),
        cost_per_million_output_tokens=_dollars(cost.get("costPerMillionOutputTokens")),
        cost_per_million_input_tokens=_dollars(cost.get("costPerMillionInputTokens")),
        pricing_model=cost.get("pricingModel"),
    )


def _dollars(amount: Mapping[str, Any] | None) -> float | None:
    return None if amount is None else round(int(amount.get("units", 0)) + amount.get("nanos", 0) / _NANOS, 6)
