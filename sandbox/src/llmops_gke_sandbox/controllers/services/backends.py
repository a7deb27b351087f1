# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pods behind a Service, as both Endpoints and EndpointSlices list them. No requests here."""

from __future__ import annotations

from dataclasses import dataclass

from llmops_gke_sandbox.control.objects import is_deleting, is_pod_ready, labels_of


@dataclass(frozen=True)
class Backend:
    """One pod of a Service: its address, node, readiness, and the number that each named target port has there."""

    pod: dict
    address: str
    node: str
    ready: bool
    terminating: bool

    @property
    def target(self) -> dict:
        """Return the reference to the pod."""
        meta = self.pod["metadata"]
        return {"kind": "Pod", "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]}


def takes(service: dict, pod: dict) -> bool:
    """Tell whether the Service's selector takes the pod; without a selector it takes none."""
    selector = service["spec"].get("selector") or {}
    labels = labels_of(pod)
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def backends(service: dict, pods) -> list[Backend]:
    """Return the Service's backends among ``pods``, by address: pods that have one and did not end."""
    found = []
    for pod in pods:
        status = pod.get("status") or {}
        if not takes(service, pod) or not status.get("podIP") or status.get("phase") in ("Succeeded", "Failed"):
            continue
        terminating = is_deleting(pod)
        ready = (is_pod_ready(pod) or bool(service["spec"].get("publishNotReadyAddresses"))) and not terminating
        found.append(Backend(pod, status["podIP"], pod["spec"]["nodeName"], ready, terminating))
    return sorted(found, key=lambda backend: backend.address)


def endpoint_ports(service: dict, pod: dict) -> list[dict]:
    """Return the Service's ports as this pod has them; a named one that no container bears is left out."""
    ports = []
    for port in service["spec"].get("ports") or []:
        number = target_port(port, pod)
        if number is not None:
            ports.append({"name": port.get("name", ""), "port": number, "protocol": port.get("protocol", "TCP")})
    return ports


def target_port(port: dict, pod: dict) -> int | None:
    """Return the container's port number behind a Service port, None where the name is not found."""
    target = port.get("targetPort") or port["port"]
    if isinstance(target, int):
        return target
    if target.isdigit():
        return int(target)
    declared = (one for container in pod["spec"]["containers"] for one in container.get("ports") or [])
    return next((one["containerPort"] for one in declared if one.get("name") == target), None)
