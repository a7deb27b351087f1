# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For each field of a cluster: a value at its creation, another one afterwards, and what else must be given."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

_IP = "controlPlaneEndpointsConfig.ipEndpointsConfig"
_DNS = "controlPlaneEndpointsConfig.dnsEndpointConfig"
_WINDOW = "maintenancePolicy.window"
_DEFAULTS = "autoscaling.autoprovisioningNodePoolDefaults"
_KEY = "projects/sandbox-project/locations/us-central1/keyRings/ring/cryptoKeys"


@dataclass(frozen=True)
class Case:
    """old, new: the option's value in the create request (None: not given) and later.

    beside: API paths -> values, always given. later: what else is given with the new value.
    """

    old: Any
    new: Any
    beside: dict[str, Any] = field(default_factory=dict)
    later: dict[str, Any] = field(default_factory=dict)


ON = Case(False, True)
OFF = Case(True, False)


def switched(*paths: str) -> dict[str, Case]:
    """Switches that are turned on."""
    return dict.fromkeys(paths, ON)


_PROVISIONING = {
    "autoscaling.enableNodeAutoprovisioning": True,
    "autoscaling.resourceLimits": [
        {"resource_type": "cpu", "maximum": 64},
        {"resource_type": "memory", "maximum": 256},
    ],
}
_RECURRING = {
    f"{_WINDOW}.recurringWindow.window.startTime": "2026-01-03T02:00:00Z",
    f"{_WINDOW}.recurringWindow.window.endTime": "2026-01-03T08:00:00Z",
    f"{_WINDOW}.recurringWindow.recurrence": "FREQ=WEEKLY;BYDAY=SA,SU",
}


def without(values: dict[str, Any], path: str) -> dict[str, Any]:
    """The values less one."""
    return {name: value for name, value in values.items() if name != path}


def provisioned(path: str, old: Any, new: Any) -> dict[str, Case]:
    """A field of node auto-provisioning, while that is on."""
    return {path: Case(old, new, _PROVISIONING)}


def exclusion(name: str, month: int, scope: str = "NO_UPGRADES") -> dict[str, Any]:
    """A month without maintenance."""
    return {
        "name": name,
        "start_time": f"2026-{month:02}-01T00:00:00Z",
        "end_time": f"2026-{month:02}-28T00:00:00+00:00",
        "maintenance_exclusion_options": {"scope": scope},
    }


