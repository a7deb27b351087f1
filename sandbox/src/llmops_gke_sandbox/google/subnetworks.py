# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subnetworks of the project's one network: "default", as in auto mode, and those for proxies alone."""

from __future__ import annotations

from llmops_gke_sandbox.google import places

NAME = "default"
PROXY_ONLY = "proxy-only"
_GATEWAY = "1"


def body(home: str, region: str) -> dict:
    """Return what a Subnetwork of a region has beside what every resource has.

    :param home: URL of the project in Compute.
    """
    cidr = places.subnetwork_ranges()[region]
    return {
        "network": f"{home}/global/networks/{NAME}",
        "region": f"{home}/regions/{region}",
        "ipCidrRange": cidr,
        "gatewayAddress": cidr.partition("/")[0].rpartition(".")[0] + f".{_GATEWAY}",
        "privateIpGoogleAccess": False,
        "purpose": "PRIVATE",
        "stackType": "IPV4_ONLY",
    }


def proxy_only(home: str, region: str, cidr: str) -> dict:
    """Return the same of the one for the proxies of regional load balancers."""
    return {
        "network": f"{home}/global/networks/{NAME}",
        "region": f"{home}/regions/{region}",
        "ipCidrRange": cidr,
        "purpose": "REGIONAL_MANAGED_PROXY",
        "role": "ACTIVE",
        "state": "READY",
    }
