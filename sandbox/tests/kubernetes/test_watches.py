# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watches beyond the recorded exchanges."""

from __future__ import annotations

import asyncio
import json

import pytest

MAPS = "/api/v1/namespaces/default/configmaps"


def shown(events: list[dict]) -> list[tuple[str, str]]:
    return [(event["type"], event["object"]["metadata"].get("name", "")) for event in events]


async def test_a_version_that_is_too_old_ends_in_expired(client):
    await client("POST", MAPS, {"metadata": {"name": "a"}})
    for value in range(5):
        await client.merge(f"{MAPS}/a", {"data": {"k": str(value)}})
    history = client.cluster.api._verbs.store._history
    while len(history) > 2:
        history.popleft()
    status, events = await client("GET", f"{MAPS}?watch=true&resourceVersion=1&timeoutSeconds=1")
    assert status == 200
    assert [(event["type"], event["object"]["code"], event["object"]["reason"]) for event in events] == [
        ("ERROR", 410, "Expired")
    ]
    status, body = await client("GET", f"{MAPS}?resourceVersion=1&resourceVersionMatch=Exact")
    assert (status, body["reason"]) == (410, "Expired")


async def test_changes_since_a_version_are_replayed_in_order(client):
    _, made = await client("POST", MAPS, {"metadata": {"name": "a"}})
    await client.merge(f"{MAPS}/a", {"data": {"k": "1"}})
    await client("POST", MAPS, {"metadata": {"name": "b"}})
    await client("DELETE", f"{MAPS}/a")
    version = made["metadata"]["resourceVersion"]
    _, events = await client("GET", f"{MAPS}?watch=true&resourceVersion={version}&timeoutSeconds=1")
    assert shown(events) == [("MODIFIED", "a"), ("ADDED", "b"), ("DELETED", "a")]


async def test_initial_events_end_in_a_marked_bookmark(client):
    await client("POST", MAPS, {"metadata": {"name": "a"}})
    query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    _, events = await client("GET", f"{MAPS}?{query}&timeoutSeconds=1")
    assert shown(events)[:2] == [("ADDED", "a"), ("BOOKMARK", "")]
    assert events[1]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


async def test_one_object_is_watched_by_its_path(client):
    for name in ("a", "b"):
        await client("POST", MAPS, {"metadata": {"name": name}})
    _, events = await client("GET", f"{MAPS}/b?watch=true&timeoutSeconds=1")
    assert shown(events) == [("ADDED", "b")]


@pytest.mark.parametrize("written", ["true", "True", "1", "yes", ""])
async def test_every_value_but_no_switches_a_watch_on(client, written):
    await client("POST", MAPS, {"metadata": {"name": "a"}})
    _, events = await client("GET", f"{MAPS}?watch={written}&timeoutSeconds=1")
    assert shown(events) == [("ADDED", "a")]


@pytest.mark.parametrize("written", ["false", "False", "0"])
async def test_a_watch_is_not_switched_on_by_no(client, written):
    _, listed = await client("GET", f"{MAPS}?watch={written}")
    assert listed["kind"] == "ConfigMapList"


async def test_a_table_watch_sends_its_columns_once(client):
    for name in ("a", "b"):
        await client("POST", MAPS, {"metadata": {"name": name}})
    accept = "application/json;as=Table;v=v1;g=meta.k8s.io"
    _, events = await client("GET", f"{MAPS}?watch=true&timeoutSeconds=1", accept=accept)
    assert [bool(event["object"]["columnDefinitions"]) for event in events] == [True, False]
    assert [event["object"]["rows"][0]["cells"][0] for event in events] == ["a", "b"]


async def test_an_event_is_sent_when_it_happens(client, cluster):
    """Not at the end of the watch: the first line is read while the watch stays open."""
    headers = {"Authorization": "Bearer admin-token"}
    url = f"https://{cluster.endpoint}{MAPS}?watch=true&timeoutSeconds=60"
    async with client.session.get(url, headers=headers) as answer:
        await cluster.api.create("configmaps", {"metadata": {"name": "a"}}, "default")
        line = await asyncio.wait_for(answer.content.readline(), 5)
        assert json.loads(line)["object"]["metadata"]["name"] == "a"


async def test_stopping_the_server_ends_watches(client, cluster):
    headers = {"Authorization": "Bearer admin-token"}
    url = f"https://{cluster.endpoint}{MAPS}?watch=true&timeoutSeconds=60"
    answer = await client.session.get(url, headers=headers)
    await asyncio.wait_for(cluster.stop(), 5)
    answer.close()
    assert not any(cluster.api._verbs.store._subscriptions.values())
