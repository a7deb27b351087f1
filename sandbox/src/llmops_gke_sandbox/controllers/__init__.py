"""What kube-controller-manager and kube-scheduler do in a cluster, one file a controller."""

from llmops_gke_sandbox.control.controller import Controller
from llmops_gke_sandbox.controllers.daemonset import DaemonSetController
from llmops_gke_sandbox.controllers.deployment import DeploymentController
from llmops_gke_sandbox.controllers.endpoints import EndpointsController
from llmops_gke_sandbox.controllers.endpointslice import EndpointSliceController
from llmops_gke_sandbox.controllers.garbage import GarbageCollector
from llmops_gke_sandbox.controllers.hpa import HorizontalPodAutoscalerController
from llmops_gke_sandbox.controllers.namespace import NamespaceController
from llmops_gke_sandbox.controllers.podgc import PodGarbageCollector
from llmops_gke_sandbox.controllers.replicaset import ReplicaSetController
from llmops_gke_sandbox.controllers.scheduler import Scheduler
from llmops_gke_sandbox.controllers.unsupported import Unsupported

CONTROLLERS: tuple[type[Controller], ...] = (
    NamespaceController,
    DeploymentController,
    ReplicaSetController,
    DaemonSetController,
    Scheduler,
    EndpointsController,
    EndpointSliceController,
    HorizontalPodAutoscalerController,
    GarbageCollector,
    PodGarbageCollector,
    Unsupported,
)
