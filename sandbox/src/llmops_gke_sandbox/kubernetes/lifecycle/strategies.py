# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the server does to objects of a kind when they are written. Source: k8s.io/kubernetes, pkg/registry."""

from __future__ import annotations

import base64
from collections.abc import Callable

from llmops_gke_sandbox.kubernetes.apply.fieldsets import Fields
from llmops_gke_sandbox.kubernetes.lifecycle.service_addresses import ServiceAddresses
from llmops_gke_sandbox.kubernetes.schema.defaults import set_defaults
from llmops_gke_sandbox.kubernetes.schema.kinds import Kind
from llmops_gke_sandbox.kubernetes.schema.zero_values import empty_object

_GENERATION = frozenset(
    {
        "APIService",
        "CronJob",
        "CustomResourceDefinition",
        "DaemonSet",
        "Deployment",
        "EndpointSlice",
        "Ingress",
        "IngressClass",
        "Job",
        "NetworkPolicy",
        "Pod",
        "PodDisruptionBudget",
        "ReplicaSet",
        "ReplicationController",
        "StatefulSet",
    }
)
_NO_GENERATION_PARTS = ("metadata", "status", "kind", "apiVersion")
_SYSTEM_METADATA = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation")
# Kinds whose delete answers with the object instead of a Status.
RETURNED_WHEN_DELETED = frozenset(
    {
        "PersistentVolume",
        "PersistentVolumeClaim",
        "Pod",
        "PodTemplate",
        "ResourceQuota",
        "Service",
        "ServiceAccount",
    }
)


def has_generation(kind: Kind) -> bool:
    """Whether objects of a kind count the changes of their specification."""
    return kind.custom is not None or kind.kind in _GENERATION


def reset_fields(kind: Kind, subresource: str) -> Fields:
    """Return the fields that an endpoint ignores in what it is given, and so nobody owns through it."""
    if subresource == "status":
        if kind.custom is not None:
            return {("f:spec",), ("f:metadata",)}
        return {("f:spec",), ("f:metadata", "f:labels")} if kind.kind == "Deployment" else {("f:spec",)}
    return {("f:status",)} if kind.subresource("status") else set()


def prepare_create(kind: Kind, obj: dict, addresses: ServiceAddresses) -> None:
    """Change, in place, an object that is about to be created."""
    if kind.subresource("status") and kind.kind != "Node":
        _keep(empty_object(kind), obj, "status")
    if has_generation(kind):
        obj["metadata"]["generation"] = 1
    on_create = _ON_CREATE.get(kind.kind)
    if on_create and kind.custom is None:
        on_create(obj)
    if kind.kind == "DaemonSet":
        _daemon_set_template(None, obj)
    if kind.kind == "Service":
        addresses.allocate(obj)


def prepare_update(kind: Kind, old: dict, new: dict, subresource: str, addresses: ServiceAddresses) -> None:
    """Change, in place, an object that is about to replace another: what the endpoint does not write stays."""
    for name in _SYSTEM_METADATA:
        if name in old["metadata"]:
            new["metadata"][name] = old["metadata"][name]
        else:
            new["metadata"].pop(name, None)
    if subresource == "status":
        _keep_all_but_status(kind, old, new)
    elif kind.subresource("status"):
        _keep(old, new, "status")
    if kind.kind == "Namespace" and subresource != "finalize":
        _keep(old, new, "spec")
    if kind.kind == "DaemonSet" and not subresource:
        _daemon_set_template(old, new)
    if kind.kind == "Service" and subresource != "status":
        addresses.reallocate(old, new)
    if has_generation(kind) and subresource in ("", "scale") and _specification(old) != _specification(new):
        new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1


def _specification(obj: dict) -> dict:
    return {name: value for name, value in obj.items() if name not in _NO_GENERATION_PARTS}


def _keep(old: dict, new: dict, name: str) -> None:
    if name in old:
        new[name] = old[name]
    else:
        new.pop(name, None)


def _keep_all_but_status(kind: Kind, old: dict, new: dict) -> None:
    for name in {*old, *new} - {"metadata", "status"}:
        _keep(old, new, name)
    if kind.custom is not None:
        owners = new["metadata"].get("managedFields")
        new["metadata"] = {key: value for key, value in old["metadata"].items() if key != "managedFields"}
        if owners:
            new["metadata"]["managedFields"] = owners
    elif kind.kind == "Deployment":
        _keep(old["metadata"], new["metadata"], "labels")


def complete(kind: Kind, obj: dict) -> None:
    """Fill, in place, what a writer need not say: defaults, and what follows from other fields."""
    set_defaults(kind, obj)
    on_write = _ON_WRITE.get(kind.kind)
    if on_write and kind.custom is None:
        on_write(obj)


def _secret(obj: dict) -> None:
    """stringData is write-only: it goes into data."""
    plain = obj.pop("stringData", None)
    if plain:
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in plain.items()}
        obj["data"] = {**obj.get("data", {}), **encoded}


def _namespace(obj: dict) -> None:
    obj["spec"] = {"finalizers": ["kubernetes"]}
    obj["status"] = {"phase": "Active"}


