"""Exchanges recorded from a real Kubernetes 1.36 API server, replayed in order over HTTPS: same status, same body.

Here are those that need nothing but the API server; test_golden_living.py replays all of them.

What is the recorder's own is told apart by name alone: versions, uids, times, addresses. Versions must still be
*consistent*: where the real server kept one, so must this one; where it took a new one, this one must too.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "golden" / "kubernetes-1.36"
CONFIG_MAPS = "/api/v1/namespaces/golden/configmaps"
TIMES = ("time", "creationTimestamp", "deletionTimestamp", "lastTransitionTime", "lastUpdateTime")


def load(name: str) -> list[dict]:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))["steps"]


class Normaliser:
    """Replaces what differs by nature: identities (see Versions), times, addresses."""

    def body(self, value: object) -> object:
        if isinstance(value, list):
            return [self.body(item) for item in value]
        if not isinstance(value, dict):
            return value
        found = {name: self.field(name, below) for name, below in value.items()}
        if isinstance(found.get("managedFields"), list):
            found["managedFields"] = sorted(found["managedFields"], key=json.dumps)
        return found

    def field(self, name: str, value: object) -> object:
        if name in TIMES and value:
            return "TIME"
        if name in ("resourceVersion", "uid"):
            return name
        if name in ("clusterIP", "nodePort", "continue"):
            return name.upper()
        if name == "clusterIPs":
            return ["CLUSTERIP"] * len(value)
        return self.body(value)


class Versions:
    """Pairs recorded identities with ours: equal ones must stay equal, different ones different."""

    def __init__(self) -> None:
        self.ours: dict[tuple[str, str], str] = {}
        self.theirs: dict[tuple[str, str], str] = {}

    def pair(self, recorded: object, answered: object) -> None:
        for name, theirs, ours in _identities(recorded, answered):
            assert self.ours.setdefault((name, theirs), ours) == ours, f"{name} {theirs} was kept by the real server"
            assert self.theirs.setdefault((name, ours), theirs) == theirs, f"{name} changed on the real server"


def _identities(recorded: object, answered: object):
    if isinstance(recorded, dict) and isinstance(answered, dict):
        for name in recorded.keys() & answered.keys():
            if name in ("resourceVersion", "uid"):
                yield name, recorded[name], answered[name]
            else:
                yield from _identities(recorded[name], answered[name])
    elif isinstance(recorded, list) and isinstance(answered, list):
        for theirs, ours in zip(recorded, answered, strict=False):
            yield from _identities(theirs, ours)


class Replay:
    """Sends the steps of one file and compares the answers."""

    normaliser = Normaliser

    def __init__(self, client, name: str) -> None:
        self.client = client
        self.name = name
        self.steps = load(name)
        self.versions = Versions()
        self.continued = ""

    def arranged(self, body: object) -> object:
        """Return a body with its parts in an order that can be compared."""
        return body

    async def step(self, index: int) -> None:
        request, response = self.steps[index]["request"], self.steps[index]["response"]
        path = request["path"]
        if "continue=" in path:
            path = path[: path.index("continue=")] + f"continue={self.continued}"
        status, body = await self.client(
            request["method"],
            path,
            request["body"],
            as_=request["as"],
            content_type=request["headers"].get("Content-Type", "application/json"),
        )
        where = f"{self.name}[{index}] {self.steps[index]['note']}"
        normal, body, recorded = self.normaliser(), self.arranged(body), self.arranged(response["body"])
        assert (status, normal.body(body)) == (response["status"], normal.body(recorded)), where
        assert self.client.headers["Content-Type"].split(";")[0] == response["headers"]["content-type"].split(";")[0]
        self.versions.pair(recorded, body)
        if isinstance(body, dict):
            self.continued = body.get("metadata", {}).get("continue", self.continued)

    async def run(self, *indexes: int) -> None:
        for index in indexes or range(len(self.steps)):
            await self.step(index)


@pytest.fixture
async def replay(cluster, client):
    await cluster.api.create("namespaces", {"metadata": {"name": "golden"}}, manager="python-requests")
    return lambda name: Replay(client, name)


@pytest.mark.parametrize("name", ["auth", "secret", "patch_labels"])
async def test_exchanges_equal_the_real_server(replay, name):
    await replay(name).run()


async def lists_and_watches(client, steps: Replay) -> None:
    """Replay the steps of lists_and_watch, with what happened in the cluster during its watch."""
    await steps.run(*range(11))

    async def meanwhile():
        await asyncio.sleep(0.3)
        await client.merge(f"{CONFIG_MAPS}/cm-0", {"data": {"k": "9"}})
        await client.merge(f"{CONFIG_MAPS}/cm-1", {"metadata": {"labels": {"g": "y"}}})
        await client("DELETE", f"{CONFIG_MAPS}/cm-2")

    request, response = steps.steps[11]["request"], steps.steps[11]["response"]
    listed = (await client("GET", f"{CONFIG_MAPS}?labelSelector=g%3Dx"))[1]["metadata"]["resourceVersion"]
    path = request["path"].replace("resourceVersion=590", f"resourceVersion={listed}")
    (status, events), _ = await asyncio.gather(client("GET", path), meanwhile())
    assert status == response["status"]
    normal = Normaliser()
    assert normal.body(events) == normal.body(response["body"])
    await steps.run(12, 13, 14)


async def test_what_is_served_is_described_as_by_the_real_server(client):
    """The sandbox serves fewer kinds than Kubernetes has; those that it serves look the same."""
    for step in load("discovery"):
        request, response = step["request"], step["response"]
        status, body = await client(request["method"], request["path"])
        assert status == response["status"], request["path"]
        if "resources" in (body if isinstance(body, dict) else {}):
            recorded = {one["name"]: one for one in response["body"]["resources"]}
            assert {one["name"]: one for one in body["resources"]}.items() <= recorded.items(), request["path"]
        elif request["path"] == "/apis":
            recorded = list(response["body"]["groups"])
            served = [one for one in body["groups"] if one["name"] not in ("monitoring.googleapis.com",)]
            names = [one["name"] for one in served]
            assert served == [_versions(one, served) for one in recorded if one["name"] in names]
        elif request["path"] == "/version":
            assert body.keys() == response["body"].keys()
            assert (body["major"], body["minor"]) == (response["body"]["major"], response["body"]["minor"])
        elif request["path"] == "/api":
            assert body.keys() == response["body"].keys()
        else:
            assert body == response["body"], request["path"]


def _versions(recorded: dict, served: list[dict]) -> dict:
    """Return a recorded group without the versions that the sandbox does not serve."""
    group = next(one for one in served if one["name"] == recorded["name"])
    return {**recorded, "versions": [one for one in recorded["versions"] if one in group["versions"]]}
