# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What preflight reads before anything is made: quotas, places, APIs, permissions."""

import pytest

HOME = "/compute/v1/projects/sandbox-project"


async def test_regional_and_global_quotas_by_their_metrics(cloud):
    region = await cloud.get(f"{HOME}/regions/us-central1")
    limits = {quota["metric"]: quota["limit"] for quota in region["quotas"]}
    assert limits["NVIDIA_L4_GPUS"] == 8.0
    assert {"CPUS", "LOCAL_SSD_TOTAL_GB", "PREEMPTIBLE_NVIDIA_L4_GPUS"} <= set(limits)
    project = await cloud.get(HOME)
    assert {quota["metric"] for quota in project["quotas"]} == {"CPUS_ALL_REGIONS", "GPUS_ALL_REGIONS"}
    assert [zone.rpartition("/")[2] for zone in region["zones"]] == [f"us-central1-{letter}" for letter in "abcf"]


async def test_l4_and_its_machines_are_only_where_they_are(cloud):
    async def names(kind, zone, query=""):
        answer = await cloud.get(f"{HOME}/aggregated/{kind}{query}")
        return [item["name"] for item in answer["items"][f"zones/{zone}"].get(kind, [])]

    for kind, name in (("acceleratorTypes", "nvidia-l4"), ("machineTypes", "g2-standard-12")):
        assert name in await names(kind, "us-central1-a")
        assert name not in await names(kind, "us-central1-f")
    some = await names("machineTypes", "us-central1-a", "?filter=name+eq+%22.*(g2-standard-1).*%22")
    assert some == ["g2-standard-12", "g2-standard-16"]
    assert await names("acceleratorTypes", "us-east4-a", "?filter=name=nvidia-l4") == ["nvidia-l4"]
    assert await names("acceleratorTypes", "us-east4-b", "?filter=name=nvidia-l4") == []


async def test_a_machine_type_tells_its_shape(cloud):
    found = await cloud.get(f"{HOME}/aggregated/machineTypes?filter=name=g2-standard-12")
    (machine,) = found["items"]["zones/us-central1-a"]["machineTypes"]
    assert (machine["guestCpus"], machine["memoryMb"]) == (12, 49152)
    assert machine["accelerators"] == [{"guestAcceleratorType": "nvidia-l4", "guestAcceleratorCount": 1}]


@pytest.mark.parametrize("path", ["regions/mars", "zones/us-central1-a/instanceGroupManagers/none"])
async def test_what_compute_does_not_have(cloud, path):
    error = await cloud.refused("GET", f"{HOME}/{path}")
    assert error["message"] == f"The resource 'projects/sandbox-project/{path}' was not found"
    assert error["errors"][0]["reason"] == "notFound"


@pytest.mark.parametrize(
    "path", [f"{HOME}/zones/us-central1-a/instances", f"{HOME}/aggregated/machineTypes?filter=a%3Db+AND+name%3Dx"]
)
async def test_what_compute_does_not_play_is_named(cloud, path):
    error = await cloud.refused("GET", path)
    assert error["code"] == 501
    assert "the sandbox does not implement" in error["message"]


@pytest.mark.parametrize(
    "settings", [{"disabled_services": ["compute.googleapis.com"], "denied_permissions": ["container.clusters.create"]}]
)
async def test_apis_that_are_off_and_permissions_that_are_missing(cloud):
    usage = "/serviceusage/v1/projects/sandbox-project/services"
    assert (await cloud.get(f"{usage}/container.googleapis.com"))["state"] == "ENABLED"
    name = "projects/sandbox-project/services"
    batch = await cloud.get(
        f"{usage}:batchGet?names={name}/container.googleapis.com&names={name}/compute.googleapis.com"
    )
    assert [one["state"] for one in batch["services"]] == ["ENABLED", "DISABLED"]
    enabled = (await cloud.get(f"{usage}?filter=state:ENABLED"))["services"]
    assert {"name": "container.googleapis.com"} in [one["config"] for one in enabled]
    assert {"name": "compute.googleapis.com"} not in [one["config"] for one in enabled]
    assert (await cloud.refused("GET", f"{usage}/none.googleapis.com"))["status"] == "NOT_FOUND"
    error = await cloud.refused("GET", f"{HOME}/regions/us-central1")
    assert "Compute Engine API has not been used in project 123456789012 before or it is disabled." in error["message"]
    for version in ("v1", "v3"):
        status, granted = await cloud.call(
            "POST",
            f"/cloudresourcemanager/{version}/projects/sandbox-project:testIamPermissions",
            {"permissions": ["container.clusters.create", "container.clusters.get"]},
        )
        assert (status, granted) == (200, {"permissions": ["container.clusters.get"]})
    refused = await cloud.refused("POST", "clusters", {"cluster": {"name": "a", "initialNodeCount": 1}})
    assert '"container.clusters.create"' in refused["message"]


async def test_the_project(cloud):
    assert (await cloud.get("/cloudresourcemanager/v1/projects/sandbox-project"))["projectNumber"] == "123456789012"
    assert (await cloud.get("/cloudresourcemanager/v3/projects/sandbox-project"))["state"] == "ACTIVE"
