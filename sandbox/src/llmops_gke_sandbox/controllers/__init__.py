"""What kube-controller-manager and kube-scheduler do in a cluster, one file a controller."""

from llmops_gke_sandbox.control.controller import Controller
from llmops_gke_sandbox.controllers.apiservice import ApiServiceController
from llmops_gke_sandbox.controllers.daemonset import DaemonSetController
from llmops_gke_sandbox.controllers.deployment import DeploymentController
from llmops_gke_sandbox.controllers.disruption import DisruptionController
from llmops_gke_sandbox.controllers.endpoints import EndpointsController
from llmops_gke_sandbox.controllers.endpointslice import EndpointSliceController
from llmops_gke_sandbox.controllers.garbage import GarbageCollector
from llmops_gke_sandbox.controllers.job import JobController
from llmops_gke_sandbox.controllers.namespace import NamespaceController
from llmops_gke_sandbox.controllers.podgc import PodGarbageCollector
from llmops_gke_sandbox.controllers.replicaset import ReplicaSetController
from llmops_gke_sandbox.controllers.scheduler import Scheduler
from llmops_gke_sandbox.controllers.statefulset import StatefulSetController
from llmops_gke_sandbox.controllers.unsupported import Unsupported

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
