# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of a node pool: what its nodes are called, marked and allowed."""

from __future__ import annotations

from ..field import Field, Value, Verb
from ..remedies import ANOTHER_POOL

GROUPS = {
    "config.workloadMetadataConfig": "What pods see of the metadata server.",
}

FIELDS: tuple[Field, ...] = (
    Field(
        "config.workloadMetadataConfig.mode",
        "str",
        "V(GKE_METADATA) gives pods their own identity, by Workload Identity.",
        choices=("GKE_METADATA", "GCE_METADATA"),
        change=Verb("config.workloadMetadataConfig", "workloadMetadataConfig"),
    ),
    Field("config.oauthScopes", "set", "OAuth 2.0 scopes of the nodes' service account.", change=ANOTHER_POOL),
    Field(
        "config.serviceAccount", "str", "Email of the nodes' service account.", change=ANOTHER_POOL, absent="default"
    ),
    Field("config.metadata", "map", "Metadata of the instances.", change=ANOTHER_POOL, partial=True),
    Field(
        "config.resourceLabels",
        "map",
        "Labels of the instances and disks; labels that are not named here are left alone (O(exactly)).",
        change=Verb("config.resourceLabels", "resourceLabels.labels"),
        partial=True,
    ),
    Field(
        "config.labels",
        "map",
        "Kubernetes labels of the nodes; labels that are not named here are left alone (O(exactly)).",
        change=Verb("config.labels", "labels.labels"),
        partial=True,
    ),
    Field(
        "config.taints",
        "keyed",
        "Kubernetes taints of the nodes; taints that are not named here are left alone (O(exactly)).",
        change=Verb("config.taints", "taints.taints"),
        partial=True,
        keys=("key", "effect"),
        items=(
            Value("key", "str", "Its key.", required=True),
            Value("value", "str", "Its value."),
            Value(
                "effect",
                "str",
                "What it does to pods.",
                choices=("NO_SCHEDULE", "PREFER_NO_SCHEDULE", "NO_EXECUTE"),
                required=True,
            ),
        ),
    ),
    Field(
        "config.tags",
        "set",
        "Network tags, for firewall rules; others are removed.",
        change=Verb("config.tags", "tags.tags"),
    ),
)
