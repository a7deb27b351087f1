# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The APIs that a project needs, and the permissions that the caller needs: one table for checks and docs. Pure.

Which role has which permission: https://cloud.google.com/iam/docs/roles-permissions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..plan import Plan

ALWAYS = "every deployment"
IMAGE_STREAMING = "node pools with image streaming"
DAEMON_SET = "GPU metrics by a DaemonSet"
ADAPTER = "an autoscaler with a metrics adapter"
ADAPTER_GRANT = "Google's metrics adapter, which is given its role"
PRIVATE_NODES = "nodes without public addresses"
BUCKET = "weights from a bucket"
DISK = "weights from a secondary boot disk"
DNS = "a control plane reached by its DNS endpoint"
PICKER = "a Gateway whose endpoint picker chooses the pod"

WHEN = {
    ALWAYS: "",
    IMAGE_STREAMING: "`gcfs_config`, the default",
    DAEMON_SET: "`llmops_gpu_metrics: daemonset`",
    ADAPTER: "",
    ADAPTER_GRANT: "",
    PRIVATE_NODES: "`network_config.enable_private_nodes: true`",
    BUCKET: "`llmops_weights: bucket`",
    DISK: "`llmops_weights: disk`",
    DNS: "`llmops_cluster_endpoint: dns`",
    PICKER: "`model_server_gateway_inference_pool: true`",
}
"""When something is needed -> what of the inventory makes it so."""


@dataclass(frozen=True)
class Api:
    """An API that is to be enabled in the project. use: what is done by it. when: a key of WHEN."""

    service: str
    title: str
    use: str
    when: str = ALWAYS


@dataclass(frozen=True)
class Need:
    """Permissions, and the smallest predefined role that has them. use: what they are for. when: a key of WHEN."""

    role: str
    use: str
    permissions: tuple[str, ...]
    when: str = ALWAYS


APIS = (
    Api("container.googleapis.com", "Kubernetes Engine API", "the cluster and its node pools"),
    Api("compute.googleapis.com", "Compute Engine API", "the nodes; quotas, machine types, networks"),
    Api("iam.googleapis.com", "Identity and Access Management (IAM) API", "the service account of the nodes"),
    Api("cloudresourcemanager.googleapis.com", "Cloud Resource Manager API", "what the caller may do in the project"),
    Api("serviceusage.googleapis.com", "Service Usage API", "which APIs are enabled"),
    Api("monitoring.googleapis.com", "Cloud Monitoring API", "metrics of the cluster, the GPUs and the model"),
    Api("logging.googleapis.com", "Cloud Logging API", "logs of the cluster and the model"),
    Api("containerfilesystem.googleapis.com", "Container File System API", "image streaming", IMAGE_STREAMING),
    Api("networkservices.googleapis.com", "Network Services API", "the load balancer's calls to the picker", PICKER),
    Api("storage.googleapis.com", "Cloud Storage API", "the bucket with the model's files", BUCKET),
)

CONTAINER_ADMIN = "roles/container.admin"
COMPUTE_VIEWER = "roles/compute.viewer"
ACCOUNT_USER = "roles/iam.serviceAccountUser"
IAM_ADMIN = "roles/resourcemanager.projectIamAdmin"

_WHOLE_LIFE = ("create", "delete", "get", "list", "update")


def _of(resource: str, *verbs: str) -> tuple[str, ...]:
    return tuple(f"container.{resource}.{verb}" for verb in verbs or _WHOLE_LIFE)


