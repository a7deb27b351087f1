# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields of a cluster (GKE v1, schemas Cluster and ClusterUpdate), in the order in which they are changed."""

from __future__ import annotations

from typing import Any

from ansible_collections.llmops.gke.plugins.module_utils.gke.fields import AtBirth, Field, Immutable, Value, Verb

ANOTHER_CLUSTER = Immutable("create a cluster of another name with it and move over, or delete this one first")


def _keep(have: Any, _want: Any) -> dict[str, Any]:
    """For a part that the API replaces whole."""
    return have


def _keep_authorized_networks(have: Any, want: Any) -> dict[str, Any]:
    """Of the endpoints, only this part is replaced whole, so it goes along only where some of it is set."""
    networks = (have.get("ipEndpointsConfig") or {}).get("authorizedNetworksConfig")
    asked = "authorizedNetworksConfig" in want.get("ipEndpointsConfig", {})
    return {"ipEndpointsConfig": {"authorizedNetworksConfig": networks}} if networks and asked else {}


LOCATIONS = Verb("locations", "update.desiredLocations")
RELEASE_CHANNEL = Verb("releaseChannel", "update.desiredReleaseChannel")
ADDONS = Verb("addonsConfig", "update.desiredAddonsConfig")
WORKLOAD_IDENTITY = Verb("workloadIdentityConfig", "update.desiredWorkloadIdentityConfig")
SHIELDED_NODES = Verb("shieldedNodes", "update.desiredShieldedNodes")
IMAGE_STREAMING = Verb("nodePoolDefaults.nodeConfigDefaults.gcfsConfig", "update.desiredGcfsConfig")
ENDPOINTS = Verb(
    "controlPlaneEndpointsConfig", "update.desiredControlPlaneEndpointsConfig", base=_keep_authorized_networks
)
PRIVATE_NODES = Verb("networkConfig.defaultEnablePrivateNodes", "update.desiredDefaultEnablePrivateNodes")
LOGGING = Verb("loggingConfig", "update.desiredLoggingConfig")
MONITORING = Verb("monitoringConfig", "update.desiredMonitoringConfig", base=_keep)
VERTICAL_POD_AUTOSCALING = Verb("verticalPodAutoscaling", "update.desiredVerticalPodAutoscaling")
RESOURCE_LABELS = Verb(
    "resourceLabels",
    "resourceLabels",
    method="POST",
    suffix=":setResourceLabels",
    along=(("labelFingerprint", "labelFingerprint"),),
)

GROUPS = {
    "ipAllocationPolicy": "How addresses are given to pods and services.",
    "addonsConfig": "The cluster's add-ons.",
    "addonsConfig.gcsFuseCsiDriverConfig": "Buckets mounted as volumes.",
    "addonsConfig.httpLoadBalancing": "The controller of Ingress load balancers.",
    "addonsConfig.horizontalPodAutoscaling": "The horizontal pod autoscaler.",
    "workloadIdentityConfig": "Workload Identity Federation for GKE.",
    "shieldedNodes": "Nodes whose identity is verifiable.",
    "nodePoolDefaults": "What node pools get that do not say otherwise.",
    "nodePoolDefaults.nodeConfigDefaults": "What their nodes get.",
    "nodePoolDefaults.nodeConfigDefaults.gcfsConfig": "Image streaming.",
    "controlPlaneEndpointsConfig": "How the control plane is reached.",
    "controlPlaneEndpointsConfig.dnsEndpointConfig": "Its endpoint by DNS name.",
    "controlPlaneEndpointsConfig.ipEndpointsConfig": "Its endpoints by IP address.",
    "controlPlaneEndpointsConfig.ipEndpointsConfig.authorizedNetworksConfig": "From where they may be reached.",
    "networkConfig": "Networking of the cluster.",
    "releaseChannel": "Which versions the cluster is upgraded to, and when.",
    "loggingConfig": "Cloud Logging.",
    "loggingConfig.componentConfig": "Which components log to it.",
    "monitoringConfig": "Cloud Monitoring.",
    "monitoringConfig.componentConfig": "Which components send metrics to it.",
    "monitoringConfig.managedPrometheusConfig": "Google Cloud Managed Service for Prometheus.",
    "verticalPodAutoscaling": "The vertical pod autoscaler.",
}
"""What an option that holds others is for."""

_ENDPOINTS = "controlPlaneEndpointsConfig"
_NETWORKS = f"{_ENDPOINTS}.ipEndpointsConfig.authorizedNetworksConfig"

