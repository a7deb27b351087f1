# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For each field of a cluster: what GKE has, what the user names, and what is sent to make it good."""

from __future__ import annotations

from typing import Any

from ansible_collections.llmops.gke.plugins.module_utils.gke.fields.cluster.table import CLUSTER_FIELDS
from ansible_collections.llmops.gke.plugins.module_utils.gke.fields.field import put
from tests.unit.plugins.gke.gke_support import CLUSTER, running

NETWORKS = "controlPlaneEndpointsConfig.ipEndpointsConfig.authorizedNetworksConfig"
OFFICE = {"cidrBlock": "203.0.113.0/24", "displayName": "office"}
IMMUTABLE = None
CREATE_ONLY = "only in the create request"

# field: (what GKE has there, what the user names, what is sent in the update's own part, from the field's root on).
CHANGES: dict[str, tuple[Any, Any, Any]] = {
    "description": ("old", "new", IMMUTABLE),
    "initialClusterVersion": ("1.31.1-gke.1", "1.33", CREATE_ONLY),
    "network": ("default", "projects/demo-project/global/networks/other", IMMUTABLE),
    "subnetwork": ("default", "other", IMMUTABLE),
    "ipAllocationPolicy.useIpAliases": (None, True, IMMUTABLE),
    "ipAllocationPolicy.clusterIpv4CidrBlock": ("10.0.0.0/14", "/17", IMMUTABLE),
    "ipAllocationPolicy.servicesIpv4CidrBlock": ("10.4.0.0/20", "10.8.0.0/20", IMMUTABLE),
    "ipAllocationPolicy.clusterSecondaryRangeName": ("pods", "others", IMMUTABLE),
    "ipAllocationPolicy.servicesSecondaryRangeName": ("services", "others", IMMUTABLE),
    "locations": (["us-central1-a"], ["us-central1-b"], {"desiredLocations": ["us-central1-b"]}),
    "releaseChannel.channel": ("REGULAR", "STABLE", {"desiredReleaseChannel": {"channel": "STABLE"}}),
    "addonsConfig.gcsFuseCsiDriverConfig.enabled": (
        None,
        True,
        {"desiredAddonsConfig": {"gcsFuseCsiDriverConfig": {"enabled": True}}},
    ),
    "addonsConfig.httpLoadBalancing.disabled": (
        True,
        False,
        {"desiredAddonsConfig": {"httpLoadBalancing": {"disabled": False}}},
    ),
    "addonsConfig.horizontalPodAutoscaling.disabled": (
        None,
        True,
        {"desiredAddonsConfig": {"horizontalPodAutoscaling": {"disabled": True}}},
    ),
    "workloadIdentityConfig.workloadPool": (
        None,
        "demo-project.svc.id.goog",
        {"desiredWorkloadIdentityConfig": {"workloadPool": "demo-project.svc.id.goog"}},
    ),
    "shieldedNodes.enabled": (None, True, {"desiredShieldedNodes": {"enabled": True}}),
    "nodePoolDefaults.nodeConfigDefaults.gcfsConfig.enabled": (None, True, {"desiredGcfsConfig": {"enabled": True}}),
    "networkConfig.defaultEnablePrivateNodes": (None, True, {"desiredDefaultEnablePrivateNodes": True}),
    "controlPlaneEndpointsConfig.ipEndpointsConfig.enabled": (
        True,
        False,
        {"desiredControlPlaneEndpointsConfig": {"ipEndpointsConfig": {"enabled": False}}},
    ),
    "controlPlaneEndpointsConfig.ipEndpointsConfig.enablePublicEndpoint": (
        True,
        False,
        {"desiredControlPlaneEndpointsConfig": {"ipEndpointsConfig": {"enablePublicEndpoint": False}}},
    ),
    "controlPlaneEndpointsConfig.dnsEndpointConfig.allowExternalTraffic": (
        None,
        True,
        {"desiredControlPlaneEndpointsConfig": {"dnsEndpointConfig": {"allowExternalTraffic": True}}},
    ),
    f"{NETWORKS}.enabled": (
        None,
        True,
        {
            "desiredControlPlaneEndpointsConfig": {
                "ipEndpointsConfig": {
                    "authorizedNetworksConfig": {"enabled": True, "gcpPublicCidrsAccessEnabled": True}
                }
            }
        },
    ),
    f"{NETWORKS}.cidrBlocks": (
        [OFFICE, {"cidrBlock": "198.51.100.0/24"}],
        [{"cidr_block": "203.0.113.0/24"}],
        {
            "desiredControlPlaneEndpointsConfig": {
                "ipEndpointsConfig": {
                    "authorizedNetworksConfig": {"gcpPublicCidrsAccessEnabled": True, "cidrBlocks": [OFFICE]}
                }
            }
        },
    ),
    "loggingConfig.componentConfig.enableComponents": (
        ["SYSTEM_COMPONENTS", "WORKLOADS"],
        ["SYSTEM_COMPONENTS"],
        {"desiredLoggingConfig": {"componentConfig": {"enableComponents": ["SYSTEM_COMPONENTS"]}}},
    ),
    "monitoringConfig.componentConfig.enableComponents": (
        ["SYSTEM_COMPONENTS", "HPA"],
        ["DCGM", "SYSTEM_COMPONENTS"],
        {
            "desiredMonitoringConfig": {
                "componentConfig": {"enableComponents": ["DCGM", "HPA", "SYSTEM_COMPONENTS"]},
                "advancedDatapathObservabilityConfig": {"enableMetrics": True},
            }
        },
    ),
    "monitoringConfig.managedPrometheusConfig.enabled": (
        None,
        True,
        {
            "desiredMonitoringConfig": {
                "managedPrometheusConfig": {"enabled": True},
                "advancedDatapathObservabilityConfig": {"enableMetrics": True},
            }
        },
    ),
    "verticalPodAutoscaling.enabled": (None, True, {"desiredVerticalPodAutoscaling": {"enabled": True}}),
    "resourceLabels": (
        {"theirs": "stays", "team": "old"},
        {"team": "ml"},
        {"resourceLabels": {"theirs": "stays", "team": "ml"}, "labelFingerprint": "abc"},
    ),
}
# What GKE has beside; it must go along where the API replaces the part whole, and not elsewhere.
BESIDE = {
    "monitoringConfig": {"advancedDatapathObservabilityConfig": {"enableMetrics": True}},
    NETWORKS: {"gcpPublicCidrsAccessEnabled": True},
}


def case(path: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The live cluster and the task's options of CHANGES, in full."""
    have, want, _sent = CHANGES[path]
    live = running(name=CLUSTER, labelFingerprint="abc")
    for root, values in BESIDE.items():
        if path.partition(".")[0] == root.partition(".")[0]:
            put(live, root, dict(values))
    if have is not None:
        put(live, path, have)
    given: dict[str, Any] = {}
    put(given, next(field for field in CLUSTER_FIELDS if field.path == path).option, want)
    return live, given
