# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a workload is not ready: its pods' conditions, container states and logs, in words, and whether they can heal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.api import POD, KubernetesApi
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.resources import Kind
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.waits import Failed, State, Waiting, condition

_REPLICA_SET = Kind("apps", "v1", "ReplicaSet", "replicasets")
_EVENT = Kind("", "v1", "Event", "events")

CRASHES = 3
"""Restarts after which a crash loop is taken for what it is."""

_LOG_LINES = 5
_LINE = 300
"""Characters shown of each; a traceback's last line may hold a whole configuration."""

# Waiting reasons of a container that nothing but a changed manifest can cure.
_HOPELESS = {
    "CreateContainerConfigError": "apply the Secret or ConfigMap that it names, with that key, first",
    "ErrImageNeverPull": "change imagePullPolicy",
    "InvalidImageName": "correct the image's name",
    "RunContainerError": "correct its command, or what it mounts",
}
_PASSING = re.compile(
    r"timeout|timed out|connection|temporar|i/o|TLS handshake|toomanyrequests|\b(429|50[0234])\b", re.I
)
"""In a failed pull: a registry that may answer later. Anything else (not found, denied) stays as it is."""

# What a model server's last words mean.
_LAST_WORDS: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (
        re.compile(r"gated repo|GatedRepoError|403 Client Error", re.I),
        "the model is gated for this token",
        "accept the model's terms on its Hugging Face page with the account whose token the Secret holds",
    ),
    (
        re.compile(r"401 Client Error|RepositoryNotFoundError|Invalid credentials", re.I),
        "Hugging Face refuses the token or does not know the model",
        "put a valid token into the Secret, and check MODEL_ID",
    ),
    (
        re.compile(r"Not enough memory to handle|CUDA out of memory|OutOfMemoryError"),
        "the GPU's memory is not enough",
        "lower MAX_BATCH_PREFILL_TOKENS or MAX_TOTAL_TOKENS, set QUANTIZE, or take a larger GPU",
    ),
    (
        re.compile(r"No space left on device"),
        "the disk is full",
        "mount a larger volume where the model is cached",
    ),
)


def diagnose(api: KubernetesApi, obj: dict[str, Any], state: State) -> State:
    """``state``, of an object that is not ready, with what its pods or events say; Failed where they cannot heal."""
    if obj["kind"] == "Service":
        warning = _last_warning(api, obj)
        return Waiting(f"{state.why}: {warning}") if warning and isinstance(state, Waiting) else state
    pods = [obj] if obj["kind"] == "Pod" else _pods_of(api, obj)
    found = [each for each in (_pod_state(api, pod) for pod in pods) if each is not None]
    failed = next((each for each in found if isinstance(each, Failed)), None)
    if failed is not None:
        return failed
    whys = sorted({each.why for each in found if isinstance(each, Waiting)})
    if not whys:
        return state
    if isinstance(state, Failed):
        return Failed(f"{state.why}; {'; '.join(whys)}", state.advice)
    return Waiting(f"{state.why}: {'; '.join(whys)}")


def _pods_of(api: KubernetesApi, obj: dict[str, Any]) -> list[dict[str, Any]]:
    """The pods of a workload's newest template; those of older ones tell nothing about what was applied."""
    selector = ((obj.get("spec") or {}).get("selector") or {}).get("matchLabels")
    if not selector:
        return []
    labels = ",".join(f"{key}={value}" for key, value in sorted(selector.items()))
    namespace = obj["metadata"]["namespace"]
    pods = api.list(POD, namespace, label_selector=labels)
    pods = [pod for pod in pods if not pod["metadata"].get("deletionTimestamp")]
    if obj["kind"] != "Deployment" or len({_template(pod) for pod in pods}) < 2:
        return pods
    sets = api.list(_REPLICA_SET, namespace, label_selector=labels)
    newest = max(sets, key=_revision, default=None)
    return [pod for pod in pods if newest is None or _template(pod) == _template(newest)]


def _template(obj: dict[str, Any]) -> str:
    return (obj["metadata"].get("labels") or {}).get("pod-template-hash", "")


