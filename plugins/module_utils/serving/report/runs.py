# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs side by side: another model server, version, model, number format, GPU, or source of the weights. Pure.

A run is what a report comes down to: what was measured, and its figures. It is read from the report's own data, so that
any two reports can be put side by side, those of earlier releases as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from .words import NOTHING, number, seconds, section, table, text

WHAT = {
    "server": "Model server",
    "model": "Model",
    "quantization": "Numbers",
    "image": "Image",
    "machine": "Machine",
    "weights": "Weights from",
}
"""What was measured; two runs that differ in one of these are runs of different things."""

FIGURES = {
    "ttft_seconds": "Time to the first token",
    "tpot_seconds": "Time a token",
    "ntpot_seconds": "Whole answer over its tokens",
    "e2e_seconds": "Whole answer",
    "cold_start_seconds": "Cold start of a pod",
}
RATES = {
    "tokens_per_second": "Tokens a second, one request at a time",
    "load_tokens_per_second": "Tokens a second under load, at most",
}
MOST = 4
"""Runs beside this one that a page has room for."""


class NoRun(ValueError):
    """What was given is not the data of a report."""


def run_of(report: Mapping[str, Any]) -> dict[str, Any]:
    """What a report comes down to. Raises NoRun."""
    try:
        return _run_of(report)
    except (AttributeError, LookupError, TypeError, ValueError, ArithmeticError) as error:
        raise NoRun(f"{type(error).__name__}: {error}") from None


def _run_of(report: Mapping[str, Any]) -> dict[str, Any]:
    latency = report["latency"] or {}
    pods, hot, info = latency.get("pods") or [], latency.get("hot") or {}, latency.get("info") or {}
    slowest = max(pods, key=lambda pod: pod["start_seconds"], default=None)
    stages = (slowest or {}).get("start_stages") or []
    medians = {name: _number(hot[name]["median"]) if hot.get(name) else None for name in FIGURES if name in hot}
    pace = medians.get("tpot_seconds")
    rates = [_number(stage.get("output_tokens_per_second")) for stage in (report["load"] or {}).get("stages") or []]
    return {
        "made": str(report["made"]),
        "simulated": bool(report["simulated"]),
        "speed": _number(report.get("speed")),
        "server": " ".join(str(info[name]) for name in ("server", "version") if info.get(name)),
        "model": str(latency.get("model") or ""),
        **_place(pods),
        **{name: medians.get(name) for name in FIGURES},
        "cold_start_seconds": _number(slowest["start_seconds"]) if slowest else None,
        "cold_start": {str(one["name"]): _number(one["seconds"]) for one in stages},
        "tokens_per_second": 1 / pace if pace else None,
        "load_tokens_per_second": max(filter(None, rates), default=None),
    }


def _place(pods: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    if not pods:
        return {"quantization": "", "image": "", "machine": "", "weights": ""}
    pod = pods[0]
    gpus = f"{pod['gpus']} x {pod['accelerator_type']}" if pod["accelerator_type"] else ""
    return {
        "quantization": str(pod.get("quantization") or "not quantized"),
        "image": str(pod["image"]),
        "weights": str(pod.get("weights") or ""),
        "machine": ", ".join(str(part) for part in (pod["machine_type"], gpus) if part),
    }


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def beside(run: Mapping[str, Any], chosen: Iterable[Mapping[str, Any]], former: Mapping[str, Any] | None) -> list[Any]:
    """The runs to show beside one: those that were chosen, and of each other thing the last that was measured here.

    former: the report that was here before, with what it had beside it.
    """
    known: list[dict[str, Any]] = []
    # Whatever else was there is overwritten, and no reason to fail.
    with suppress(NoRun):
        if former is not None:
            known = [run_of(former), *(_read(one) for one in former.get("beside") or [])]
    found = list(chosen)
    seen = {_what(run), *map(_what, found)}
    for one in known:
        if _what(one) not in seen:
            seen.add(_what(one))
            found.append(one)
    return found[:MOST]


def _what(run: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(run[name] for name in WHAT)


def _read(given: Mapping[str, Any]) -> dict[str, Any]:
    """A run as a report has it beside its own. Raises NoRun."""
    try:
        return {
            **{name: str(given[name]) for name in ("made", *WHAT)},
            **{name: _number(given[name]) for name in ("speed", *FIGURES, *RATES)},
            "simulated": bool(given["simulated"]),
            "cold_start": {str(name): _number(value) for name, value in given["cold_start"].items()},
        }
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise NoRun(f"{type(error).__name__}: {error}") from None


def comparison(run: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> str:
    """The runs as a table: this one first, and how it compares to the first of the others."""
    if not others:
        return ""
    runs = [run, *others]
    rows = [(name, *(text(one[key]) for one in runs), "") for key, name in WHAT.items()]
    rows += [_row(name, [one[key] for one in runs], seconds) for key, name in FIGURES.items()]
    stages = dict.fromkeys(stage for one in runs for stage in one["cold_start"])
    rows += [_row(f"… {text(stage)}", [one["cold_start"].get(stage) for one in runs], seconds) for stage in stages]
    rows += [_row(name, [one[key] for one in runs], number) for key, name in RATES.items()]
    why = "Medians of the hot requests, and the slowest pod's start with its phases. What no run measured is left out."
    if len({(one["simulated"], one["speed"]) for one in runs}) > 1:
        why += " <b>Not all of them were measured alike</b>: simulated and real times, or times of another speed."
    heads = ("", "this run", *(one["made"] for one in others), f"against {others[0]['made']}")
    shown = [row for row in rows if any(cell != NOTHING for cell in row[1:-1])]
    return section("comparison", "Beside other runs", why, table(heads, shown))


def _row(name: str, values: Sequence[float | None], told: Any) -> tuple[str, ...]:
    ours, first = values[0], values[1]
    change = ""
    if ours is not None and first:
        part = round((ours - first) / first * 100)
        change = "the same" if part == 0 else f"{abs(part)} % {'more' if part > 0 else 'less'}"
    return (name, *(NOTHING if value is None else told(value) for value in values), change)
