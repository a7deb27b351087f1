# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of a node pool: its version, its network, and how GKE replaces and drains its nodes."""

from __future__ import annotations

from typing import Any

from ..field import Field, Verb, keep
from ..remedies import ANOTHER_POOL

_ROLLOUT = "standardRolloutPolicy"
_OF_STRATEGY = {"SURGE": ("maxSurge", "maxUnavailable"), "BLUE_GREEN": ("blueGreenSettings",)}
_BATCH = ("batchNodeCount", "batchPercentage")


def _settable_management(have: dict[str, Any], _want: Any) -> dict[str, Any]:
    return {name: have[name] for name in ("autoRepair", "autoUpgrade") if name in have}


def _one_strategy(have: dict[str, Any], want: dict[str, Any]) -> dict[str, Any]:
    """The settings are replaced whole; what belongs to another strategy goes, and the other measure of a batch."""
    strategy = want.get("strategy") or have.get("strategy", "SURGE")
    others = {name for kind, names in _OF_STRATEGY.items() if kind != strategy for name in names}
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
    "management": "What GKE does to the nodes by itself.",
    "upgradeSettings": "How an upgrade replaces the nodes.",
    "upgradeSettings.blueGreenSettings": "New nodes beside the old, which stay for a while.",
    "upgradeSettings.blueGreenSettings.standardRolloutPolicy": "How the old nodes are drained.",
    "nodeDrainConfig": "How GKE drains nodes.",
    "maxPodsConstraint": "Room for pods on a node.",
    "networkConfig": "Networking of the nodes.",
}

FIELDS: tuple[Field, ...] = (
    Field("management.autoRepair", "bool", "Repair nodes that are not healthy.", change=MANAGEMENT),
    Field("management.autoUpgrade", "bool", "Keep nodes at the control plane's version.", change=MANAGEMENT),
    Field(
        "upgradeSettings.strategy",
        "str",
        "V(SURGE) replaces some nodes at a time.",
        choices=("SURGE", "BLUE_GREEN", "SHORT_LIVED"),
        change=UPGRADE_SETTINGS,
        absent="SURGE",
    ),
    Field("upgradeSettings.maxSurge", "int", "Nodes that may be added meanwhile.", change=UPGRADE_SETTINGS),
    Field("upgradeSettings.maxUnavailable", "int", "Nodes that may be missing meanwhile.", change=UPGRADE_SETTINGS),
    Field(
        "upgradeSettings.blueGreenSettings.nodePoolSoakDuration",
        "duration",
        "How long the old nodes stay after all are drained, such as C(3600s).",
        change=UPGRADE_SETTINGS,
    ),
    Field(
        f"upgradeSettings.blueGreenSettings.{_ROLLOUT}.batchNodeCount",
        "int",
        "Nodes at a time.",
        change=UPGRADE_SETTINGS,
    ),
    Field(
        f"upgradeSettings.blueGreenSettings.{_ROLLOUT}.batchPercentage",
        "float",
        "Part of the nodes at a time, from 0 to 1.",
        change=UPGRADE_SETTINGS,
    ),
    Field(
        f"upgradeSettings.blueGreenSettings.{_ROLLOUT}.batchSoakDuration",
        "duration",
        "How long to wait after each, such as C(60s).",
        change=UPGRADE_SETTINGS,
    ),
    Field(
        "nodeDrainConfig.respectPdbDuringNodePoolDeletion",
        "bool",
        "Honour disruption budgets when the pool is deleted, for up to an hour.",
        change=DRAIN,
    ),
    Field("maxPodsConstraint.maxPodsPerNode", "int64", "Most pods on a node.", change=ANOTHER_POOL),
    Field(
        "networkConfig.enablePrivateNodes",
        "bool",
        "Nodes get no public address.",
        change=Verb("networkConfig", "nodeNetworkConfig"),
    ),
    Field("networkConfig.podRange", "str", "The subnetwork's secondary range for its pods.", change=ANOTHER_POOL),
    Field(
        "networkConfig.podIpv4CidrBlock",
        "cidr",
        "Addresses of its pods, as a block or only its size.",
        change=ANOTHER_POOL,
    ),
    Field(
        "version", "version", "Kubernetes version of the nodes, such as C(1.33).", change=Verb("version", "nodeVersion")
    ),
)
