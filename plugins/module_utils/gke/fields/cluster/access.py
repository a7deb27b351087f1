# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields of a cluster: endpoints of the control plane."""

from __future__ import annotations

from typing import Any

from ..field import Field, Value, Verb
from ..remedies import ANOTHER_CLUSTER


def _keep_authorized_networks(have: dict[str, Any], want: dict[str, Any]) -> dict[str, Any]:
    """Of the endpoints, only this part is replaced whole, so it goes along only where some of it is set."""
    networks = (have.get("ipEndpointsConfig") or {}).get("authorizedNetworksConfig")
    asked = "authorizedNetworksConfig" in want.get("ipEndpointsConfig", {})
    return {"ipEndpointsConfig": {"authorizedNetworksConfig": networks}} if networks and asked else {}


ENDPOINTS = Verb(
    "controlPlaneEndpointsConfig", "update.desiredControlPlaneEndpointsConfig", base=_keep_authorized_networks
)

_DNS = "controlPlaneEndpointsConfig.dnsEndpointConfig"
_IP = "controlPlaneEndpointsConfig.ipEndpointsConfig"
_NETWORKS = f"{_IP}.authorizedNetworksConfig"

GROUPS = {
    "controlPlaneEndpointsConfig": "Endpoints through which clients reach the cluster's control plane.",
    "controlPlaneEndpointsConfig.dnsEndpointConfig": "DNS-based endpoint of the control plane.",
    "controlPlaneEndpointsConfig.ipEndpointsConfig": "IP-based endpoints of the control plane.",
    "controlPlaneEndpointsConfig.ipEndpointsConfig.authorizedNetworksConfig": (
        "Networks that may reach the IP-based endpoints of the control plane."
    ),
}

FIELDS: tuple[Field, ...] = (
    Field(
        f"{_DNS}.allowExternalTraffic",
        "bool",
        "Accept traffic from outside Google Cloud on the DNS-based endpoint.",
        change=ENDPOINTS,
    ),
    Field(
        f"{_DNS}.enableK8sTokensViaDns",
        "bool",
        "Accept Kubernetes service account tokens on the DNS-based endpoint.",
        change=ENDPOINTS,
    ),
    Field(
        f"{_DNS}.enableK8sCertsViaDns",
        "bool",
        "Accept Kubernetes client certificates on the DNS-based endpoint.",
        change=ENDPOINTS,
    ),
    Field(f"{_IP}.enabled", "bool", "Enable the IP-based endpoints of the control plane.", change=ENDPOINTS),
    Field(
        f"{_IP}.enablePublicEndpoint",
        "bool",
        "Enable the public IP-based endpoint of the control plane.",
        change=ENDPOINTS,
    ),
    Field(
        f"{_IP}.globalAccess",
        "bool",
        "Accept clients in any Google Cloud region on the private IP-based endpoint.",
        change=ENDPOINTS,
    ),
    Field(
        f"{_IP}.privateEndpointSubnetwork",
        "name",
        "Subnetwork in which the private endpoint gets its address, by name or path.",
        change=ANOTHER_CLUSTER,
    ),
    Field(
        f"{_NETWORKS}.enabled",
        "bool",
        "Restrict the IP-based endpoints to the networks in O(ignore:cidr_blocks).",
        change=ENDPOINTS,
    ),
    Field(
        f"{_NETWORKS}.cidrBlocks",
        "keyed",
        "Networks that may reach the IP-based endpoints. Networks that are not listed are removed.",
        change=ENDPOINTS,
        keys=("cidrBlock",),
        items=(
            Value(
                "cidrBlock",
                "str",
                "Address range of the network in CIDR notation, such as C(203.0.113.0/24).",
                required=True,
            ),
            Value("displayName", "str", "Display name of the network."),
        ),
    ),
    Field(
        f"{_NETWORKS}.gcpPublicCidrsAccessEnabled",
        "bool",
        "Let public IP addresses of Google Cloud reach the IP-based endpoints.",
        change=ENDPOINTS,
    ),
    Field(
        f"{_NETWORKS}.privateEndpointEnforcementEnabled",
        "bool",
        "Apply the authorized networks to the private endpoint as well.",
        change=ENDPOINTS,
    ),
)
