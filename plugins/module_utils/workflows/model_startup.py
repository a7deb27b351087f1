# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model's pod on its way to take requests: what Kubernetes and the model server's log say of it, put together.

The phases: asked, until the autoscaler asked for a machine. machine: until it was a node. scheduled: until that had a
free GPU (its driver comes after it). image: until the container ran. Then those of the engine, until the server
answered. ready: until a probe saw it.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from ..kubernetes.client.api import KubernetesApi
from ..kubernetes.client.resources import EVENT
from ..kubernetes.diagnosis.node_provisioning import NodeProvisioning, node_provisioning
from ..kubernetes.diagnosis.pod_startup import (
    Ends,
    PodStart,
    itemised,
    pod_start,
    read_node,
    selected_pods,
    selector_of,
)
from ..serving.engine import Engine
from .gke_nodes import gpus_in, machine_of

LOG_LINES = 2000

_GCS_FUSE = "gcsfuse.csi.storage.gke.io"
_ONLY_DIR = re.compile(r"(?:^|,)only-dir[=:]([^,]+)")
_DISK = re.compile(r"/mnt/disks/gke-secondary-disks/gke-([^/]+)-disk(?:/|$)")
"""Where GKE mounts a secondary boot disk with data."""


def ends_of(
    engine: Engine,
    came: NodeProvisioning,
    scheduled: datetime | None,
    started: datetime | None,
    ready: datetime | None,
    log: list[str],
) -> Ends:
    """The phases' ends, None for what is not over or not told.

    A container that was restarted began anew, so its former runs are in ``image``. What the log of a ready pod does
    not tell apart is the engine's last phase, and there is no ``ready`` then.
    """
    launch = [(phase.name, phase.end) for phase in engine.launch_phases(log, started)]
    ends = [("asked", came.asked), ("machine", came.machine), ("scheduled", scheduled), ("image", started)]
    last, end = launch[-1]
    if end is None and ready is not None:
        return [*ends, *launch[:-1], (last, ready)]
    return [*ends, *launch, ("ready", ready)]


def start_of(engine: Engine, start: PodStart, came: NodeProvisioning, log: list[str]) -> dict[str, Any]:
    """A ready pod's way: ``start_stages`` of ``{name, seconds}``, one after the other, in all ``start_seconds``."""
    ends = ends_of(engine, came, start.scheduled, start.started, start.ready, log)
    stages = itemised(start.created, ends, start.ready)
    return {"start_seconds": round(sum(stage["seconds"] for stage in stages), 3), "start_stages": stages}


def serving_pods(api: KubernetesApi, namespace: str, service: str, engine: Engine) -> list[dict[str, Any]]:
    """The ready pods behind a Service: what each runs, on which machine, and how it came to life."""
    pods = selected_pods(api, namespace, selector_of(api, namespace, service) or {})
    starts = [(pod, start) for pod in pods if (start := pod_start(pod))]
    nodes = {name: read_node(api, name) for name in {start.node for _pod, start in starts}}
    events = api.list(EVENT, namespace) if starts else []
    return [
        {
            "pod": start.name,
            "image": start.image,
            "gpus": gpus_in(start.limits),
            **_settings(engine, pod, start),
            "node": start.node,
            **machine_of(nodes[start.node]),
            "weights": weights_of(pod, start.container),
            "restarts": start.restarts,
            "created": start.created.isoformat(),
            **start_of(
                engine,
                start,
                node_provisioning(pod, nodes[start.node], events),
                api.logs(start.namespace, start.name, start.container, lines=LOG_LINES),
            ),
        }
        for pod, start in starts
    ]


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