def _namespace_label(obj: dict) -> None:
    metadata = obj["metadata"]
    metadata["labels"] = {**metadata.get("labels", {}), "kubernetes.io/metadata.name": metadata["name"]}


def _pod(obj: dict) -> None:
    spec = obj["spec"]
    obj["status"] = {"phase": "Pending", "qosClass": quality_of_service(spec)}
    spec.setdefault("priority", 0)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    tolerations = spec.setdefault("tolerations", [])
    for condition in ("not-ready", "unreachable"):
        key = f"node.kubernetes.io/{condition}"
        tolerated = any(
            one.get("key", key) == key and one.get("effect", "NoExecute") == "NoExecute" for one in tolerations
        )
        if not tolerated:
            tolerations.append({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300})
    _tolerate_own_devices(spec, tolerations)


def _tolerate_own_devices(spec: dict, tolerations: list[dict]) -> None:
    """Let a pod that asks for a GPU onto the nodes that are kept for such pods.

    Source: plugin/pkg/admission/extendedresourcetoleration, which GKE has switched on.
    """
    containers = [*(spec.get("containers") or ()), *spec.get("initContainers", ())]
    asked = {name for one in containers for name in one.get("resources", {}).get("requests", {})}
    for name in sorted(asked):
        domain, slash, _resource = name.partition("/")
        if not slash or domain == "kubernetes.io" or domain.endswith(".kubernetes.io"):
            continue
        wanted = {"key": name, "operator": "Exists", "effect": "NoSchedule"}
        if not any({**one, "value": one.get("value", "")} == {**wanted, "value": ""} for one in tolerations):
            tolerations.append(wanted)


def quality_of_service(spec: dict) -> str:
    """Return a pod's QoS class: what it requests and may use of cpu and memory decides."""
    requests: list[dict] = []
    guaranteed = True
    for container in [*(spec.get("containers") or ()), *spec.get("initContainers", ())]:
        resources = container.get("resources", {})
        asked = {key: value for key, value in resources.get("requests", {}).items() if key in ("cpu", "memory")}
        limits = {key: value for key, value in resources.get("limits", {}).items() if key in ("cpu", "memory")}
        requests.append({**limits, **asked})
        guaranteed = guaranteed and set(limits) == {"cpu", "memory"} and {**limits, **asked} == limits
    if not any(requests):
        return "BestEffort"
    return "Guaranteed" if guaranteed else "Burstable"


def _job(obj: dict) -> None:
    """A Job selects its pods by its own uid. Source: registry/batch/job/strategy.go."""
    spec, metadata = obj["spec"], obj["metadata"]
    if spec.get("manualSelector"):
        return
    labels = {
        "batch.kubernetes.io/controller-uid": metadata["uid"],
        "batch.kubernetes.io/job-name": metadata["name"],
        "controller-uid": metadata["uid"],
        "job-name": metadata["name"],
    }
    template = spec["template"].setdefault("metadata", {})
    template["labels"] = {**template.get("labels", {}), **labels}
    selector = spec.get("selector") or {}
    own = {"batch.kubernetes.io/controller-uid": metadata["uid"]}
    spec["selector"] = {**selector, "matchLabels": {**selector.get("matchLabels", {}), **own}}


def after_create(kind: Kind, obj: dict) -> None:
    """Change, in place, an object that was found valid, as reading it back from the store does."""
    if kind.kind == "Job" and kind.custom is None and not obj["metadata"].get("labels"):
        labels = obj["spec"]["template"].get("metadata", {}).get("labels")
        obj["metadata"] |= {"labels": dict(labels)} if labels else {}


def _daemon_set_template(old: dict | None, new: dict) -> None:
    """A DaemonSet counts the changes of its template in an annotation, which no writer can take away."""
    count = 1
    if old:
        former = (old["metadata"].get("annotations") or {}).get(_TEMPLATE_GENERATION, "1")
        count = int(former) + (old["spec"]["template"] != new["spec"]["template"])
    annotations = new["metadata"].get("annotations") or {}
    new["metadata"]["annotations"] = {**annotations, _TEMPLATE_GENERATION: str(count)}


_TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"


def _definition(obj: dict) -> None:
    spec = obj["spec"]
    names = spec["names"]
    names["singular"] = names.get("singular") or names["kind"].lower()
    names["listKind"] = names.get("listKind") or f"{names['kind']}List"
    spec.setdefault("conversion", {"strategy": "None"})


def _definition_status(obj: dict) -> None:
    stored = [version["name"] for version in obj["spec"]["versions"] or () if version.get("storage")]
    obj["status"] = {"conditions": None, "acceptedNames": {"plural": "", "kind": ""}, "storedVersions": stored}


def _ingress(obj: dict) -> None:
    obj["status"] = {"loadBalancer": {}}


_ON_CREATE: dict[str, Callable[[dict], None]] = {
    "CustomResourceDefinition": _definition_status,
    "Ingress": _ingress,
    "Job": _job,
    "Namespace": _namespace,
    "Pod": _pod,
}
_ON_WRITE: dict[str, Callable[[dict], None]] = {
    "CustomResourceDefinition": _definition,
    "Namespace": _namespace_label,
    "Secret": _secret,
}
