# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a stage's report of inference-perf 0.7 to plain figures: seconds, requests and tokens a second."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..latency import SMALLEST_FOR_P95

KNEE_FACTOR = 2.0
"""How many times the TTFT of the lightest stage counts as waiting."""

_LATENCIES = {
    "ttft": "time_to_first_token",
    "tpot": "time_per_output_token",
    "e2e": "request_latency",
}


def stage_figures(report: dict[str, Any]) -> dict[str, Any]:
    """A stage as the report page shows it.

    - offered_rate, achieved_rate: requests a second asked for, and sent. offered_concurrency: instead of the first,
      where the load keeps a number of requests open.
    - requests, failures: how many answered, how many did not.
    - ttft, tpot, e2e: {p50, p95} in seconds. p95 is None below 59 requests; the whole is None where nothing was
      measured.
    - requests_per_second, output_tokens_per_second: throughput from the first request sent to the last answer.
    - in_flight: requests open on average (rate times latency).
    - output_tokens: {mean, min, max} a request. schedule_delay_p99: seconds that requests left later than planned.
    - prompt_tokens: mean.
    """
    load, good = report["load_summary"], report["successes"]
    count, latency = good["count"], good.get("latency") or {}
    concurrency = load.get("concurrency")
    throughput = good.get("throughput") or {}
    figures: dict[str, Any] = {
        "offered_rate": None if concurrency else load.get("requested_rate"),
        "offered_concurrency": concurrency,
        "achieved_rate": _sent_rate(load),
        "requests": count,
        "failures": report["failures"]["count"],
        "failure_reasons": sorted(report["failures"].get("by_label") or {}),
        "requests_per_second": _rounded(throughput.get("requests_per_sec")),
        "output_tokens_per_second": _rounded(throughput.get("output_tokens_per_sec")),
        "schedule_delay_p99": _rounded((load.get("schedule_delay") or {}).get("p99")),
        "prompt_tokens": _rounded((good.get("prompt_tokens") or {}).get("mean")),
        "output_tokens": {
            name: _rounded((good.get("output_tokens") or {}).get(name)) for name in ("mean", "min", "max")
        },
    }
    for name, theirs in _LATENCIES.items():
        figures[name] = _quantiles(latency.get(theirs), count)
    mean = (latency.get("request_latency") or {}).get("mean")
    rate = figures["achieved_rate"]
    figures["in_flight"] = None if mean is None or rate is None else _rounded(rate * mean)
    return figures


def offered(stage: dict[str, Any]) -> float:
    """What orders the stages of a run: the rate, or the number of open requests."""
    return stage["offered_rate"] if stage["offered_rate"] is not None else stage["offered_concurrency"]


def find_knee(stages: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The hardest stage before waiting begins: from the lightest up, the last whose TTFT (p95; p50 where a stage
    has too few requests for one) stays within KNEE_FACTOR times that of the lightest.

    ``{stage, offered, reached}``: reached is False where even the hardest stage stayed below. None for no stages.
    """
    ordered = sorted(range(len(stages)), key=lambda index: offered(stages[index]))
    if not ordered or any(stage["ttft"] is None for stage in stages):
        return None
    quantile = "p95" if all(stage["ttft"]["p95"] is not None for stage in stages) else "p50"
    limit = KNEE_FACTOR * stages[ordered[0]]["ttft"][quantile]
    knee = ordered[0]
    for index in ordered:
        if stages[index]["ttft"][quantile] > limit:
            return _knee(stages, knee, True)
        knee = index
    return _knee(stages, knee, False)


def for_report(results: dict[str, Any], tool: str) -> dict[str, Any] | None:
    """The results as llm_report's option ``load`` takes them; None for a load that has no rate.

    There ``achieved_rate`` is what was answered, ``knee`` None where it was not reached.
    """
    stages = sorted(results["stages"], key=offered)
    if any(stage["offered_rate"] is None for stage in stages):
        return None
    knee, ttft, tpot = results["knee"], results["calibration"]["ttft"], results["calibration"]["tpot"]
    return {
        "tool": tool,
        "stages": [
            {name: stage[name] for name in ("offered_rate", "output_tokens_per_second", "ttft", "tpot", "failures")}
            | {"achieved_rate": stage["requests_per_second"]}
            for stage in stages
        ],
        "knee": knee["offered"] if knee and knee["reached"] else None,
        "calibration": (
            f"Of a server with {ttft['known'] * 1000:.1f} ms to the first token and {tpot['known'] * 1000:.2f} ms a "
            f"token, the same path measured {ttft['error'] * 1000:+.1f} ms and {(tpot['ratio'] - 1) * 100:+.1f} %."
        ),
    }


def _sent_rate(load: dict[str, Any]) -> float | None:
    """n requests span n - 1 distances; inference-perf divides n by the span, which is too much where they are few."""
    span, count = load.get("send_duration") or 0.0, load["count"]
    return _rounded((count - 1) / span) if span > 0 and count > 1 else None


def _knee(stages: Sequence[dict[str, Any]], index: int, reached: bool) -> dict[str, Any]:
    return {"stage": index, "offered": offered(stages[index]), "reached": reached}


def _quantiles(summary: dict[str, float] | None, count: int) -> dict[str, float | None] | None:
    if not summary:
        return None
    return {
        "p50": _rounded(summary["median"]),
        "p95": _rounded(summary["p95"]) if count >= SMALLEST_FOR_P95 else None,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
