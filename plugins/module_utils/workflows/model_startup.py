# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model's pods on their way to take requests: what Kubernetes and the model server's log say of them, put together.

The phases: asked, until the autoscaler asked for a machine. machine: until it was a node. scheduled: until that had a
free GPU (its driver comes after it). image: until the container ran. Then those of the engine, until the server
answered. ready: until a probe saw it.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

from ..kubernetes.client.api import KubernetesApi
from ..kubernetes.client.resources import EVENT, SERVICE, ObjectRef
from ..kubernetes.diagnosis.cluster_view import Snapshot
from ..kubernetes.diagnosis.node_provisioning import NodeProvisioning, node_provisioning
from ..kubernetes.diagnosis.pod_startup import (
    Ends,
    PodStart,
    itemised,
    pod_moments,
    pod_start,
    read_node,
    selected_pods,
    selector_of,
)
from ..serving import registry
from ..serving.engine import Engine
from .cluster_access import ClusterAccess
from .gke_nodes import gpus_in, machine_of

_LOG_LINES = 2000

_GCS_FUSE = "gcsfuse.csi.storage.gke.io"
_ONLY_DIR = re.compile(r"(?:^|,)only-dir[=:]([^,]+)")
_DISK = re.compile(r"/mnt/disks/gke-secondary-disks/gke-([^/]+)-disk(?:/|$)")
"""Where GKE mounts a secondary boot disk with data."""


class ModelPods:
    """A model's Service and the pods behind it at one moment.

    Each thing is read when it is first asked for, and once. So whoever looks at them in a task sees the same; who waits
    for them to change looks anew.
    """

    def __init__(self, api: KubernetesApi, namespace: str, name: str, engine: Engine) -> None:
        self.api, self.namespace, self.name, self.engine = api, namespace, name, engine
        self.view = Snapshot(api)
        self._nodes: dict[str, dict[str, Any] | None] = {}
        self._ends: dict[str, Ends] = {}

    @cached_property
    def service(self) -> dict[str, Any] | None:
        """The Service; None where it is absent."""
        return self.api.get(ObjectRef(SERVICE, self.namespace, self.name))

    @cached_property
    def selected(self) -> list[dict[str, Any]]:
        """The pods that the Service selects, oldest first."""
        return selected_pods(self.api, self.namespace, selector_of(self.service))

    def node(self, pod: dict[str, Any]) -> dict[str, Any] | None:
        """The pod's node; None where it is gone, or the pod has none yet."""
        name = pod["spec"].get("nodeName", "")
        if name not in self._nodes:
            self._nodes[name] = read_node(self.api, name)
        return self._nodes[name]

    def provisioning(self, pod: dict[str, Any]) -> NodeProvisioning:
        """How the pod came by its node."""
        return node_provisioning(pod, self.node(pod), self.view.all(EVENT, self.namespace))

    def ends(self, pod: dict[str, Any]) -> Ends:
        """The pod's phases with their ends, None for what is not over or not told.

        A container that was restarted began anew, so its former runs are in ``image``. What the log of a ready pod does
        not tell apart is the engine's last phase, and there is no ``ready`` then.
        """
        name = pod["metadata"]["name"]
        if name not in self._ends:
            self._ends[name] = self._told_ends(pod)
        return self._ends[name]

    def _told_ends(self, pod: dict[str, Any]) -> Ends:
        came, at, name = self.provisioning(pod), pod_moments(pod), pod["metadata"]["name"]
        log = self.api.logs(self.namespace, name, at.container, lines=_LOG_LINES) if at.started else []
        launch = [(phase.name, phase.end) for phase in self.engine.launch_phases(log, at.started)]
        ends = [("asked", came.asked), ("machine", came.machine), ("scheduled", at.scheduled), ("image", at.started)]
        last, end = launch[-1]
        if end is None and at.ready is not None:
            return [*ends, *launch[:-1], (last, at.ready)]
        return [*ends, *launch, ("ready", at.ready)]


def pods_behind(access: ClusterAccess, options: dict[str, Any]) -> ModelPods | None:
    """The pods that the options ``service``, ``namespace`` and ``engine`` name; None where the cluster is absent."""
    if access.api is None:
        return None
    namespace = options["namespace"] or access.api.default_namespace
    return ModelPods(access.api, namespace, options["service"], registry.engine(options["engine"]))


def serving_pods(pods: ModelPods) -> list[dict[str, Any]]:
    """Those that are ready: what each runs, on which machine, and how it came to life."""
    return [_serving_pod(pods, pod, start) for pod in pods.selected if (start := pod_start(pod))]


def _serving_pod(pods: ModelPods, pod: dict[str, Any], start: PodStart) -> dict[str, Any]:
    stages = itemised(start.created, pods.ends(pod), start.ready)
    return {
        "pod": start.name,
        "image": start.image,
        "gpus": gpus_in(start.limits),
        **_settings(pods.engine, pod, start),
        "node": start.node,
        **machine_of(pods.node(pod)),
        "weights": weights_of(pod, start.container),
        "restarts": start.restarts,
        "created": start.created.isoformat(),
        "start_seconds": round(sum(stage["seconds"] for stage in stages), 3),
        "start_stages": stages,
    }


def weights_of(pod: dict[str, Any], container: str) -> str:
    """Where a container has the weights from, in a few words: what is mounted, else what it asks for them."""
    spec = next((one for one in pod["spec"]["containers"] if one["name"] == container), {})
    mounted = {mount["name"] for mount in spec.get("volumeMounts") or []}
    for volume in pod["spec"].get("volumes") or []:
        found = _mounted_source(volume) if volume["name"] in mounted else ""
        if found:
            return found
    asked = {one["name"]: one.get("value") for one in spec.get("env") or []}.get("HF_ENDPOINT")
    return f"{asked}, as the Hugging Face Hub" if asked else "the Hugging Face Hub"


def _mounted_source(volume: dict[str, Any]) -> str:
    """A volume as a source of weights; empty for any other."""
    csi, path = volume.get("csi") or {}, (volume.get("hostPath") or {}).get("path") or ""
    if csi.get("driver") == _GCS_FUSE:
        attributes = csi.get("volumeAttributes") or {}
        directory = _ONLY_DIR.search(attributes.get("mountOptions") or "")
        return f"gs://{attributes.get('bucketName', '')}{'/' + directory[1] if directory else ''}"
    disk = _DISK.match(path)
    return f"a disk of the image {disk[1]}" if disk else ""


def _settings(engine: Engine, pod: dict[str, Any], start: PodStart) -> dict[str, Any]:
    container = next(each for each in pod["spec"]["containers"] if each["name"] == start.container)
    arguments = [*(container.get("command") or []), *(container.get("args") or [])]
    settings = engine.settings(start.env, arguments)
    return {"quantization": settings.quantization, "settings": dict(settings.shown)}
