# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kube-controller-manager and kube-scheduler do in a cluster, one file a controller."""

from llmops_gke_sandbox.control.controller import Controller
from llmops_gke_sandbox.controllers.apiservice import ApiServiceController
from llmops_gke_sandbox.controllers.disruption import DisruptionController
from llmops_gke_sandbox.controllers.garbage_collector import GarbageCollector
from llmops_gke_sandbox.controllers.namespace import NamespaceController
from llmops_gke_sandbox.controllers.pod_gc import PodGarbageCollector
from llmops_gke_sandbox.controllers.scheduling.scheduler import Scheduler
from llmops_gke_sandbox.controllers.services.endpoints import EndpointsController
from llmops_gke_sandbox.controllers.services.endpointslice import EndpointSliceController
from llmops_gke_sandbox.controllers.unsupported import Unsupported
from llmops_gke_sandbox.controllers.workloads.daemonset import DaemonSetController
from llmops_gke_sandbox.controllers.workloads.deployment import DeploymentController
from llmops_gke_sandbox.controllers.workloads.job import JobController
from llmops_gke_sandbox.controllers.workloads.replicaset import ReplicaSetController
from llmops_gke_sandbox.controllers.workloads.statefulset import StatefulSetController

CONTROLLERS: tuple[type[Controller], ...] = (
    NamespaceController,
    DeploymentController,
    ReplicaSetController,
    DaemonSetController,
    StatefulSetController,
    JobController,
    DisruptionController,
    Scheduler,
    EndpointsController,
    EndpointSliceController,
    ApiServiceController,
    GarbageCollector,
    PodGarbageCollector,
    Unsupported,
)
