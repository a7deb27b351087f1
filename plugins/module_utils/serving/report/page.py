# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page: one HTML file that needs nothing else, in the reader's light or dark."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import about_sections, latency_sections, load_sections
from .runs import comparison, run_of
from .style import STYLE
from .words import money, number, plain, seconds, text


def page(report: Mapping[str, Any]) -> str:
    """The document as HTML."""
    latency, title = report["latency"], text(report["title"])
    parts = (
        latency_sections.thresholds(latency),
        latency_sections.yardsticks(report["yardsticks"], report["benchmark"], simulated=report["simulated"]),
        latency_sections.hot(latency),
        load_sections.load(report["load"]),
        comparison(run_of(report), report["beside"]),
        latency_sections.cold_start(latency),
        load_sections.gpu(report["gpu"], report["gpus"]),
        about_sections.memory(report["model"]),
        load_sections.cost(report["cost"], simulated=report["simulated"]),
        latency_sections.cross_checks(latency),
        about_sections.deployed(latency, report["deployment"], report["model"]),
        about_sections.manifest(report["benchmark"]),
        about_sections.answer(report["answer"]),
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<header><h1>{title}</h1><p>{text(report['made'])}</p></header>\n"
        f"{_simulated(report)}{_verdict(report['verdict'])}{_tiles(report)}\n"
        + "\n".join(part for part in parts if part)
        + "\n</main>\n</body>\n</html>\n"
    )


def _simulated(report: Mapping[str, Any]) -> str:
    if not report["simulated"]:
        return ""
    faster = f", {plain(number(report['speed']))} times faster than real time" if report["speed"] else ""
    return (
        '<p class="simulated"><b>Simulated.</b> A sandbox gave these figures: no GPU was used, no language model ran, '
        f"and the times are the simulation's{faster}, also those of a limit. So is the verdict below: it says nothing "
        "of a real GPU.</p>"
    )


def _verdict(verdict: Mapping[str, Any]) -> str:
    reasons = "".join(f"<li>{text(one)}</li>" for one in verdict["reasons"])
    cautions = "".join(f"<li>{text(one)}</li>" for one in verdict["cautions"])
    beware = f"<p>Before you trust the figures:</p><ul>{cautions}</ul>" if cautions else ""
    return f'<div class="verdict {verdict["state"]}"><p>{text(verdict["headline"])}</p><ul>{reasons}</ul>{beware}</div>'


def _tiles(report: Mapping[str, Any]) -> str:
    """The few figures that most people come for."""
    latency, given = report["latency"] or {}, report["cost"] or {}
    if report["simulated"]:
        # By the simulation's pace, a token would cost what it does on no GPU.
        given = {"hour": given.get("hour")}
    hot, pods = latency.get("hot") or {}, latency.get("pods") or []
    ttft, tpot = (hot.get(name) for name in ("ttft_seconds", "tpot_seconds"))
    tiles = [
        ("to the first token", seconds(ttft["median"]) if ttft else None),
        ("tokens a second", number(1 / tpot["median"]) if tpot and tpot["median"] else None),
        ("cold start of a pod", seconds(max(pod["start_seconds"] for pod in pods)) if pods else None),
        ("for a million tokens, one request at a time", money(given["alone"]) if given.get("alone") else None),
        ("for an hour of the machine", money(given["hour"]) if report["simulated"] and given["hour"] else None),
        ("for a million tokens under load", money(given["loaded"]) if given.get("loaded") else None),
    ]
    shown = "".join(f"<div><b>{value}</b><span>{name}</span></div>" for name, value in tiles if value)
    return f'<div class="tiles">{shown}</div>' if shown else ""
