# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the model's Deployment and its autoscaler, whichever server it runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ....core.rules import Rule, image, least
from .evaluation import Values

_PERCENTAGE = re.compile(r"\d{1,3}%")
_URL = re.compile(r"https?://[^/@\s]+(/\S*)?")
_LABEL, _LABEL_VALUE = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*"), re.compile(r"[-a-zA-Z0-9_.:/ ]*")
_LONGEST_WINDOW, _LONGEST_PERIOD = 3600, 1800
"""Seconds, by autoscaling/v2."""


def _signals(values: Values) -> list[str]:
    """Those that the model's server has, by the role that describes it."""
    return list(values.model.get("signals") or ())


def _signals_can_work(values: Values) -> bool:
    if not values["model_server_hpa_enabled"]:
        return True
    signals = [one["signal"] for one in values["model_server_hpa_signals"]]
    return (
        bool(signals)
        and len(set(signals)) == len(signals)
        and all(int(one.get("target", 1)) > 0 for one in values["model_server_hpa_signals"])
        and (not values.model or set(signals) <= {*_signals(values), "gpu_utilization"})
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
        for direction in _directions(values["model_server_hpa_behavior"])
    )


def _has_prometheus(values: Values) -> bool:
    if not values["model_server_hpa_enabled"] or values["model_server_hpa_adapter"] != "prometheus":
        return True
    return _URL.fullmatch(values["model_server_hpa_prometheus_url"]) is not None


def _are_labels(labels: Mapping[str, Any]) -> bool:
    return all(_LABEL.fullmatch(name) and _LABEL_VALUE.fullmatch(str(value)) for name, value in labels.items())


def _are_pods(value: Any) -> bool:
    """A percentage or a number, as apps/v1 takes them."""
    if isinstance(value, str):
        return _PERCENTAGE.fullmatch(value) is not None
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _given(values: Values) -> bool:
    return values["model_server_max_disrupted"] not in ("", None)


def _is_user(values: Values) -> bool:
    """Whether the server is not root."""
    return bool(values["model_server_restricted"] and int(values.model.get("user") or 0))


def _is_enforced(values: Values) -> bool:
    """Whether the play's cluster enforces network policies; of somebody else's cluster nothing is known."""
    clusters = [plan["cluster"] for plan in values.deployment.plans.values() if plan.get("cluster")]
    if not values["model_server_network_policy"] or not clusters:
        return True
    network, policy = (clusters[0].get(name) or {} for name in ("network_config", "network_policy"))
    return network.get("datapath_provider") == "ADVANCED_DATAPATH" or bool(policy.get("enabled"))


def _pods(variable: str) -> Rule:
    """Pods during a rollout, as apps/v1 takes them: a text is a percentage there, never a number."""

    def accepted(values: Values) -> str:
        value = values[variable]
        example = json.dumps({variable: int(value) if isinstance(value, str) and value.isdecimal() else 1})
        return f"a percentage such as 25%, or a number that is no text (-e '{example}')"

    return Rule(variable, (variable,), lambda values: _are_pods(values[variable]), accepted)


RULES = (
    Rule(
        "llmops_engine",
        ("llmops_engine",),
        lambda values: not values.engines or values["llmops_engine"] in values.engines,
        lambda values: (
            f"{' or '.join(values.engines)}, whose role the play has: roles of other model servers do nothing"
        ),
    ),
    Rule(
        "model_server_hpa_min_replicas",
        ("model_server_hpa_min_replicas", "model_server_hpa_max_replicas"),
        lambda values: values["model_server_hpa_min_replicas"] <= values["model_server_hpa_max_replicas"],
        lambda values: f"at most model_server_hpa_max_replicas ({values['model_server_hpa_max_replicas']})",
    ),
    Rule(
        "model_server_hpa_min_replicas",
        ("model_server_hpa_min_replicas",),
        lambda values: values["model_server_hpa_min_replicas"] > 0,
        "1 at least: Kubernetes before 1.37 has no such autoscaler (HPAScaleToZero is off there), and with its signals "
        "gone with the last pod nothing would wake the model; llmops_replicas: 0 lets it sleep",
    ),
    Rule(
        "model_server_hpa_signals",
        ("model_server_hpa_signals", "model_server_hpa_enabled", "llmops_gpu_metrics"),
        _signals_can_work,
        lambda values: (
            f"at least one signal, each once, with a target of 1 or more, of these: {', '.join(_signals(values))}, "
            "gpu_utilization; gpu_utilization needs llmops_gpu_metrics "
            f"daemonset ({values['llmops_gpu_metrics']}), because an autoscaler cannot read GKE's own series, whose "
            "names are in capitals"
        ),
    ),
    Rule(
        "model_server_hpa_behavior",
        ("model_server_hpa_behavior",),
        _behavior_can_work,
        f"stabilizationWindowSeconds of 0 to {_LONGEST_WINDOW}, and policies whose value is above 0 and periodSeconds "
        f"1 to {_LONGEST_PERIOD}",
    ),
    Rule(
        "model_server_hpa_prometheus_url",
        ("model_server_hpa_prometheus_url", "model_server_hpa_enabled", "model_server_hpa_adapter"),
        _has_prometheus,
        "the URL of the Prometheus that prometheus-adapter is to ask, as the cluster reaches it, without credentials "
        "(http://frontend.NAMESPACE.svc:9090 for the frontend of managed Prometheus)",
    ),
    Rule(
        "model_server_hpa_prometheus_labels",
        ("model_server_hpa_prometheus_labels",),
        lambda values: _are_labels(values["model_server_hpa_prometheus_labels"]),
        "labels of Prometheus, each with the value that it must have, without quotes and braces",
    ),
    _pods("model_server_max_surge"),
    _pods("model_server_max_unavailable"),
    least("model_server_timeout", 1),
    least("model_server_pre_stop_seconds", 0),
    Rule(
        "model_server_max_disrupted",
        ("model_server_max_disrupted",),
        lambda values: not _given(values) or _are_pods(values["model_server_max_disrupted"]),
        "a percentage such as 25%, a number that is no text, or nothing",
    ),
    Rule(
        "model_server_data_volume",
        ("model_server_data_volume", "model_server_restricted"),
        lambda values: values["model_server_data_volume"] != "host_path" or not _is_user(values),
        "empty_dir where the server does not run as root, who alone can write to a directory of the node",
    ),
    Rule(
        "model_server_network_policy_egress",
        (
            *("model_server_network_policy_egress", "model_server_network_policy", "model_server_data_volume"),
            "llmops_weights",
        ),
        lambda values: (
            not values["model_server_network_policy"]
            or values["model_server_network_policy_egress"] != "none"
            or values["llmops_weights"] == "disk"
            or values["llmops_weights"] == "hub"
            and values["model_server_data_volume"] == "host_path"
        ),
        "hub, unless llmops_weights is disk or model_server_data_volume is host_path: every new pod fetches its "
        "weights otherwise",
    ),
    Rule(
        "model_server_network_policy",
        ("model_server_network_policy",),
        _is_enforced,
        "false, or a cluster that enforces it: gke_cluster_fields: {network_config: {datapath_provider: "
        "ADVANCED_DATAPATH}}, which can be set when the cluster is created",
    ),
    image("model_server_hpa_adapter_image"),
    image("model_server_picker_image"),
    image("model_server_hpa_prometheus_adapter_image"),
)
