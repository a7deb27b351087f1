# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the variables of role tgi_mistral: the server and its autoscaler."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ...core.rules import Rule, image, least

Values = Mapping[str, Any]

_PERCENTAGE = re.compile(r"\d{1,3}%")
_URL = re.compile(r"https?://[^/@\s]+(/\S*)?")
_LABEL, _LABEL_VALUE = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*"), re.compile(r"[-a-zA-Z0-9_.:/ ]*")
_LONGEST_WINDOW, _LONGEST_PERIOD = 3600, 1800
"""Seconds, by autoscaling/v2."""


def _signals_can_work(values: Values) -> bool:
    if not values["tgi_mistral_hpa_enabled"]:
        return True
    signals = [one["signal"] for one in values["tgi_mistral_hpa_signals"]]
    return (
        bool(signals)
        and len(set(signals)) == len(signals)
        and all(int(one.get("target", 1)) > 0 for one in values["tgi_mistral_hpa_signals"])
        and ("gpu_utilization" not in signals or values["llmops_gpu_metrics"] == "daemonset")
    )


def _directions(behavior: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Scaling up and down, those of them that are given."""
    return (direction for direction in behavior.values() if direction)


def _behavior_can_work(values: Values) -> bool:
    return all(
        0 <= int(direction.get("stabilizationWindowSeconds") or 0) <= _LONGEST_WINDOW
        and all(
            int(policy["value"]) > 0 and 1 <= int(policy["periodSeconds"]) <= _LONGEST_PERIOD
            for policy in direction.get("policies") or ()
        )
        for direction in _directions(values["tgi_mistral_hpa_behavior"])
    )


def _has_prometheus(values: Values) -> bool:
    if not values["tgi_mistral_hpa_enabled"] or values["tgi_mistral_hpa_adapter"] != "prometheus":
        return True
    return _URL.fullmatch(values["tgi_mistral_hpa_prometheus_url"]) is not None


def _are_labels(labels: Mapping[str, Any]) -> bool:
    return all(_LABEL.fullmatch(name) and _LABEL_VALUE.fullmatch(str(value)) for name, value in labels.items())


def _pods(variable: str) -> Rule:
    """Pods during a rollout, as apps/v1 takes them: a text is a percentage there, never a number."""

    def holds(values: Values) -> bool:
        value = values[variable]
        if isinstance(value, str):
            return _PERCENTAGE.fullmatch(value) is not None
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0

    example = json.dumps({variable: 1})
    return Rule(variable, (variable,), holds, f"a percentage such as 25%, or a number that is no text (-e '{example}')")


RULES = (
    Rule(
        "tgi_mistral_hpa_min_replicas",
        ("tgi_mistral_hpa_min_replicas", "tgi_mistral_hpa_max_replicas"),
        lambda values: values["tgi_mistral_hpa_min_replicas"] <= values["tgi_mistral_hpa_max_replicas"],
        lambda values: f"at most tgi_mistral_hpa_max_replicas ({values['tgi_mistral_hpa_max_replicas']})",
    ),
    Rule(
        "tgi_mistral_hpa_min_replicas",
        ("tgi_mistral_hpa_min_replicas",),
        lambda values: values["tgi_mistral_hpa_min_replicas"] > 0,
        "1 at least: Kubernetes before 1.37 has no such autoscaler (HPAScaleToZero is off there), and with its signals "
        "gone with the last pod nothing would wake the model; llmops_replicas: 0 lets it sleep",
    ),
    Rule(
        "tgi_mistral_hpa_signals",
        ("tgi_mistral_hpa_signals", "tgi_mistral_hpa_enabled", "llmops_gpu_metrics"),
        _signals_can_work,
        lambda values: (
            "at least one signal, each once, with a target of 1 or more; gpu_utilization needs llmops_gpu_metrics "
            f"daemonset ({values['llmops_gpu_metrics']}), because an autoscaler cannot read GKE's own series, whose "
            "names are in capitals"
        ),
    ),
    Rule(
        "tgi_mistral_hpa_behavior",
        ("tgi_mistral_hpa_behavior",),
        _behavior_can_work,
        f"stabilizationWindowSeconds of 0 to {_LONGEST_WINDOW}, and policies whose value is above 0 and periodSeconds "
        f"1 to {_LONGEST_PERIOD}",
    ),
    Rule(
        "tgi_mistral_hpa_prometheus_url",
        ("tgi_mistral_hpa_prometheus_url", "tgi_mistral_hpa_enabled", "tgi_mistral_hpa_adapter"),
        _has_prometheus,
        "the URL of the Prometheus that prometheus-adapter is to ask, as the cluster reaches it, without credentials "
        "(http://frontend.NAMESPACE.svc:9090 for the frontend of managed Prometheus)",
    ),
    Rule(
        "tgi_mistral_hpa_prometheus_labels",
        ("tgi_mistral_hpa_prometheus_labels",),
        lambda values: _are_labels(values["tgi_mistral_hpa_prometheus_labels"]),
        "labels of Prometheus, each with the value that it must have, without quotes and braces",
    ),
    _pods("tgi_mistral_max_surge"),
    _pods("tgi_mistral_max_unavailable"),
    least("tgi_mistral_num_shard", 1),
    least("tgi_mistral_timeout", 1),
    least("tgi_mistral_hpa_timeout", 1),
    image("tgi_mistral_image"),
    image("tgi_mistral_hpa_adapter_image"),
    image("tgi_mistral_hpa_prometheus_adapter_image"),
)
