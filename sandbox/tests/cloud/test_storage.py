# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cloud Storage's JSON API and the disk images of Compute Engine."""

import asyncio

import pytest

MODEL = "mistralai/Mistral-7B-Instruct-v0.1"
HOME = "/storage/v1/b/sandbox-project-models"
IMAGES = "/compute/v1/projects/sandbox-project/global/images"
READER = {"role": "roles/storage.objectViewer", "members": ["user:a@example.com"]}


def names(listing: dict) -> list[str]:
    return [one["name"] for one in listing.get("items", [])]


async def test_a_bucket_holds_each_model_under_its_id(cloud):
    listing = await cloud.get(f"{HOME}/o?prefix={MODEL}/&delimiter=/")
    assert {"config.json", "model.safetensors"} < {name.rpartition("/")[2] for name in names(listing)}
    sizes = {one["name"].rpartition("/")[2]: int(one["size"]) for one in listing["items"]}
    assert sizes["model.safetensors"] == 14_483_464_192
    above = await cloud.get(f"{HOME}/o?delimiter=/")
    assert "mistralai/" in above["prefixes"] and "items" not in above
    assert names(await cloud.get(f"{HOME}/o?prefix=none/")) == []
    assert len(names(await cloud.get(f"{HOME}/o"))) > 10
    assert (await cloud.get(HOME))["name"] == "sandbox-project-models"


async def test_a_policy_is_replaced_unless_somebody_was_quicker(cloud):
    policy = await cloud.get(f"{HOME}/iam?optionsRequestedPolicyVersion=3")
    assert policy["bindings"] == [] and policy["kind"] == "storage#policy"
    status, written = await cloud.call("PUT", f"{HOME}/iam", {**policy, "bindings": [READER]})
    assert status == 200 and written["bindings"] == [READER] and written["etag"] != policy["etag"]
    status, answer = await cloud.call("PUT", f"{HOME}/iam", {**policy, "bindings": []})
    assert (status, answer["error"]["errors"][0]["reason"]) == (412, "conditionNotMet")
    assert (await cloud.get(f"{HOME}/iam"))["bindings"] == [READER]


async def test_what_the_caller_may_do_with_it(cloud):
    asked = "permissions=storage.buckets.getIamPolicy&permissions=storage.buckets.setIamPolicy"
    cloud.sandbox.config.denied_permissions.append("storage.buckets.setIamPolicy")
    found = await cloud.get(f"{HOME}/iam/testPermissions?{asked}")
    assert found["permissions"] == ["storage.buckets.getIamPolicy"]
    refused = await cloud.refused("PUT", f"{HOME}/iam")
    assert (refused["code"], refused["errors"][0]["reason"]) == (403, "forbidden")
    assert "does not have storage.buckets.setIamPolicy access to the Google Cloud Storage bucket" in refused["message"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/storage/v1/b/other/o", "NOT_FOUND"),
        (f"{HOME}/o?delimiter=x", "UNIMPLEMENTED"),
        (f"{HOME}/iam/testPermissions", "INVALID_ARGUMENT"),
        (f"{HOME}/o/config.json", "UNIMPLEMENTED"),
        (f"{IMAGES}/none", "NOT_FOUND"),
    ],
)
async def test_what_it_does_not_have(cloud, path, status):
    assert (await cloud.refused("GET", path))["status"] == status


async def test_a_disk_image_is_ready(cloud):
    image = await cloud.get(f"{IMAGES}/models")
    assert (image["kind"], image["name"], image["status"]) == ("compute#image", "models", "READY")


async def test_the_driver_of_buckets_comes_with_its_add_on(cloud):
    await cloud.create(addonsConfig={"gcsFuseCsiDriverConfig": {"enabled": True}})
    async with asyncio.timeout(5):
        while cloud.behind["c1"].drivers != {"gcsfuse.csi.storage.gke.io"}:
            await asyncio.sleep(0.002)
    off = {"gcsFuseCsiDriverConfig": {"enabled": False}}
    await cloud.done("PUT", "clusters/c1", {"update": {"desiredAddonsConfig": off}})
    async with asyncio.timeout(5):
        while cloud.behind["c1"].drivers:
            await asyncio.sleep(0.002)
