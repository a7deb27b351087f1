# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reports of inference-perf in the log of its Job, one a line (roles/benchmark/files/run.py writes them)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ...core.errors import LlmopsError
from ...http import json_text

MARK = "inference-perf-result "
_STAGE = re.compile(r"stage_(\d+)_lifecycle_metrics")


class ResultsMissing(LlmopsError):
    """The log does not hold what a finished run leaves there."""

    kind = "results_missing"


@dataclass
class Reports:
    """load and calibration: the reports of their stages, in order. truth: what the calibration server served.
    refusal: why there was no load, as the model server did not even answer one request; empty where it did."""

    load: list[dict[str, Any]] = field(default_factory=list)
    calibration: list[dict[str, Any]] = field(default_factory=list)
    truth: dict[str, Any] | None = None
    refusal: str = ""


def read_reports(lines: Iterable[str]) -> Reports:
    """The reports among the lines of a log; raises ResultsMissing where the load has none and was not refused.

    A stage's number is in its report's name, and the log may tell stage 10 before stage 2.
    """
    stages: dict[str, dict[int, dict[str, Any]]] = {"load": {}, "calibration": {}}
    reports, last = Reports(), ""
    for line in lines:
        if not line.startswith(MARK):
            last = line.strip() or last
            continue
        try:
            told = json_text.loads(line.removeprefix(MARK))
            name, content = told["report"], told["content"]
            if stage := _STAGE.fullmatch(name):
                stages[told["run"]][int(stage[1])] = content
            elif name == "truth":
                reports.truth = content
            elif name == "refusal":
                reports.refusal = str(content)
        except (ValueError, TypeError, KeyError):
            raise ResultsMissing(
                "a report in the Job's log is cut off; the node may have rotated the log: use fewer stages"
            ) from None
    reports.load, reports.calibration = ([found[number] for number in sorted(found)] for found in stages.values())
    if not reports.load and not reports.refusal:
        raise ResultsMissing(f"the Job's log has no report of a stage; its last line: {last[:300] or 'none'}")
    return reports