NEEDS = (
    Need(CONTAINER_ADMIN, "the cluster and its node pools", (*_of("clusters"), *_of("operations", "get", "list"))),
    Need(
        CONTAINER_ADMIN,
        "the model, and what is read of the cluster",
        (
            *(
                one
                for kind in ("configMaps", "deployments", "horizontalPodAutoscalers", "networkPolicies")
                for one in _of(kind)
            ),
            *(
                one
                for kind in ("podDisruptionBudgets", "secrets", "services", "thirdPartyObjects")
                for one in _of(kind)
            ),
            *_of("namespaces", "create", "get", "update"),
            *_of("nodes", "get", "list"),
            *_of("pods", "getLogs", "list", "portForward", "proxy"),
            *(f"container.{kind}.list" for kind in ("cronJobs", "daemonSets", "endpointSlices", "events", "jobs")),
            *(f"container.{kind}.list" for kind in ("persistentVolumeClaims", "replicaSets", "statefulSets")),
        ),
    ),
    Need(CONTAINER_ADMIN, "the exporter", _of("daemonSets", "create", "delete", "get", "update"), DAEMON_SET),
    Need(
        CONTAINER_ADMIN,
        "the adapter and its rights in the cluster",
        (
            *(one for kind in ("apiServices", "clusterRoleBindings", "clusterRoles") for one in _of(kind)),
            *(one for kind in ("roleBindings", "serviceAccounts") for one in _of(kind)),
            *_of("clusterRoles", "bind", "escalate"),
            *_of("roles", "bind"),
        ),
        ADAPTER,
    ),
    Need(
        CONTAINER_ADMIN,
        "the picker and its rights in the namespace",
        (
            *(one for kind in ("roleBindings", "roles", "serviceAccounts") for one in _of(kind)),
            *_of("roles", "bind", "escalate"),
        ),
        PICKER,
    ),
    Need(CONTAINER_ADMIN, "the pods' service account, which reads the bucket", _of("serviceAccounts"), BUCKET),
    Need(COMPUTE_VIEWER, "the disk image", ("compute.images.get",), DISK),
    Need(CONTAINER_ADMIN, "the Kubernetes API by its DNS name", _of("clusters", "connect"), DNS),
    Need(
        COMPUTE_VIEWER,
        "quotas, machine types, GPUs, networks, sizes of node pools",
        (
            *("compute.acceleratorTypes.list", "compute.instanceGroupManagers.get", "compute.machineTypes.list"),
            *("compute.projects.get", "compute.regions.get", "compute.subnetworks.list"),
        ),
    ),
    Need(COMPUTE_VIEWER, "Cloud NAT of the nodes' network", ("compute.routers.list",), PRIVATE_NODES),
    Need(COMPUTE_VIEWER, "which APIs are enabled", ("serviceusage.services.list",)),
    Need(
        IAM_ADMIN,
        "roles/monitoring.viewer for the adapter",
        (
            *("resourcemanager.projects.get", "resourcemanager.projects.getIamPolicy"),
            "resourcemanager.projects.setIamPolicy",
        ),
        ADAPTER_GRANT,
    ),
    Need(COMPUTE_VIEWER, "the project's number, by which IAM names it", ("resourcemanager.projects.get",), BUCKET),
)
"""What is asked of the project."""

ACT_AS = "iam.serviceAccounts.actAs"
"""The permission that is asked of the nodes' service account, on which alone it can be granted (ACCOUNT_USER)."""


def role_of(permission: str) -> str:
    """The role that gives a permission; ``ROLE`` for one that is not in the table."""
    return next((need.role for need in NEEDS if permission in need.permissions), "ROLE")


def circumstances(plan: Plan) -> set[str]:
    """The keys of WHEN that hold for a plan."""
    return {ALWAYS, *_holding(plan)}


def apis_of(plan: Plan) -> list[Api]:
    """The APIs that a plan needs."""
    holding = circumstances(plan)
    return [api for api in APIS if api.when in holding]


def permissions_of(plan: Plan) -> list[str]:
    """The permissions in the project that a plan needs, each once."""
    holding = circumstances(plan)
    return _once(
        [*(one for need in NEEDS if need.when in holding for one in need.permissions), *plan.permissions],
    )


def accounts_of(plan: Plan, default: str) -> dict[str, str]:
    """The service accounts that the nodes are to run as -> the variable that names each. default: of the project."""
    named = {
        default if pool.service_account in ("", "default") else pool.service_account: pool.names.of(
            "config.service_account"
        )
        for pool in plan.pools
    }
    return {account: variable for account, variable in named.items() if account}


def _holding(plan: Plan) -> Iterator[str]:
    if any(pool.image_streaming for pool in plan.pools):
        yield IMAGE_STREAMING
    if plan.private_pools:
        yield PRIVATE_NODES
    if plan.daemon_set:
        yield DAEMON_SET
    if plan.metrics_adapter:
        yield ADAPTER
    if plan.bucket is not None:
        yield BUCKET
    if plan.disk_image:
        yield DISK
    if plan.endpoint == "dns":
        yield DNS
    if plan.inference_pool:
        yield PICKER


def _once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
