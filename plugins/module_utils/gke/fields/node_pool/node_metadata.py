# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields of a node pool: labels, taints, service account and metadata of its nodes."""

from __future__ import annotations

from ..field import ADDED_SCOPES, Field, Value, Verb
from ..remedies import ANOTHER_POOL

GROUPS = {
    "config.workloadMetadataConfig": "Access of pods to the metadata server.",
}

FIELDS: tuple[Field, ...] = (
    Field(
        "config.workloadMetadataConfig.mode",
        "str",
        "Metadata server that pods reach; V(GKE_METADATA) gives each pod its own identity by Workload "
        "Identity Federation.",
        choices=("GKE_METADATA", "GCE_METADATA"),
        change=Verb("config.workloadMetadataConfig", "workloadMetadataConfig"),
    ),
    Field(
        "config.oauthScopes",
        "set",
        "OAuth 2.0 scopes of the nodes' service account.",
        change=ANOTHER_POOL,
        added=ADDED_SCOPES,
    ),
    Field(
        "config.serviceAccount", "str", "Email of the nodes' service account.", change=ANOTHER_POOL, absent="default"
    ),
    Field(
        "config.metadata", "map", "Metadata of the nodes' Compute Engine instances.", change=ANOTHER_POOL, partial=True
    ),
    Field(
        "config.resourceLabels",
        "map",
        "Labels of the nodes' Compute Engine instances and disks. Labels that are not given are kept unless "
        "O(exactly) lists this option.",
        change=Verb("config.resourceLabels", "resourceLabels.labels"),
        partial=True,
    ),
    Field(
        "config.labels",
        "map",
        "Kubernetes labels of the nodes. Labels that are not given are kept unless O(exactly) lists this option.",
        change=Verb("config.labels", "labels.labels"),
        partial=True,
    ),
    Field(
        "config.taints",
        "keyed",
        "Kubernetes taints of the nodes. Taints that are not given are kept unless O(exactly) lists this option.",
        change=Verb("config.taints", "taints.taints"),
        partial=True,
        keys=("key", "effect"),
        items=(
            Value("key", "str", "Key of the node taint.", required=True),
            Value("value", "str", "Value of the node taint."),
            Value(
                "effect",
                "str",
                "Effect of the taint on pods that do not tolerate it.",
                choices=("NO_SCHEDULE", "PREFER_NO_SCHEDULE", "NO_EXECUTE"),
                required=True,
            ),
        ),
    ),
    Field(
        "config.tags",
        "set",
        "Network tags of the nodes for firewall rules. Tags that are not listed are removed.",
        change=Verb("config.tags", "tags.tags"),
    ),
)
