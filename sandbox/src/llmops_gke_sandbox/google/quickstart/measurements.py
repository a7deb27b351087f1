# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of a model on a machine at several loads, by the same floors as the simulated model server's."""

from __future__ import annotations

import math
from dataclasses import dataclass

PROMPT_TOKENS, OUTPUT_TOKENS = 512, 128
_BATCHES = (1, 4, 16, 64)
_RATIO = 4.0
"""Cost of a token of the answer over that of one of the prompt, where a caller gives none."""
PRICING = {"spot": "spot", "on-demand": "on-demand"}
_OF_PEAK = 0.6
"""The part of a GPU that a server is taken to reach."""


@dataclass(frozen=True)
class Targets:
    """What a caller asks for; None where it does not. costs are US dollars for a million tokens."""

    ttft: int | None = None
    ntpot: int | None = None
    output_cost: float | None = None
    input_cost: float | None = None
    pricing: str = "spot"
    ratio: float = _RATIO

    def met_by(self, stats: dict) -> bool:
        """Return whether figures meet all of them."""
        cost = stats["cost"][0]
        bounds = (
            (self.ttft, stats["ttftMilliseconds"]),
            (self.ntpot, stats["ntpotMilliseconds"]),
            (self.output_cost, dollars(cost["costPerMillionOutputTokens"])),
            (self.input_cost, dollars(cost["costPerMillionInputTokens"])),
        )
        return all(most is None or value <= most for most, value in bounds)


def curve(parameters: int, machine: dict, pricing: str, ratio: float = _RATIO) -> list[dict]:
    """Return PerformanceStats, from the lowest rate of requests to the highest."""
    return [_stats(parameters, machine, batch, pricing, ratio) for batch in _BATCHES]


def _stats(parameters: int, machine: dict, batch: int, pricing: str, ratio: float) -> dict:
    count = machine["count"]
    step = 2 * parameters / (machine["bandwidth"] * 1e9 * count * _OF_PEAK) * (1 + batch / 256)
    prefill = 2 * parameters * PROMPT_TOKENS / (machine["tflops"] * 1e12 * count * _OF_PEAK)
    ttft = step + prefill * (1 + batch / 4)
    whole = ttft + step * (OUTPUT_TOKENS - 1)
    rate = batch / whole
    return {
        "queriesPerSecond": round(rate, 3),
        "outputTokensPerSecond": round(rate * OUTPUT_TOKENS),
        "ntpotMilliseconds": math.ceil(whole / OUTPUT_TOKENS * 1000),
        "ttftMilliseconds": math.ceil(ttft * 1000),
        "cost": [_cost(machine[PRICING[pricing]], rate, pricing, ratio)],
    }


def _cost(hour: float, rate: float, pricing: str, ratio: float) -> dict:
    """$/output token = $/s / (input tokens/s / ratio + output tokens/s), as the API's messages define it."""
    output = hour / 3600 / (rate * PROMPT_TOKENS / ratio + rate * OUTPUT_TOKENS) * 1e6
    return {
        "costPerMillionOutputTokens": amount(output),
        "costPerMillionInputTokens": amount(output / ratio),
        "pricingModel": pricing,
        "outputInputCostRatio": ratio,
    }


def amount(value: float) -> dict:
    """Return an amount of dollars as the API writes it: whole ones as text, and parts of 1e-9."""
    units = int(value)
    return {"units": str(units), "nanos": round((value - units) * 1e9)}


def dollars(value: dict) -> float:
    """Return an amount's dollars."""
    return int(value.get("units", 0)) + int(value.get("nanos", 0)) / 1e9
