# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The builtin kinds as data, in the order in which discovery shows their groups."""

from __future__ import annotations

from dataclasses import replace

from llmops_gke_sandbox.kubernetes.schema.kinds import ALL_VERBS, STATUS_VERBS, Kind, Subresource

_CREATE = ("create",)
_PROXY_VERBS = ("create", "delete", "get", "patch", "update")
_STREAM_VERBS = ("create", "get")
_SCALE = Subresource("scale", "Scale", STATUS_VERBS, "autoscaling", "v1")
_POD_PARTS = (
    Subresource("attach", "PodAttachOptions", _STREAM_VERBS),
    Subresource("binding", "Binding", _CREATE),
    Subresource("ephemeralcontainers"),
    Subresource("eviction", "Eviction", _CREATE, "policy", "v1"),
    Subresource("exec", "PodExecOptions", _STREAM_VERBS),
    Subresource("log", verbs=("get",)),
    Subresource("portforward", "PodPortForwardOptions", _STREAM_VERBS),
    Subresource("proxy", "PodProxyOptions", _PROXY_VERBS),
    Subresource("resize"),
    Subresource("status"),
)
_NO_COLLECTION = tuple(verb for verb in ALL_VERBS if verb != "deletecollection")

_GROUPS = (
    "",
    "apiregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "apiextensions.k8s.io",
    "scheduling.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
)

# kind, plural, flags (c: cluster-scoped, s: status, x: scale, a: category "all"), short names
_TABLE: dict[tuple[str, str], tuple[tuple[str, str, str, str], ...]] = {
    ("", "v1"): (
        ("ConfigMap", "configmaps", "", "cm"),
        ("Endpoints", "endpoints", "", "ep"),
        ("Event", "events", "", "ev"),
        ("LimitRange", "limitranges", "", "limits"),
        ("Namespace", "namespaces", "cs", "ns"),
        ("Node", "nodes", "cs", "no"),
        ("PersistentVolumeClaim", "persistentvolumeclaims", "s", "pvc"),
        ("PersistentVolume", "persistentvolumes", "cs", "pv"),
        ("Pod", "pods", "a", "po"),
        ("PodTemplate", "podtemplates", "", ""),
        ("ReplicationController", "replicationcontrollers", "sxa", "rc"),
        ("ResourceQuota", "resourcequotas", "s", "quota"),
        ("Secret", "secrets", "", ""),
        ("ServiceAccount", "serviceaccounts", "", "sa"),
        ("Service", "services", "sa", "svc"),
    ),
    ("apiregistration.k8s.io", "v1"): (("APIService", "apiservices", "cs", ""),),
    ("apps", "v1"): (
        ("ControllerRevision", "controllerrevisions", "", ""),
        ("DaemonSet", "daemonsets", "sa", "ds"),
        ("Deployment", "deployments", "sxa", "deploy"),
        ("ReplicaSet", "replicasets", "sxa", "rs"),
        ("StatefulSet", "statefulsets", "sxa", "sts"),
    ),
    ("autoscaling", "v2"): (("HorizontalPodAutoscaler", "horizontalpodautoscalers", "sa", "hpa"),),
    ("batch", "v1"): (("CronJob", "cronjobs", "sa", "cj"), ("Job", "jobs", "sa", "")),
    ("networking.k8s.io", "v1"): (
        ("IngressClass", "ingressclasses", "c", ""),
        ("Ingress", "ingresses", "s", "ing"),
        ("NetworkPolicy", "networkpolicies", "", "netpol"),
    ),
    ("policy", "v1"): (("PodDisruptionBudget", "poddisruptionbudgets", "s", "pdb"),),
    ("rbac.authorization.k8s.io", "v1"): (
        ("ClusterRoleBinding", "clusterrolebindings", "c", ""),
        ("ClusterRole", "clusterroles", "c", ""),
        ("RoleBinding", "rolebindings", "", ""),
        ("Role", "roles", "", ""),
    ),
    ("storage.k8s.io", "v1"): (("StorageClass", "storageclasses", "c", "sc"),),
    ("apiextensions.k8s.io", "v1"): (("CustomResourceDefinition", "customresourcedefinitions", "cs", "crd crds"),),
    ("scheduling.k8s.io", "v1"): (("PriorityClass", "priorityclasses", "c", "pc"),),
    ("coordination.k8s.io", "v1"): (("Lease", "leases", "", ""),),
    ("discovery.k8s.io", "v1"): (("EndpointSlice", "endpointslices", "", ""),),
}

# Parts beyond status and scale, and verbs that differ from the usual ones.
_SUBRESOURCES: dict[str, tuple[Subresource, ...]] = {
    "Namespace": (Subresource("finalize", verbs=("update",)),),
    "Node": (Subresource("proxy", "NodeProxyOptions", _PROXY_VERBS),),
    "Pod": _POD_PARTS,
    "ServiceAccount": (Subresource("token", "TokenRequest", _CREATE, "authentication.k8s.io", "v1"),),
    "Service": (Subresource("proxy", "ServiceProxyOptions", _PROXY_VERBS),),
}
_VERBS = {"Namespace": _NO_COLLECTION}
_CATEGORIES = {"CustomResourceDefinition": ("api-extensions",), "APIService": ("api-extensions",)}

# Kinds that are asked and answered, never stored.
_REVIEWS = (
    Kind("", "v1", "Binding", "bindings", verbs=_CREATE),
    Kind("authorization.k8s.io", "v1", "LocalSubjectAccessReview", "localsubjectaccessreviews", verbs=_CREATE),
    Kind("authorization.k8s.io", "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", False, verbs=_CREATE),
    Kind("authorization.k8s.io", "v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews", False, verbs=_CREATE),
    Kind("authorization.k8s.io", "v1", "SubjectAccessReview", "subjectaccessreviews", False, verbs=_CREATE),
    Kind("authentication.k8s.io", "v1", "SelfSubjectReview", "selfsubjectreviews", False, verbs=_CREATE),
)


def _kind(group: str, version: str, kind: str, plural: str, flags: str, short: str) -> Kind:
    parts = list(_SUBRESOURCES.get(kind, ()))
    if "x" in flags:
        parts.append(_SCALE)
    if "s" in flags:
        parts.append(Subresource("status"))
    return Kind(
        group,
        version,
        kind,
        plural,
        namespaced="c" not in flags,
        short=tuple(short.split()),
        categories=("all",) if "a" in flags else _CATEGORIES.get(kind, ()),
        verbs=_VERBS.get(kind, ALL_VERBS),
        subresources=tuple(sorted(parts, key=lambda part: part.name)),
        singular=kind.lower(),
    )


def builtin_kinds() -> list[Kind]:
    """Return every builtin kind, those of one group together."""
    kinds = [_kind(*group_version, *row) for group_version, rows in _TABLE.items() for row in rows]
    kinds += [replace(review, singular=review.kind.lower()) for review in _REVIEWS]
    return sorted(kinds, key=lambda kind: _GROUPS.index(kind.group))
