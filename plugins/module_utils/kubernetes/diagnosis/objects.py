# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why an object is not ready: what its pods and events say, in words, and whether that can heal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ..client.resources import EVENT, POD, REPLICA_SET, Kind
from ..wait.readiness import is_refusal, refusal_advice
from ..wait.states import READY, Failed, State, Waiting
from .cluster_view import ClusterView
from .crash_reasons import CrashReason
from .events import count_of, events_of, text_of
from .pods import needs_log, pod_state
from .rollouts import may_end_old_pods_first
from .stale_conditions import Baseline, confirmed

_EXPLAINED_BY: dict[tuple[str, str], tuple[Kind, ...]] = {
    ("", "PersistentVolumeClaim"): (EVENT,),
    ("", "Pod"): (EVENT,),
    ("", "Service"): (EVENT,),
    ("autoscaling", "HorizontalPodAutoscaler"): (EVENT,),
    ("apps", "DaemonSet"): (POD, EVENT),
    ("apps", "Deployment"): (REPLICA_SET, POD, EVENT),
    ("apps", "StatefulSet"): (POD, EVENT),
    ("batch", "Job"): (POD, EVENT),
}

NEW_OBJECT = Baseline()
"""Of an object that was not there: whatever is wrong with it has gone wrong since."""

_QUOTA = re.compile(r"quota", re.I)
_REPEATED = 3
"""Failures of one kind, counted or side by side, after which it is not taken for an accident any more."""


def explained_by(kind: Kind) -> tuple[Kind, ...]:
    """The kinds that are looked at, in the object's namespace, to explain one that is not ready."""
    return _EXPLAINED_BY.get((kind.group, kind.kind), ())


def diagnose(
    view: ClusterView,
    obj: dict[str, Any],
    state: State,
    baseline: Baseline = NEW_OBJECT,
    extra: Sequence[CrashReason] = (),
) -> State:
    """``state``, of an object that is not ready, with what its pods or events say; Failed where they cannot heal.

    baseline: what was known of the object before; what is left of that is told, but is no failure. extra: what the
    application itself may say before it crashes.
    """
    kind = obj["kind"]
    if kind == "Service":
        return _service(view, obj, state)
    if kind == "PersistentVolumeClaim":
        return _claim(view, obj, state)
    if kind == "HorizontalPodAutoscaler":
        return _autoscaler(view, obj, state)
    if kind == "Pod":
        return _with_pods(view, obj, [obj], state, baseline, extra, rolling=False)
    if (obj["apiVersion"].rpartition("/")[0], kind) in _EXPLAINED_BY:
        return _workload(view, obj, state, baseline, extra)
    return state


def _workload(
    view: ClusterView, obj: dict[str, Any], state: State, baseline: Baseline, extra: Sequence[CrashReason]
) -> State:
    maker = _newest_set(view, obj) if obj["kind"] == "Deployment" else obj
    if maker is None:
        return state
    namespace = obj["metadata"].get("namespace")
    pods = view.all(POD, namespace)
    current = [pod for pod in pods if _owned(pod, maker) and _of_newest_template(pod, obj)]
    alive = [pod for pod in current if not pod["metadata"].get("deletionTimestamp")]
    # Pods of this namespace that are going, or that a rollout may end, leave the room that a new one needs.
    going = any(pod["metadata"].get("deletionTimestamp") for pod in pods)
    rolling = going or (may_end_old_pods_first(obj) and _has_older(view, obj, maker))
    if isinstance(state, Waiting):
        refused = events_of(view, maker, "FailedCreate", "FailedCreatePod")
        if refused and is_refusal(refused[-1].get("message", "")) and not alive:
            if view.is_new(refused[-1]) or not baseline.covers_events(obj):
                return Failed(f"its pods are refused: {text_of(refused[-1])}", refusal_advice(refused[-1]["message"]))
            return Waiting(f"{state.why}; before this task its pods were refused: {text_of(refused[-1])}")
        older = [pod for pod in pods if _owned(pod, obj) and pod not in current]
        if held_up := _held_up(view, obj, older, state, extra):
            return held_up
    return _with_pods(view, obj, alive, state, baseline, extra, rolling=rolling)


def _held_up(
    view: ClusterView, obj: dict[str, Any], older: list[dict[str, Any]], state: State, extra: Sequence[CrashReason]
) -> State | None:
    """A StatefulSet that makes its pods one after the other does not replace one that is not ready, also not by one of
    a template that mends it (https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback).
    """
    if obj["kind"] != "StatefulSet" or (obj.get("spec") or {}).get("podManagementPolicy") == "Parallel":
        return None
    for pod in older:
        found = None
        if not pod["metadata"].get("deletionTimestamp"):
            found = confirmed(view, pod, pod_state(view, pod, room_comes=False, extra=extra))
        if found is not None:
            why = f"{state.why}: its former template holds it up: {found.why}"
            advice = f"delete pod {pod['metadata']['name']}: it is replaced only once it was ready, or is gone"
            return Failed(why, advice) if isinstance(found, Failed) else Waiting(why)
    return None


