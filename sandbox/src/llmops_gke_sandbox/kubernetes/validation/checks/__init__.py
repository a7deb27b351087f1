# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What single kinds refuse, in the server's words: one table of checks a kind."""

from __future__ import annotations

from collections.abc import Callable

from llmops_gke_sandbox.kubernetes.errors import Cause
from llmops_gke_sandbox.kubernetes.schema.kinds import Kind
from llmops_gke_sandbox.kubernetes.validation.checks import (
    access,
    autoscaling,
    configuration,
    limits,
    pods,
    services,
    workloads,
)
from llmops_gke_sandbox.kubernetes.validation.messages import Causes

Check = Callable[[dict], Causes]
UpdateCheck = Callable[[dict, dict], Causes]

_CHECKS: dict[str, Check] = {
    "APIService": access.api_service,
    "ClusterRole": access.cluster_role,
    "ClusterRoleBinding": access.cluster_role_binding,
    "ConfigMap": configuration.config_map,
    "DaemonSet": workloads.daemon_set,
    "Deployment": workloads.deployment,
    "HorizontalPodAutoscaler": autoscaling.autoscaler,
    "Job": workloads.job,
    "PersistentVolumeClaim": limits.claim,
    "Pod": pods.pod,
    "PodDisruptionBudget": limits.disruption_budget,
    "ReplicaSet": workloads.replica_set,
    "ResourceQuota": limits.resource_quota,
    "Role": access.role,
    "RoleBinding": access.role_binding,
    "Secret": configuration.secret,
    "Service": services.service,
    "StatefulSet": workloads.stateful_set,
}
_UPDATE_CHECKS: dict[str, UpdateCheck] = {
    "ClusterRoleBinding": access.binding_kept,
    "ConfigMap": configuration.config_map_kept,
    "DaemonSet": workloads.selector_kept,
    "Deployment": workloads.selector_kept,
    "Job": workloads.job_kept,
    "PersistentVolumeClaim": limits.claim_kept,
    "Pod": pods.pod_kept,
    "ReplicaSet": workloads.selector_kept,
    "RoleBinding": access.binding_kept,
    "Secret": configuration.secret_kept,
    "Service": services.service_kept,
    "StatefulSet": workloads.selector_kept,
}
# Kinds that say what is wrong with them before what may not change.
_OWN_FAULTS_FIRST = ("Deployment", "DaemonSet")
_STATUS_CHECKS: dict[str, Check] = {"Deployment": workloads.deployment_status}


def has_checks(kind: Kind) -> bool:
    """Whether a kind has checks of its own; the others have those of their schema."""
    return kind.custom is None and kind.kind in _CHECKS


def check_create(kind: Kind, obj: dict) -> list[Cause]:
    """Return what is wrong with a new object."""
    return list(_CHECKS[kind.kind](obj)) if has_checks(kind) else []


def check_update(kind: Kind, old: dict, new: dict) -> list[Cause]:
    """Return what is wrong with an object that replaces another: its own faults, and changes that are not allowed."""
    kept = _UPDATE_CHECKS.get(kind.kind) if kind.custom is None else None
    changes, faults = list(kept(old, new)) if kept else [], check_create(kind, new)
    return [*faults, *changes] if kind.kind in _OWN_FAULTS_FIRST else [*changes, *faults]


def check_status(kind: Kind, obj: dict) -> list[Cause]:
    """Return what is wrong with an object's status."""
    check = _STATUS_CHECKS.get(kind.kind) if kind.custom is None else None
    return list(check(obj)) if check else []
