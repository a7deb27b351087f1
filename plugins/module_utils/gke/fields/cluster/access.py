# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of a cluster: the ways to its control plane."""

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
    "controlPlaneEndpointsConfig": "How the control plane is reached.",
    "controlPlaneEndpointsConfig.dnsEndpointConfig": "Its endpoint by DNS name.",
    "controlPlaneEndpointsConfig.ipEndpointsConfig": "Its endpoints by IP address.",
    "controlPlaneEndpointsConfig.ipEndpointsConfig.authorizedNetworksConfig": "From where they may be reached.",
}

FIELDS: tuple[Field, ...] = (
    Field(
        f"{_DNS}.allowExternalTraffic",
        "bool",
        "Whether it may be used from outside of Google Cloud.",
        change=ENDPOINTS,
    ),
    Field(f"{_DNS}.enableK8sTokensViaDns", "bool", "Accept Kubernetes' own tokens there.", change=ENDPOINTS),
    Field(f"{_DNS}.enableK8sCertsViaDns", "bool", "Accept client certificates there.", change=ENDPOINTS),
    Field(f"{_IP}.enabled", "bool", "Whether there are any.", change=ENDPOINTS),
    Field(f"{_IP}.enablePublicEndpoint", "bool", "Whether there is a public one.", change=ENDPOINTS),
    Field(f"{_IP}.globalAccess", "bool", "Let other regions use the private one.", change=ENDPOINTS),
    Field(
        f"{_IP}.privateEndpointSubnetwork",
        "name",
        "Subnetwork of the private one, by name or path.",
        change=ANOTHER_CLUSTER,
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
        f"{_NETWORKS}.gcpPublicCidrsAccessEnabled",
        "bool",
        "Let public addresses of Google Cloud in.",
        change=ENDPOINTS,
    ),
    Field(
        f"{_NETWORKS}.privateEndpointEnforcementEnabled",
        "bool",
        "Hold it against the private endpoint, too.",
        change=ENDPOINTS,
    ),
)
