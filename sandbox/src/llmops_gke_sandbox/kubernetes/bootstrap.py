# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fresh GKE cluster holds before anyone has created anything."""

from __future__ import annotations

from llmops_gke_sandbox.kubernetes.options import WriteOptions
from llmops_gke_sandbox.kubernetes.schema.custom_resources import CustomResources
from llmops_gke_sandbox.kubernetes.schema.decode import copy
from llmops_gke_sandbox.kubernetes.verbs import Verbs

_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system", "gmp-public", "gmp-system")
_API_SERVICE = {
    "metadata": {"name": "kubernetes", "labels": {"component": "apiserver", "provider": "kubernetes"}},
    "spec": {"ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 443}], "type": "ClusterIP"},
}
_PRIORITIES = (
    (
        "system-cluster-critical",
        2000000000,
        "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
    ),
    (
        "system-node-critical",
        2000001000,
        "Used for system critical pods that must not be moved from their current node.",
    ),
)
_STORAGE_CLASSES = (("standard-rwo", "pd-balanced", True), ("premium-rwo", "pd-ssd", False))
_ROLES = {
    "cluster-admin": [
        {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
        {"nonResourceURLs": ["*"], "verbs": ["*"]},
    ],
    "view": [{"apiGroups": ["", "apps"], "resources": ["*"], "verbs": ["get", "list", "watch"]}],
}

_ANYTHING = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
_LABELS = {"type": "object", "additionalProperties": {"type": "string"}}
_ENDPOINT = {
    "type": "object",
    "required": ["port"],
    "properties": {
        "port": {"x-kubernetes-int-or-string": True},
        "interval": {"type": "string", "default": "1m"},
        "timeout": {"type": "string"},
        "path": {"type": "string"},
        "scheme": {"type": "string"},
        "params": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
        "proxyUrl": {"type": "string"},
        "metricRelabeling": {"type": "array", "items": _ANYTHING},
        "authorization": _ANYTHING,
        "basicAuth": _ANYTHING,
        "oauth2": _ANYTHING,
        "tls": _ANYTHING,
    },
}


def _monitoring(kind: str, plural: str, scope: str) -> dict:
    """Return a definition of managed Prometheus. Source: GoogleCloudPlatform/prometheus-engine, API reference."""
    specification = {
        "type": "object",
        "required": ["endpoints", "selector"],
        "properties": {
            "selector": {
                "type": "object",
                "properties": {
                    "matchLabels": _LABELS,
                    "matchExpressions": {"type": "array", "items": _ANYTHING},
                },
            },
            "endpoints": {"type": "array", "items": _ENDPOINT},
            "targetLabels": {
                "type": "object",
                "properties": {
                    "metadata": {"type": "array", "items": {"type": "string"}},
                    "fromPod": {"type": "array", "items": _ANYTHING},
                },
            },
            "limits": _ANYTHING,
            "filterRunning": {"type": "boolean"},
        },
    }
    schema = {
        "type": "object",
        "required": ["spec"],
        "properties": {"spec": specification, "status": _ANYTHING},
    }
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": schema},
    }
    return {
        "metadata": {"name": f"{plural}.monitoring.googleapis.com"},
        "spec": {
            "group": "monitoring.googleapis.com",
            "scope": scope,
            "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "versions": [version],
        },
    }


MONITORING = (
    _monitoring("PodMonitoring", "podmonitorings", "Namespaced"),
    _monitoring("ClusterPodMonitoring", "clusterpodmonitorings", "Cluster"),
)
"""The definitions that a GKE cluster with managed Prometheus has from birth."""


def bootstrap(verbs: Verbs) -> None:
    """Fill a new cluster."""
    CustomResources(verbs.registry, verbs.store, verbs.now)

    def create(resource: str, obj: dict, namespace: str = "", manager: str = "kube-apiserver") -> None:
        verbs.create(verbs.registry.named(resource), namespace, obj, WriteOptions(manager))

    for name in _NAMESPACES:
        create("namespaces", {"metadata": {"name": name}})
    create("services", _API_SERVICE, "default")
    for name, value, description in _PRIORITIES:
        priority = {"metadata": {"name": name}, "value": value, "description": description}
        create("priorityclasses.scheduling.k8s.io", priority)
    for name, disk, is_default in _STORAGE_CLASSES:
        annotations = {"storageclass.kubernetes.io/is-default-class": "true"} if is_default else {}
        storage_class = {
            "metadata": {"name": name, "annotations": annotations},
            "provisioner": "pd.csi.storage.gke.io",
            "parameters": {"type": disk},
            "volumeBindingMode": "WaitForFirstConsumer",
            "allowVolumeExpansion": True,
        }
        create("storageclasses.storage.k8s.io", storage_class, manager="addon-manager")
    for name, rules in _ROLES.items():
        create("clusterroles.rbac.authorization.k8s.io", {"metadata": {"name": name}, "rules": rules})
    for definition in MONITORING:
        create("customresourcedefinitions.apiextensions.k8s.io", copy(definition), manager="kubectl-gke")