def _revision(replica_set: dict[str, Any]) -> int:
    annotations = replica_set["metadata"].get("annotations") or {}
    return int(annotations.get("deployment.kubernetes.io/revision", 0))


def _pod_state(api: KubernetesApi, pod: dict[str, Any]) -> State | None:
    """What keeps one pod from being ready; None for one that is."""
    name, status = pod["metadata"]["name"], pod.get("status") or {}
    if condition(pod, "Ready").get("status") == "True" or status.get("phase") == "Succeeded":
        return None
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        return Waiting(f"no node fits pod {name}: {scheduled.get('message') or scheduled.get('reason')}")
    if status.get("reason") == "Evicted":
        return Waiting(f"pod {name} was evicted: {status.get('message', '')}")
    states = [each for container in _containers(status) if (each := _container_state(api, pod, container))]
    failed = next((each for each in states if isinstance(each, Failed)), None)
    if failed or states:
        return failed or states[0]
    return Waiting(f"pod {name}: {status.get('phase', 'Pending')}")


def _containers(status: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from status.get("initContainerStatuses") or []
    yield from status.get("containerStatuses") or []


def _container_state(api: KubernetesApi, pod: dict[str, Any], container: dict[str, Any]) -> State | None:
    where = f"container {container['name']} of pod {pod['metadata']['name']}"
    now = container.get("state") or {}
    waiting, ended = now.get("waiting"), _ended(container)
    reason = (waiting or {}).get("reason", "")
    message = " ".join((waiting or {}).get("message", "").split())
    said = f"{where}: {reason}{': ' if message else ''}{message}"
    if reason in _HOPELESS:
        return Failed(said, _HOPELESS[reason])
    if reason == "ImagePullBackOff" and not _PASSING.search(message):
        return Failed(said, "correct the image's name or tag, or give the nodes the right to pull it")
    if ended is not None and (reason == "CrashLoopBackOff" or "terminated" in now):
        return _crash(api, pod, container, where, ended)
    if waiting:
        return Waiting(said)
    if "running" in now and not container.get("ready"):
        again = f" after {container['restartCount']} restarts" if container.get("restartCount") else ""
        return Waiting(f"{where} runs{again} and is not ready yet")
    return None


def _ended(container: dict[str, Any]) -> dict[str, Any] | None:
    """How the container ended badly the last time, where it has."""
    for state in (container.get("state"), container.get("lastState")):
        terminated = (state or {}).get("terminated")
        if terminated and terminated.get("exitCode"):
            return terminated
    return None


def _crash(
    api: KubernetesApi, pod: dict[str, Any], container: dict[str, Any], where: str, ended: dict[str, Any]
) -> State:
    restarts = container.get("restartCount", 0)
    metadata, name = pod["metadata"], container["name"]
    again = "waiting" in (container.get("state") or {})
    lines = api.logs(metadata["namespace"], metadata["name"], name, lines=_LOG_LINES, previous=again and restarts > 0)
    words = " | ".join(line.strip()[:_LINE] for line in lines if line.strip()) or ended.get("message", "")
    why = f"{where} ended with exit code {ended['exitCode']} ({ended.get('reason', 'Error')}), {restarts} restarts"
    why += f"; its last words: {words}" if words else ""
    for sign, meaning, advice in _LAST_WORDS:
        if sign.search(words):
            return Failed(f"{meaning}: {why}", advice)
    if ended.get("reason") == "OOMKilled" and restarts >= CRASHES:
        return Failed(why, "raise the container's memory limit")
    return Failed(why, "read its log and correct what it names") if restarts >= CRASHES else Waiting(why)


def _last_warning(api: KubernetesApi, obj: dict[str, Any]) -> str:
    """The newest warning among the object's events."""
    metadata = obj["metadata"]
    selector = f"involvedObject.kind={obj['kind']},involvedObject.name={metadata['name']},type=Warning"
    events = api.list(_EVENT, metadata["namespace"], field_selector=selector)
    newest = max(events, key=lambda event: event.get("lastTimestamp") or event.get("eventTime") or "", default=None)
    return f"{newest.get('reason')}: {newest.get('message')}" if newest else ""
