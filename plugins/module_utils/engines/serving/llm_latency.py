# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of llm_latency: how fast the server answers, and what its pods are where the cluster is open to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...core.deadline import Deadline
from ...core.errors import InvalidOption
from ...core.result import Progress, Result, Run
from ...core.runner import ModuleSpec
from ...serving import registry
from ...serving.client import check_url
from ...serving.measure import Plan, measure
from ...serving.options import ENGINE, MESSAGES, SAMPLING, SERVER, SERVER_RULES, read_request
from ...serving.reachability import look
from ...serving.thresholds import ThresholdBreached, breach_of, check_thresholds, compare, of_targets
from ...workflows.cluster_options import KUBERNETES_ACCESS
from ...workflows.port_forward import PORT_FORWARD, secrets, through_port_forward


def run(options: dict[str, Any], check: bool, progress: Progress) -> Result:
    """Measure latency; with ``service`` also tell of the pods behind it, their cold start above all."""
    if not options["service"]:
        if options["cluster"] or options["kubeconfig"]:
            raise InvalidOption("service", None, "the Service whose pods' cold start shall be read")
        if options["gpu_metrics"]:
            raise InvalidOption("gpu_metrics", True, "service beside it, whose pods' GPUs shall be watched")
        return measure_latency(options, check, progress, {"pods": None, "gpu": None})
    if not (options["cluster"] or options["kubeconfig"]):
        raise InvalidOption("service", options["service"], "cluster or kubeconfig beside it, to read its pods")
    # Imported here, because most uses have no cluster at hand and should not pay for its client.
    from ...workflows import cluster_access
    from ...workflows.model_startup import pods_behind

    with cluster_access.cluster_access(options, Deadline(options["timeout"])) as access:
        result = of_pods(pods_behind(access, options))(options, check, progress)
        result.http_requests += access.requests
        return result


def of_pods(behind: Any) -> Run:
    """The engine for the pods behind a Service (ModelPods, or None); it counts no requests to their cluster."""
    from ...workflows.model_startup import serving_pods

    def run(options: dict[str, Any], check: bool, progress: Progress) -> Result:
        pods = serving_pods(behind) if behind is not None else []
        if pods and options["gpu_metrics"] and not check:
            return _watched(behind.api, options, progress, pods)
        return measure_latency(options, check, progress, {"pods": pods, "gpu": None})

    return run


def measure_latency(
    options: dict[str, Any], check: bool, progress: Progress, beside: Mapping[str, Any] | None = None
) -> Result:
    """Measure latency; in check mode ask for health and identity alone.

    beside: what is known of the server from elsewhere; it goes into the values, and limits may be set on it.
    """
    engine = registry.engine(options["engine"])
    limits = check_thresholds({**of_targets(options.get("targets")), **(options["thresholds"] or {})})
    check_url(options["url"])
    request = read_request(options, engine, streaming=True)
    for name, least in (("warmup", 0), ("samples", 1)):
        if options[name] < least:
            raise InvalidOption(name, options[name], f"{least} or more")
    if check:
        return look(engine, options["url"], options["api_key"], options["timeout"])
    deadline = Deadline(options["timeout"], progress=progress)
    client = engine.connect(options["url"], options["api_key"], deadline)
    try:
        client.health()
        identity = client.identity()
        measured = measure(client, Plan(request, options["warmup"], options["samples"], engine.metrics), progress)
    finally:
        client.close()
    values = {
        "reachable": True,
        "url": client.url,
        "engine": engine.name,
        "model": identity.model,
        "info": {
            "server": engine.title,
            "version": identity.version,
            "max_input_tokens": identity.max_input_tokens,
            "max_total_tokens": identity.max_total_tokens,
            "details": dict(identity.details),
        },
        "phases": dict(engine.phases),
        "port_forwarded": bool(options.get("port_forward")),
        **(beside or {}),
        **measured.values,
    }
    compared = compare(limits, values)
    waiting = engine.metrics.waiting if engine.metrics else None
    values |= {"thresholds": compared, "breach": breach_of(compared, values, waiting)}
    if values["breach"] and options["enforce"]:
        raise broken(values)
    return Result(values=values, warnings=measured.warnings, http_requests=client.sent)


def broken(values: Mapping[str, Any]) -> ThresholdBreached:
    """The error for a broken limit, with all figures; ``breach`` among the values says which limits."""
    measured = {name: value for name, value in values.items() if name not in ("thresholds", "breach")}
    return ThresholdBreached(values["breach"], thresholds=values["thresholds"], measured=measured)


def _watched(api: Any, options: dict[str, Any], progress: Progress, pods: list[dict[str, Any]]) -> Result:
    """Measure, and read the GPUs of the pods meanwhile."""
    from ...workflows.gpu_metrics.series import Watcher

    # A limit that is broken is raised only when the series is whole: the error carries it too.
    with Watcher(api, {pod["node"] for pod in pods}) as watcher:
        result = measure_latency({**options, "enforce": False}, False, progress, {"pods": pods})
    result.values["gpu"] = watcher.series()
    if result.values["breach"] and options["enforce"]:
        raise broken(result.values)
    return result


ARGUMENT_SPEC: dict[str, Any] = {
    **ENGINE,
    **SERVER,
    **SAMPLING,
    **KUBERNETES_ACCESS,
    **PORT_FORWARD,
    "prompt": {"type": "str"},
    **MESSAGES,
    "enforce": {"type": "bool", "default": True},
    "service": {"type": "str"},
    "namespace": {"type": "str"},
    "warmup": {"type": "int", "default": 3},
    "samples": {"type": "int", "default": 20},
    "thresholds": {"type": "dict"},
    "targets": {"type": "dict"},
    "gpu_metrics": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 900},
}

RULES: dict[str, Any] = {
    "mutually_exclusive": [("prompt", "messages"), ("cluster", "kubeconfig"), *SERVER_RULES["mutually_exclusive"]],
    "required_one_of": [("prompt", "messages"), *SERVER_RULES["required_one_of"]],
    "required_by": {"cluster": ("location",)},
}

SPEC = ModuleSpec(
    run=through_port_forward(run), argument_spec=ARGUMENT_SPEC, rules=RULES, secrets=secrets, warns_by_host=True
)
