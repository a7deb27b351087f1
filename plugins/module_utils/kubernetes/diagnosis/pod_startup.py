# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pods behind a Service: what they run, where, and the phases from their creation to being ready.

The API's timestamps are whole seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..client.api import KubernetesApi
from ..client.resources import NODE, POD, ObjectRef
from ..wait.states import condition

Ends = Sequence[tuple[str, "datetime | None"]]
"""The phases of a startup in their order, each with the moment of its end; None where it is not over, or not known."""


@dataclass(frozen=True)
class PodStart:
    """A ready pod's moments; started: of its first container's present run. node: where it runs.

    limits: resource -> amount of that container. env: its variables, without what comes from a Secret or a ConfigMap.
    """

    namespace: str
    name: str
    node: str
    container: str
    image: str
    limits: dict[str, str]
    env: dict[str, str]
    restarts: int
    created: datetime
    scheduled: datetime
    started: datetime
    ready: datetime


def selector_of(service: dict[str, Any] | None) -> dict[str, str]:
    """The labels that a Service selects pods by; none where it is absent or selects nothing."""
    return ((service or {}).get("spec") or {}).get("selector") or {}


def selected_pods(api: KubernetesApi, namespace: str, selector: dict[str, str]) -> list[dict[str, Any]]:
    """The pods that have these labels, oldest first."""
    labels = ",".join(f"{key}={value}" for key, value in sorted(selector.items()))
    pods = api.list(POD, namespace, label_selector=labels) if selector else []
    return sorted(pods, key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]))


def read_node(api: KubernetesApi, name: str) -> dict[str, Any] | None:
    """A node by its name; None where it is gone, or the name is empty."""
    return api.get(ObjectRef(NODE, None, name)) if name else None


@dataclass(frozen=True)
class Moments:
    """How far a pod has come; None for what has not been yet. container: its first, of whose present run started is."""

    created: datetime
    scheduled: datetime | None = None
    started: datetime | None = None
    ready: datetime | None = None
    container: str = ""


def pod_moments(pod: dict[str, Any]) -> Moments:
    """The pod's moments, as far as it has come."""
    ready, scheduled = condition(pod, "Ready"), condition(pod, "PodScheduled")
    created = pod["metadata"]["creationTimestamp"]
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    running = ((statuses[0].get("state") or {}).get("running") or {}) if statuses else {}
    placed = (pod.get("spec") or {}).get("nodeName") or scheduled.get("status") == "True"
    return Moments(
        created=datetime.fromisoformat(created),
        scheduled=datetime.fromisoformat(scheduled.get("lastTransitionTime") or created) if placed else None,
        started=datetime.fromisoformat(running["startedAt"]) if "startedAt" in running else None,
        ready=datetime.fromisoformat(ready["lastTransitionTime"]) if ready.get("status") == "True" else None,
        container=statuses[0]["name"] if statuses else "",
    )


def pod_start(pod: dict[str, Any]) -> PodStart | None:
    """The pod's moments, or None where it is not ready, or on its way out."""
    metadata, spec, at = pod["metadata"], pod.get("spec") or {}, pod_moments(pod)
    if at.scheduled is None or at.started is None or at.ready is None or metadata.get("deletionTimestamp"):
        return None
    container = next((each for each in spec["containers"] if each["name"] == at.container), {})
    limits = (container.get("resources") or {}).get("limits") or {}
    return PodStart(
        namespace=metadata["namespace"],
        name=metadata["name"],
        node=spec.get("nodeName", ""),
        container=at.container,
        image=container.get("image", ""),
        limits={name: str(amount) for name, amount in limits.items()},
        env={each["name"]: each["value"] for each in container.get("env") or [] if "value" in each},
        restarts=pod["status"]["containerStatuses"][0].get("restartCount", 0),
        created=at.created,
        scheduled=at.scheduled,
        started=at.started,
        ready=at.ready,
    )


def itemised(begin: datetime, ends: Ends, last: datetime) -> list[dict[str, Any]]:
    """``{name, seconds}`` of each phase whose end is known; one that is not known is a part of the next that is.

    last: a moment that no phase goes beyond. Kubernetes cuts its moments to whole seconds and logs do not, so one may
    seem to lie before the one before it; it takes no time then.
    """
    phases, reached = [], begin
    for name, end in ends:
        if end is None:
            continue
        end = min(max(reached, end), max(last, reached))
        phases.append({"name": name, "seconds": round((end - reached).total_seconds(), 3)})
        reached = end
    return phases


def under_way(begin: datetime, ends: Ends, now: datetime) -> dict[str, Any] | None:
    """``{name, seconds}`` of the phase that a pod is in now, by what is over; None where all of them are."""
    over = [index for index, (_name, end) in enumerate(ends) if end is not None]
    at = over[-1] + 1 if over else 0
    if at == len(ends):
        return None
    since = max([begin, *(end for _name, end in ends if end is not None)])
    return {"name": ends[at][0], "seconds": round(max((now - since).total_seconds(), 0.0), 3)}
