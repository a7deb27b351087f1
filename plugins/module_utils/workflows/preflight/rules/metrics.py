# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the GPU metrics and the proof."""

from __future__ import annotations

from typing import Any

from ....core.rules import Rule, form, image, least
from .evaluation import Values
from .shared import NAME, NAME_SAID

_PARTS = 3
"""Of a counter: DCGM's field, Prometheus' type, help."""


def _needed_series(values: Values) -> set[str]:
    """The series that somebody looks at: the role itself, and the model's autoscaler."""
    return {*values["dcgm_exporter_series"], *(values.model.get("gpu_series") or ())}


def _counts_them(values: Values) -> bool:
    counters: list[Any] = values["dcgm_exporter_counters"]
    if values["llmops_gpu_metrics"] != "daemonset":
        return True
    whole = all(isinstance(counter, list) and len(counter) == _PARTS for counter in counters)
    return whole and _needed_series(values) <= {counter[0] for counter in counters}


RULES = (
    Rule(
        "dcgm_exporter_components",
        ("dcgm_exporter_components", "llmops_gpu_metrics"),
        lambda values: values["llmops_gpu_metrics"] != "managed" or "DCGM" in values["dcgm_exporter_components"],
        "a list with DCGM in it where llmops_gpu_metrics is managed, because that is GKE's exporter",
    ),
    Rule(
        "dcgm_exporter_counters",
        ("dcgm_exporter_counters", "dcgm_exporter_series", "llmops_gpu_metrics"),
        _counts_them,
        lambda values: (
            "a list of [field of DCGM, type, help], with every field that is needed: "
            f"{', '.join(sorted(_needed_series(values)))} (dcgm_exporter_series, and the autoscaler's signal)"
        ),
    ),
    least("dcgm_exporter_timeout", 1),
    form("dcgm_exporter_namespace", NAME, NAME_SAID),
    image("dcgm_exporter_image"),
    form("dcgm_exporter_interval", r"([0-9]+(ms|s|m|h))+", "a duration such as 15s"),
    least("verify_timeout", 1),
    least("verify_load_clients", 1),
    least("verify_load_timeout", 1),
)
