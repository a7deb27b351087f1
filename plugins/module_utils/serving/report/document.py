# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as data: what was measured, and what follows from it. Pure and JSON-ready; the page is drawn from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..engine import SIMULATED
from .runs import beside, run_of
from .words import limit_name, seconds
from .yardsticks import JUDGES, impossible, yardsticks

FIT, UNFIT, SLOW, UNJUDGED = "fit", "unfit", "slow", "unjudged"
"""SLOW: no limit was set, and it is beyond a yardstick, which is a remark and fails nothing."""

HOLDS = "Fit: it answers, and every limit holds."
EXPECTED = "Fit: it answers, as fast as {judges}. No limit was set."
SLOWER = "It answers, and slower than {judges}. No limit was set, so that is a remark and no failure."
UNKNOWN = "It answers. No limit was set and none is known, so whether it is fast enough is yours to judge."
SIMULATION = "It answers. No limit was set, and simulated figures are held against no GPU's."

FEW = 20
"""Samples below which a median is a hint rather than a figure."""


@dataclass(frozen=True)
class Sources:
    """What the report is made from, each None where there is none.

    latency: values of llm_latency. answer: values of llm_generate. model: values of hf_model_info.
    load: see load_sections.load. gpu: ``[{name, unit, points: [[seconds, value], …]}, …]``. gpus: what
    gpu_metrics_info says of each GPU, at the end of the measurement.
    benchmark: ``best``, ``unknown`` and ``differences`` of gke_inference_quickstart_info.
    deployment: what was deployed, where, by whom; names as the option has them, each None where it is not known.
    price: ``{hour, of, replicas}``, US dollars an hour of one replica, in words what that is, and how many there are.
    speed: how many times faster than real time a sandbox's clock runs.
    beside: runs of other reports that were chosen, as run_of returns them. former: the report that was here before.
    """

    title: str
    made: str
    latency: Mapping[str, Any] | None = None
    answer: Mapping[str, Any] | None = None
    model: Mapping[str, Any] | None = None
    load: Mapping[str, Any] | None = None
    gpu: Sequence[Mapping[str, Any]] | None = None
    gpus: Sequence[Mapping[str, Any]] | None = None
    benchmark: Mapping[str, Any] | None = None
    deployment: Mapping[str, Any] | None = None
    price: Mapping[str, Any] | None = None
    speed: float | None = None
    beside: Sequence[Mapping[str, Any]] = ()
    former: Mapping[str, Any] | None = None


def document(sources: Sources) -> dict[str, Any]:
    """All of the report as plain data."""
    latency, answer = sources.latency or {}, sources.answer or {}
    simulated = is_simulated(sources)
    held_against = yardsticks(
        latency,
        sources.model or {},
        (sources.benchmark or {}).get("best") or {},
        speed=sources.speed,
        simulated=simulated,
    )
    state, reasons = verdict(latency, answer, sources.load or {}, held_against)
    broken = [one for one in latency.get("thresholds") or [] if one["passed"] is False]
    report = {
        "title": sources.title,
        "made": sources.made,
        "simulated": simulated,
        "speed": sources.speed,
        "verdict": {
            "state": state,
            "headline": headline(state, broken, latency, held_against, simulated=simulated),
            "reasons": reasons,
            "cautions": cautions(sources, held_against),
        },
        "yardsticks": held_against,
        "benchmark": dict(sources.benchmark) if sources.benchmark else None,
        "deployment": dict(sources.deployment) if sources.deployment else None,
        "latency": dict(latency) or None,
        "answer": dict(answer) or None,
        "model": dict(sources.model) if sources.model else None,
        "load": dict(sources.load) if sources.load else None,
        "gpu": [dict(series) for series in sources.gpu or ()] or None,
        "gpus": [dict(one) for one in sources.gpus or ()] or None,
        "cost": cost(sources),
    }
    return {**report, "beside": beside(run_of(report), sources.beside, sources.former)}


def headline(
    state: str,
    broken: Sequence[Mapping[str, Any]],
    latency: Mapping[str, Any],
    held_against: Sequence[Mapping[str, Any]],
    *,
    simulated: bool,
) -> str:
    """The verdict in a sentence. broken: the limits that do not hold. held_against: as yardsticks returns it."""
    if state == UNFIT and not broken:
        return "Not fit: the model did not answer."
    limits = latency.get("thresholds") or []
    if state == UNFIT:
        return f"Not fit: {len(broken)} of {len(limits)} limits {'is' if len(broken) == 1 else 'are'} broken."
    if state == UNJUDGED:
        return SIMULATION if simulated else UNKNOWN
    if any(limit["passed"] for limit in limits):
        return HOLDS
    judged = [one for one in held_against if one["within"] is (state == FIT)]
    judges = " and ".join(dict.fromkeys(JUDGES[one["by"]] for one in judged))
    return (EXPECTED if state == FIT else SLOWER).format(judges=judges)


def is_simulated(sources: Sources) -> bool:
    """Whether a sandbox gave the figures."""
    return sources.speed is not None or SIMULATED in ((sources.answer or {}).get("headers") or {})


