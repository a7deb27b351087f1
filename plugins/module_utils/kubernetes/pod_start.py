# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ready pods behind a Service: what they run, on which machine, and when they came to life.

The API's timestamps are whole seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.api import POD, KubernetesApi
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.resources import Kind, ObjectRef
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.waits import condition

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


def service_starts(api: KubernetesApi, namespace: str, service: str) -> list[PodStart]:
    """The ready pods behind a Service, oldest first; none where the Service is absent or selects nothing."""
    found = api.get(ObjectRef(_SERVICE, namespace, service))
    selector = ((found or {}).get("spec") or {}).get("selector") or {}
    if not selector:
        return []
    labels = ",".join(f"{key}={value}" for key, value in sorted(selector.items()))
    starts = [start for pod in api.list(POD, namespace, label_selector=labels) if (start := pod_start(pod))]
    return sorted(starts, key=lambda start: (start.created, start.name))


def machine_of(api: KubernetesApi, node: str) -> dict[str, Any]:
    """What a node is by its labels: machine_type, accelerator_type, zone, node_pool (None where not told), spot."""
    found = api.get(ObjectRef(_NODE, None, node)) if node else None
    labels = ((found or {}).get("metadata") or {}).get("labels") or {}
    return {**{name: labels.get(label) for name, label in _LABELS.items()}, "spot": labels.get(_SPOT) == "true"}


def pod_start(pod: dict[str, Any]) -> PodStart | None:
    """The pod's moments, or None where it is not ready, or on its way out."""
    metadata, spec = pod["metadata"], pod.get("spec") or {}
    ready, scheduled = condition(pod, "Ready"), condition(pod, "PodScheduled")
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    running = ((statuses[0].get("state") or {}).get("running") or {}) if statuses else {}
    if ready.get("status") != "True" or metadata.get("deletionTimestamp") or "startedAt" not in running:
        return None
    container = next((each for each in spec["containers"] if each["name"] == statuses[0]["name"]), {})
    limits = (container.get("resources") or {}).get("limits") or {}
    return PodStart(
        namespace=metadata["namespace"],
        name=metadata["name"],
        node=spec.get("nodeName", ""),
        container=statuses[0]["name"],
        image=container.get("image", ""),
        gpus=int(limits.get(_GPU, 0)),
        env={each["name"]: each["value"] for each in container.get("env") or [] if "value" in each},
        restarts=statuses[0].get("restartCount", 0),
        created=datetime.fromisoformat(metadata["creationTimestamp"]),
        scheduled=datetime.fromisoformat(scheduled.get("lastTransitionTime") or metadata["creationTimestamp"]),
        started=datetime.fromisoformat(running["startedAt"]),
        ready=datetime.fromisoformat(ready["lastTransitionTime"]),
    )