def _with_pods(
    view: ClusterView,
    obj: dict[str, Any],
    pods: list[dict[str, Any]],
    state: State,
    baseline: Baseline,
    extra: Sequence[CrashReason],
    *,
    rolling: bool,
) -> State:
    older = baseline.covers_pods(obj)
    states = []
    # What needs no log to be told is told first, and where it cannot heal, no log is read for it.
    for pod in sorted(pods, key=needs_log):
        found = pod_state(view, pod, room_comes=rolling, extra=extra)
        found = confirmed(view, pod, found) if older else found
        if isinstance(found, Failed):
            return found
        states.append(found)
    evicted = [pod for pod in pods if _is_evicted(pod)]
    whys = sorted({each.why for each in states if each is not None})
    # One eviction tells as much as ten, but only the rest tells how it stands now.
    told = "; ".join(whys if len(evicted) < 2 else [*whys[:2], f"{len(evicted)} pods were evicted"])
    counted = [pod for pod in evicted if not older or not _is_evicted(view.at_first(POD, pod) or {})]
    if len(counted) >= _REPEATED or (evicted and obj["kind"] == "Pod"):
        return Failed(f"{state.why}: {told}", "give the pods the resource that the node was low on, as a request")
    if not told:
        return state
    if isinstance(state, Failed):
        return Failed(f"{state.why}; {told}", state.advice)
    return Waiting(f"{state.why}: {told}")


def _is_evicted(pod: dict[str, Any]) -> bool:
    return (pod.get("status") or {}).get("reason") == "Evicted"


def _service(view: ClusterView, obj: dict[str, Any], state: State) -> State:
    warnings = [event for event in events_of(view, obj) if event.get("type") == "Warning"]
    if not warnings or not isinstance(state, Waiting):
        return state
    why = f"{state.why}: {text_of(warnings[-1])}"
    if _QUOTA.search(why) and count_of(warnings[-1]) >= _REPEATED and view.is_new(warnings[-1]):
        return Failed(why, "raise the quota that it names, or release addresses that nobody uses")
    return Waiting(why)


def _autoscaler(view: ClusterView, obj: dict[str, Any], state: State) -> State:
    """Its conditions say what it could not do last; before it has any, its events do."""
    warnings = [event for event in events_of(view, obj) if event.get("type") == "Warning"]
    if not warnings or not isinstance(state, Waiting) or warnings[-1].get("message", "") in state.why:
        return state
    return Waiting(f"{state.why}: {text_of(warnings[-1])}")


def _claim(view: ClusterView, obj: dict[str, Any], state: State) -> State:
    if events_of(view, obj, "WaitForFirstConsumer"):
        # It is bound once a pod mounts it, and that pod's own wait tells what becomes of it.
        return READY
    # Of any type: a claim that no volume fits is told by a Normal event.
    events = events_of(view, obj)
    return Waiting(f"{state.why}: {text_of(events[-1])}") if events and isinstance(state, Waiting) else state


def _newest_set(view: ClusterView, deployment: dict[str, Any]) -> dict[str, Any] | None:
    """The ReplicaSet of what was applied; pods of older ones tell nothing about it."""
    sets = view.all(REPLICA_SET, deployment["metadata"].get("namespace"))
    return max((each for each in sets if _owned(each, deployment)), key=_revision, default=None)


def _has_older(view: ClusterView, obj: dict[str, Any], newest: dict[str, Any]) -> bool:
    sets = view.all(REPLICA_SET, obj["metadata"].get("namespace"))
    return any((each.get("status") or {}).get("replicas") for each in sets if each is not newest and _owned(each, obj))


def _of_newest_template(pod: dict[str, Any], obj: dict[str, Any]) -> bool:
    labels = pod["metadata"].get("labels") or {}
    if obj["kind"] == "StatefulSet":
        return labels.get("controller-revision-hash") == (obj.get("status") or {}).get("updateRevision")
    if obj["kind"] == "DaemonSet":
        annotations = obj["metadata"].get("annotations") or {}
        newest = annotations.get("deprecated.daemonset.template.generation")
        return newest in (None, labels.get("pod-template-generation"))
    return True


def _owned(obj: dict[str, Any], owner: dict[str, Any]) -> bool:
    references = obj["metadata"].get("ownerReferences") or []
    return any(reference.get("uid") == owner["metadata"].get("uid") for reference in references)


def _revision(replica_set: dict[str, Any]) -> int:
    annotations = replica_set["metadata"].get("annotations") or {}
    return int(annotations.get("deployment.kubernetes.io/revision", 0))
