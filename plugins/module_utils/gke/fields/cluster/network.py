# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of a cluster: its network."""

from __future__ import annotations

from ..field import Field, Verb, keep
from ..remedies import ANOTHER_CLUSTER

DNS = Verb("networkConfig.dnsConfig", "update.desiredDnsConfig", base=keep)

GROUPS = {
    "ipAllocationPolicy": "How addresses are given to pods and services.",
    "defaultMaxPodsConstraint": "Room for pods on the nodes of pools that do not say otherwise.",
    "networkConfig": "Networking of the cluster.",
    "networkConfig.gatewayApiConfig": "The Gateway API.",
    "networkConfig.dnsConfig": "Names inside of the cluster.",
    "privateClusterConfig": "The control plane's place in a private cluster.",
}


def _network(name: str, desired: str) -> Verb:
    return Verb(f"networkConfig.{name}", f"update.{desired}")


FIELDS: tuple[Field, ...] = (
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
    Field(
        "ipAllocationPolicy.stackType",
        "str",
        "Which IP versions there are.",
        choices=("IPV4", "IPV4_IPV6"),
        change=Verb("ipAllocationPolicy.stackType", "update.desiredStackType"),
        absent="IPV4",
    ),
    Field("defaultMaxPodsConstraint.maxPodsPerNode", "int64", "Most pods on a node.", change=ANOTHER_CLUSTER),
    Field(
        "privateClusterConfig.masterIpv4CidrBlock",
        "str",
        "Its block of 16 addresses, such as C(172.16.0.0/28).",
        change=ANOTHER_CLUSTER,
    ),
    Field(
        "networkConfig.datapathProvider",
        "str",
        "V(ADVANCED_DATAPATH) is GKE Dataplane V2.",
        choices=("LEGACY_DATAPATH", "ADVANCED_DATAPATH"),
        change=ANOTHER_CLUSTER,
        absent="LEGACY_DATAPATH",
    ),
    Field(
        "networkConfig.defaultEnablePrivateNodes",
        "bool",
        "Nodes get no public address.",
        change=_network("defaultEnablePrivateNodes", "desiredDefaultEnablePrivateNodes"),
    ),
    Field(
        "networkConfig.enableIntraNodeVisibility",
        "bool",
        "Let the VPC see what pods of one node say to each other.",
        change=_network("enableIntraNodeVisibility", "desiredIntraNodeVisibilityConfig.enabled"),
    ),
    Field(
        "networkConfig.enableL4ilbSubsetting",
        "bool",
        "Internal load balancers with subsets of the nodes; cannot be turned off again.",
        change=_network("enableL4ilbSubsetting", "desiredL4ilbSubsettingConfig.enabled"),
        refuses=lambda _have, want: None if want else "GKE does not turn it off again: leave the option out",
    ),
    Field(
        "networkConfig.gatewayApiConfig.channel",
        "str",
        "Which of its kinds are installed.",
        choices=("CHANNEL_STANDARD", "CHANNEL_DISABLED"),
        change=_network("gatewayApiConfig", "desiredGatewayApiConfig"),
        absent="CHANNEL_DISABLED",
    ),
    Field(
        "networkConfig.dnsConfig.clusterDns",
        "str",
        "Who answers.",
        choices=("PLATFORM_DEFAULT", "CLOUD_DNS", "KUBE_DNS"),
        change=DNS,
    ),
    Field(
        "networkConfig.dnsConfig.clusterDnsScope",
        "str",
        "Who may ask.",
        choices=("CLUSTER_SCOPE", "VPC_SCOPE"),
        change=DNS,
    ),
    Field("networkConfig.dnsConfig.clusterDnsDomain", "str", "The domain of the cluster's names.", change=DNS),
)
