# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields of a cluster: version, maintenance, zones and labels."""

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
    "releaseChannel": "Release channel that decides which versions the cluster is upgraded to, and when.",
    "gkeAutoUpgradeConfig": "How GKE upgrades the cluster automatically.",
    "maintenancePolicy": "When GKE may perform maintenance on the cluster.",
    "maintenancePolicy.window": "Times when automatic maintenance is allowed, and times when it is excluded.",
    "maintenancePolicy.window.dailyMaintenanceWindow": "Daily window for maintenance; replaces a recurring window.",
    "maintenancePolicy.window.recurringWindow": "Recurring window for maintenance; replaces a daily window.",
    "maintenancePolicy.window.recurringWindow.window": "First occurrence of the recurring window.",
    "maintenancePolicy.window.maintenanceExclusions.maintenanceExclusionOptions": (
        "Scope and end of the maintenance exclusion."
    ),
}

FIELDS: tuple[Field, ...] = (
    Field("description", "str", "Free-text description of the cluster.", change=ANOTHER_CLUSTER),
    Field(
        "initialClusterVersion",
        "version",
        "Kubernetes version to create the cluster with, such as C(1.33). Not compared afterwards.",
        change=CreateOnly(),
    ),
    Field(
        f"{_WINDOW}.dailyMaintenanceWindow.startTime",
        "clock",
        "Start of the daily maintenance window in UTC, as C(HH:MM).",
        change=MAINTENANCE,
    ),
    Field(
        f"{_WINDOW}.recurringWindow.window.startTime",
        "time",
        "Start of the first occurrence, such as C(2026-01-03T02:00:00Z).",
        change=MAINTENANCE,
    ),
    Field(
        f"{_WINDOW}.recurringWindow.window.endTime",
        "time",
        "End of the first occurrence, such as C(2026-01-03T08:00:00Z).",
        change=MAINTENANCE,
    ),
    Field(
        f"{_WINDOW}.recurringWindow.recurrence",
        "recurrence",
        "How the window recurs, as an RRULE of RFC 5545, such as C(FREQ=WEEKLY;BYDAY=SA,SU).",
        change=MAINTENANCE,
    ),
    Field(
        f"{_WINDOW}.maintenanceExclusions",
        "named",
        "Periods in which GKE must not perform maintenance. Exclusions that are not listed are removed.",
        change=MAINTENANCE,
        keys=("name",),
        items=(
            Value("name", "str", "Name of the maintenance exclusion.", required=True),
            Value("startTime", "time", "Start of the exclusion, such as C(2026-03-01T00:00:00Z).", required=True),
            Value("endTime", "time", "End of the exclusion, such as C(2026-03-08T00:00:00Z)."),
            Value(
                "maintenanceExclusionOptions.scope",
                "str",
                "Upgrades that the exclusion blocks - all of them, minor versions, or minor versions and "
                "node upgrades.",
                choices=("NO_UPGRADES", "NO_MINOR_UPGRADES", "NO_MINOR_OR_NODE_UPGRADES"),
                absent="NO_UPGRADES",
            ),
            Value(
                "maintenanceExclusionOptions.endTimeBehavior",
                "str",
                "V(UNTIL_END_OF_SUPPORT) keeps the exclusion until the cluster's version is no longer "
                "supported, without an end time.",
                choices=("UNTIL_END_OF_SUPPORT",),
            ),
        ),
    ),
    Field(
        "releaseChannel.channel",
        "str",
        "Release channel of the cluster. V(UNSPECIFIED) takes the cluster out of all channels.",
        choices=("RAPID", "REGULAR", "STABLE", "EXTENDED", "UNSPECIFIED"),
        change=RELEASE_CHANNEL,
        absent="UNSPECIFIED",
    ),
    Field(
        "gkeAutoUpgradeConfig.patchMode",
        "str",
        "V(ACCELERATED) upgrades to new patch versions as soon as they are available.",
        choices=("ACCELERATED",),
        change=AUTO_UPGRADE,
    ),
    Field(
        "currentMasterVersion",
        "version",
        "Version of the control plane, such as C(1.33), when the cluster is created and afterwards. A later "
        "minor version is an upgrade, an earlier one is refused. Leave it out to let the release channel "
        "decide.",
        change=Verb("currentMasterVersion", "update.desiredMasterVersion"),
        option_name="master_version",
        create_path="initialClusterVersion",
        refuses=_downgrade,
    ),
    Field(
        "locations",
        "set",
        "Zones in which the cluster's nodes run.",
        change=Verb("locations", "update.desiredLocations"),
    ),
    Field(
        "resourceLabels",
        "map",
        "Labels of the cluster's Google Cloud resources. Labels that are not given are kept unless O(exactly)"
        " lists this option.",
        change=RESOURCE_LABELS,
        partial=True,
    ),
)
