# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The admin API shows what was asked and switches faults, for loopback alone."""

import json

import pytest


async def test_faults_are_added_listed_removed(cloud):
    status, added = await cloud.call(
        "POST", "/sandbox/v1/faults", {"name": "stockout", "times": 2, "match": {"zone": "a"}}
    )
    assert status == 201
    listed = await cloud.get("/sandbox/v1/faults")
    assert listed["faults"] == [
        {"id": added["id"], "name": "stockout", "times": 2, "match": {"zone": "a"}, "params": {}}
    ]
    assert "stockout" in listed["known"]
    assert (await cloud.call("DELETE", f"/sandbox/v1/faults/{added['id']}"))[0] == 200
    assert (await cloud.call("DELETE", f"/sandbox/v1/faults/{added['id']}"))[0] == 404
    await cloud.call("POST", "/sandbox/v1/faults", {"name": "crash"})
    await cloud.call("DELETE", "/sandbox/v1/faults")
    assert cloud.faults.list() == []


async def test_bad_faults_are_refused_with_the_reason(cloud):
    for body, words in (
        ({"name": "x"}, "unknown fault 'x'"),
        ({}, "name"),
        ([], "object"),
        ({"name": "crash", "times": 0}, "times"),
        ({"name": "crash", "exitcode": 3}, "no setting exitcode; it has exit_code"),
        ({"name": "evicted", "where": "pool", "at": 1}, "no setting at, where; it has message"),
        ({"name": "overloaded", "status": 1}, "it has none of its own"),
        ({"name": "http", "match": {"path": "(a+)+b"}}, "match path: a repeat within a repeat"),
        ({"name": "http", "match": {"path": 5}}, "match path: a regular expression as text"),
        ({"name": "http", "match": ["path"]}, "match must be an object"),
        ({"name": "http", "skip": "x"}, "skip must be 0 or more"),
    ):
        status, answer = await cloud.call("POST", "/sandbox/v1/faults", body)
        assert status == 400
        assert words in answer["error"]


async def test_requests_are_counted_by_service_and_filtered(cloud):
    await cloud.call("DELETE", "/sandbox/v1/requests")
    await cloud.get("clusters?alt=json")
    await cloud.get("/compute/v1/projects/sandbox-project")
    await cloud.call("GET", "clusters/none")
    answer = await cloud.get("/sandbox/v1/requests")
    assert answer["counts"] == {"container": 2, "compute": 1}
    first, last = answer["requests"][0], answer["requests"][-1]
    assert (first["method"], first["status"], first["path"].endswith("/clusters?alt=json")) == ("GET", 200, True)
    assert last["status"] == 404
    only = await cloud.get(f"/sandbox/v1/requests?service=container&since={last['time']}")
    assert only["requests"] == [last]
    await cloud.call("DELETE", "/sandbox/v1/requests")
    assert (await cloud.get("/sandbox/v1/requests"))["total"] == 0


async def test_the_log_holds_no_credentials(cloud):
    token = cloud.session.headers["Authorization"].partition(" ")[2]
    await cloud.call("GET", f"/huggingface/api/models/a/b?token=hf_canary&access_token={token}")
    text = (cloud.sandbox.config.directory / "requests.jsonl").read_text()
    entries = [json.loads(line) for line in text.splitlines()]
    assert entries[-1]["path"] == "/huggingface/api/models/a/b?token=***&access_token=***"
    assert token not in text
    assert "hf_canary" not in text


async def test_status_shows_clusters_and_nodes(cloud):
    await cloud.create()
    status = await cloud.get("/sandbox/v1/status")
    assert status["simulated"] is True
    (cluster,) = status["clusters"]
    assert (cluster["name"], cluster["status"]) == ("c1", "RUNNING")
    assert len(cluster["node_pools"]["p"]["nodes"]) == 3


async def test_only_loopback_hosts_are_served(cloud):
    status, _ = await cloud.call("GET", "/sandbox/v1/status", headers={"Host": "attacker.example"})
    assert status == 403


@pytest.mark.parametrize("origin", ["http://attacker.example", "null", "http://127.0.0.1:1"])
async def test_pages_of_other_origins_are_not_served(cloud, origin):
    body = {"name": "crash"}
    status, _ = await cloud.call("POST", "/sandbox/v1/faults", body, headers={"Origin": origin})
    assert status == 403
    assert cloud.faults.list() == []
    assert (await cloud.call("GET", "/sandbox/v1/status", headers={"Origin": origin}))[0] == 403


async def test_a_page_of_its_own_origin_is_served(cloud):
    origin = str(cloud.session._base_url.origin())
    assert (await cloud.call("GET", "/sandbox/v1/status", headers={"Origin": origin}))[0] == 200


async def test_a_body_that_a_plain_form_can_send_is_refused(cloud):
    async with cloud.session.post(
        "/sandbox/v1/faults", data='{"name": "crash"}', headers={"Content-Type": "text/plain"}
    ) as answer:
        assert answer.status == 415
    assert cloud.faults.list() == []
