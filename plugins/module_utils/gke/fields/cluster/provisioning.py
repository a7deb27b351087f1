# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields of a cluster: autoscaling, node auto-provisioning and defaults for node pools."""

from __future__ import annotations

from typing import Any

from ..equivalence import in_any_case
from ..field import ADDED_SCOPES, Field, Value, Verb


def _provisioning(have: dict[str, Any], want: dict[str, Any]) -> dict[str, Any]:
    """All that is there goes along; of a provisioning that is turned off nothing but the autoscaler's profile."""
    off = want.get("enableNodeAutoprovisioning") is False
    return {name: value for name, value in have.items() if name == "autoscalingProfile" or not off}


AUTOSCALING = Verb("autoscaling", "update.desiredClusterAutoscaling", base=_provisioning)

_DEFAULTS = "autoscaling.autoprovisioningNodePoolDefaults"

GROUPS = {
    "autoscaling": "Cluster autoscaler, and node auto-provisioning, which creates node pools on demand.",
    "autoscaling.autoprovisioningNodePoolDefaults": "Defaults for node pools that auto-provisioning creates.",
    "autoscaling.autoprovisioningNodePoolDefaults.management": (
        "Automatic repair and upgrade of auto-provisioned nodes."
    ),
    "autoscaling.autoprovisioningNodePoolDefaults.shieldedInstanceConfig": (
        "Shielded VM settings of auto-provisioned nodes."
    ),
    "nodePoolDefaults": "Defaults for new node pools of the cluster.",
    "nodePoolDefaults.nodeConfigDefaults": "Defaults for the nodes of new node pools.",
    "nodePoolDefaults.nodeConfigDefaults.gcfsConfig": (
        "Image streaming, which starts containers before their images are fully pulled."
    ),
    "nodePoolAutoConfig": "Settings that apply to all auto-provisioned node pools.",
    "nodePoolAutoConfig.networkTags": "Network tags of auto-provisioned nodes.",
}

FIELDS: tuple[Field, ...] = (
    Field(
        "nodePoolDefaults.nodeConfigDefaults.gcfsConfig.enabled",
        "bool",
        "Enable image streaming by default in new node pools.",
        change=Verb("nodePoolDefaults.nodeConfigDefaults.gcfsConfig", "update.desiredGcfsConfig"),
    ),
    Field(
        "nodePoolAutoConfig.networkTags.tags",
        "set",
        "Network tags of auto-provisioned nodes for firewall rules. Tags that are not listed are removed.",
        change=Verb("nodePoolAutoConfig.networkTags", "update.desiredNodePoolAutoConfigNetworkTags"),
    ),
    Field(
        "autoscaling.autoscalingProfile",
        "str",
        "How eagerly the autoscaler removes nodes; V(OPTIMIZE_UTILIZATION) removes idle nodes sooner.",
        choices=("BALANCED", "OPTIMIZE_UTILIZATION"),
        change=AUTOSCALING,
        absent="BALANCED",
    ),
    Field(
        "autoscaling.enableNodeAutoprovisioning",
        "bool",
        "Enable node auto-provisioning in the cluster.",
        change=AUTOSCALING,
    ),
    Field(
        "autoscaling.resourceLimits",
        "keyed",
        "Limits of each resource over all nodes of the cluster. Limits that are not listed are removed.",
        change=AUTOSCALING,
        keys=("resourceType",),
        items=(
            Value(
                "resourceType", "str", "Resource to limit - V(cpu), V(memory) (in GB) or a type of GPU.", required=True
            ),
            Value("minimum", "int64", "Minimum amount of the resource in the cluster."),
            Value("maximum", "int64", "Maximum amount of the resource in the cluster.", required=True),
        ),
    ),
    Field(
        "autoscaling.autoprovisioningLocations",
        "set",
        "Zones in which auto-provisioning may create node pools.",
        change=AUTOSCALING,
    ),
    Field(
        f"{_DEFAULTS}.oauthScopes",
        "set",
        "OAuth 2.0 scopes of auto-provisioned nodes.",
        change=AUTOSCALING,
        added=ADDED_SCOPES,
    ),
    Field(
        f"{_DEFAULTS}.serviceAccount",
        "str",
        "Email of the service account of auto-provisioned nodes.",
        change=AUTOSCALING,
    ),
    Field(
        f"{_DEFAULTS}.management.autoRepair",
        "bool",
        "Repair auto-provisioned nodes that are not healthy.",
        change=AUTOSCALING,
    ),
    Field(
        f"{_DEFAULTS}.management.autoUpgrade",
        "bool",
        "Keep auto-provisioned nodes at the version of the control plane.",
        change=AUTOSCALING,
    ),
    Field(
        f"{_DEFAULTS}.diskSizeGb", "int", "Size of the boot disk of auto-provisioned nodes in GB.", change=AUTOSCALING
    ),
    Field(
        f"{_DEFAULTS}.diskType",
        "str",
        "Type of the boot disk of auto-provisioned nodes, such as V(pd-balanced).",
        change=AUTOSCALING,
    ),
    Field(
        f"{_DEFAULTS}.imageType",
        "str",
        "Operating system image of auto-provisioned nodes.",
        change=AUTOSCALING,
        same=in_any_case,
    ),
    Field(
        f"{_DEFAULTS}.shieldedInstanceConfig.enableSecureBoot",
        "bool",
        "Boot auto-provisioned nodes only with signed boot components.",
        change=AUTOSCALING,
    ),
    Field(
        f"{_DEFAULTS}.shieldedInstanceConfig.enableIntegrityMonitoring",
        "bool",
        "Compare each boot of an auto-provisioned node with a trusted baseline.",
        change=AUTOSCALING,
    ),
)
