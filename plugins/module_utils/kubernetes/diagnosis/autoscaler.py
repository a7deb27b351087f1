# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a HorizontalPodAutoscaler says of itself, and how its target and that one's pods fare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...core.errors import LlmopsError
from ..client.api import KubernetesApi
from ..client.resources import EVENT, HPA, POD, ObjectRef
from ..wait.states import Failed, State, condition
from .cluster_view import Snapshot, event_version
from .crash_reasons import CrashReason
from .pods import pod_state


class NoAutoscaler(LlmopsError):
    """There is no such HorizontalPodAutoscaler, or what it scales is not there."""

    kind = "no_autoscaler"


@dataclass(frozen=True)
class Scale:
    """One look. asked: replicas that the autoscaler wants; ready: those that serve; most: its maxReplicas.

    signals: its metrics in words. pending: what keeps the first pod that is not ready, None where all are.
    """

    asked: int
    ready: int
    most: int
    signals: str
    pending: State | None


class Autoscaler:
    """One HorizontalPodAutoscaler, looked at as often as needed.

    extra: what the scaled application itself may say before it crashes.
    """

    def __init__(self, api: KubernetesApi, namespace: str, name: str, extra: Sequence[CrashReason] = ()) -> None:
        self.name = name
        self._api, self._namespace, self._extra = api, namespace, extra
        self._before = {event_version(event) for event in api.list(EVENT, namespace)}

    def look(self) -> Scale:
        """Read the autoscaler, its target and the target's pods. Raises NoAutoscaler."""
        ref = ObjectRef(HPA, self._namespace, self.name)
        hpa = self._api.get(ref)
        if hpa is None:
            raise NoAutoscaler(f"there is no {ref}; apply it first")
        scaled = hpa["spec"]["scaleTargetRef"]
        kind = self._api.kind(scaled["apiVersion"], scaled["kind"])
        target = self._api.get(ObjectRef(kind, self._namespace, scaled["name"])) if kind else None
        if target is None:
            raise NoAutoscaler(f"{ref} scales {scaled['kind']} {scaled['name']}, which is not there; apply that first")
        have = target["spec"].get("replicas", 1)
        return Scale(
            asked=max(have, (hpa.get("status") or {}).get("desiredReplicas", 0)),
            ready=(target.get("status") or {}).get("readyReplicas", 0),
            most=hpa["spec"]["maxReplicas"],
            signals=signals(hpa),
            pending=self._pending(target),
        )

    def _pending(self, target: dict[str, Any]) -> State | None:
        """What keeps a pod of the target, the hopeless first."""
        chosen = target["spec"]["selector"].get("matchLabels") or {}
        selector = ",".join(f"{name}={value}" for name, value in chosen.items())
        pods = self._api.list(POD, self._namespace, label_selector=selector)
        pods = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
        view = Snapshot(self._api, self._before)
        found = (pod_state(view, pod, room_comes=False, extra=self._extra) for pod in pods)
        states = [state for state in found if state]
        return next((state for state in states if isinstance(state, Failed)), next(iter(states), None))


def signals(hpa: dict[str, Any]) -> str:
    """The autoscaler's metrics with their targets, or why it has none."""
    active = condition(hpa, "ScalingActive")
    if active.get("status") != "True":
        return f"it has no metrics yet: {active.get('message') or 'it has not looked for them'}"
    targets = dict(_value(one, "target") for one in hpa["spec"].get("metrics") or [])
    told = [_value(one, "current") for one in (hpa.get("status") or {}).get("currentMetrics") or []]
    return ", ".join(f"{name} is {value}, its target {targets.get(name, '?')}" for name, value in told)


def _value(metric: dict[str, Any], which: str) -> tuple[str, str]:
    source = next((metric[kind] for kind in ("pods", "external", "object", "resource") if kind in metric), {})
    values = source.get(which) or {}
    shown = next((values[form] for form in ("averageValue", "value", "averageUtilization") if form in values), "?")
    return (source.get("metric") or source).get("name", "?"), str(shown)
