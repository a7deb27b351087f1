# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What went wrong with an object before a task: it may have been mended since, by the task or by somebody else.

Quotas are raised, tokens accepted, images pushed; controllers and kubelets try again by themselves, up to a quarter of
an hour later, and what they said the last time stands until then.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ..client.resources import POD
from ..wait.states import Failed, State, Waiting
from .cluster_view import ClusterView
from .events import events_of

_PASSING = frozenset({"ReplicaFailure", "Progressing"})
"""Conditions of a Deployment that go by themselves once the next try succeeds."""

_SCHEDULED = "PodScheduled"

_PAUSE = re.compile(r"back-?off", re.I)


@dataclass(frozen=True)
class Baseline:
    """What is known of one object from before the task. before: the object as it was then, None where it was not."""

    before: dict[str, Any] | None = None

    def without_old_conditions(self, obj: dict[str, Any]) -> dict[str, Any]:
        """The object as it is now, without the conditions of such failures that it had before, word for word."""
        known = _conditions(self.before or {})
        left = [each for each in _conditions(obj) if each.get("type") not in _PASSING or each not in known]
        return {**obj, "status": {**(obj.get("status") or {}), "conditions": left}}

    def covers_pods(self, obj: dict[str, Any]) -> bool:
        """Whether the object's pods may be of that time: of the template that it had already."""
        return self.before is not None and _template(self.before) == _template(obj)

    def covers_events(self, obj: dict[str, Any]) -> bool:
        """Whether the events about what makes its pods may be; each template of a Deployment has its own ReplicaSet."""
        return self.before is not None and (obj["kind"] != "Deployment" or self.covers_pods(obj))


def confirmed(view: ClusterView, pod: dict[str, Any], state: State | None) -> State | None:
    """The state of a pod that may be of before; a failure only where it has been tried since and failed again."""
    if not isinstance(state, Failed) or _tried(view, pod):
        return state
    return Waiting(f"{state.why} (seen before this task; the next try is waited for)")


def _tried(view: ClusterView, pod: dict[str, Any]) -> bool:
    first = view.at_first(POD, pod)
    if first is None or any(view.is_new(each) for each in events_of(view, pod) if _is_failure(each)):
        return True
    return _attempts(pod) != _attempts(first) or bool(_reasons(pod) - _reasons(first))


def _attempts(pod: dict[str, Any]) -> list[Any]:
    """What each try to place and to run a pod leaves in its status, and the pause before the next one does not change:
    why it was not scheduled, each container's runs and how the last of them ended.
    """
    status = pod.get("status") or {}
    runs = [status.get("reason"), *(each for each in status.get("conditions") or [] if each.get("type") == _SCHEDULED)]
    for container in _containers(pod):
        ended = [(container.get(state) or {}).get("terminated") or {} for state in ("state", "lastState")]
        last = max(str(each.get("finishedAt") or "") for each in ended)
        runs.append((container.get("name"), container.get("restartCount"), container.get("containerID"), last))
    return runs


def _reasons(pod: dict[str, Any]) -> set[tuple[Any, Any]]:
    """Why containers do not run, but for pauses between two tries (ImagePullBackOff, CrashLoopBackOff)."""
    waiting = [
        (each.get("name"), ((each.get("state") or {}).get("waiting") or {}).get("reason")) for each in _containers(pod)
    ]
    return {(name, reason) for name, reason in waiting if reason and not _PAUSE.search(reason)}


def _containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    status = pod.get("status") or {}
    return [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]


def _is_failure(event: dict[str, Any]) -> bool:
    """Whether an event tells of a try that failed: not of one that begins, nor of the pause between two."""
    warns = event.get("type") == "Warning" or event.get("reason") == "NotTriggerScaleUp"
    return warns and not _PAUSE.search(f"{event.get('reason')} {event.get('message')}")


def _template(obj: dict[str, Any]) -> Any:
    return (obj.get("spec") or {}).get("template")


def _conditions(obj: dict[str, Any]) -> list[dict[str, Any]]:
    return (obj.get("status") or {}).get("conditions") or []
