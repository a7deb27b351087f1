# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of a cluster: what GKE runs on it beside the workload. Add-ons that a request omits are left as they are."""

from __future__ import annotations

from ..field import Field, Verb

ADDONS = Verb("addonsConfig", "update.desiredAddonsConfig")

# add-on: what it is for.
_SWITCHED_ON = {
    "gcsFuseCsiDriverConfig": "Buckets mounted as volumes.",
    "gcpFilestoreCsiDriverConfig": "Filestore instances mounted as volumes.",
    "gcePersistentDiskCsiDriverConfig": "Persistent disks mounted as volumes.",
    "lustreCsiDriverConfig": "Managed Lustre instances mounted as volumes.",
    "dnsCacheConfig": "A cache of names on each node (NodeLocal DNSCache).",
    "statefulHaConfig": "Quick failover of StatefulSets.",
    "gkeBackupAgentConfig": "The agent of Backup for GKE.",
    "rayOperatorConfig": "The Ray operator.",
    "highScaleCheckpointingConfig": "Checkpoints of large training runs, in several tiers.",
}
_SWITCHED_OFF = {
    "httpLoadBalancing": "The controller of Ingress load balancers.",
    "horizontalPodAutoscaling": "The horizontal pod autoscaler.",
}

GROUPS = {
    "addonsConfig": "The cluster's add-ons.",
    **{f"addonsConfig.{name}": about for name, about in {**_SWITCHED_ON, **_SWITCHED_OFF}.items()},
    "verticalPodAutoscaling": "The vertical pod autoscaler.",
    "podAutoscaling": "How pods are scaled.",
}

FIELDS: tuple[Field, ...] = (
    *(Field(f"addonsConfig.{name}.enabled", "bool", "Whether it is on.", change=ADDONS) for name in _SWITCHED_ON),
    *(Field(f"addonsConfig.{name}.disabled", "bool", "Whether it is off.", change=ADDONS) for name in _SWITCHED_OFF),
    Field(
        "verticalPodAutoscaling.enabled",
        "bool",
        "Whether it is on.",
        change=Verb("verticalPodAutoscaling", "update.desiredVerticalPodAutoscaling"),
    ),
    Field(
        "podAutoscaling.hpaProfile",
        "str",
        "V(PERFORMANCE) reads metrics sooner, for more autoscalers.",
        choices=("NONE", "PERFORMANCE"),
        change=Verb("podAutoscaling", "update.desiredPodAutoscaling"),
    ),
)
