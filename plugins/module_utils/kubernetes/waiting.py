# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for many objects at once, under one deadline, with the reasons shown while it lasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.llmops.gke.plugins.module_utils.deadline import Deadline, backoff
from ansible_collections.llmops.gke.plugins.module_utils.errors import LlmopsError
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.api import KubernetesApi
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.diagnosis import diagnose
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.parallel import side_by_side
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.resources import ObjectRef
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.waits import Failed, Ready, State, Waiting, state_of
from ansible_collections.llmops.gke.plugins.module_utils.result import Progress

_SLOWEST = 1.0
"""Seconds between two looks, at most."""


class WaitFailed(LlmopsError):
    """An object cannot become ready by itself; ``reason`` and ``advice`` say why and what to do."""

    kind = "wait_failed"


def until_ready(
    api: KubernetesApi, objects: Mapping[ObjectRef, dict[str, Any]], deadline: Deadline, progress: Progress
) -> dict[ObjectRef, dict[str, Any]]:
    """Wait until all are ready; gives them as they are then. What is ready as given costs no request.

    objects: each as it was seen last. Raises WaitFailed as soon as one cannot heal, DeadlineExceeded with what was
    seen last of those that were still waiting.
    """
    seen = dict(objects)
    waiting = [ref for ref, obj in seen.items() if not isinstance(state_of(obj), Ready)]
    told: dict[ObjectRef, str] = {}
    pauses = backoff(first=0.2, most=_SLOWEST)
    while waiting:
        states = dict(
            zip(waiting, _raised(side_by_side(lambda ref: _judge(api, ref, seen[ref]), waiting)), strict=True)
        )
        for ref, state in states.items():
            if isinstance(state, Failed):
                raise WaitFailed(
                    f"{ref} will not become ready: {state.why}" + (f"; {state.advice}" if state.advice else ""),
                    object=str(ref),
                    reason=state.why,
                    advice=state.advice,
                )
            why = state.why or "ready"
            if told.get(ref) != why:
                told[ref] = why
                progress(f"{ref}: {why}")
        waiting = [ref for ref in waiting if not isinstance(states[ref], Ready)]
        if not waiting:
            break
        _pause(deadline, next(pauses), waiting, told, "to be ready")
        fresh = _raised(side_by_side(api.get, waiting))
        for ref, obj in zip(waiting, fresh, strict=True):
            if obj is None:
                raise WaitFailed(f"{ref} was deleted while it was waited for", object=str(ref), reason="deleted")
            seen[ref] = obj
    return seen


def until_gone(api: KubernetesApi, uids: Mapping[ObjectRef, str], deadline: Deadline, progress: Progress) -> None:
    """Wait until the objects with these uids are gone; one that was made anew under the name counts as gone."""
    waiting = list(uids)
    told: dict[ObjectRef, str] = {}
    pauses = backoff(first=0.1, most=_SLOWEST)
    while waiting:
        left = []
        for ref, obj in zip(waiting, _raised(side_by_side(api.get, waiting)), strict=True):
            if obj is None or obj["metadata"]["uid"] != uids[ref]:
                continue
            left.append(ref)
            held_by = ", ".join(obj["metadata"].get("finalizers") or []) or "its grace period"
            if told.get(ref) != held_by:
                told[ref] = held_by
                progress(f"{ref}: going, held by {held_by}")
        waiting = left
        if waiting:
            _pause(deadline, next(pauses), waiting, told, "to be gone")


def _judge(api: KubernetesApi, ref: ObjectRef, obj: dict[str, Any]) -> State:
    state = state_of(obj)
    untold = isinstance(state, Ready) or (isinstance(state, Waiting) and not state.fresh)
    return state if untold or ref.kind.kind not in _DIAGNOSED else diagnose(api, obj, state)


_DIAGNOSED = frozenset({"DaemonSet", "Deployment", "Job", "Pod", "Service", "StatefulSet"})


def _raised(results: Sequence[Any]) -> Sequence[Any]:
    for result in results:
        if isinstance(result, LlmopsError):
            raise result
    return results


def _pause(
    deadline: Deadline, seconds: float, waiting: Sequence[ObjectRef], told: Mapping[ObjectRef, str], for_: str
) -> None:
    names = ", ".join(map(str, waiting))
    deadline.pause(seconds, f"waiting for {names} {for_}", "; ".join(f"{ref}: {told[ref]}" for ref in waiting))
