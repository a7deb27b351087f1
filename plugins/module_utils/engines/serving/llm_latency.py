# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of llm_latency: how fast the server answers, and what its pods are where the cluster is open to it."""

from __future__ import annotations

from typing import Any

from ...core.deadline import Deadline
from ...core.errors import InvalidOption
from ...core.result import Progress, Result
from ...core.runner import ModuleSpec
from ...serving.latency_run import broken, run_latency
from ...serving.options import TGI_REQUEST, TGI_REQUEST_RULES
from ...workflows.cluster_options import KUBERNETES_ACCESS
from ...workflows.port_forward import PORT_FORWARD, through_port_forward

LOG_LINES = 2000

SHOWN = (
    "MODEL_ID",
    "QUANTIZE",
    "DTYPE",
    "NUM_SHARD",
    "MAX_INPUT_TOKENS",
    "MAX_TOTAL_TOKENS",
    "MAX_BATCH_PREFILL_TOKENS",
)
"""Of a container's environment only this is told: a key may stand there in the open."""


def run(options: dict[str, Any], check: bool, progress: Progress) -> Result:
    """Measure latency; with ``service`` also tell of the pods behind it, their cold start above all."""
    if not options["service"]:
        if options["cluster"] or options["kubeconfig"]:
            raise InvalidOption("service", None, "the Service whose pods' cold start shall be read")
        if options["gpu_metrics"]:
            raise InvalidOption("gpu_metrics", True, "service beside it, whose pods' GPUs shall be watched")
        return run_latency(options, check, progress, {"pods": None, "gpu": None})
    if not (options["cluster"] or options["kubeconfig"]):
        raise InvalidOption("service", options["service"], "cluster or kubeconfig beside it, to read its pods")
    # Imported here, because most uses have no cluster at hand and should not pay for its client.
    from ...workflows import cluster_access

    with cluster_access.cluster_access(options, Deadline(options["timeout"])) as access:
        pods = [] if access.api is None else _pods(access.api, options)
        if pods and options["gpu_metrics"] and not check:
            result = _watched(access.api, options, progress, pods)
        else:
            result = run_latency(options, check, progress, {"pods": pods, "gpu": None})
        result.http_requests += access.requests
        return result


def secrets(options: dict[str, Any]) -> set[str]:
    """The strings inside the access options that must be hidden beyond those marked ``no_log``."""
    if not options.get("kubeconfig"):
        return set()
    from ...workflows import cluster_access

    return cluster_access.secrets(options)


def _watched(api: Any, options: dict[str, Any], progress: Progress, pods: list[dict[str, Any]]) -> Result:
    """Measure, and read the GPUs of the pods meanwhile."""
    from ...workflows.gpu_metrics.series import Watcher

    # A limit that is broken is raised only when the series is whole: the error carries it too.
    with Watcher(api, {pod["node"] for pod in pods}) as watcher:
        result = run_latency({**options, "enforce": False}, False, progress, {"pods": pods})
    result.values["gpu"] = watcher.series()
    if result.values["breach"] and options["enforce"]:
        raise broken(result.values)
    return result


def _pods(api: Any, options: dict[str, Any]) -> list[dict[str, Any]]:
    from ...kubernetes.client.resources import EVENT
    from ...kubernetes.diagnosis.node_provisioning import node_provisioning
    from ...kubernetes.diagnosis.pod_startup import pod_start, read_node, selected_pods, selector_of
    from ...workflows.gke_nodes import gpus_in, machine_of
    from ...workflows.model_startup import start_of

    namespace = options["namespace"] or api.default_namespace
    pods = selected_pods(api, namespace, selector_of(api, namespace, options["service"]) or {})
    starts = [(pod, start) for pod in pods if (start := pod_start(pod))]
    nodes = {name: read_node(api, name) for name in {start.node for _pod, start in starts}}
    events = api.list(EVENT, namespace) if starts else []
    return [
        {
            "pod": start.name,
            "image": start.image,
            "gpus": gpus_in(start.limits),
            "env": {name: start.env[name] for name in SHOWN if name in start.env},
            "node": start.node,
            **machine_of(nodes[start.node]),
            "restarts": start.restarts,
            "created": start.created.isoformat(),
            **start_of(
                start,
                node_provisioning(pod, nodes[start.node], events),
                api.logs(start.namespace, start.name, start.container, lines=LOG_LINES),
            ),
        }
        for pod, start in starts
    ]


ARGUMENT_SPEC: dict[str, Any] = {
    **TGI_REQUEST,
    **KUBERNETES_ACCESS,
    **PORT_FORWARD,
    "inputs": {"type": "str", "required": True},
    "enforce": {"type": "bool", "default": True},
    "service": {"type": "str"},
    "namespace": {"type": "str"},
    "warmup": {"type": "int", "default": 3},
    "samples": {"type": "int", "default": 20},
    "thresholds": {"type": "dict"},
    "gpu_metrics": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 900},
}

RULES: dict[str, Any] = {
    "mutually_exclusive": [("cluster", "kubeconfig"), *TGI_REQUEST_RULES["mutually_exclusive"]],
    "required_one_of": TGI_REQUEST_RULES["required_one_of"],
    "required_by": {"cluster": ("location",)},
}

SPEC = ModuleSpec(run=through_port_forward(run), argument_spec=ARGUMENT_SPEC, rules=RULES, secrets=secrets)
