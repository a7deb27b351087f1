# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The columns of the builtin kinds' tables, as data. Source: k8s.io/kubernetes, pkg/printers/internalversion."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from llmops_gke_sandbox.kubernetes.tables import cells, formats


class Column(NamedTuple):
    """A column: its header, what a cell says, priority (above 0: only in the wide form), type."""

    name: str
    cell: Callable[[dict], object]
    priority: int = 0
    type: str = "string"


def _path(path: str, default: object = "<none>") -> Callable[[dict], object]:
    names = path.split(".")

    def cell(obj: dict) -> object:
        value: object = obj
        for name in names:
            value = value.get(name) if isinstance(value, dict) else None
        return default if value in (None, "") else value

    return cell


def _count(field: str) -> Callable[[dict], object]:
    return lambda obj: str(len(obj.get(field) or ()))


def _containers(path: str, what: str) -> Callable[[dict], str]:
    found = _path(path, [])
    return lambda obj: ",".join(str(one.get(what, "")) for one in found(obj))


def _keys(path: str) -> Callable[[dict], str]:
    found = _path(path, {})
    return lambda obj: formats.selector(found(obj))


def _of(status: str, wanted: str) -> Callable[[dict], str]:
    have, want = _path(f"status.{status}", 0), _path(wanted, 0)
    return lambda obj: f"{have(obj)}/{want(obj)}"


def _wide(*columns: tuple[str, Callable[[dict], object]]) -> list[Column]:
    return [Column(name, cell, 1) for name, cell in columns]


def _number(name: str, path: str) -> Column:
    return Column(name, _path(path, 0), 0, "integer")


NAME = Column("Name", _path("metadata.name"))
AGE = Column("Age", lambda obj: formats.age(obj["metadata"].get("creationTimestamp")))
DEFAULT = (NAME, AGE)

_TEMPLATE = "spec.template.spec.containers"
_WORKLOAD = _wide(
    ("Containers", _containers(_TEMPLATE, "name")),
    ("Images", _containers(_TEMPLATE, "image")),
    ("Selector", lambda obj: formats.label_selector(obj["spec"].get("selector"))),
)


COLUMNS: dict[str, tuple[Column, ...] | list[Column]] = {
    "Pod": [
        NAME,
        Column("Ready", formats.pod_ready),
        Column("Status", formats.pod_state),
        Column("Restarts", formats.pod_restarts),
        AGE,
        *_wide(
            ("IP", _path("status.podIP")),
            ("Node", _path("spec.nodeName")),
            ("Nominated Node", _path("status.nominatedNodeName")),
            ("Readiness Gates", lambda obj: "<none>"),
        ),
    ],
    "Deployment": [
        NAME,
        Column("Ready", _of("readyReplicas", "spec.replicas")),
        _number("Up-to-date", "status.updatedReplicas"),
        _number("Available", "status.availableReplicas"),
        AGE,
        *_WORKLOAD,
    ],
    "ReplicaSet": [
        NAME,
        _number("Desired", "spec.replicas"),
        _number("Current", "status.replicas"),
        _number("Ready", "status.readyReplicas"),
        AGE,
        *_WORKLOAD,
    ],
    "StatefulSet": [NAME, Column("Ready", _of("readyReplicas", "spec.replicas")), AGE, *_WORKLOAD[:2]],
    "DaemonSet": [
        NAME,
        _number("Desired", "status.desiredNumberScheduled"),
        _number("Current", "status.currentNumberScheduled"),
        _number("Ready", "status.numberReady"),
        _number("Up-to-date", "status.updatedNumberScheduled"),
        _number("Available", "status.numberAvailable"),
        Column("Node Selector", _keys("spec.template.spec.nodeSelector")),
        AGE,
        *_WORKLOAD,
    ],
    "Job": [
        NAME,
        Column("Status", cells.job_state),
        Column("Completions", _of("succeeded", "spec.completions")),
        AGE,
        *_WORKLOAD,
    ],
    "HorizontalPodAutoscaler": [
        NAME,
        Column("Reference", cells.reference),
        Column("Targets", formats.hpa_targets),
        Column("MinPods", lambda obj: str(obj["spec"]["minReplicas"])),
        _number("MaxPods", "spec.maxReplicas"),
        _number("Replicas", "status.currentReplicas"),
        AGE,
    ],
    "Service": [
        NAME,
        Column("Type", _path("spec.type")),
        Column("Cluster-IP", _path("spec.clusterIP")),
        Column("External-IP", formats.service_address),
        Column("Port(s)", formats.service_ports),
        AGE,
        *_wide(("Selector", _keys("spec.selector"))),
    ],
    "Endpoints": [NAME, Column("Endpoints", formats.endpoint_addresses), AGE],
    "Node": [
        NAME,
        Column("Status", formats.node_state),
        Column("Roles", formats.node_roles),
        AGE,
        Column("Version", _path("status.nodeInfo.kubeletVersion")),
        *_wide(
            ("Internal-IP", lambda obj: formats.node_address(obj, "InternalIP")),
            ("External-IP", lambda obj: formats.node_address(obj, "ExternalIP")),
            ("OS-Image", _path("status.nodeInfo.osImage", "<unknown>")),
            ("Kernel-Version", _path("status.nodeInfo.kernelVersion", "<unknown>")),
            ("Container-Runtime", _path("status.nodeInfo.containerRuntimeVersion", "<unknown>")),
        ),
    ],
    "Event": [
        Column("Last Seen", cells.event_age),
        Column("Type", _path("type", "")),
        Column("Reason", _path("reason", "")),
        Column("Object", cells.involved),
        *_wide(("Subobject", _path("involvedObject.fieldPath", "")), ("Source", cells.event_source)),
        Column("Message", lambda obj: str(obj.get("message", "")).strip()),
        *_wide(
            ("First Seen", lambda obj: formats.age(obj.get("firstTimestamp") or obj.get("eventTime"))),
            ("Count", cells.event_count),
            ("Name", _path("metadata.name")),
        ),
    ],
    "Namespace": [NAME, Column("Status", _path("status.phase")), AGE],
    "ConfigMap": [
        NAME,
        Column("Data", lambda obj: str(len(obj.get("data", {})) + len(obj.get("binaryData", {})))),
        AGE,
    ],
    "Secret": [NAME, Column("Type", _path("type")), Column("Data", _count("data")), AGE],
    "ServiceAccount": [NAME, Column("Secrets", _count("secrets")), AGE],
    "PodDisruptionBudget": [
        NAME,
        Column("Min Available", _path("spec.minAvailable", "N/A")),
        Column("Max Unavailable", _path("spec.maxUnavailable", "N/A")),
        _number("Allowed Disruptions", "status.disruptionsAllowed"),
        AGE,
    ],
    "APIService": [
        NAME,
        Column("Service", cells.api_service),
        Column("Available", lambda obj: cells.conditions(obj).get("Available", "Unknown")),
        AGE,
    ],
}
