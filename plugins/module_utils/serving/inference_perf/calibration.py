# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How wrong the measuring path is: what it measured of a server against what that server did."""

from __future__ import annotations

from typing import Any

from .log import Reports
from .stages import stage_figures


def compare(reports: Reports) -> dict[str, Any] | None:
    """Medians in seconds, known (by the server's own clock) and measured; None where either is missing.

    ``{requests, offered_rate, ttft: {known, measured, error}, tpot: {known, measured, error, ratio}}``
    """
    truth = reports.truth or {}
    if not reports.calibration or truth.get("ttft_seconds") is None or truth.get("tpot_seconds") is None:
        return None
    stage = stage_figures(reports.calibration[-1])
    if stage["ttft"] is None or stage["tpot"] is None:
        return None
    ttft = _difference(truth["ttft_seconds"], stage["ttft"]["p50"])
    tpot = _difference(truth["tpot_seconds"], stage["tpot"]["p50"])
    return {
        "requests": stage["requests"],
        "offered_rate": stage["offered_rate"],
        "offered_concurrency": stage["offered_concurrency"],
        "ttft": ttft,
        "tpot": tpot | {"ratio": round(stage["tpot"]["p50"] / truth["tpot_seconds"], 6)},
    }


def _difference(known: float, measured: float) -> dict[str, float]:
    return {"known": round(known, 6), "measured": measured, "error": round(measured - known, 6)}
