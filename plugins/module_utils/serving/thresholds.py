# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits that a user sets on latency: checked by name before anything is measured, by figure after."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..core.errors import InvalidOption, LlmopsError
from .latency import METRICS, STREAMED

COLD = tuple(f"cold_{name}" for name in STREAMED)
START = "cold_start_seconds"
ACCEPTED = (*METRICS, *COLD, START)

_LOOK_AT = {
    "ttft_seconds": "the queue ({waiting}) and the length of the prompt",
    "tpot_seconds": "the GPU (type, clocks, other load), quantisation (bitsandbytes is slower than fp16), batch size",
    "ntpot_seconds": "ttft_seconds and tpot_seconds, which it mixes",
    "e2e_seconds": "ttft_seconds and tpot_seconds, and max_tokens",
    "overhead_seconds": "the way to the server: region, load balancer, proxy",
    START: "pods: which stage takes it (node, image streaming, where the weights are kept)",
}


class ThresholdBreached(LlmopsError):
    """A figure is above its limit; ``measured`` holds all figures."""

    kind = "threshold_breached"


def check_thresholds(thresholds: Mapping[str, Any] | None) -> dict[str, float]:
    """The limits in seconds; raises InvalidOption for an unknown name or a limit that is not above 0."""
    limits: dict[str, float] = {}
    for name, given in (thresholds or {}).items():
        if name not in ACCEPTED:
            raise InvalidOption(f"thresholds.{name}", given, f"only these names: {', '.join(ACCEPTED)}")
        try:
            limit = math.nan if isinstance(given, bool) else float(given)
        except (TypeError, ValueError):
            limit = math.nan
        if not 0 < limit < math.inf:
            raise InvalidOption(f"thresholds.{name}", given, "seconds above 0")
        limits[name] = limit
    return limits


def of_targets(targets: Mapping[str, Any] | None) -> dict[str, Any]:
    """The limits that targets for latency (``ttft_milliseconds``, ``ntpot_milliseconds``) are; their rest is none."""
    given = {f"{name}_seconds": (targets or {}).get(f"{name}_milliseconds") for name in ("ttft", "ntpot")}
    try:
        return {name: float(value) / 1000 for name, value in given.items() if value is not None}
    except (TypeError, ValueError) as error:
        raise InvalidOption("targets", targets, "milliseconds above 0") from error


def compare(limits: Mapping[str, float], measured: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each limit beside its figure: ``{name, limit, value, passed}``.

    Hot metrics are judged by their median, ``cold_…`` by the first request, the cold start by the slowest pod. Where
    nothing was measured (the server was not fresh, the cluster not given) value and passed are None.
    """
    compared = []
    for name, limit in limits.items():
        value = _figure(name, measured)
        compared.append(
            {"name": name, "limit": limit, "value": value, "passed": None if value is None else value <= limit}
        )
    return compared


def breach_of(compared: list[dict[str, Any]], measured: Mapping[str, Any], waiting: str | None) -> str | None:
    """Which limits did not hold, by which figures, and what to look at; None where all did.

    waiting: the server's metric of requests that wait, None where none is known.
    """
    broken = [one for one in compared if one["passed"] is False]
    if not broken:
        return None
    figures = ", ".join(f"{one['name']} is {one['value']:.4g} s, limit {one['limit']:g} s" for one in broken)
    names = [one["name"] for one in broken]
    advice = "; ".join(dict.fromkeys(_LOOK_AT.get(name) or _LOOK_AT[name.removeprefix("cold_")] for name in names))
    advice = advice.format(waiting=waiting or "how many requests wait")
    cold = any(name in COLD for name in names)
    also = "; for the cold figures also the first request's warm-up (CUDA graphs, kernels)" if cold else ""
    return f"latency of {measured.get('model')}: {figures}; look at {advice}{also}"


def _figure(name: str, measured: Mapping[str, Any]) -> float | None:
    if name == START:
        return max((pod["start_seconds"] for pod in measured.get("pods") or []), default=None)
    if name.startswith("cold_"):
        cold = measured.get("cold") or {}
        return cold.get(name.removeprefix("cold_"))
    summary = (measured.get("hot") or {}).get(name)
    return summary["median"] if summary else None
