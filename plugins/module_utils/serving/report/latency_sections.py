# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was measured of the server's speed: each section takes the latency's values and gives HTML, or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import charts
from .words import NOTHING, facts, limit_name, seconds, section, table, text

METRICS = {
    "ttft_seconds": ("Time to the first token", "from sending a request until the first piece of the answer is there"),
    "tpot_seconds": ("Time a token", "the pace after the first token; below about 0.1 s it outruns a reader"),
    "e2e_seconds": ("Whole answer", "from sending a request until its last token is there"),
    "ntpot_seconds": ("Whole answer over its tokens", "holds the wait for the first token too"),
    "overhead_seconds": ("The way there and back", "the client's time less the server's own, for one token"),
}

FAR = 1.25
"""Times the slowest hot request; a cold one beyond is told in words: drawn, it would press the others together."""

STAGES = {
    "asked": "until the autoscaler asked for a machine",
    "machine": "until that machine was a node",
    "scheduled": "until a node with a free GPU was there",
    "image": "until its container ran: image, volumes",
    "ready": "until a probe saw it",
}
"""Of every pod; between image and ready are the phases of its engine, which the latency's values explain."""


def thresholds(latency: Mapping[str, Any] | None) -> str:
    """Limits, and whether they hold."""
    limits = (latency or {}).get("thresholds") or []
    if not limits:
        return ""
    said = {True: '<span class="yes">holds</span>', False: '<span class="no">broken</span>', None: "not measured"}
    rows = [
        (text(limit_name(one["name"])), seconds(one["limit"]), seconds(one["value"]), said[one["passed"]])
        for one in limits
    ]
    why = "What was agreed, against the median of the hot requests, the cold request, or the slowest start."
    return section("limits", "Limits", why, table(("Limit", "at most", "measured", ""), rows))


def yardsticks(
    held_against: Sequence[Mapping[str, Any]], benchmark: Mapping[str, Any] | None, *, simulated: bool
) -> str:
    """What is possible, what Google measured and what was measured here, on one line a metric."""
    if not held_against:
        return ""
    said = {True: '<span class="yes">as expected</span>', False: '<span class="no">slower</span>', None: "not judged"}
    heads = {"floor": "at least", "google": "by Google", "measured": "measured", "at_most": "expected at most"}
    if simulated:
        # Times of another scale, which nothing here is held against.
        del heads["measured"]
    rows = [
        (
            text(limit_name(one["name"])),
            *(seconds(one[name]) for name in heads),
            *([] if simulated else [said[one["within"]]]),
        )
        for one in held_against
    ]
    of = ((benchmark or {}).get("best") or {}).get("of")
    why_not = (benchmark or {}).get("unknown") or "it has no figures for this model, server and machine"
    measured_by = f" Google measured {text(of)}." if of else f" By Google nothing is known: {text(why_not)}."
    measured_by = measured_by if benchmark else ""
    judged = (
        " These are a real GPU's times; the simulation is held against none of them."
        if simulated
        else " What is slower than expected is a remark; only a limit that was set can be broken."
    )
    why = (
        "The least that is possible: each token reads all weights from the GPU's memory, and a prompt has to be "
        f"calculated (less where the server remembers it).{measured_by}{judged}"
    )
    columns = ("", *heads.values(), *([] if simulated else [""]))
    return section("yardsticks", "How fast it could be", why, table(columns, rows))