def verdict(
    latency: Mapping[str, Any],
    answer: Mapping[str, Any],
    load: Mapping[str, Any],
    held_against: Sequence[Mapping[str, Any]] = (),
) -> tuple[str, list[str]]:
    """fit, unfit, slow or unjudged, and why. Limits come before yardsticks."""
    limits = latency.get("thresholds") or []
    reasons = [
        f"{limit_name(limit['name'])}: {seconds(limit['value'])}, at most {seconds(limit['limit'])} were allowed"
        for limit in limits
        if limit["passed"] is False
    ]
    if not latency and not load:
        reasons.append("nothing was measured")
    if answer and not answer.get("generated_text"):
        reasons.append("the model gave no text")
    if reasons:
        return UNFIT, reasons
    if any(limit["passed"] for limit in limits):
        return FIT, [
            f"{limit_name(limit['name'])}: {seconds(limit['value'])} of at most {seconds(limit['limit'])}"
            for limit in limits
            if limit["passed"]
        ]
    slower = [one for one in held_against if one["within"] is False]
    within = [one for one in held_against if one["within"]]
    if slower or within:
        return (SLOW, [against(one) for one in slower]) if slower else (FIT, [against(one) for one in within])
    return UNJUDGED, []


def against(one: Mapping[str, Any]) -> str:
    """A figure beside its yardsticks, in a line."""
    beside = [
        f"{words} {seconds(one[name])}"
        for name, words in (("floor", "at the very least"), ("google", "by Google's measurement"))
        if one[name] is not None
    ]
    expected = f", at most {seconds(one['at_most'])} expected" if one["at_most"] is not None else ""
    return f"{limit_name(one['name'])}: {seconds(one['measured'])} ({', '.join(beside)}{expected})"


def cautions(sources: Sources, held_against: Sequence[Mapping[str, Any]] = ()) -> list[str]:
    """What a reader should know before trusting the figures. held_against: as yardsticks returns it."""
    latency = sources.latency or {}
    found = list((latency.get("cross_checks") or {}).get("disagreements") or [])
    taken = ((latency.get("hot") or {}).get("e2e_seconds") or {}).get("n")
    if taken is not None and taken < FEW:
        found.append(f"only {taken} samples were taken; {FEW} or more make a median that can be trusted")
    if latency.get("buffered"):
        found.append(
            f"{latency['tokens_per_arrival']:.1f} tokens arrive at once: something on the way collects them, so the "
            "time to the first token and the pace say less than the whole answer's time"
        )
    found += [
        f"{limit_name(limit['name'])} was not measured, so its limit says nothing"
        for limit in latency.get("thresholds") or []
        if limit["passed"] is None
    ]
    if latency.get("port_forwarded"):
        found.append(_forwarded((latency.get("hot") or {}).get("overhead_seconds")))
    found += [
        f"{limit_name(name)} is less than this GPU can read the weights in: several tokens come at a time (speculative "
        "decoding), or it serves another model, number format or GPU than it is taken for"
        for name in impossible(held_against, simulated=is_simulated(sources))
    ]
    restarted = [pod["pod"] for pod in latency.get("pods") or [] if pod["restarts"]]
    if restarted:
        found.append(f"containers were restarted in {', '.join(restarted)}: their cold start holds the failed tries")
    fit = (sources.model or {}).get("fit")
    if fit and not fit["fits"]:
        found.append(str((sources.model or {}).get("fit_reason")))
    return found


def _forwarded(overhead: Mapping[str, Any] | None) -> str:
    """overhead: the summary of the way there and back, None where the server does not tell its own time."""
    part = f"; the way there and back is {seconds(overhead['median'])} of it" if overhead else ", how much is not known"
    return (
        "the requests went through a port that the API server forwards, which adds its own time to the first token and "
        f"to the whole answer{part}: by a load balancer it is less"
    )


def cost(sources: Sources) -> dict[str, Any] | None:
    """US dollars a million generated tokens: alone (one request after the other, which takes one replica), and under
    load at its best stage, by all replicas together."""
    if not sources.price:
        return None
    hour, of = sources.price["hour"], sources.price["of"]
    ntpot = ((sources.latency or {}).get("hot") or {}).get("ntpot_seconds")
    alone = ntpot["median"] * (sources.speed or 1.0) if ntpot else None
    rates = [stage.get("output_tokens_per_second") or 0 for stage in (sources.load or {}).get("stages") or []]
    best = max(rates, default=0) / (sources.speed or 1.0)
    return {
        "hour": hour,
        "of": of,
        "alone": round(hour / 3600 * alone * 1e6, 4) if alone else None,
        "loaded": round(hour * sources.price["replicas"] / 3600 / best * 1e6, 4) if best else None,
        "replicas": sources.price["replicas"],
    }


def short(report: Mapping[str, Any]) -> dict[str, Any]:
    """The figures that fit a job's summary (set_stats)."""
    hot = (report["latency"] or {}).get("hot") or {}
    pods = (report["latency"] or {}).get("pods") or []
    medians = {name: summary["median"] for name, summary in hot.items() if summary}
    return {
        "verdict": report["verdict"]["state"],
        "reasons": report["verdict"]["reasons"],
        "cautions": report["verdict"]["cautions"],
        "model": (report["latency"] or {}).get("model"),
        "medians": medians,
        "yardsticks": report["yardsticks"],
        "cold_start_seconds": max((pod["start_seconds"] for pod in pods), default=None),
        "dollars_per_million_tokens": (report["cost"] or {}).get("alone"),
        "simulated": report["simulated"],
        "beside": report["beside"],
    }