CLUSTER_CASES: dict[str, Case] = {
    "description": Case("a", "b"),
    "initialClusterVersion": Case("1.35", "1.36"),
    f"{_WINDOW}.dailyMaintenanceWindow.startTime": Case("01:00", "02:00"),
    f"{_WINDOW}.recurringWindow.window.startTime": Case(
        "2026-01-03T03:00:00Z",
        "2026-01-03T02:00:00Z",
        without(_RECURRING, f"{_WINDOW}.recurringWindow.window.startTime"),
    ),
    f"{_WINDOW}.recurringWindow.window.endTime": Case(
        "2026-01-03T09:00:00Z",
        "2026-01-03T08:00:00+00:00",
        without(_RECURRING, f"{_WINDOW}.recurringWindow.window.endTime"),
    ),
    f"{_WINDOW}.recurringWindow.recurrence": Case(
        "FREQ=DAILY", "FREQ=WEEKLY;BYDAY=SA", without(_RECURRING, f"{_WINDOW}.recurringWindow.recurrence")
    ),
    f"{_WINDOW}.maintenanceExclusions": Case(
        [exclusion("launch", 3), exclusion("gone", 4)],
        [exclusion("launch", 3, "NO_MINOR_UPGRADES"), exclusion("new", 5)],
    ),
    "releaseChannel.channel": Case("REGULAR", "RAPID"),
    "gkeAutoUpgradeConfig.patchMode": Case(None, "ACCELERATED"),
    "currentMasterVersion": Case("1.35", "1.36"),
    "locations": Case(["us-central1-a"], ["us-central1-a", "us-central1-b"]),
    "resourceLabels": Case({"team": "a", "kept": "yes"}, {"team": "b"}),
    "network": Case("default", "other"),
    "subnetwork": Case("default", "other"),
    "ipAllocationPolicy.useIpAliases": OFF,
    "ipAllocationPolicy.clusterIpv4CidrBlock": Case("10.0.0.0/17", "/18"),
    "ipAllocationPolicy.servicesIpv4CidrBlock": Case("10.4.0.0/20", "10.8.0.0/20"),
    "ipAllocationPolicy.clusterSecondaryRangeName": Case("pods", "others"),
    "ipAllocationPolicy.servicesSecondaryRangeName": Case("services", "others"),
    "ipAllocationPolicy.stackType": Case("IPV4", "IPV4_IPV6"),
    "defaultMaxPodsConstraint.maxPodsPerNode": Case(110, 32),
    "privateClusterConfig.masterIpv4CidrBlock": Case("172.16.0.0/28", "172.16.1.0/28"),
    "networkConfig.datapathProvider": Case("LEGACY_DATAPATH", "ADVANCED_DATAPATH"),
    **switched("networkConfig.defaultEnablePrivateNodes", "networkConfig.enableIntraNodeVisibility"),
    "networkConfig.enableL4ilbSubsetting": ON,
    "networkConfig.gatewayApiConfig.channel": Case("CHANNEL_DISABLED", "CHANNEL_STANDARD"),
    "networkConfig.dnsConfig.clusterDns": Case("KUBE_DNS", "CLOUD_DNS"),
    "networkConfig.dnsConfig.clusterDnsScope": Case(
        "CLUSTER_SCOPE", "VPC_SCOPE", {"networkConfig.dnsConfig.clusterDns": "CLOUD_DNS"}
    ),
    "networkConfig.dnsConfig.clusterDnsDomain": Case(
        "cluster.local", "serving.example", {"networkConfig.dnsConfig.clusterDns": "CLOUD_DNS"}
    ),
    **switched(
        *(
            f"addonsConfig.{name}.enabled"
            for name in (
                "gcsFuseCsiDriverConfig",
                "gcpFilestoreCsiDriverConfig",
                "gcePersistentDiskCsiDriverConfig",
                "lustreCsiDriverConfig",
                "dnsCacheConfig",
                "statefulHaConfig",
                "gkeBackupAgentConfig",
                "rayOperatorConfig",
                "highScaleCheckpointingConfig",
            )
        )
    ),
    "addonsConfig.httpLoadBalancing.disabled": OFF,
    "addonsConfig.horizontalPodAutoscaling.disabled": OFF,
    "verticalPodAutoscaling.enabled": ON,
    "podAutoscaling.hpaProfile": Case("NONE", "PERFORMANCE"),
    "workloadIdentityConfig.workloadPool": Case(None, "sandbox-project.svc.id.goog"),
    "shieldedNodes.enabled": ON,
    "securityPostureConfig.mode": Case("BASIC", "DISABLED"),
    "binaryAuthorization.evaluationMode": Case("DISABLED", "PROJECT_SINGLETON_POLICY_ENFORCE"),
    "secretManagerConfig.enabled": ON,
    "secretManagerConfig.rotationConfig.enabled": Case(False, True, {"secretManagerConfig.enabled": True}),
    "secretManagerConfig.rotationConfig.rotationInterval": Case("120s", "600s", {"secretManagerConfig.enabled": True}),
    "databaseEncryption.state": Case("DECRYPTED", "ENCRYPTED", later={"databaseEncryption.keyName": f"{_KEY}/a"}),
    "databaseEncryption.keyName": Case(f"{_KEY}/a", f"{_KEY}/b", {"databaseEncryption.state": "ENCRYPTED"}),
    "rbacBindingConfig.enableInsecureBindingSystemUnauthenticated": OFF,
    "rbacBindingConfig.enableInsecureBindingSystemAuthenticated": OFF,
    "anonymousAuthenticationConfig.mode": Case("ENABLED", "LIMITED"),
    "loggingConfig.componentConfig.enableComponents": Case(
        ["SYSTEM_COMPONENTS", "WORKLOADS"], ["SYSTEM_COMPONENTS", "APISERVER"]
    ),
    "monitoringConfig.componentConfig.enableComponents": Case(["SYSTEM_COMPONENTS", "POD"], ["DCGM"]),
    "monitoringConfig.managedPrometheusConfig.enabled": ON,
    "monitoringConfig.managedPrometheusConfig.autoMonitoringConfig.scope": Case("NONE", "ALL"),
    "monitoringConfig.advancedDatapathObservabilityConfig.enableMetrics": ON,
    "costManagementConfig.enabled": ON,
    "nodePoolDefaults.nodeConfigDefaults.gcfsConfig.enabled": ON,
    "nodePoolAutoConfig.networkTags.tags": Case(["a", "gone"], ["a", "b"]),
    "autoscaling.autoscalingProfile": Case("BALANCED", "OPTIMIZE_UTILIZATION"),
    "autoscaling.enableNodeAutoprovisioning": Case(
        False, True, later=without(_PROVISIONING, "autoscaling.enableNodeAutoprovisioning")
    ),
    "autoscaling.resourceLimits": Case(
        [{"resource_type": "cpu", "maximum": 32}, {"resource_type": "memory", "maximum": 128}],
        [
            {"resource_type": "cpu", "maximum": 64},
            {"resource_type": "memory", "maximum": 128},
            {"resource_type": "nvidia-l4", "minimum": 1, "maximum": 4},
        ],
        {"autoscaling.enableNodeAutoprovisioning": True},
    ),
    **provisioned("autoscaling.autoprovisioningLocations", ["us-central1-a"], ["us-central1-b"]),
    **provisioned(f"{_DEFAULTS}.oauthScopes", ["https://one"], ["https://two"]),
    **provisioned(f"{_DEFAULTS}.serviceAccount", "default", "nodes@sandbox-project.iam.gserviceaccount.com"),
    **provisioned(f"{_DEFAULTS}.management.autoRepair", False, True),
    **provisioned(f"{_DEFAULTS}.management.autoUpgrade", False, True),
    **provisioned(f"{_DEFAULTS}.diskSizeGb", 100, 200),
    **provisioned(f"{_DEFAULTS}.diskType", "pd-standard", "pd-balanced"),
    **provisioned(f"{_DEFAULTS}.imageType", "COS_CONTAINERD", "UBUNTU_CONTAINERD"),
    **provisioned(f"{_DEFAULTS}.shieldedInstanceConfig.enableSecureBoot", False, True),
    **provisioned(f"{_DEFAULTS}.shieldedInstanceConfig.enableIntegrityMonitoring", True, False),
    **switched(
        f"{_DNS}.allowExternalTraffic",
        f"{_DNS}.enableK8sTokensViaDns",
        f"{_DNS}.enableK8sCertsViaDns",
        f"{_IP}.globalAccess",
        f"{_IP}.authorizedNetworksConfig.enabled",
        f"{_IP}.authorizedNetworksConfig.gcpPublicCidrsAccessEnabled",
        f"{_IP}.authorizedNetworksConfig.privateEndpointEnforcementEnabled",
    ),
    f"{_IP}.enabled": OFF,
    f"{_IP}.enablePublicEndpoint": OFF,
    f"{_IP}.privateEndpointSubnetwork": Case("one", "two"),
    f"{_IP}.authorizedNetworksConfig.cidrBlocks": Case(
        [{"cidr_block": "198.51.100.0/24"}, {"cidr_block": "203.0.113.0/24", "display_name": "office"}],
        [{"cidr_block": "203.0.113.0/24", "display_name": "headquarters"}, {"cidr_block": "192.0.2.0/24"}],
        {f"{_IP}.authorizedNetworksConfig.enabled": True},
    ),
}
