# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of llm_start_info: whether a model sleeps, serves or is on its way, and where on it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ...core.deadline import Deadline
from ...core.option_names import plain
from ...core.result import Progress, Result
from ...core.runner import ModuleSpec
from ...kubernetes.client.resources import Kind
from ...kubernetes.diagnosis.pod_startup import itemised, pod_moments, selector_of, under_way
from ...kubernetes.diagnosis.pods import pod_state
from ...kubernetes.wait.states import Failed
from ...serving.options import ENGINE
from ...workflows import cluster_access
from ...workflows.cluster_access import secrets
from ...workflows.cluster_options import KUBERNETES_ACCESS, KUBERNETES_ACCESS_RULES
from ...workflows.gke_nodes import machine_of
from ...workflows.model_startup import ModelPods, pods_behind, weights_of

_DEPLOYMENT = Kind("apps", "v1", "Deployment", "deployments")
_ENDED = ("Succeeded", "Failed")


def run(options: dict[str, Any], _check: bool, _progress: Progress) -> Result:
    """Read; see plugins/modules/llm_start_info.py for options and result. An absent cluster or Service is no error."""
    with cluster_access.cluster_access(options, Deadline(options["timeout"])) as access:
        values = look(pods_behind(access, options), access.why)
        return Result(values=plain(values), http_requests=access.requests)


def look(behind: ModelPods | None, why: str = "") -> dict[str, Any]:
    """The values of the result: ``exists``, ``replicas``, ``ready``, ``asleep``, ``selector``, ``pods`` and all of it
    as ``text``. Options in texts are marked (see option_names). why: in words, why there is no cluster."""
    values: dict[str, Any] = {"exists": False, "replicas": 0, "ready": 0, "asleep": False, "selector": {}, "pods": []}
    return values | ({"text": why} if behind is None else _found(behind))


def _found(behind: ModelPods) -> dict[str, Any]:
    namespace, service = behind.namespace, behind.name
    if behind.service is None:
        return {"text": f"there is no Service {namespace}/{service}"}
    selector = selector_of(behind.service)
    deployments = [one for one in behind.api.list(_DEPLOYMENT, namespace) if selector and _has(one, selector)]
    wanted = sum(one["spec"].get("replicas", 1) for one in deployments)
    pods = [pod for pod in behind.selected if _is_coming(pod)]
    told = [_pod(behind, pod) for pod in pods] if wanted or not deployments else []
    ready = sum(pod["phase"] is None for pod in told)
    if not deployments:
        labels = ",".join(f"{name}={value}" for name, value in selector.items())
        text = f"there is no Deployment whose pods the Service {namespace}/{service} selects"
        text += f" ({labels})" if labels else ""
        return {"ready": ready, "selector": selector, "pods": told, "text": text}
    names = ", ".join(f"{namespace}/{one['metadata']['name']}" for one in deployments)
    text = f"{names} sleeps: 0 replicas are asked for, so nothing answers" if not wanted else _text(names, told, wanted)
    found = {"exists": True, "replicas": wanted, "ready": ready, "asleep": not wanted}
    return {**found, "selector": selector, "pods": told, "text": text}


def _pod(behind: ModelPods, pod: dict[str, Any]) -> dict[str, Any]:
    at, ends = pod_moments(pod), behind.ends(pod)
    name = at.container or pod["spec"]["containers"][0]["name"]
    now = datetime.now(UTC)
    stages = itemised(at.created, ends, at.ready or now)
    phase = None if at.ready else under_way(at.created, ends, now)
    state = pod_state(behind.view, pod, room_comes=False, extra=behind.engine.crash_reasons) if phase else None
    return {
        "pod": pod["metadata"]["name"],
        "node": pod["spec"].get("nodeName"),
        **machine_of(behind.node(pod)),
        "weights": weights_of(pod, name),
        "stages": stages,
        "seconds": round(sum(stage["seconds"] for stage in stages), 3),
        "phase": phase["name"] if phase else None,
        "phase_seconds": phase["seconds"] if phase else None,
        "why": state.why if state else None,
        "advice": state.advice if isinstance(state, Failed) else None,
        "refused": list(behind.provisioning(pod).refused),
    }


def _text(names: str, pods: list[dict[str, Any]], wanted: int) -> str:
    """In one line: how the newest ready pod came to serve, or where the first one hangs that does not."""
    ready = [pod for pod in pods if pod["phase"] is None]
    begin = f"{names}: {len(ready)} of {wanted} replicas serve"
    if ready:
        newest = ready[-1]
        came = f"the newest came within {newest['seconds']:g} s: {_listed(newest['stages'])}"
        return f"{begin}; {came}; its weights came from {newest['weights']}"
    if not pods:
        return f"{begin}; there is no pod yet"
    first = pods[0]
    before = f" after {_listed(first['stages'])}" if first["stages"] else ""
    why = f": {first['why']}" if first["why"] else ""
    # While a pool is tried again, the reason that the last try failed for is no news any more, but still the reason.
    refused = [said for said in first["refused"][-1:] if said not in why]
    why += "".join(f"; earlier the autoscaler said: {said}" for said in refused)
    advice = f"; {first['advice']}" if first["advice"] else ""
    hangs = f"pod {first['pod']} is in the phase {first['phase']} for {first['phase_seconds']:g} s"
    return f"{begin}; {hangs}{before}{why}{advice}"


def _listed(stages: list[dict[str, Any]]) -> str:
    return ", ".join(f"{stage['name']} {stage['seconds']:g} s" for stage in stages)


def _has(deployment: dict[str, Any], selector: dict[str, str]) -> bool:
    labels = (deployment["spec"]["template"].get("metadata") or {}).get("labels") or {}
    return selector.items() <= labels.items()


def _is_coming(pod: dict[str, Any]) -> bool:
    """Whether a pod serves or may come to it: not one that goes, nor one that ended with its node."""
    ended = (pod.get("status") or {}).get("phase") in _ENDED
    return not ended and not pod["metadata"].get("deletionTimestamp")


SPEC = ModuleSpec(
    run=run,
    argument_spec={
        **ENGINE,
        **KUBERNETES_ACCESS,
        "service": {"type": "str", "required": True},
        "namespace": {"type": "str"},
        "timeout": {"type": "int", "default": 60},
    },
    rules=KUBERNETES_ACCESS_RULES,
    secrets=secrets,
)
