# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies are shown to those who asked for it at the start, and of the GKE API alone."""

import pytest

POOL = {"name": "p", "initialNodeCount": 1}


async def test_bodies_are_not_kept_unless_it_was_asked_for(cloud):
    await cloud.call("POST", "clusters", {"cluster": {"name": "c1", "nodePools": [POOL]}})
    status, answer = await cloud.call("GET", "/sandbox/v1/bodies")
    assert status == 404
    assert "record_bodies" in answer["error"]


@pytest.mark.parametrize("settings", [{"record_bodies": True}])
async def test_the_bodies_of_writes_are_kept_as_they_were_sent(cloud):
    body = {"cluster": {"name": "c1", "unknown": 1}}
    await cloud.refused("POST", "clusters", body)
    await cloud.get("clusters")
    _, answer = await cloud.call("GET", "/sandbox/v1/bodies")
    (kept,) = answer["bodies"]
    assert kept["method"] == "POST"
    assert kept["path"].endswith("/locations/us-central1/clusters")
    assert kept["body"] == body
    await cloud.call("DELETE", "/sandbox/v1/requests")
    assert (await cloud.get("/sandbox/v1/bodies")) == {"bodies": []}


async def test_a_fault_may_let_requests_pass_before_it_strikes(cloud):
    cloud.faults.add("http", times=1, skip=2, match={"service": "container"}, status=503)
    seen = [(await cloud.call("GET", "clusters"))[0] for _number in range(4)]
    assert seen == [200, 200, 503, 200]


async def test_a_service_may_act_and_still_answer_with_a_failure(cloud):
    cloud.faults.add("http", times=1, match={"method": "POST"}, status=502, acted=True)
    await cloud.refused("POST", "clusters", {"cluster": {"name": "c1", "nodePools": [POOL]}})
    assert [one["name"] for one in (await cloud.get("clusters"))["clusters"]] == ["c1"]
