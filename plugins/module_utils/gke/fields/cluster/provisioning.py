# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of a cluster: nodes that GKE provisions by itself, and what node pools get that do not say otherwise."""

from __future__ import annotations

from typing import Any

from ..field import Field, Value, Verb


def _provisioning(have: dict[str, Any], want: dict[str, Any]) -> dict[str, Any]:
    """All that is there goes along; of a provisioning that is turned off nothing but the autoscaler's profile."""
    off = want.get("enableNodeAutoprovisioning") is False
    return {name: value for name, value in have.items() if name == "autoscalingProfile" or not off}


AUTOSCALING = Verb("autoscaling", "update.desiredClusterAutoscaling", base=_provisioning)

_DEFAULTS = "autoscaling.autoprovisioningNodePoolDefaults"

GROUPS = {
    "autoscaling": "The autoscaler, and node pools that it makes by itself (node auto-provisioning).",
    "autoscaling.autoprovisioningNodePoolDefaults": "What such node pools get.",
    "autoscaling.autoprovisioningNodePoolDefaults.management": "What GKE does to their nodes by itself.",
    "autoscaling.autoprovisioningNodePoolDefaults.shieldedInstanceConfig": "Protection against changed firmware.",
    "nodePoolDefaults": "What node pools get that do not say otherwise.",
    "nodePoolDefaults.nodeConfigDefaults": "What their nodes get.",
    "nodePoolDefaults.nodeConfigDefaults.gcfsConfig": "Image streaming.",
    "nodePoolAutoConfig": "What nodes get that GKE provisions by itself.",
    "nodePoolAutoConfig.networkTags": "Their network tags.",
}

FIELDS: tuple[Field, ...] = (
    Field(
        "nodePoolDefaults.nodeConfigDefaults.gcfsConfig.enabled",
        "bool",
        "Whether it is on.",
        change=Verb("nodePoolDefaults.nodeConfigDefaults.gcfsConfig", "update.desiredGcfsConfig"),
    ),
    Field(
        "nodePoolAutoConfig.networkTags.tags",
        "set",
        "For firewall rules; others are removed.",
        change=Verb("nodePoolAutoConfig.networkTags", "update.desiredNodePoolAutoConfigNetworkTags"),
    ),
    Field(
        "autoscaling.autoscalingProfile",
        "str",
        "V(OPTIMIZE_UTILIZATION) removes nodes sooner.",
        choices=("BALANCED", "OPTIMIZE_UTILIZATION"),
        change=AUTOSCALING,
        absent="BALANCED",
    ),
    Field("autoscaling.enableNodeAutoprovisioning", "bool", "Whether it makes node pools.", change=AUTOSCALING),
    Field(
        "autoscaling.resourceLimits",
        "keyed",
        "How much of each resource all nodes may have; others are removed.",
        change=AUTOSCALING,
        keys=("resourceType",),
        items=(
            Value("resourceType", "str", "V(cpu), V(memory) (in GB) or a type of GPU.", required=True),
            Value("minimum", "int64", "The least."),
            Value("maximum", "int64", "The most.", required=True),
        ),
    ),
    Field("autoscaling.autoprovisioningLocations", "set", "Zones for such node pools.", change=AUTOSCALING),
    Field(f"{_DEFAULTS}.oauthScopes", "set", "OAuth 2.0 scopes of their service account.", change=AUTOSCALING),
    Field(f"{_DEFAULTS}.serviceAccount", "str", "Email of their service account.", change=AUTOSCALING),
    Field(f"{_DEFAULTS}.management.autoRepair", "bool", "Repair nodes that are not healthy.", change=AUTOSCALING),
    Field(
        f"{_DEFAULTS}.management.autoUpgrade",
        "bool",
        "Keep nodes at the control plane's version.",
        change=AUTOSCALING,
    ),
    Field(f"{_DEFAULTS}.diskSizeGb", "int", "Size of the boot disk in GB.", change=AUTOSCALING),
    Field(f"{_DEFAULTS}.diskType", "str", "Type of the boot disk.", change=AUTOSCALING),
    Field(f"{_DEFAULTS}.imageType", "str", "The nodes' operating system.", change=AUTOSCALING),
    Field(
        f"{_DEFAULTS}.shieldedInstanceConfig.enableSecureBoot",
        "bool",
        "Run only signed boot components.",
        change=AUTOSCALING,
    ),
    Field(
        f"{_DEFAULTS}.shieldedInstanceConfig.enableIntegrityMonitoring",
        "bool",
        "Compare each boot with a baseline.",
        change=AUTOSCALING,
    ),
)
