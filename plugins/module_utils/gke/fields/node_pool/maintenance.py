# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields of a node pool: version, network, upgrades and drains."""

from __future__ import annotations

from typing import Any

from ..field import Field, Verb, keep
from ..remedies import ANOTHER_POOL

_ROLLOUT = "standardRolloutPolicy"
OF_STRATEGY = {"SURGE": ("maxSurge", "maxUnavailable"), "BLUE_GREEN": ("blueGreenSettings",)}
"""Which of the upgrade settings belong to which strategy."""
_BATCH = ("batchNodeCount", "batchPercentage")


def _settable_management(have: dict[str, Any], _want: Any) -> dict[str, Any]:
    return {name: have[name] for name in ("autoRepair", "autoUpgrade") if name in have}


def _one_strategy(have: dict[str, Any], want: dict[str, Any]) -> dict[str, Any]:
    """The settings are replaced whole; what belongs to another strategy goes, and the other measure of a batch."""
    strategy = want.get("strategy") or have.get("strategy", "SURGE")
    others = {name for kind, names in OF_STRATEGY.items() if kind != strategy for name in names}
    kept = {name: value for name, value in have.items() if name not in others}
    asked = (want.get("blueGreenSettings") or {}).get(_ROLLOUT) or {}
    settings = kept.get("blueGreenSettings") or {}
    if _ROLLOUT in settings and any(name in asked for name in _BATCH):
        rest = {name: value for name, value in settings[_ROLLOUT].items() if name not in _BATCH}
        kept["blueGreenSettings"] = {**settings, _ROLLOUT: rest}
    return kept


MANAGEMENT = Verb("management", "management", method="POST", suffix=":setManagement", base=_settable_management)
UPGRADE_SETTINGS = Verb("upgradeSettings", "upgradeSettings", base=_one_strategy)
DRAIN = Verb("nodeDrainConfig", "nodeDrainConfig", base=keep)

GROUPS = {
    "management": "Automatic repair and upgrade of the nodes.",
    "upgradeSettings": "How nodes are replaced during an upgrade.",
    "upgradeSettings.blueGreenSettings": "Blue-green upgrades, which keep the old nodes for a while.",
    "upgradeSettings.blueGreenSettings.standardRolloutPolicy": "How blue-green upgrades drain the old nodes.",
    "nodeDrainConfig": "How GKE drains the pool's nodes.",
    "maxPodsConstraint": "Limit of pods per node.",
    "networkConfig": "Network settings of the pool's nodes.",
}

FIELDS: tuple[Field, ...] = (
    Field("management.autoRepair", "bool", "Repair nodes that are not healthy.", change=MANAGEMENT),
    Field("management.autoUpgrade", "bool", "Keep the nodes at the version of the control plane.", change=MANAGEMENT),
    Field(
        "upgradeSettings.strategy",
        "str",
        "Upgrade strategy of the pool; V(SURGE) replaces a few nodes at a time.",
        choices=("SURGE", "BLUE_GREEN", "SHORT_LIVED"),
        change=UPGRADE_SETTINGS,
        absent="SURGE",
    ),
    Field(
        "upgradeSettings.maxSurge",
        "int",
        "Maximum number of extra nodes during a surge upgrade.",
        change=UPGRADE_SETTINGS,
    ),
    Field(
        "upgradeSettings.maxUnavailable",
        "int",
        "Maximum number of nodes that are unavailable during a surge upgrade.",
        change=UPGRADE_SETTINGS,
    ),
    Field(
        "upgradeSettings.blueGreenSettings.nodePoolSoakDuration",
        "duration",
        "Time to keep the old nodes after all of them are drained, such as C(3600s).",
        change=UPGRADE_SETTINGS,
    ),
    Field(
        f"upgradeSettings.blueGreenSettings.{_ROLLOUT}.batchNodeCount",
        "int",
        "Number of old nodes to drain at a time.",
        change=UPGRADE_SETTINGS,
    ),
    Field(
        f"upgradeSettings.blueGreenSettings.{_ROLLOUT}.batchPercentage",
        "float",
        "Share of the old nodes to drain at a time, from 0 to 1.",
        change=UPGRADE_SETTINGS,
    ),
    Field(
        f"upgradeSettings.blueGreenSettings.{_ROLLOUT}.batchSoakDuration",
        "duration",
        "Time to wait after each batch of nodes, such as C(60s).",
        change=UPGRADE_SETTINGS,
    ),
    Field(
        "nodeDrainConfig.respectPdbDuringNodePoolDeletion",
        "bool",
        "Respect PodDisruptionBudgets for up to an hour when the pool is deleted.",
        change=DRAIN,
    ),
    Field("maxPodsConstraint.maxPodsPerNode", "int64", "Maximum number of pods per node.", change=ANOTHER_POOL),
    Field(
        "networkConfig.enablePrivateNodes",
        "bool",
        "Create nodes without public IP addresses.",
        change=Verb("networkConfig", "nodeNetworkConfig"),
    ),
    Field(
        "networkConfig.podRange",
        "str",
        "Name of the subnetwork's secondary range for the pool's pods.",
        change=ANOTHER_POOL,
    ),
    Field(
        "networkConfig.podIpv4CidrBlock",
        "cidr",
        "Address range for the pool's pods in CIDR notation, or only its size, such as C(/21).",
        change=ANOTHER_POOL,
    ),
    Field(
        "version", "version", "Kubernetes version of the nodes, such as C(1.33).", change=Verb("version", "nodeVersion")
    ),
)
