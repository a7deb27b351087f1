# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subnetworks of the project's one network, "default", as Compute makes them in auto mode."""

from __future__ import annotations

from llmops_gke_sandbox.google import places

NAME = "default"
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
