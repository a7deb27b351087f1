# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields of a cluster: add-ons. Those that a request omits are left as they are."""

from __future__ import annotations

from ..field import Field, Verb

ADDONS = Verb("addonsConfig", "update.desiredAddonsConfig")

# Path of an add-on's settings: the add-on, and what it does.
_SWITCHED_ON = {
    "gcsFuseCsiDriverConfig": ("Cloud Storage FUSE CSI driver", "mounts buckets as volumes"),
    "gcpFilestoreCsiDriverConfig": ("Filestore CSI driver", "mounts Filestore instances as volumes"),
    "gcePersistentDiskCsiDriverConfig": ("Compute Engine persistent disk CSI driver", "mounts disks as volumes"),
    "lustreCsiDriverConfig": ("Managed Lustre CSI driver", "mounts Managed Lustre instances as volumes"),
    "dnsCacheConfig": ("NodeLocal DNSCache add-on", "caches DNS answers on each node"),
    "statefulHaConfig": ("Stateful HA operator", "restarts replicas of stateful workloads faster after a failure"),
    "gkeBackupAgentConfig": ("Backup for GKE agent", "backs up and restores workloads"),
    "rayOperatorConfig": ("Ray operator", "runs Ray clusters and jobs"),
    "highScaleCheckpointingConfig": ("multi-tier checkpointing add-on", "saves checkpoints of large training jobs"),
}
_SWITCHED_OFF = {
    "httpLoadBalancing": ("HTTP load balancing controller", "creates load balancers for Ingress objects"),
    "horizontalPodAutoscaling": ("horizontal pod autoscaler", "scales workloads by their metrics"),
}


def _about(name: str, effect: str) -> str:
    return f"{name[:1].upper()}{name[1:]}, which {effect}."


GROUPS = {
    "addonsConfig": "Add-ons that GKE installs and manages in the cluster.",
    **{f"addonsConfig.{path}": _about(*addon) for path, addon in {**_SWITCHED_ON, **_SWITCHED_OFF}.items()},
    "verticalPodAutoscaling": "Vertical pod autoscaling of the cluster's workloads.",
    "podAutoscaling": "Settings of the cluster's horizontal pod autoscaler.",
}

FIELDS: tuple[Field, ...] = (
    *(
        Field(f"addonsConfig.{path}.enabled", "bool", f"Enable the {name} in the cluster.", change=ADDONS)
        for path, (name, _effect) in _SWITCHED_ON.items()
    ),
    *(
        Field(f"addonsConfig.{path}.disabled", "bool", f"Disable the {name} in the cluster.", change=ADDONS)
        for path, (name, _effect) in _SWITCHED_OFF.items()
    ),
    Field(
        "verticalPodAutoscaling.enabled",
        "bool",
        "Enable vertical pod autoscaling in the cluster.",
        change=Verb("verticalPodAutoscaling", "update.desiredVerticalPodAutoscaling"),
    ),
    Field(
        "podAutoscaling.hpaProfile",
        "str",
        "Profile of the horizontal pod autoscaler; V(PERFORMANCE) reacts faster and supports more autoscalers.",
        choices=("NONE", "PERFORMANCE"),
        change=Verb("podAutoscaling", "update.desiredPodAutoscaling"),
    ),
)
