# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of a cluster: what it is, its version, when GKE maintains it, its zones and its labels."""

from __future__ import annotations

from typing import Any

from ..equivalence import version_parts
from ..field import CreateOnly, Field, Value, Verb
from ..remedies import ANOTHER_CLUSTER


def _one_kind_of_window(have: dict[str, Any], want: dict[str, Any]) -> dict[str, Any]:
    """The policy is replaced whole; a window of another kind than the one that is asked for goes."""
    kinds = {"dailyMaintenanceWindow", "recurringWindow", "recurringMaintenanceWindow"}
    asked = kinds & set(want.get("window", {}))
    dropped = kinds - asked if asked else set()
    window = {name: value for name, value in have.get("window", {}).items() if name not in dropped}
    return {**have, "window": window}


def _downgrade(have: str | None, want: str) -> str | None:
    if version_parts(have or "")[:2] <= version_parts(want)[:2]:
        return None
    return "GKE does not take a control plane back to an earlier minor version: name this one, or leave the option out"


RELEASE_CHANNEL = Verb("releaseChannel", "update.desiredReleaseChannel")
MAINTENANCE = Verb(
    "maintenancePolicy", "maintenancePolicy", method="POST", suffix=":setMaintenancePolicy", base=_one_kind_of_window
)
AUTO_UPGRADE = Verb("gkeAutoUpgradeConfig", "update.gkeAutoUpgradeConfig")
RESOURCE_LABELS = Verb(
    "resourceLabels",
    "resourceLabels",
    method="POST",
    suffix=":setResourceLabels",
    along=(("labelFingerprint", "labelFingerprint"),),
)

_WINDOW = "maintenancePolicy.window"

GROUPS = {
    "releaseChannel": "Which versions the cluster is upgraded to, and when.",
    "gkeAutoUpgradeConfig": "How GKE upgrades by itself.",
    "maintenancePolicy": "When GKE may maintain the cluster.",
    "maintenancePolicy.window": "The times for it, and those without it.",
    "maintenancePolicy.window.dailyMaintenanceWindow": "Every day; replaces a recurring window.",
    "maintenancePolicy.window.recurringWindow": "Again and again; replaces a daily window.",
    "maintenancePolicy.window.recurringWindow.window": "The first time.",
    "maintenancePolicy.window.maintenanceExclusions.maintenanceExclusionOptions": "What is excluded.",
}

FIELDS: tuple[Field, ...] = (
    Field("description", "str", "A text for people.", change=ANOTHER_CLUSTER),
    Field(
        "initialClusterVersion",
        "version",
        "Version that the cluster is created with, such as C(1.33); not compared afterwards.",
        change=CreateOnly(),
    ),
    Field(
        f"{_WINDOW}.dailyMaintenanceWindow.startTime", "str", "Hour and minute in UTC, C(HH:MM).", change=MAINTENANCE
    ),
    Field(
        f"{_WINDOW}.recurringWindow.window.startTime",
        "time",
        "Its beginning, such as C(2026-01-03T02:00:00Z).",
        change=MAINTENANCE,
    ),
    Field(f"{_WINDOW}.recurringWindow.window.endTime", "time", "Its end.", change=MAINTENANCE),
    Field(
        f"{_WINDOW}.recurringWindow.recurrence",
        "str",
        "How it recurs, as an RRULE of RFC 5545, such as C(FREQ=WEEKLY;BYDAY=SA,SU).",
        change=MAINTENANCE,
    ),
    Field(
        f"{_WINDOW}.maintenanceExclusions",
        "named",
        "Times without maintenance; others are removed.",
        change=MAINTENANCE,
        keys=("name",),
        items=(
            Value("name", "str", "Its name.", required=True),
            Value("startTime", "time", "Its beginning.", required=True),
            Value("endTime", "time", "Its end."),
            Value(
                "maintenanceExclusionOptions.scope",
                "str",
                "Which upgrades.",
                choices=("NO_UPGRADES", "NO_MINOR_UPGRADES", "NO_MINOR_OR_NODE_UPGRADES"),
            ),
            Value(
                "maintenanceExclusionOptions.endTimeBehavior",
                "str",
                "V(UNTIL_END_OF_SUPPORT) instead of an end.",
                choices=("UNTIL_END_OF_SUPPORT",),
            ),
        ),
    ),
    Field(
        "releaseChannel.channel",
        "str",
        "V(UNSPECIFIED) leaves every channel.",
        choices=("RAPID", "REGULAR", "STABLE", "EXTENDED", "UNSPECIFIED"),
        change=RELEASE_CHANNEL,
        absent="UNSPECIFIED",
    ),
    Field(
        "gkeAutoUpgradeConfig.patchMode",
        "str",
        "V(ACCELERATED) takes patches as soon as they are there.",
        choices=("ACCELERATED",),
        change=AUTO_UPGRADE,
    ),
    Field(
        "currentMasterVersion",
        "version",
        "Version of the control plane, such as C(1.33), at creation and afterwards. A later minor version is an "
        "upgrade, an earlier one is refused. Leave it out to let the release channel decide.",
        change=Verb("currentMasterVersion", "update.desiredMasterVersion"),
        called="master_version",
        create_path="initialClusterVersion",
        refuses=_downgrade,
    ),
    Field(
        "locations",
        "set",
        "Zones of the cluster's region in which nodes are.",
        change=Verb("locations", "update.desiredLocations"),
    ),
    Field(
        "resourceLabels",
        "map",
        "Labels of the Google Cloud resources; labels that are not named here are left alone (O(exactly)).",
        change=RESOURCE_LABELS,
        partial=True,
    ),
)
