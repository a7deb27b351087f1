# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What latency is held against where nobody set a limit: Google's measurement, else what the GPU allows. Pure.

A yardstick is a remark and no limit: what lies beyond it fails nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FROM_GOOGLE = 1.25
"""Times Google's own figure up to which one is as fast: their prompts and answers have other lengths."""

FROM_FLOOR = 2.0
"""Times the least that is possible up to which one is as fast as expected: servers use half of a GPU and more."""

WAY = 0.05
"""Seconds for the way there and back to the first token, where they were not measured."""

BELOW = 0.98
"""Times the least that is possible; a figure below cannot be what it seems."""

GOOGLE, FLOOR = "google", "floor"
JUDGES = {GOOGLE: "Google measured", FLOOR: "this GPU lets expect"}


def yardsticks(
    latency: Mapping[str, Any],
    model: Mapping[str, Any],
    benchmark: Mapping[str, Any],
    *,
    speed: float | None,
    simulated: bool,
) -> list[dict[str, Any]]:
    """For each metric ``{name, measured, floor, google, at_most, by, within}``, in seconds; without those of which only
    the measured figure is known.

    floor: the least that is possible. google: by their benchmark with the lowest rate of requests. at_most: what can be
    expected, by one of both, as ``by`` says. within: whether the median is; None where that is not judged.
    model: as hf_model_info returns it. benchmark: ``best`` of gke_inference_quickstart_info. speed: of a sandbox's
    clock, which is taken out of the figures. simulated: they are held against nothing.
    """
    hot = latency.get("hot") or {}
    floors, way = _floors(latency, model), ((hot.get("overhead_seconds") or {}).get("median") or WAY)
    found = []
    for name in ("ttft_seconds", "tpot_seconds", "ntpot_seconds"):
        summary, floor, google = hot.get(name), floors.get(name), _google(benchmark, name)
        if not summary or (floor is None and google is None):
            continue
        measured = summary["median"] * (speed or 1.0)
        at_most, by = _at_most(name, floor, google, model, way)
        found.append(
            {
                "name": name,
                "measured": round(measured, 6),
                "floor": _rounded(floor),
                "google": google,
                "at_most": _rounded(at_most),
                "by": by,
                "within": None if simulated or at_most is None else measured <= at_most,
            }
        )
    return found


def impossible(found: list[dict[str, Any]], *, simulated: bool) -> list[str]:
    """The metrics below what is possible. The first token is left out: a server may remember the prompt."""
    return [
        one["name"]
        for one in found
        if not simulated and one["floor"] and one["name"] == "tpot_seconds" and one["measured"] < one["floor"] * BELOW
    ]


def _floors(latency: Mapping[str, Any], model: Mapping[str, Any]) -> dict[str, float]:
    """By metric. Of a mixture of experts, whose tokens read a part of the weights, none is known."""
    fit = model.get("fit") or {}
    chosen = (fit.get("formats") or {}).get(fit.get("format")) or {}
    token, of_prompt = chosen.get("token_seconds"), chosen.get("prompt_token_seconds") or 0.0
    tokens = (latency.get("tokens") or {}).get("median")
    if not token or not tokens or (model.get("shape") or {}).get("experts"):
        return {}
    # Each step reads all weights; that of a long prompt takes longer to calculate.
    first = max(token, of_prompt * (latency.get("prompt_tokens") or 0))
    return {"ttft_seconds": first, "tpot_seconds": token, "ntpot_seconds": (first + token * (tokens - 1)) / tokens}


def _google(benchmark: Mapping[str, Any], name: str) -> float | None:
    milliseconds = benchmark.get(name.replace("_seconds", "_milliseconds"))
    return milliseconds / 1000 if milliseconds else None


def _at_most(
    name: str, floor: float | None, google: float | None, model: Mapping[str, Any], way: float
) -> tuple[float | None, str | None]:
    """What can be expected, and by what; (None, None) where that is not known."""
    more = way if name == "ttft_seconds" else 0.0
    if google is not None:
        return google * FROM_GOOGLE + more, GOOGLE
    if floor is None:
        return None, None
    return floor * FROM_FLOOR * _slowdown(model) + more, FLOOR


def _slowdown(model: Mapping[str, Any]) -> float:
    """How much slower than by its own floor a method of quantisation may be that is slower than 16 bits: as 16 bits."""
    fit = model["fit"]
    sixteen = (fit["formats"].get("fp16") or {}).get("token_seconds")
    own = fit["formats"][fit["format"]]["token_seconds"]
    return max(1.0, sixteen / own) if fit.get("slow") and sixteen else 1.0


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
