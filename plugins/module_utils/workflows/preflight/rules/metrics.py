# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the GPU metrics and the proof."""

from __future__ import annotations

from typing import Any

from .rule import Rule, Values, form, least
from .shared import IMAGE, IMAGE_SAID, NAME, NAME_SAID

_UTILIZATION = "DCGM_FI_DEV_GPU_UTIL"
_PARTS = 3
"""Of a counter: DCGM's field, Prometheus' type, help."""


def _needed_series(values: Values) -> set[str]:
    """The series that somebody looks at: the role itself, and an autoscaler that has the GPU's load as its signal."""
    signals = [one["signal"] for one in values["tgi_mistral_hpa_signals"] or ()]
    scaling = values["tgi_mistral_hpa_enabled"] and "gpu_utilization" in signals
    return {*values["dcgm_exporter_series"], *([_UTILIZATION] if scaling else [])}


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
        optional=("tgi_mistral_hpa_signals", "tgi_mistral_hpa_enabled"),
    ),
    least("dcgm_exporter_timeout", 1),
    form("dcgm_exporter_namespace", NAME, NAME_SAID),
    form("dcgm_exporter_image", IMAGE, IMAGE_SAID),
    form("dcgm_exporter_interval", r"([0-9]+(ms|s|m|h))+", "a duration such as 15s"),
    least("verify_timeout", 1),
    least("verify_load_clients", 1),
    least("verify_load_timeout", 1),
)
