# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for many objects at once, under one deadline, with the reasons shown while it lasts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...core.deadline import Deadline
from ...core.errors import LlmopsError
from ...core.result import Progress
from ..client.api import KubernetesApi
from ..client.resources import ObjectRef
from ..diagnosis.crash_reasons import CrashReason
from ..diagnosis.objects import diagnose, explained_by
from ..diagnosis.stale_conditions import Baseline
from .informer import Informer
from .readiness import state_of
from .states import Failed, Predicate, Ready, State, Waiting


class WaitFailed(LlmopsError):
    """An object cannot become ready by itself; ``reason`` and ``advice`` say why and what to do."""

    kind = "wait_failed"


def until_ready(
    api: KubernetesApi,
    objects: Mapping[ObjectRef, dict[str, Any]],
    deadline: Deadline,
    progress: Progress,
    predicate: Predicate = state_of,
    before: Mapping[ObjectRef, dict[str, Any] | None] | None = None,
    extra: Sequence[CrashReason] = (),
) -> dict[ObjectRef, dict[str, Any]]:
    """Wait until all are ready; gives them as they are then. What is ready as given costs no request.

    objects: each as it was seen last. predicate: when one is ready. before: the objects as the caller found them; what
    had failed with them then may have been mended since, and counts only once it fails again. extra: what the
    application itself may say before it crashes. Raises WaitFailed as soon as one cannot heal, DeadlineExceeded with
    what was seen last of those that were still waiting.
    """
    seen = dict(objects)
    states = {ref: predicate(obj) for ref, obj in seen.items()}
    waiting = [ref for ref, state in states.items() if not isinstance(state, Ready)]
    told: dict[ObjectRef, str] = {}
    baselines = {ref: Baseline((before or {}).get(ref)) for ref in waiting}
    if waiting:
        with Informer(api) as informer:
            _start_watches(informer, waiting)
            while waiting:
                mark = informer.mark
                for ref in waiting:
                    listed, obj = informer.object(ref)
                    if listed:
                        seen[ref] = _still_there(ref, obj, objects[ref])
                        seen[ref], states[ref] = _judged(informer, ref, seen[ref], predicate, baselines[ref], extra)
                    _tell(progress, told, ref, states[ref])
                waiting = [ref for ref in waiting if not isinstance(states[ref], Ready)]
                if waiting:
                    _wait(informer, mark, deadline, waiting, told, "to be ready")
    return seen


def until_gone(api: KubernetesApi, uids: Mapping[ObjectRef, str], deadline: Deadline, progress: Progress) -> None:
    """Wait until the objects with these uids are gone; one that was made anew under the name counts as gone."""
    waiting = list(uids)
    told: dict[ObjectRef, str] = {}
    if waiting:
        with Informer(api) as informer:
            informer.watch(waiting)
            while waiting:
                mark, left = informer.mark, []
                for ref in waiting:
                    listed, obj = informer.object(ref)
                    if listed and (obj is None or obj["metadata"]["uid"] != uids[ref]):
                        continue
                    left.append(ref)
                    held_by = ", ".join(((obj or {}).get("metadata") or {}).get("finalizers") or [])
                    _tell(progress, told, ref, Waiting(f"going, held by {held_by}" if held_by else "going"))
                waiting = left
                if waiting:
                    _wait(informer, mark, deadline, waiting, told, "to be gone")


def _start_watches(informer: Informer, refs: Iterable[ObjectRef]) -> None:
    refs = list(refs)
    for ref in refs:
        for kind in explained_by(ref.kind):
            informer.watch_optional(kind, ref.namespace)
    informer.watch(refs)


def _still_there(ref: ObjectRef, obj: dict[str, Any] | None, known: dict[str, Any]) -> dict[str, Any]:
    if obj is None or obj["metadata"].get("uid") != known["metadata"].get("uid"):
        raise WaitFailed(f"{ref} was deleted while it was waited for", object=str(ref), reason="deleted")
    return obj


def _judged(
    informer: Informer,
    ref: ObjectRef,
    obj: dict[str, Any],
    predicate: Predicate,
    baseline: Baseline,
    extra: Sequence[CrashReason],
) -> tuple[dict[str, Any], State]:
    """The object as it is, and its state with what explains it; raises WaitFailed where it cannot heal."""
    state = _explained(informer, obj, predicate, baseline, extra)
    if isinstance(state, Failed):
        # One watch may have been ahead of another, so that what failed is not what is there now.
        informer.settle()
        obj = informer.object(ref)[1] or obj
        state = _explained(informer, obj, predicate, baseline, extra)
    if isinstance(state, Failed):
        raise WaitFailed(
            f"{ref} will not become ready: {state.why}" + (f"; {state.advice}" if state.advice else ""),
            object=str(ref),
            reason=state.why,
            advice=state.advice,
        )
    return obj, state


def _explained(
    informer: Informer, obj: dict[str, Any], predicate: Predicate, baseline: Baseline, extra: Sequence[CrashReason]
) -> State:
    state = predicate(obj)
    if isinstance(state, Failed):
        newer = predicate(baseline.without_old_conditions(obj))
        if not isinstance(newer, Failed):
            state = Waiting(f"{newer.why}; before this task it was: {state.why}")
    if isinstance(state, Ready) or (isinstance(state, Waiting) and not state.fresh):
        return state
    return diagnose(informer, obj, state, baseline, extra)


def _tell(progress: Progress, told: dict[ObjectRef, str], ref: ObjectRef, state: State) -> None:
    why = state.why or "ready"
    if told.get(ref) != why:
        told[ref] = why
        progress(f"{ref}: {why}")


def _wait(
    informer: Informer,
    mark: int,
    deadline: Deadline,
    waiting: list[ObjectRef],
    told: Mapping[ObjectRef, str],
    for_: str,
) -> None:
    """Until anything has changed; raises DeadlineExceeded, with what was seen last, where no time is left."""
    if deadline.remaining() <= 0:
        names = ", ".join(map(str, waiting))
        seen = "; ".join(f"{ref}: {told[ref]}" for ref in waiting)
        trouble = f"; {informer.trouble}" if informer.trouble else ""
        deadline.pause(0, f"waiting for {names} {for_}", seen + trouble)
    informer.wait(mark, deadline.remaining())
