# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields that are in every object of a builtin kind because Go's encoder writes them even when they are empty.

They decide which fields a create adds (and so owns) and what a reader sees; the published schemas do not tell them.
Source: the json tags of k8s.io/api.
"""

from __future__ import annotations

from llmops_gke_sandbox.kubernetes.schema.kinds import Kind
from llmops_gke_sandbox.kubernetes.schema.types import type_of

_POD_TEMPLATE = {"metadata": {}, "spec": {"containers": None}}
_NAMES = {"plural": "", "kind": ""}

_ZERO: dict[str, dict] = {
    "DaemonSet": {
        "spec": {"selector": None, "template": _POD_TEMPLATE, "updateStrategy": {}},
        "status": {
            "currentNumberScheduled": 0,
            "numberMisscheduled": 0,
            "desiredNumberScheduled": 0,
            "numberReady": 0,
        },
    },
    "Deployment": {"spec": {"selector": None, "template": _POD_TEMPLATE, "strategy": {}}, "status": {}},
    "ReplicaSet": {
        "spec": {"selector": None, "template": {"metadata": {}, "spec": {"containers": None}}},
        "status": {"replicas": 0},
    },
    "StatefulSet": {
        "spec": {"selector": None, "template": _POD_TEMPLATE, "serviceName": "", "updateStrategy": {}},
        "status": {"replicas": 0},
    },
    "HorizontalPodAutoscaler": {
        "spec": {"scaleTargetRef": {"kind": "", "name": ""}, "maxReplicas": 0},
        "status": {"desiredReplicas": 0, "currentMetrics": None},
    },
    "Job": {"spec": {"template": _POD_TEMPLATE}, "status": {}},
    "CronJob": {
        "spec": {"schedule": "", "jobTemplate": {"metadata": {}, "spec": {"template": _POD_TEMPLATE}}},
        "status": {},
    },
    "Pod": {"spec": {"containers": None}, "status": {}},
    "PodTemplate": {"template": _POD_TEMPLATE},
    "Service": {"spec": {}, "status": {"loadBalancer": {}}},
    "Namespace": {"spec": {}, "status": {}},
    "Node": {
        "spec": {},
        "status": {
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 0}},
            "nodeInfo": {
                "machineID": "",
                "systemUUID": "",
                "bootID": "",
                "kernelVersion": "",
                "osImage": "",
                "containerRuntimeVersion": "",
                "kubeletVersion": "",
                "kubeProxyVersion": "",
                "operatingSystem": "",
                "architecture": "",
            },
        },
    },
    "Event": {
        "involvedObject": {},
        "source": {},
        "firstTimestamp": None,
        "lastTimestamp": None,
        "eventTime": None,
        "reportingComponent": "",
        "reportingInstance": "",
    },
    "PersistentVolumeClaim": {"spec": {"resources": {}}, "status": {}},
    "PersistentVolume": {"spec": {}, "status": {}},
    "ResourceQuota": {"spec": {}, "status": {}},
    "LimitRange": {"spec": {"limits": None}},
    "PodDisruptionBudget": {
        "spec": {},
        "status": {"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0},
    },
    "Ingress": {"spec": {}, "status": {"loadBalancer": {}}},
    "IngressClass": {"spec": {}},
    "NetworkPolicy": {"spec": {"podSelector": {}}},
    "Role": {"rules": None},
    "ClusterRole": {"rules": None},
    "RoleBinding": {"roleRef": {"apiGroup": "", "kind": "", "name": ""}},
    "ClusterRoleBinding": {"roleRef": {"apiGroup": "", "kind": "", "name": ""}},
    "StorageClass": {"provisioner": ""},
    "PriorityClass": {"value": 0},
    "Lease": {"spec": {}},
    "EndpointSlice": {"addressType": "", "endpoints": None, "ports": None},
    "ControllerRevision": {"revision": 0},
    "APIService": {"spec": {"groupPriorityMinimum": 0, "versionPriority": 0}, "status": {}},
    "CustomResourceDefinition": {
        "spec": {"group": "", "names": _NAMES, "scope": "", "versions": None},
        "status": {"conditions": None, "acceptedNames": _NAMES, "storedVersions": None},
    },
}


def zero_value(kind: Kind) -> dict:
    """Return the fields of an empty object of a builtin kind."""
    found = _ZERO.get(kind.kind)
    if found is not None:
        return found
    declared = type_of(kind)
    return {name: {} for name in ("spec", "status") if declared.declares(name)}


def empty_object(kind: Kind) -> dict:
    """Return an object of a kind as it is before anything is set: what a create is compared with."""
    obj = {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": {}}
    return obj if kind.custom is not None else {**obj, **zero_value(kind)}
