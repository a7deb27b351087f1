# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be wrong with a project or a plan, and what preflight says of it."""

from __future__ import annotations

from typing import Any

POOL = {
    "name": "gpu-pool",
    "locations": ["us-central1-a"],
    "initial_node_count": 1,
    "autoscaling": {"enabled": True, "min_node_count": 1, "max_node_count": 2},
    "config": {
        "machine_type": "g2-standard-12",
        "accelerators": [{"accelerator_type": "nvidia-l4", "accelerator_count": 1}],
        "ephemeral_storage_local_ssd_config": {"local_ssd_count": 1},
    },
}


def pool(**changes: Any) -> dict[str, Any]:
    """The pool of the plan with another configuration."""
    config = {**POOL["config"], **changes.pop("config", {})}
    return {**POOL, **changes, "config": config}


# What is wrong, what of the plan is changed, the check's name, and words of the message and of the way out.
FAULTS = {
    "an API that is off": (
        [{"name": "service_disabled", "match": {"api": "monitoring.*"}}],
        {},
        "apis: not enabled in project sandbox-project: Cloud Monitoring API; "
        "gcloud services enable monitoring.googleapis.com --project sandbox-project",
    ),
    "a permission that was taken away": (
        [{"name": "permission_denied", "match": {"permission": "container.clusters.create"}}],
        {},
        "permissions: the caller lacks container.clusters.create in project sandbox-project; "
        "gcloud projects add-iam-policy-binding sandbox-project --member=MEMBER --role=roles/container.admin",
    ),
    "no GPU left in the region": (
        [{"name": "quota_limit", "match": {"metric": "NVIDIA_L4_GPUS"}, "limit": 0}],
        {},
        "quota: NVIDIA_L4_GPUS: the first nodes of gpu-pool need 1, 0 of 0 are free in us-central1; ask for at least 1 "
        "at https://console.cloud.google.com/iam-admin/quotas?project=sandbox-project, or begin with fewer "
        "(gpu_nodepool_initial_node_count) or smaller nodes",
    ),
    "fewer GPUs than the least replicas need": (
        [{"name": "quota_limit", "match": {"metric": "NVIDIA_L4_GPUS"}, "limit": 2}],
        {"model": {"replicas": {"least": 3, "most": 3}}},
        "quota: 3 replicas (llmops_replicas) need 3 nvidia-l4, but by NVIDIA_L4_GPUS the pools can have 2, enough for "
        "2; ask for 1 more at https://console.cloud.google.com/iam-admin/quotas?project=sandbox-project, or lower "
        "llmops_replicas",
    ),
    "no GPU left in the project": (
        [{"name": "quota_limit", "match": {"metric": "GPUS_ALL_REGIONS"}, "limit": 0}],
        {},
        "quota: GPUS_ALL_REGIONS: the first nodes of gpu-pool need 1, 0 of 0 are free in project sandbox-project; ",
    ),
    "too few CPUs": (
        [{"name": "quota_limit", "match": {"metric": "CPUS"}, "limit": 8}],
        {},
        "quota: CPUS: the first nodes of gpu-pool need 12, 8 of 8 are free in us-central1; ask for at least 12 at",
    ),
    "too little local SSD": (
        [{"name": "quota_limit", "match": {"metric": "LOCAL_SSD_TOTAL_GB"}, "limit": 100}],
        {},
        "quota: LOCAL_SSD_TOTAL_GB: the first nodes of gpu-pool need 375, 100 of 100 are free in us-central1; ",
    ),
    "too little SSD for the nodes' disks": (
        [{"name": "quota_limit", "match": {"metric": "SSD_TOTAL_GB"}, "limit": 50}],
        {},
        "quota: SSD_TOTAL_GB: the first nodes of gpu-pool need 100, 50 of 50 are free in us-central1; ",
    ),
    "no address left": (
        [{"name": "quota_limit", "match": {"metric": "IN_USE_ADDRESSES"}, "limit": 0}],
        {},
        "quota: IN_USE_ADDRESSES: the first nodes of gpu-pool need 1, 0 of 0 are free in us-central1; ",
    ),
    "a zone without the GPU": (
        [{"name": "not_offered", "match": {"zone": "us-central1-a", "type": "nvidia-l4"}}],
        {},
        "zones: pool gpu-pool: us-central1-a has no nvidia-l4 (llmops_zones); choose among the zones of "
        "us-central1 that have "
        "g2-standard-12 and nvidia-l4: us-central1-b, us-central1-c",
    ),
    "a zone without the machine type": (
        [{"name": "not_offered", "match": {"zone": "us-central1-a", "type": "g2-.*"}}],
        {},
        "zones: pool gpu-pool: us-central1-a has no g2-standard-12 (llmops_zones); choose among the zones "
        "of us-central1",
    ),
    "a region without the GPU": (
        [{"name": "not_offered", "match": {"zone": "us-central1-.", "type": "nvidia-l4"}}],
        {},
        "us-central1-a has no nvidia-l4 (llmops_zones); no zone of us-central1 has g2-standard-12 and "
        "nvidia-l4; "
        "these regions do: asia-southeast1, europe-west1",
    ),
    "a GPU that is nowhere": (
        [{"name": "not_offered", "match": {"type": "nvidia-l4"}}],
        {},
        "no zone that the project sees has g2-standard-12 and nvidia-l4; check the names",
    ),
    "more local SSDs than the machine takes": (
        [],
        {"node_pools": [pool(config={"ephemeral_storage_local_ssd_config": {"local_ssd_count": 2}})]},
        "shapes: pool gpu-pool: g2-standard-12 cannot have 2 local SSDs; set gpu_nodepool_local_ssd_count to at "
        "most 1 with "
        "machine type g2-standard-12",
    ),
    "fewer GPUs than the machine has": (
        [],
        {"node_pools": [pool(config={"machine_type": "g2-standard-24"})]},
        "shapes: pool gpu-pool: g2-standard-24 cannot have 1 nvidia-l4; set gpu_nodepool_accelerator_count to 2 "
        "with machine type "
        "g2-standard-24, which has that many GPUs; machine types with 1 nvidia-l4: g2-standard-4, ",
    ),
    "a GPU on a machine that takes none": (
        [],
        {"node_pools": [pool(config={"machine_type": "e2-standard-4"})]},
        "shapes: pool gpu-pool: e2-standard-4 cannot have 1 nvidia-l4; set llmops_accelerator_type to none with "
        "machine type "
        "e2-standard-4, which takes no GPUs; machine types with nvidia-l4: g2-standard-4, g2-standard-8, ",
    ),
    "more GPUs than an instance takes": (
        [],
        {
            "node_pools": [
                pool(
                    config={
                        "machine_type": "n1-standard-8",
                        "accelerators": [{"accelerator_type": "nvidia-tesla-t4", "accelerator_count": 8}],
                    }
                )
            ]
        },
        "shapes: pool gpu-pool: n1-standard-8 cannot have 8 nvidia-tesla-t4; set gpu_nodepool_accelerator_count to "
        "1, 2 or 4 with "
        "machine type n1-standard-8",
    ),
    "a subnetwork that is not there": (
        [],
        {"cluster": {"subnetwork": "serving"}},
        "networks: network default has no subnetwork serving in us-central1; those that it has there: default;",
    ),
    "a range that another subnetwork has": (
        [],
        {"options": {"preflight_ip_ranges": {"pods": "10.142.0.0/16"}}},
        "networks: pods 10.142.0.0/16 overlaps 10.142.0.0/20 of subnetwork default in us-east1; choose a range",
    ),
    "ranges that overlap each other": (
        [],
        {"options": {"preflight_ip_ranges": {"pods": "10.4.0.0/14", "services": "10.7.0.0/20"}}},
        "networks: pods 10.4.0.0/14 and services 10.7.0.0/20 overlap; choose ranges that share no address",
    ),
    "a range that is none": (
        [],
        {"options": {"preflight_ip_ranges": {"pods": "10.4.0.0/44"}}},
        "networks: pods: '10.4.0.0/44' is no range: ",
    ),
    "a version that GKE does not offer": (
        [],
        {"cluster": {"initial_cluster_version": "1.20"}},
        "versions: GKE offers no version 1.20 in us-central1; leave gke_cluster_fields.initial_cluster_version out, "
        "or choose among 1.36.1-gke.",
    ),
    "a read that is refused": (
        [{"name": "permission_denied", "match": {"permission": "compute.regions.get"}}],
        {},
        "permissions: the caller lacks compute.regions.get in project sandbox-project; gcloud projects "
        "add-iam-policy-binding sandbox-project --member=MEMBER --role=roles/compute.viewer",
    ),
}  # fmt: skip
