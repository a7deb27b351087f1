# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Defaults as data: what the server fills in where a field is left out. Source: k8s.io/kubernetes, pkg/apis/*/v1."""

from __future__ import annotations

import re
from collections.abc import Callable

from llmops_gke_sandbox.kubernetes.schema.decode import copy
from llmops_gke_sandbox.kubernetes.schema.kinds import Kind
from llmops_gke_sandbox.kubernetes.schema.types import Type, type_of

_PROBE = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
_FILE_MODE = {"defaultMode": 420}
_HALF_ROLLOUT = {"maxUnavailable": "25%", "maxSurge": "25%"}
_ONE_REPLICA = {"replicas": 1}
_NO_IMAGE = re.compile(r"[\sA-Z]")
"""What is no name of an image has no tag either, not even the one that is left out."""
_SUBJECT_GROUP = "rbac.authorization.k8s.io"

# By definition, without "io.k8s.api.": fields that are always filled.
_PLAIN: dict[str, dict] = {
    "apps.v1.DaemonSetSpec": {"updateStrategy": {"type": "RollingUpdate"}, "revisionHistoryLimit": 10},
    "apps.v1.DeploymentSpec": {
        "strategy": {"type": "RollingUpdate"},
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
        **_ONE_REPLICA,
    },
    "apps.v1.ReplicaSetSpec": _ONE_REPLICA,
    "apps.v1.StatefulSetSpec": {
        "podManagementPolicy": "OrderedReady",
        "updateStrategy": {"type": "RollingUpdate"},
        "revisionHistoryLimit": 10,
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
        **_ONE_REPLICA,
    },
    "autoscaling.v2.HorizontalPodAutoscalerSpec": {"minReplicas": 1},
    "autoscaling.v2.HPAScalingRules": {"selectPolicy": "Max"},
    "batch.v1.CronJobSpec": {
        "concurrencyPolicy": "Allow",
        "suspend": False,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 1,
    },
    "batch.v1.JobSpec": {
        "backoffLimit": 6,
        "completionMode": "NonIndexed",
        "suspend": False,
        "parallelism": 1,
        "podReplacementPolicy": "TerminatingOrFailed",
        "manualSelector": False,
    },
    "core.v1.ConfigMapVolumeSource": _FILE_MODE,
    "core.v1.Container": {
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "resources": {},
    },
    "core.v1.ContainerPort": {"protocol": "TCP"},
    "core.v1.DownwardAPIVolumeSource": _FILE_MODE,
    "core.v1.EndpointPort": {"protocol": "TCP"},
    "core.v1.HTTPGetAction": {"path": "/", "scheme": "HTTP"},
    "core.v1.HostPathVolumeSource": {"type": ""},
    "core.v1.ObjectFieldSelector": {"apiVersion": "v1"},
    "core.v1.PersistentVolumeClaimSpec": {"volumeMode": "Filesystem"},
    "core.v1.PersistentVolumeSpec": {"volumeMode": "Filesystem", "persistentVolumeReclaimPolicy": "Retain"},
    # Go's encoder writes it though it is never set.
    "core.v1.PodCondition": {"lastProbeTime": None},
    "core.v1.PodSpec": {
        "dnsPolicy": "ClusterFirst",
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "securityContext": {},
        "schedulerName": "default-scheduler",
    },
    "core.v1.Probe": _PROBE,
    "core.v1.ProjectedVolumeSource": _FILE_MODE,
    "core.v1.Secret": {"type": "Opaque"},
    "core.v1.SecretVolumeSource": _FILE_MODE,
    "core.v1.ServiceAccountTokenProjection": {"expirationSeconds": 3600},
    "core.v1.ServicePort": {"protocol": "TCP"},
    "core.v1.ServiceSpec": {"sessionAffinity": "None", "type": "ClusterIP", "internalTrafficPolicy": "Cluster"},
    "discovery.v1.EndpointPort": {"name": "", "protocol": "TCP"},
    "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.ServiceReference": {"port": 443},
    "networking.v1.NetworkPolicyPort": {"protocol": "TCP"},
    "rbac.v1.RoleRef": {"apiGroup": _SUBJECT_GROUP},
    "scheduling.v1.PriorityClass": {"preemptionPolicy": "PreemptLowerPriority"},
    "storage.v1.StorageClass": {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"},
}


def _container(value: dict) -> None:
    image = value.get("image", "").rsplit("/", 1)[-1]
    untagged = ":" not in image and "@" not in image and not _NO_IMAGE.search(image)
    value.setdefault("imagePullPolicy", "Always" if untagged or image.endswith(":latest") else "IfNotPresent")


def _service_port(value: dict) -> None:
    if value.get("targetPort") in (None, "", 0):
        value["targetPort"] = value.get("port", 0)


def _service_spec(value: dict) -> None:
    if value["type"] == "ExternalName":
        value.pop("internalTrafficPolicy", None)
    if value["type"] in ("NodePort", "LoadBalancer"):
        value.setdefault("externalTrafficPolicy", "Cluster")
    if value["type"] == "LoadBalancer":
        value.setdefault("allocateLoadBalancerNodePorts", True)
    if value["sessionAffinity"] == "ClientIP":
        value.setdefault("sessionAffinityConfig", {"clientIP": {"timeoutSeconds": 10800}})


def _deployment_strategy(value: dict) -> None:
    if value.get("type", "RollingUpdate") == "RollingUpdate":
        value["rollingUpdate"] = {**_HALF_ROLLOUT, **value.get("rollingUpdate", {})}


def _daemon_set_strategy(value: dict) -> None:
    if value.get("type", "RollingUpdate") == "RollingUpdate":
        value["rollingUpdate"] = {"maxUnavailable": 1, "maxSurge": 0, **value.get("rollingUpdate", {})}


def _stateful_set_strategy(value: dict) -> None:
    if value.get("type", "RollingUpdate") == "RollingUpdate":
        value["rollingUpdate"] = {"partition": 0, **value.get("rollingUpdate", {})}


def _volume(value: dict) -> None:
    if set(value) <= {"name"}:
        value["emptyDir"] = {}


def _ingress_address(value: dict) -> None:
    if value.get("ip"):
        value.setdefault("ipMode", "VIP")


def _subject(value: dict) -> None:
    if value.get("kind") in ("User", "Group"):
        value.setdefault("apiGroup", _SUBJECT_GROUP)


def _stateful_set_spec(value: dict) -> None:
    for claim in value.get("volumeClaimTemplates", ()):
        claim |= {"kind": "PersistentVolumeClaim", "apiVersion": "v1", "status": {"phase": "Pending"}}


def _hpa_spec(value: dict) -> None:
    if not value.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        value["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]


def _hpa_behavior(value: dict) -> None:
    """Source: pkg/apis/autoscaling/v2/defaults.go."""
    percent = {"type": "Percent", "value": 100, "periodSeconds": 15}
    pods = {"type": "Pods", "value": 4, "periodSeconds": 15}
    up = {"stabilizationWindowSeconds": 0, "selectPolicy": "Max", "policies": [pods, percent]}
    down = {"selectPolicy": "Max", "policies": [percent]}
    value["scaleUp"] = {**up, **value.get("scaleUp", {})}
    value["scaleDown"] = {**down, **value.get("scaleDown", {})}


def _job_spec(value: dict) -> None:
    if "completions" not in value and value["parallelism"] == 1:
        value["completions"] = 1


def _pod(value: dict) -> None:
    spec = value["spec"]
    spec.setdefault("enableServiceLinks", True)
    for container in [*(spec.get("containers") or ()), *spec.get("initContainers", ())]:
        resources = container.get("resources", {})
        if resources.get("limits"):
            resources["requests"] = {**resources["limits"], **resources.get("requests", {})}


def _pod_spec(value: dict) -> None:
    """The account has two names, of which the older one is kept for old clients."""
    account = value.get("serviceAccountName") or value.get("serviceAccount")
    if account:
        value["serviceAccountName"] = value["serviceAccount"] = account


_RULES: dict[str, Callable[[dict], None]] = {
    "apps.v1.DaemonSetUpdateStrategy": _daemon_set_strategy,
    "apps.v1.DeploymentStrategy": _deployment_strategy,
    "apps.v1.StatefulSetSpec": _stateful_set_spec,
    "apps.v1.StatefulSetUpdateStrategy": _stateful_set_strategy,
    "autoscaling.v2.HorizontalPodAutoscalerBehavior": _hpa_behavior,
    "autoscaling.v2.HorizontalPodAutoscalerSpec": _hpa_spec,
    "batch.v1.JobSpec": _job_spec,
    "core.v1.Container": _container,
    "core.v1.LoadBalancerIngress": _ingress_address,
    "core.v1.Pod": _pod,
    "core.v1.PodSpec": _pod_spec,
    "core.v1.ServicePort": _service_port,
    "core.v1.ServiceSpec": _service_spec,
    "core.v1.Volume": _volume,
    "rbac.v1.Subject": _subject,
}


def set_defaults(kind: Kind, obj: dict) -> None:
    """Fill an object's defaults in place."""
    if kind.custom is None:
        _walk(type_of(kind), obj)
    else:
        _custom(type_of(kind), obj)


def _walk(kind: Type, value: object) -> None:
    if isinstance(value, list):
        for item in value:
            _walk(kind.items, item)
    if not isinstance(value, dict):
        return
    name = kind.ref.removeprefix("io.k8s.api.")
    for field, default in _PLAIN.get(name, {}).items():
        if _left_out(value.get(field), default, name):
            value[field] = copy(default)
        elif isinstance(default, dict):
            value[field] = {**default, **value[field]}
    for field, below in value.items():
        if isinstance(below, dict | list):
            field_type = kind.field(field)
            if field_type is not None:
                _walk(field_type, below)
    if name in _RULES:
        _RULES[name](value)


def _left_out(value: object, default: object, name: str) -> bool:
    """Whether a field counts as not given: empty text, and in a probe 0, are nothing to Go."""
    return value is None or (value == "" and isinstance(default, str)) or (value == 0 and name == "core.v1.Probe")


def _custom(kind: Type, value: object) -> None:
    """Fill the defaults that a custom resource's schema declares."""
    if isinstance(value, list):
        for item in value:
            _custom(kind.items, item)
    if not isinstance(value, dict):
        return
    for field, schema in kind.schema.get("properties", {}).items():
        if field not in value and isinstance(schema, dict) and "default" in schema:
            value[field] = copy(schema["default"])
    for field, below in value.items():
        field_type = kind.field(field)
        if isinstance(below, dict | list) and field_type is not None:
            _custom(field_type, below)
