# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What many requests at once do, to the server, to its GPU, to the cost of a token: data in, HTML or nothing out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import charts
from .words import NOTHING, money, number, seconds, section, table, text, tick

SERIES = {
    "DCGM_FI_DEV_GPU_UTIL": "busy, %",
    "DCGM_FI_DEV_FB_USED": "memory used, MiB",
    "DCGM_FI_DEV_FB_FREE": "memory free, MiB",
    "DCGM_FI_DEV_POWER_USAGE": "power, W",
    "DCGM_FI_DEV_GPU_TEMP": "temperature, °C",
}
"""DCGM's names in words."""


def load(given: Mapping[str, Any] | None) -> str:
    """Throughput and time to the first token against the offered rate, with the knee.

    given: ``stages``: a list, in the order of the offered rate, of ``{offered_rate, achieved_rate`` (requests a second)
    ``, output_tokens_per_second, ttft: {p50, p95}, tpot: {p50, p95}`` (seconds)``, failures}``; ``knee``: the highest
    offered rate that the server still keeps up with, or None; ``calibration``: one sentence on how far the same
    measuring path is off against a server of known timing, or None; ``tool``: what measured.
    """
    if not given or not given.get("stages"):
        return ""
    stages, knee = given["stages"], given.get("knee")
    mark = None if knee is None else (knee, f"knee at {number(knee)}/s")

    def points(*path: str) -> list[tuple[float, float]]:
        return [(one["offered_rate"], value) for one in stages if (value := _deep(one, path)) is not None]

    throughput = [("c3", "requests a second that were answered", points("achieved_rate"))]
    waits = [("c1", "half wait less", points("ttft", "p50")), ("c2", "95 of 100 wait less", points("ttft", "p95"))]
    figures = [
        f"<figure><figcaption>{caption}</figcaption>{charts.curves(title, series, number, label, mark)}</figure>"
        for caption, title, drawn, label in (
            ("<b>Throughput</b> against requests offered a second", "Throughput", throughput, number),
            ("<b>Time to the first token</b> against requests offered a second", "First token", waits, seconds),
        )
        # Of a stage with too few requests there is no p95.
        if (series := [one for one in drawn if one[2]])
    ]
    rows = [
        (
            number(one["offered_rate"]),
            number(one["achieved_rate"]),
            number(one.get("output_tokens_per_second")),
            *(
                seconds(_deep(one, path))
                for path in (("ttft", "p50"), ("ttft", "p95"), ("tpot", "p50"), ("tpot", "p95"))
            ),
            str(one.get("failures", 0)),
        )
        for one in stages
    ]
    heads = ("offered/s", "answered/s", "tokens/s", "first p50", "first p95", "a token p50", "a token p95", "failed")
    why = f"Measured by {text(given.get('tool'))}. {text(given.get('calibration') or 'It was not calibrated.')}"
    return section("load", "Under load", why, *figures, table(heads, rows))


def _deep(one: Mapping[str, Any], path: Sequence[str]) -> float | None:
    value: Any = one
    for name in path:
        value = (value or {}).get(name)
    return value


def gpu(series: Sequence[Mapping[str, Any]] | None, gpus: Sequence[Mapping[str, Any]] | None) -> str:
    """A small chart a series ``{name, unit, points: [[seconds, value], …]}``, and each GPU as it was last seen.

    A series may have ``node`` and ``gpu`` too, which are told where there are several GPUs.
    """
    drawn = [one for one in series or () if one.get("points")]
    several = len({(one.get("node"), one.get("gpu")) for one in drawn}) > 1
    figures = [
        f"<figure><figcaption><b>{text(_titled(one))}</b>{text(_place(one)) if several else ''} over the seconds of "
        "the measurement</figcaption>"
        + charts.curves(_titled(one), [("c1", _titled(one), one["points"])], tick, height=140)
        + "</figure>"
        for one in drawn
    ]
    seen = list(gpus or ())
    names = sorted({name for one in seen for name in one["figures"]})
    rows = [
        (
            f"{text(one['model'])} {text(one['gpu'])} of {text(one['node'])}",
            *(number(one["figures"].get(name)) for name in names),
        )
        for one in seen
    ]
    if not figures and not rows:
        return ""
    last = table(("As last seen", *(SERIES.get(name, name) for name in names)), rows) if rows else ""
    return section(
        "gpu", "The GPU", "As its exporter (DCGM) saw it, which is as new as what that collected last.", *figures, last
    )


def _titled(series: Mapping[str, Any]) -> str:
    """What a series is, with its unit."""
    name = str(series["name"])
    return SERIES.get(name) or ", ".join(part for part in (name, series.get("unit")) if part)


def _place(series: Mapping[str, Any]) -> str:
    return f" of GPU {series.get('gpu', NOTHING)} in {series.get('node', NOTHING)}"


def cost(given: Mapping[str, Any] | None, *, simulated: bool) -> str:
    """Dollars a million tokens."""
    if not given:
        return ""
    if simulated:
        why = (
            f"{money(given['hour'])} an hour for {text(given['of'])}, by the price table; network and cluster are not "
            "in it. What a million tokens cost a simulation can't tell: its pace is that of no GPU."
        )
        return section("cost", "Cost", why)
    rows = [
        ("one request after the other", money(given["alone"]) if given["alone"] else "not measured"),
        ("under load, at its best stage", money(given["loaded"]) if given["loaded"] else "not measured"),
    ]
    each = f", {given['replicas']} of them under load" if given["loaded"] and given["replicas"] > 1 else ""
    why = (
        f"{money(given['hour'])} an hour for {text(given['of'])}{each}, by the price table; network and cluster are "
        "not in it. A GPU that serves many requests at once makes each token cheaper."
    )
    return section("cost", "Cost of a million tokens", why, table(("", "US dollars"), rows))
