# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cold start of this run beside earlier ones, phase by phase: what another source of the weights changes. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .words import NOTHING, seconds, table, text

KEPT = 5
"""Starts that a report holds, its own among them."""

_TEXTS = ("pod", "made", "engine", "model", "weights")
Start = dict[str, Any]


def starts(
    latency: Mapping[str, Any] | None, made: str, speed: float | None, earlier: Sequence[Any] = ()
) -> list[Start]:
    """The slowest start of this run, and of the earlier ones the newest by each engine and source of the weights.

    Those of another model or another clock say nothing beside it. earlier: ``starts`` of the report before, which may
    hold anything: it comes from a file.
    """
    now = _start(latency or {}, made, speed)
    if now is None:
        return []
    found, seen = [now], set()
    for one in earlier:
        if not _is_start(one) or one["pod"] == now["pod"] or (one["model"], one["speed"]) != (now["model"], speed):
            continue
        kind = (one["engine"], one["weights"])
        if kind not in seen:
            seen.add(kind)
            found.append({name: one[name] for name in now})
    return found[:KEPT]


def _start(latency: Mapping[str, Any], made: str, speed: float | None) -> Start | None:
    pods = latency.get("pods") or []
    if not pods:
        return None
    pod = max(pods, key=lambda one: one["start_seconds"])
    return {
        "pod": pod["pod"],
        "made": made,
        "engine": str(latency.get("engine") or ""),
        "model": str(latency.get("model") or ""),
        "weights": str(pod.get("weights") or ""),
        "speed": speed,
        "seconds": pod["start_seconds"],
        "stages": [{"name": one["name"], "seconds": one["seconds"]} for one in pod["start_stages"]],
    }


def _is_start(one: Any) -> bool:
    if not isinstance(one, Mapping) or not all(isinstance(one.get(name), str) for name in _TEXTS):
        return False
    stages, speed = one.get("stages"), one.get("speed")
    return (
        _is_number(one.get("seconds"))
        and "speed" in one
        and (speed is None or _is_number(speed))
        and isinstance(stages, list)
        and all(isinstance(each, Mapping) and isinstance(each.get("name"), str) for each in stages)
        and all(_is_number(each.get("seconds")) for each in stages)
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def comparison(found: Sequence[Start]) -> str:
    """The starts side by side, a row a phase, as HTML; nothing where there is one alone."""
    if len(found) < 2:
        return ""
    phases = dict.fromkeys(stage["name"] for one in found for stage in one["stages"])
    lengths = [{stage["name"]: stage["seconds"] for stage in one["stages"]} for one in found]
    heads = ("", *("this start" if index == 0 else one["made"] for index, one in enumerate(found)))
    rows = [
        ("weights from", *(text(one["weights"]) for one in found)),
        ("by", *(text(one["engine"]) for one in found)),
        *((text(phase), *(_told(length.get(phase)) for length in lengths)) for phase in phases),
        ("<b>in all</b>", *(f"<b>{seconds(one['seconds'])}</b>" for one in found)),
    ]
    why = "<p>Beside earlier starts of this model, each the slowest of its report.</p>"
    return why + table(heads, rows)


def _told(length: float | None) -> str:
    return NOTHING if length is None else seconds(length)
