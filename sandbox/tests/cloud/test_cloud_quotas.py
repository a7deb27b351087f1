# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cloud Quotas: the limits that Compute's list lacks, as the API tells them, and that GKE keeps them."""

import pytest

from llmops_gke_sandbox.google.discovery import cloudquotas_v1

HOME = "/cloudquotas/v1/projects/sandbox-project/locations/global/services/compute.googleapis.com/quotaInfos"
FAMILIES = f"{HOME}/GPUS-PER-GPU-FAMILY-per-project-region"


async def test_families_have_their_limits_and_zeros_are_left_out(cloud):
    cloud.faults.add("quota_limit", match={"metric": "GPUS_PER_GPU_FAMILY/NVIDIA_B200"}, limit=0)
    info = await cloud.get(FAMILIES)
    assert info["metric"] == "compute.googleapis.com/gpus_per_gpu_family"
    assert info["dimensions"] == ["region", "gpu_family"]
    limits = {one.get("dimensions", {}).get("gpu_family"): one["details"] for one in info["dimensionsInfos"]}
    assert limits["NVIDIA_H100"] == {"value": "8"}
    assert limits["NVIDIA_B200"] == limits[None] == {}
    assert all("us-central1" in one["applicableLocations"] for one in info["dimensionsInfos"])


async def test_a_list_by_pages_holds_every_quota_once_and_only_published_fields(cloud):
    names, token = [], ""
    while True:
        page = await cloud.get(f"{HOME}?pageSize=7&pageToken={token}")
        names += [info["quotaId"] for info in page["quotaInfos"]]
        for info in page["quotaInfos"]:
            assert cloudquotas_v1().read("QuotaInfo", info) == info
        if not (token := page.get("nextPageToken", "")):
            break
    assert len(names) == len(set(names)) > 14
    assert {"NVIDIA-L4-GPUS-per-project-region", "PREEMPTIBLE-NVIDIA-H100-GPUS-per-project-region"} < set(names)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{HOME}/NVIDIA-H100-GPUS-per-project-region", "NOT_FOUND"),
        (HOME.replace("compute", "storage"), "UNIMPLEMENTED"),
        (HOME.replace("global", "us-central1"), "INVALID_ARGUMENT"),
        (f"{HOME}?filter=x", "INVALID_ARGUMENT"),
    ],
)
async def test_what_it_does_not_have(cloud, path, status):
    assert (await cloud.refused("GET", path))["status"] == status


async def test_compute_lists_no_family(cloud):
    region = await cloud.get("/compute/v1/projects/sandbox-project/regions/us-central1")
    assert not any("FAMILY" in quota["metric"] for quota in region["quotas"])


@pytest.mark.parametrize("settings", [{"quotas": {"CPUS": 1000, "CPUS_ALL_REGIONS": 1000}}])
async def test_gke_keeps_the_limit_of_a_family(cloud):
    config = {
        "machineType": "a4-highgpu-8g",
        "accelerators": [{"acceleratorType": "nvidia-b200", "acceleratorCount": "8"}],
    }
    pool = {"name": "gpu", "initialNodeCount": 2, "locations": ["us-central1-b"], "config": config}
    error = await cloud.refused("POST", "clusters", {"cluster": {"name": "c1", "nodePools": [pool]}})
    assert "resource \"GPUS_PER_GPU_FAMILY\": request requires '16.0' and is short '8.0'" in error["message"]
