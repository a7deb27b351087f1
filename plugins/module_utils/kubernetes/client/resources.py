# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds and where they live: apiVersion and kind to a REST path, without discovery for what every cluster has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote


@dataclass(frozen=True)
class Kind:
    """A kind of object in one API version; plural is its name in paths."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """As manifests write it: ``v1``, ``apps/v1``."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None = None, name: str | None = None) -> str:
        """The path of one object, or of the collection (of all namespaces where none is given)."""
        parts = [group_path(self.api_version)]
        if self.namespaced and namespace:
            parts += ["namespaces", quote(namespace, safe="")]
        parts.append(self.plural)
        if name:
            parts.append(quote(name, safe=""))
        return "/".join(parts)


@dataclass(frozen=True)
class ObjectRef:
    """One object: its kind, namespace (None where the kind has none) and name."""

    kind: Kind
    namespace: str | None
    name: str

    @property
    def path(self) -> str:
        """Its path in the API."""
        return self.kind.path(self.namespace, self.name)

    def __str__(self) -> str:
        return f"{self.kind.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind.kind} {self.name}"


def group_path(api_version: str) -> str:
    """Where an API version is served (https://kubernetes.io/docs/reference/using-api/api-concepts/)."""
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def builtin(api_version: str, kind: str) -> Kind | None:
    """The kind as every Kubernetes cluster has it, or None for one that only discovery can tell."""
    return _BUILTIN.get((api_version, kind))


def builtin_of_group(group: str, kind: str) -> Kind | None:
    """As builtin, in the newest version that is known here."""
    found = [known for known in _BUILTIN.values() if (known.group, known.kind) == (group, kind)]
    return max(found, key=lambda known: known.version, default=None)


def versions_of(kind: str) -> list[str]:
    """The API versions in which every Kubernetes cluster has a kind of this name."""
    return [api_version for api_version, name in _BUILTIN if name == kind]


def kind_from_discovery(api_version: str, entry: dict[str, Any]) -> Kind:
    """A Kind from an entry of an APIResourceList."""
    group, _sep, version = api_version.rpartition("/")
    return Kind(group, version, entry["kind"], entry["name"], entry["namespaced"])


def kinds_of_definition(definition: dict[str, Any]) -> list[Kind]:
    """The kinds that a CustomResourceDefinition's manifest will bring, one a served version."""
    spec = definition.get("spec") or {}
    names = spec.get("names") or {}
    return [
        Kind(spec["group"], version["name"], names["kind"], names["plural"], spec.get("scope") == "Namespaced")
        for version in spec.get("versions") or []
        if version.get("served")
    ]


# Plurals by API version; those marked with * have no namespace.
_TABLE: dict[str, str] = {
    "v1": "ConfigMap configmaps, Endpoints endpoints, Event events, LimitRange limitranges, Namespace namespaces*, "
    "Node nodes*, PersistentVolumeClaim persistentvolumeclaims, PersistentVolume persistentvolumes*, Pod pods, "
    "PodTemplate podtemplates, ReplicationController replicationcontrollers, ResourceQuota resourcequotas, "
    "Secret secrets, ServiceAccount serviceaccounts, Service services",
    "admissionregistration.k8s.io/v1": "MutatingWebhookConfiguration mutatingwebhookconfigurations*, "
    "ValidatingWebhookConfiguration validatingwebhookconfigurations*, "
    "ValidatingAdmissionPolicy validatingadmissionpolicies*, "
    "ValidatingAdmissionPolicyBinding validatingadmissionpolicybindings*",
    "apiextensions.k8s.io/v1": "CustomResourceDefinition customresourcedefinitions*",
    "apiregistration.k8s.io/v1": "APIService apiservices*",
    "apps/v1": "ControllerRevision controllerrevisions, DaemonSet daemonsets, Deployment deployments, "
    "ReplicaSet replicasets, StatefulSet statefulsets",
    "autoscaling/v1": "HorizontalPodAutoscaler horizontalpodautoscalers",
    "autoscaling/v2": "HorizontalPodAutoscaler horizontalpodautoscalers",
    "batch/v1": "CronJob cronjobs, Job jobs",
    "coordination.k8s.io/v1": "Lease leases",
    "discovery.k8s.io/v1": "EndpointSlice endpointslices",
    "events.k8s.io/v1": "Event events",
    "networking.k8s.io/v1": "IngressClass ingressclasses*, Ingress ingresses, NetworkPolicy networkpolicies",
    "node.k8s.io/v1": "RuntimeClass runtimeclasses*",
    "policy/v1": "PodDisruptionBudget poddisruptionbudgets",
    "rbac.authorization.k8s.io/v1": "ClusterRoleBinding clusterrolebindings*, ClusterRole clusterroles*, "
    "RoleBinding rolebindings, Role roles",
    "scheduling.k8s.io/v1": "PriorityClass priorityclasses*",
    "storage.k8s.io/v1": "CSIDriver csidrivers*, CSINode csinodes*, StorageClass storageclasses*, "
    "VolumeAttachment volumeattachments*",
}


def _builtin_kinds() -> dict[tuple[str, str], Kind]:
    kinds = {}
    for api_version, rows in _TABLE.items():
        group, _sep, version = api_version.rpartition("/")
        for row in rows.split(", "):
            kind, plural = row.split()
            found = Kind(group, version, kind, plural.rstrip("*"), not plural.endswith("*"))
            kinds[(api_version, kind)] = found
    return kinds


_BUILTIN = _builtin_kinds()

API_SERVICE = _BUILTIN["apiregistration.k8s.io/v1", "APIService"]
DAEMON_SET = _BUILTIN["apps/v1", "DaemonSet"]
EVENT = _BUILTIN["v1", "Event"]
HPA = _BUILTIN["autoscaling/v2", "HorizontalPodAutoscaler"]
NAMESPACE = _BUILTIN["v1", "Namespace"]
NODE = _BUILTIN["v1", "Node"]
POD = _BUILTIN["v1", "Pod"]
REPLICA_SET = _BUILTIN["apps/v1", "ReplicaSet"]
SERVICE = _BUILTIN["v1", "Service"]
