# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a load measured, in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .facts import HostFacts
from .page import Page


def add_load(page: Page, facts: HostFacts) -> None:
    """The load, each of its stages, and how far the figures can be trusted."""
    results = facts.result("benchmark_results")
    found = results["results"]
    prompt, output = facts.variables["benchmark_prompt_tokens"], facts.variables["benchmark_output_tokens"]
    kind = facts.text("benchmark_load_type")
    page.row("load", f"{prompt['mean']} tokens in, {output['mean']} out, {kind}; from inside the cluster")
    for stage in found["stages"]:
        _add_stage(page, stage)
    if found.get("knee"):
        begins = "waiting begins above" if found["knee"]["reached"] else "not reached; no waiting up to"
        page.row("knee", f"{begins} {found['knee']['offered']:g}")
    ttft, tpot = found["calibration"]["ttft"], found["calibration"]["tpot"]
    first = f"{ttft['error'] * 1000:+.1f} ms of {_ms(ttft['known'])} to the first token"
    token = f"{(tpot['ratio'] - 1) * 100:+.1f} % of {_ms(tpot['known'], 2)} a token"
    page.row("error", first, f"{token}, by the same path")
    report = facts.text("benchmark_report_path") if results.get("load") else ""
    page.row("written", facts.text("benchmark_result_path"), report)


def _add_stage(page: Page, stage: Mapping[str, Any]) -> None:
    rate = stage["offered_rate"]
    offered = f"{rate:g}/s" if rate is not None else f"{stage['offered_concurrency']:g} open"
    answered = f"answered {stage['requests_per_second']:.2f}/s, {stage['output_tokens_per_second']:.0f} tokens/s"
    tpot = (stage.get("tpot") or {}).get("p50")
    first = f"first token {_ms(stage['ttft']['p50'])} (p95 {_ms(stage['ttft']['p95'])}), a token {_ms(tpot, 2)}"
    page.row(offered, f"{answered}, {stage['requests']} requests", first)


def _ms(value: float | None, digits: int = 1) -> str:
    return "n/a" if value is None else f"{value * 1000:.{digits}f} ms"
