# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the model that status read serves, and why it does not. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...core.harmless import one_line
from ...kubernetes.client.resources import EVENT, Kind
from ...kubernetes.diagnosis.pods import pod_state
from ...kubernetes.wait.states import condition
from .facts import HostFacts

ASLEEP, NOT_SERVING, ROLLOUT_FAILED = "asleep", "not serving", "rollout failed"

_REASON = 600
"""Characters of a reason in a summary."""


@dataclass(frozen=True)
class Serving:
    """One of the states above, empty for a model that serves and where none was seen; and the reason."""

    state: str = ""
    reason: str = ""


def serving_of(facts: HostFacts) -> Serving:
    """What the model's Deployment and its pods say."""
    objects = facts.variables.get("status_objects") or []
    name = facts.text("llmops_namespace"), facts.text("llmops_name")
    found = next((one for one in objects if one.get("kind") == "Deployment" and _name(one) == name), None)
    if found is None:
        gone = facts.cluster is not None and any(one.get("kind") == "Node" for one in objects)
        return Serving(NOT_SERVING, f"there is no Deployment {'/'.join(name)}") if gone else Serving()
    if found["spec"].get("replicas") == 0:
        return Serving(ASLEEP)
    ready = (found.get("status") or {}).get("readyReplicas") or 0
    if ready and condition(found, "Progressing").get("status") != "False":
        return Serving()
    pods = [one for one in objects if one.get("kind") == "Pod" and _is_of(one, found)]
    reason = _reason(found, pods, facts.variables.get("status_events") or [])
    return Serving(ROLLOUT_FAILED if ready else NOT_SERVING, one_line(reason, _REASON))


@dataclass(frozen=True)
class _Seen:
    """The ClusterView of what was read: events, and no logs."""

    events: Sequence[dict[str, Any]]

    def all(self, kind: Kind, namespace: str | None) -> list[dict[str, Any]]:
        return [one for one in self.events if kind == EVENT and one["metadata"].get("namespace") == namespace]

    def is_new(self, _event: dict[str, Any]) -> bool:
        return True

    def outdate(self, _event: dict[str, Any]) -> None:
        """There is one look alone."""

    def at_first(self, _kind: Kind, _obj: dict[str, Any]) -> dict[str, Any] | None:
        return None

    def log(self, _pod: dict[str, Any], _container: str, _run: int, *, previous: bool) -> list[str]:
        return []


def _reason(deployment: Mapping[str, Any], pods: Iterable[dict[str, Any]], events: Sequence[dict[str, Any]]) -> str:
    """The first pod's that is not ready, or else the Deployment's own."""
    states = [pod_state(_Seen(events), pod, room_comes=False) for pod in pods]
    told = [state.why for state in states if state is not None]
    for kind, bad in (("ReplicaFailure", "True"), ("Progressing", "False")):
        one = condition(dict(deployment), kind)
        told += [str(one.get("message") or one.get("reason"))] if one.get("status") == bad else []
    return next(filter(None, told), "it has no pod")


def _is_of(pod: Mapping[str, Any], deployment: Mapping[str, Any]) -> bool:
    """Whether the Deployment's selector takes the pod, and that is not about to go."""
    metadata, labels = pod["metadata"], pod["metadata"].get("labels") or {}
    wanted = (deployment["spec"].get("selector") or {}).get("matchLabels") or {}
    here = metadata.get("namespace") == deployment["metadata"].get("namespace")
    return here and not metadata.get("deletionTimestamp") and wanted.items() <= labels.items()


def _name(thing: Mapping[str, Any]) -> tuple[str, str]:
    return thing["metadata"].get("namespace", ""), thing["metadata"].get("name", "")
