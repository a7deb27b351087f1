# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps one pod from being ready: its conditions, its containers' states, logs and events."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from ...core.harmless import quoted
from ..wait.states import Failed, State, Waiting, condition
from .cluster_view import ClusterView
from .crash_reasons import CrashReason, cause_of, ending, meaning_of
from .events import events_of, last_warning, text_of
from .mounts import APPLY_FIRST, mount_state
from .scheduling import unscheduled

CRASHES = 2
"""Restarts after which a crash loop is taken for what it is."""

# Waiting reasons of a container that nothing but a changed manifest can cure.
_HOPELESS = {
    "CreateContainerConfigError": APPLY_FIRST,
    "ErrImageNeverPull": "change imagePullPolicy",
    "InvalidImageName": "correct the image's name",
    "RunContainerError": "correct its command, or what it mounts",
}
_PASSING = re.compile(
    r"timeout|timed out|connection|temporar|i/o|TLS handshake|toomanyrequests|\b(429|50[0234])\b", re.I
)
"""In a failed pull: a registry that may answer later. Anything else (not found, denied) stays as it is."""

_KILLING = re.compile(r"failed (startup|liveness) probe")


def pod_state(
    view: ClusterView, pod: dict[str, Any], *, room_comes: bool, extra: Sequence[CrashReason] = ()
) -> State | None:
    """What keeps the pod from being ready; None for one that is.

    room_comes: see unscheduled. extra: what the application itself may say before it crashes.
    """
    name, status = pod["metadata"]["name"], pod.get("status") or {}
    if condition(pod, "Ready").get("status") == "True" or status.get("phase") == "Succeeded":
        return None
    if condition(pod, "PodScheduled").get("status") == "False":
        return unscheduled(view, pod, room_comes=room_comes)
    if status.get("reason") == "Evicted":
        return Waiting(f"pod {name} was evicted: {status.get('message', '').strip()}")
    if status.get("reason") == "Terminated":
        # A machine that stops, as a Spot machine does that is taken back.
        return Waiting(f"pod {name} ended with its node: {status.get('message', '').strip()}")
    states: dict[str, State | None] = {}
    # What needs no log to be told comes first: where it cannot heal, none is read.
    for container in sorted(_containers(status), key=_needs_log):
        state = states[container["name"]] = _container_state(view, pod, container, extra)
        if isinstance(state, Failed):
            return state
    told = (states[container["name"]] for container in _containers(status))
    return next(filter(None, told), Waiting(f"pod {name}: {status.get('phase', 'Pending')}"))


def _containers(status: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from status.get("initContainerStatuses") or []
    yield from status.get("containerStatuses") or []


def _container_state(
    view: ClusterView, pod: dict[str, Any], container: dict[str, Any], extra: Sequence[CrashReason]
) -> State | None:
    where = f"container {container['name']} of pod {pod['metadata']['name']}"
    now = container.get("state") or {}
    waiting, ended = now.get("waiting"), _ended(container)
    reason = (waiting or {}).get("reason", "")
    message = quoted(_naming_once(container.get("image", ""), (waiting or {}).get("message", "")))
    words = f"{where}: {reason}{': ' if message else ''}{message}"
    if reason in _HOPELESS:
        return Failed(words, _HOPELESS[reason])
    if reason == "ImagePullBackOff" and not _PASSING.search(message):
        return Failed(words, "correct the image's name or tag, or give the nodes the right to pull it")
    if ended is not None and _needs_log(container):
        return _crash(view, pod, container, where, ended, extra)
    if reason in ("ContainerCreating", "PodInitializing"):
        return _creating(view, pod, words)
    if waiting:
        return Waiting(words)
    if "running" in now and not container.get("ready"):
        again = f" after {container['restartCount']} restarts" if container.get("restartCount") else ""
        return Waiting(f"{where} runs{again} and is not ready yet{_probe(view, pod, container['name'])}")
    return None


def _naming_once(image: str, message: str) -> str:
    """What a container waits for, without the image's name where it is repeated: a refused pull tells it five times."""
    if not image or image not in message:
        return message
    head, name, rest = message.partition(image)
    again = rf"(?:docker\.io/(?:library/)?)?{re.escape(image)}"
    return head + name + re.sub(rf'\s"{again}"|\s{again}:(?=\s)', "", rest)


def _probe(view: ClusterView, pod: dict[str, Any], container: str) -> str:
    """What the container's probe said when it failed the last time; only events tell."""
    said = [
        event
        for event in events_of(view, pod, "Unhealthy")
        if (event.get("involvedObject") or {}).get("fieldPath", container).endswith((container, f"{{{container}}}"))
    ]
    return f"; {text_of(said[-1])}" if said else ""


def _creating(view: ClusterView, pod: dict[str, Any], words: str) -> State:
    """A container that is not there yet may wait for a volume; only events tell."""
    warning = last_warning(view, pod, "FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox")
    return mount_state(words, warning) if warning else Waiting(words)


def needs_log(pod: dict[str, Any]) -> bool:
    """Whether it takes the log of a container to tell what keeps the pod from being ready."""
    return any(map(_needs_log, _containers(pod.get("status") or {})))


def _needs_log(container: dict[str, Any]) -> bool:
    now = container.get("state") or {}
    loops = (now.get("waiting") or {}).get("reason") == "CrashLoopBackOff"
    return _ended(container) is not None and (loops or "terminated" in now)


def _ended(container: dict[str, Any]) -> dict[str, Any] | None:
    """How the container ended badly the last time, where it has."""
    for state in (container.get("state"), container.get("lastState")):
        terminated = (state or {}).get("terminated")
        if terminated and terminated.get("exitCode"):
            return terminated
    return None


def _crash(
    view: ClusterView,
    pod: dict[str, Any],
    container: dict[str, Any],
    where: str,
    ended: dict[str, Any],
    extra: Sequence[CrashReason],
) -> State:
    restarts = container.get("restartCount", 0)
    previous = "waiting" in (container.get("state") or {}) and restarts > 0
    # The container may have begun or ended another run since it was seen.
    lines = view.log(pod, container["name"], restarts, previous=previous) or view.log(
        pod, container["name"], restarts, previous=not previous
    )
    words = ending(lines) or ended.get("message", "")
    why = f"{where} ended with exit code {ended['exitCode']} ({ended.get('reason', 'Error')}), {restarts} restarts"
    killed = [event for event in events_of(view, pod, "Killing") if _KILLING.search(event.get("message", ""))]
    why += f"; {text_of(killed[-1])}" if killed else ""
    known, cause = meaning_of(words, extra), ""
    if known is None and (found := cause_of(lines, extra)):
        known, cause = found
    why += f"; its log tells: {cause}" if cause else ""
    why += f"; its log ends with: {words}" if words else ""
    if ended.get("reason") == "OOMKilled":
        why = f"the memory limit is not enough: {why}"
        return Failed(why, "raise the container's memory limit") if restarts else Waiting(why)
    if known:
        return Failed(f"{known.reason}: {why}", known.advice)
    if restarts < CRASHES:
        return Waiting(why)
    advice = (
        "give its startup probe more time (failureThreshold)" if killed else "read its log and correct what it names"
    )
    return Failed(why, advice)