CLUSTER_FIELDS: tuple[Field, ...] = (
    Field("description", "str", "A text for people.", change=ANOTHER_CLUSTER),
    Field(
        "initialClusterVersion",
        "str",
        "Version that the cluster is created with, such as C(1.33); not compared afterwards.",
        change=AtBirth(),
    ),
    Field("network", "name", "VPC network, by name or path.", change=ANOTHER_CLUSTER),
    Field("subnetwork", "name", "Subnetwork, by name or path.", change=ANOTHER_CLUSTER),
    Field("ipAllocationPolicy.useIpAliases", "bool", "Make the cluster VPC-native.", change=ANOTHER_CLUSTER),
    Field(
        "ipAllocationPolicy.clusterIpv4CidrBlock",
        "cidr",
        "Addresses of pods, as a block or only its size, such as C(/17).",
        change=ANOTHER_CLUSTER,
    ),
    Field(
        "ipAllocationPolicy.servicesIpv4CidrBlock",
        "cidr",
        "Addresses of services, as a block or only its size, such as C(/22).",
        change=ANOTHER_CLUSTER,
    ),
    Field(
        "ipAllocationPolicy.clusterSecondaryRangeName",
        "str",
        "The subnetwork's secondary range for pods.",
        change=ANOTHER_CLUSTER,
    ),
    Field(
        "ipAllocationPolicy.servicesSecondaryRangeName",
        "str",
        "The subnetwork's secondary range for services.",
        change=ANOTHER_CLUSTER,
    ),
    Field("locations", "set", "Zones of the cluster's region in which nodes are.", change=LOCATIONS),
    Field(
        "releaseChannel.channel",
        "str",
        "V(UNSPECIFIED) leaves every channel.",
        choices=("RAPID", "REGULAR", "STABLE", "EXTENDED", "UNSPECIFIED"),
        change=RELEASE_CHANNEL,
        absent="UNSPECIFIED",
    ),
    Field("addonsConfig.gcsFuseCsiDriverConfig.enabled", "bool", "Whether it is on.", change=ADDONS),
    Field("addonsConfig.httpLoadBalancing.disabled", "bool", "Whether it is off.", change=ADDONS),
    Field("addonsConfig.horizontalPodAutoscaling.disabled", "bool", "Whether it is off.", change=ADDONS),
    Field(
        "workloadIdentityConfig.workloadPool",
        "str",
        "C(PROJECT.svc.id.goog) of the cluster's own project.",
        change=WORKLOAD_IDENTITY,
    ),
    Field("shieldedNodes.enabled", "bool", "Whether they are used.", change=SHIELDED_NODES),
    Field(
        "nodePoolDefaults.nodeConfigDefaults.gcfsConfig.enabled", "bool", "Whether it is on.", change=IMAGE_STREAMING
    ),
    Field("networkConfig.defaultEnablePrivateNodes", "bool", "Nodes get no public address.", change=PRIVATE_NODES),
    Field(f"{_ENDPOINTS}.ipEndpointsConfig.enabled", "bool", "Whether there are any.", change=ENDPOINTS),
    Field(
        f"{_ENDPOINTS}.ipEndpointsConfig.enablePublicEndpoint",
        "bool",
        "Whether there is a public one.",
        change=ENDPOINTS,
    ),
    Field(
        f"{_ENDPOINTS}.dnsEndpointConfig.allowExternalTraffic",
        "bool",
        "Whether it may be used from outside of Google Cloud.",
        change=ENDPOINTS,
    ),
    Field(f"{_NETWORKS}.enabled", "bool", "Whether only O(ignore:cidr_blocks) may.", change=ENDPOINTS),
    Field(
        f"{_NETWORKS}.cidrBlocks",
        "keyed",
        "The networks; others are removed.",
        change=ENDPOINTS,
        keys=("cidrBlock",),
        items=(
            Value("cidrBlock", "str", "Block of addresses, such as C(203.0.113.0/24).", required=True),
            Value("displayName", "str", "Its name for people."),
        ),
    ),
    Field(
        "loggingConfig.componentConfig.enableComponents",
        "set",
        "The components; others are turned off.",
        choices=(
            "SYSTEM_COMPONENTS",
            "WORKLOADS",
            "APISERVER",
            "SCHEDULER",
            "CONTROLLER_MANAGER",
            "KCP_CONNECTION",
            "KCP_SSHD",
            "KCP_HPA",
        ),
        change=LOGGING,
    ),
    Field(
        "monitoringConfig.componentConfig.enableComponents",
        "set",
        "Components that must be among those that do; others are left as they are.",
        choices=(
            "SYSTEM_COMPONENTS",
            "APISERVER",
            "SCHEDULER",
            "CONTROLLER_MANAGER",
            "STORAGE",
            "HPA",
            "POD",
            "DAEMONSET",
            "DEPLOYMENT",
            "STATEFULSET",
            "CADVISOR",
            "KUBELET",
            "DCGM",
            "JOBSET",
        ),
        change=MONITORING,
        partial=True,
    ),
    Field("monitoringConfig.managedPrometheusConfig.enabled", "bool", "Whether it is on.", change=MONITORING),
    Field("verticalPodAutoscaling.enabled", "bool", "Whether it is on.", change=VERTICAL_POD_AUTOSCALING),
    Field(
        "resourceLabels",
        "map",
        "Labels of the Google Cloud resources; labels that are not named here are left alone.",
        change=RESOURCE_LABELS,
    ),
)
