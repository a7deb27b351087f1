# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields of a cluster: network."""

from __future__ import annotations

from ..field import Field, Verb, keep
from ..remedies import ANOTHER_CLUSTER

DNS = Verb("networkConfig.dnsConfig", "update.desiredDnsConfig", base=keep)

GROUPS = {
    "ipAllocationPolicy": "How the cluster's pods and services get IP addresses.",
    "defaultMaxPodsConstraint": "Default limit of pods per node for new node pools.",
    "networkConfig": "Network settings of the cluster.",
    "networkConfig.gatewayApiConfig": "Support for the Gateway API in the cluster.",
    "networkConfig.dnsConfig": "DNS provider and DNS domain of the cluster.",
    "privateClusterConfig": "Settings of a private cluster's control plane.",
}


def _network(name: str, desired: str) -> Verb:
    return Verb(f"networkConfig.{name}", f"update.{desired}")


FIELDS: tuple[Field, ...] = (
    Field("network", "name", "VPC network of the cluster, by name or path.", change=ANOTHER_CLUSTER),
    Field("subnetwork", "name", "Subnetwork of the cluster, by name or path.", change=ANOTHER_CLUSTER),
    Field(
        "ipAllocationPolicy.useIpAliases",
        "bool",
        "Create a VPC-native cluster, whose pods get addresses from alias IP ranges.",
        change=ANOTHER_CLUSTER,
    ),
    Field(
        "ipAllocationPolicy.clusterIpv4CidrBlock",
        "cidr",
        "Address range for pods in CIDR notation, or only its size, such as C(/17).",
        change=ANOTHER_CLUSTER,
    ),
    Field(
        "ipAllocationPolicy.servicesIpv4CidrBlock",
        "cidr",
        "Address range for services in CIDR notation, or only its size, such as C(/22).",
        change=ANOTHER_CLUSTER,
    ),
    Field(
        "ipAllocationPolicy.clusterSecondaryRangeName",
        "str",
        "Name of the subnetwork's secondary range for pods.",
        change=ANOTHER_CLUSTER,
    ),
    Field(
        "ipAllocationPolicy.servicesSecondaryRangeName",
        "str",
        "Name of the subnetwork's secondary range for services.",
        change=ANOTHER_CLUSTER,
    ),
    Field(
        "ipAllocationPolicy.stackType",
        "str",
        "IP versions of the cluster's pods and services.",
        choices=("IPV4", "IPV4_IPV6"),
        change=Verb("ipAllocationPolicy.stackType", "update.desiredStackType"),
        absent="IPV4",
    ),
    Field(
        "defaultMaxPodsConstraint.maxPodsPerNode",
        "int64",
        "Default maximum number of pods per node.",
        change=ANOTHER_CLUSTER,
    ),
    Field(
        "privateClusterConfig.masterIpv4CidrBlock",
        "str",
        "Address range of the control plane, with 16 addresses, such as C(172.16.0.0/28).",
        change=ANOTHER_CLUSTER,
    ),
    Field(
        "networkConfig.datapathProvider",
        "str",
        "Data plane of the cluster's network; V(ADVANCED_DATAPATH) is GKE Dataplane V2.",
        choices=("LEGACY_DATAPATH", "ADVANCED_DATAPATH"),
        change=ANOTHER_CLUSTER,
        absent="LEGACY_DATAPATH",
    ),
    Field(
        "networkConfig.defaultEnablePrivateNodes",
        "bool",
        "Create nodes without public IP addresses by default.",
        change=_network("defaultEnablePrivateNodes", "desiredDefaultEnablePrivateNodes"),
    ),
    Field(
        "networkConfig.enableIntraNodeVisibility",
        "bool",
        "Make traffic between pods on the same node visible to the VPC network.",
        change=_network("enableIntraNodeVisibility", "desiredIntraNodeVisibilityConfig.enabled"),
    ),
    Field(
        "networkConfig.enableL4ilbSubsetting",
        "bool",
        "Let each internal load balancer serve a subset of the nodes. Cannot be turned off again.",
        change=_network("enableL4ilbSubsetting", "desiredL4ilbSubsettingConfig.enabled"),
        refuses=lambda _have, want: None if want else "GKE does not turn it off again: leave the option out",
    ),
    Field(
        "networkConfig.gatewayApiConfig.channel",
        "str",
        "Release channel of the Gateway API resources to install.",
        choices=("CHANNEL_STANDARD", "CHANNEL_DISABLED"),
        change=_network("gatewayApiConfig", "desiredGatewayApiConfig"),
        absent="CHANNEL_DISABLED",
    ),
    Field(
        "networkConfig.dnsConfig.clusterDns",
        "str",
        "DNS provider that resolves names in the cluster.",
        choices=("PLATFORM_DEFAULT", "CLOUD_DNS", "KUBE_DNS"),
        change=DNS,
    ),
    Field(
        "networkConfig.dnsConfig.clusterDnsScope",
        "str",
        "Where the cluster's DNS records can be resolved - in the cluster or in the whole VPC network.",
        choices=("CLUSTER_SCOPE", "VPC_SCOPE"),
        change=DNS,
    ),
    Field("networkConfig.dnsConfig.clusterDnsDomain", "str", "DNS domain of the cluster's services.", change=DNS),
)
