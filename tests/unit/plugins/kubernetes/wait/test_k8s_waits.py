# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When objects are ready, what they wait for, and what ends the wait."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.wait.readiness import state_of
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.wait.states import Failed, Ready, Waiting
from tests.unit.plugins.kubernetes.k8s_support import golden

DEPLOYMENT, DAEMONS, STATEFUL = ("apps/v1", "Deployment"), ("apps/v1", "DaemonSet"), ("apps/v1", "StatefulSet")
JOB, POD, SERVICE, CLAIM = ("batch/v1", "Job"), ("v1", "Pod"), ("v1", "Service"), ("v1", "PersistentVolumeClaim")
DEFINITION = ("apiextensions.k8s.io/v1", "CustomResourceDefinition")
API_SERVICE = ("apiregistration.k8s.io/v1", "APIService")
NAMESPACE = ("v1", "Namespace")


def conditions(**states):
    return [{"type": kind, "status": status, "reason": "Why", "message": "said"} for kind, status in states.items()]


def rolled(updated, total, available, observed=2):
    return {
        "observedGeneration": observed,
        "replicas": total,
        "updatedReplicas": updated,
        "availableReplicas": available,
    }


CASES = [
    (DEPLOYMENT, {"replicas": 2}, rolled(2, 2, 2), Ready, ""),
    (DEPLOYMENT, {"replicas": 0}, {"observedGeneration": 2}, Ready, ""),
    (DEPLOYMENT, {"replicas": 2}, rolled(2, 2, 2, observed=1), Waiting, "has not seen the change"),
    (DEPLOYMENT, {"replicas": 2}, {}, Waiting, "has not seen the change"),
    (DEPLOYMENT, {"replicas": 2}, rolled(1, 3, 2), Waiting, "1 of 2 replicas have the new template"),
    (DEPLOYMENT, {"replicas": 2}, rolled(2, 3, 2), Waiting, "1 replica of the old template still there"),
    (DEPLOYMENT, {"replicas": 2}, rolled(2, 2, 1), Waiting, "1 of 2 replicas are available"),
    (DEPLOYMENT, {"replicas": 1, "paused": True}, rolled(0, 1, 1), Failed, "paused"),
    (
        DEPLOYMENT,
        {"replicas": 1},
        {
            **rolled(1, 1, 0),
            "conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}],
        },
        Failed,
        "ProgressDeadlineExceeded",
    ),
    (
        DEPLOYMENT,
        {"replicas": 1},
        {
            **rolled(0, 0, 0),
            "conditions": [
                {"type": "ReplicaFailure", "status": "True", "message": 'pods "x" is forbidden: exceeded quota: q'}
            ],
        },
        Failed,
        "exceeded quota",
    ),
    (DAEMONS, {}, {"observedGeneration": 2, "desiredNumberScheduled": 0}, Ready, ""),
    (
        DAEMONS,
        {},
        {"observedGeneration": 2, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2},
        Ready,
        "",
    ),
    (
        DAEMONS,
        {},
        {"observedGeneration": 2, "desiredNumberScheduled": 2, "updatedNumberScheduled": 1, "numberAvailable": 2},
        Waiting,
        "1 of 2 nodes have the new pod",
    ),
    (
        DAEMONS,
        {},
        {"observedGeneration": 2, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 1},
        Waiting,
        "1 of 2 pods are available",
    ),
    (STATEFUL, {"replicas": 1}, {"observedGeneration": 2, "readyReplicas": 1}, Ready, ""),
    (STATEFUL, {"replicas": 1}, {"observedGeneration": 2}, Waiting, "0 of 1 replicas are ready"),
    (
        STATEFUL,
        {"replicas": 1},
        {"observedGeneration": 2, "readyReplicas": 1, "currentRevision": "a", "updateRevision": "b"},
        Waiting,
        "new template",
    ),
    (JOB, {}, {"conditions": conditions(Complete="True")}, Ready, ""),
    (JOB, {}, {"conditions": conditions(Failed="True")}, Failed, "Why: said"),
    (JOB, {}, {"active": 1}, Waiting, "1 pods run"),
    (POD, {}, {"phase": "Running", "conditions": conditions(Ready="True")}, Ready, ""),
    (POD, {}, {"phase": "Succeeded"}, Ready, ""),
    (POD, {}, {"phase": "Failed", "reason": "Evicted", "message": "disk"}, Failed, "Evicted: disk"),
    (POD, {}, {}, Waiting, "phase Pending"),
    (SERVICE, {"type": "ClusterIP"}, {}, Ready, ""),
    (SERVICE, {"type": "LoadBalancer"}, {"loadBalancer": {}}, Waiting, "no address"),
    (SERVICE, {"type": "LoadBalancer"}, {"loadBalancer": {"ingress": [{"ip": "34.1.2.3"}]}}, Ready, ""),
    (CLAIM, {}, {"phase": "Bound"}, Ready, ""),
    (CLAIM, {}, {"phase": "Pending"}, Waiting, "phase Pending"),
    (CLAIM, {}, {"phase": "Lost"}, Failed, "lost"),
    (DEFINITION, {}, {"conditions": conditions(Established="True")}, Ready, ""),
    (DEFINITION, {}, {}, Waiting, "not served yet"),
    (DEFINITION, {}, {"conditions": conditions(NamesAccepted="False")}, Failed, "Why: said"),
    (API_SERVICE, {}, {"conditions": conditions(Available="True")}, Ready, ""),
    (API_SERVICE, {}, {"conditions": conditions(Available="False")}, Waiting, "Why: said"),
    (NAMESPACE, {}, {"phase": "Active"}, Ready, ""),
    (NAMESPACE, {}, {"phase": "Terminating"}, Waiting, "being deleted"),
    (("v1", "ConfigMap"), {}, {}, Ready, ""),
]


@pytest.mark.parametrize(("kind", "spec", "status", "expected", "why"), CASES)
def test_states(kind, spec, status, expected, why):
    obj = {"apiVersion": kind[0], "kind": kind[1], "metadata": {"generation": 2}, "spec": spec, "status": status}
    state = state_of(obj)
    assert isinstance(state, expected)
    assert why in getattr(state, "why", "")


def test_a_real_deployment_without_nodes_waits():
    state = state_of(golden("apply_deployment", "the controller has written status")[1].body)
    assert state == Waiting("0 of 1 replicas are available")


def test_an_autoscaler_that_scales_by_metrics_of_before_is_not_ready_yet():
    def metric(name):
        return {"type": "Pods", "pods": {"metric": {"name": name}}}

    def looked_at(*names):
        scaler = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"}}
        status = {"conditions": conditions(ScalingActive="True"), "currentMetrics": [metric(name) for name in names]}
        return state_of({**scaler, "spec": {"metrics": [metric("queue"), metric("batch")]}, "status": status})

    assert looked_at("old") == Waiting("its controller has not looked at batch, queue yet")
    assert isinstance(looked_at("queue"), Ready)
    assert isinstance(looked_at(), Ready)
