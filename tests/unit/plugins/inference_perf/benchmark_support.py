# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What inference-perf 0.7.0 wrote, and logs made of it.

recorded/: stages against the sandbox's TGI, media and histograms left out. no_space: events that begin ``data:{``.
capped: one worker that may have two requests open, 8/s offered. failing: nothing listens. concurrent: two stages.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from ansible_collections.llmops.gke.plugins.module_utils.serving.inference_perf.log import MARK
from ansible_collections.llmops.gke.plugins.module_utils.serving.inference_perf.stages import stage_figures

_RECORDED = Path(__file__).parent / "recorded"
TRUTH = {"requests": 24, "ttft_seconds": 0.05, "tpot_seconds": 0.02}


def recorded(name: str) -> list[dict[str, Any]]:
    """The reports of a run's stages."""
    return json.loads((_RECORDED / f"{name}.json").read_text(encoding="utf-8"))


def stage(rate: float = 8.0, ttft: float = 0.05, count: int = 80, **changed: Any) -> dict[str, Any]:
    """The figures of a sound stage; changed: those that are otherwise."""
    return stage_figures(report(rate, ttft, count)) | changed


def report(rate: float = 8.0, ttft: float = 0.05, count: int = 80, tpot: float = 0.02) -> dict[str, Any]:
    """A report of a stage without faults, in the form of the recorded ones."""
    body = copy.deepcopy(recorded("capped")[0])
    body["load_summary"] |= {
        "count": count,
        "schedule_delay": {"mean": 0.001, "median": 0.001, "p95": 0.002, "p99": 0.003},
        "send_duration": (count - 1) / rate,
        "requested_rate": rate,
        "achieved_rate": count / ((count - 1) / rate),
    }
    body["successes"]["count"] = count
    body["successes"]["latency"] |= {
        "time_to_first_token": {"mean": ttft, "median": ttft, "p95": ttft * 1.5, "p99": ttft * 2},
        "time_per_output_token": {"mean": tpot, "median": tpot, "p95": tpot, "p99": tpot},
    }
    return body


def line(run: str, name: str, content: Any) -> str:
    """A line of the Job's log."""
    return MARK + json.dumps({"run": run, "report": name, "content": content})


def log(*load: dict[str, Any], calibration: dict[str, Any] | None = None, **truth: Any) -> list[str]:
    """The log of a whole run, with what else inference-perf prints."""
    measured = calibration or report()
    return [
        "PyTorch was not found.",
        line("calibration", "stage_0_lifecycle_metrics", measured),
        line("calibration", "truth", TRUTH | truth),
        *(line("load", f"stage_{number}_lifecycle_metrics", one) for number, one in enumerate(load)),
        "done",
    ]
