# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pods behind a Service: what they run, on which machine, and when they came to life.

The API's timestamps are whole seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..client.api import POD, KubernetesApi
from ..client.resources import Kind, ObjectRef
from ..wait.readiness import condition

_SERVICE = Kind("", "v1", "Service", "services")
_NODE = Kind("", "v1", "Node", "nodes", namespaced=False)

_LABELS = {
    "machine_type": "node.kubernetes.io/instance-type",
    "accelerator_type": "cloud.google.com/gke-accelerator",
    "zone": "topology.kubernetes.io/zone",
    "node_pool": "cloud.google.com/gke-nodepool",
}
_SPOT = "cloud.google.com/gke-spot"
_GPU = "nvidia.com/gpu"


@dataclass(frozen=True)
class PodStart:
    """A ready pod's moments; started: of its first container's present run. node: where it runs.

    env: of that container, without what comes from a Secret or a ConfigMap.
    """

    namespace: str
    name: str
    node: str
    container: str
    image: str
    gpus: int
    env: dict[str, str]
    restarts: int
    created: datetime
    scheduled: datetime
    started: datetime
    ready: datetime


def selector_of(api: KubernetesApi, namespace: str, service: str) -> dict[str, str] | None:
    """The labels that a Service selects pods by, none where it selects nothing; None where it is absent."""
    found = api.get(ObjectRef(_SERVICE, namespace, service))
    return None if found is None else (found.get("spec") or {}).get("selector") or {}


def selected_pods(api: KubernetesApi, namespace: str, selector: dict[str, str]) -> list[dict[str, Any]]:
    """The pods that have these labels, oldest first."""
    labels = ",".join(f"{key}={value}" for key, value in sorted(selector.items()))
    pods = api.list(POD, namespace, label_selector=labels) if selector else []
    return sorted(pods, key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]))


def read_node(api: KubernetesApi, name: str) -> dict[str, Any] | None:
    """A node by its name; None where it is gone, or the name is empty."""
    return api.get(ObjectRef(_NODE, None, name)) if name else None


def machine_of(node: dict[str, Any] | None) -> dict[str, Any]:
    """What a node is by its labels: machine_type, accelerator_type, zone, node_pool (None where not told), spot."""
    labels = ((node or {}).get("metadata") or {}).get("labels") or {}
    return {**{name: labels.get(label) for name, label in _LABELS.items()}, "spot": labels.get(_SPOT) == "true"}


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
        gpus=int(limits.get(_GPU, 0)),
        env={each["name"]: each["value"] for each in container.get("env") or [] if "value" in each},
        restarts=pod["status"]["containerStatuses"][0].get("restartCount", 0),
        created=at.created,
        scheduled=at.scheduled,
        started=at.started,
        ready=at.ready,
    )