def hot(latency: Mapping[str, Any] | None) -> str:
    """The distributions, one chart a metric, and all figures in a table."""
    if not latency:
        return ""
    limits = {limit["name"]: limit["limit"] for limit in latency.get("thresholds") or []}
    cold, samples = latency.get("cold") or {}, latency.get("samples") or {}
    figures, rows = [], []
    for name, (title, meaning) in METRICS.items():
        summary = latency["hot"].get(name)
        if not summary:
            continue
        rows.append(_row(title, summary))
        if name in samples:
            taken = [value for value in samples[name] if value is not None]
            # Beside a cold request that is far off, nothing could be told of the hot ones.
            shown = cold.get(name) if (cold.get(name) or 0) <= FAR * summary["max"] else None
            chart = charts.distribution(title, taken, summary, limits.get(name), shown)
            beyond = (
                f"; the cold request, off this chart, took {seconds(cold[name])}"
                if cold.get(name) and not shown
                else ""
            )
            figures.append(f"<figure><figcaption><b>{title}</b>: {meaning}{beyond}</figcaption>{chart}</figure>")
    tokens = latency["tokens"]
    why = (
        f"{latency['hot']['e2e_seconds']['n']} requests one after the other, each answered with "
        f"{tokens['median']} tokens. A point is a request, the line their median, the band where the true median lies "
        "with 95 % confidence. Tails are told only where there are samples enough to know them."
    )
    heads = ("", "n", "median", "95 % confidence", "mean", "p95", "p99", "least", "most")
    return section("latency", "Latency", why, *figures, table(heads, rows))


def _row(title: str, summary: Mapping[str, Any]) -> list[str]:
    interval = NOTHING if summary["low"] is None else f"{seconds(summary['low'])} to {seconds(summary['high'])}"
    told = [seconds(summary[name]) for name in ("mean", "p95", "p99", "min", "max")]
    return [title, str(summary["n"]), f"<b>{seconds(summary['median'])}</b>", interval, *told]


def cold_start(latency: Mapping[str, Any] | None) -> str:
    """How the pods came to life, and the first request after it."""
    pods, cold = (latency or {}).get("pods") or [], (latency or {}).get("cold")
    if not pods and not cold:
        return ""
    parts = []
    if pods:
        explained = STAGES | ((latency or {}).get("phases") or {})
        rows = [(pod["pod"], [(one["name"], one["seconds"]) for one in pod["start_stages"]]) for pod in pods]
        seen = dict.fromkeys(stage for _pod, stages in rows for stage, _seconds in stages)
        sources = ", ".join(dict.fromkeys(pod["weights"] for pod in pods if pod.get("weights")))
        parts = [charts.timeline(rows), facts((stage, explained.get(stage)) for stage in seen)]
        parts.append(f"<p>The weights came from <b>{text(sources)}</b>.</p>" if sources else "")
    if cold:
        parts.append(
            f"<p>The first request of the fresh server had its first token after <b>{seconds(cold['ttft_seconds'])}</b>"
            f" and its last after {seconds(cold['e2e_seconds'])}.</p>"
        )
    elif latency:
        parts.append(f"<p>No first request was seen: {text(latency.get('cold_reason'))}.</p>")
    why = "From creating a pod until it takes requests: what a restart, a new node or one more replica costs."
    return section("cold-start", "Cold start", why, *parts)


def cross_checks(latency: Mapping[str, Any] | None) -> str:
    """The same requests by client, replies and counters, side by side."""
    told = (latency or {}).get("cross_checks")
    if not told:
        return ""
    names = {"client": "this client", "replies": "the server's replies", "metrics": "the server's /metrics"}
    kinds = {"streamed": "streamed answers", "single": "answers of one token"}
    rows = [
        (f"{kind}, by {name}", str(one["requests"]), str(one["tokens"]), seconds(one["mean_seconds"]))
        for series, kind in kinds.items()
        for source, name in names.items()
        if (one := told[series][source])
    ]
    within = f"within {round(told['tolerance'] * 100)} %"
    words = {True: f"They agree {within}.", False: f"They do not agree {within}.", None: "Only the client tells."}
    agreed = words[told["agree"]]
    why = f"The same requests by up to three sources, so that no figure rests on one of them. <b>{agreed}</b>"
    heads = ("Source", "requests", "tokens", "mean time")
    items = "".join(f"<li>{text(one)}</li>" for one in [*told["disagreements"], *told["explained"]])
    return section("cross-checks", "Can the figures be trusted?", why, table(heads, rows), f"<ul>{items}</ul>")
