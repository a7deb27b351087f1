# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exchanges recorded from a real Kubernetes 1.36 API server, replayed in order over HTTPS: same status, same body.

Here are those that need nothing but the API server; test_golden_living.py replays all of them.

What is the recorder's own is told apart by name alone: versions, uids, times, addresses. Versions must still be
*consistent*: where the real server kept one, so must this one; where it took a new one, this one must too.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Container
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "golden" / "kubernetes-1.36"
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


# What differs from the recorded discovery, and why; all else is compared as it stands.
DISCOVERY_DIFFERS = {
    "/version": ("gitVersion", "gitCommit", "gitTreeState", "buildDate", "goVersion"),
    "/api": ("serverAddressByClientCIDRs",),
}
"""Fields of an answer: which build it is, and where it listens."""
NOT_SERVED = {
    "/apis": {
        "admissionregistration.k8s.io": "webhooks and policies are played by the fault admission",
        "certificates.k8s.io": "nodes here need no certificates",
        "events.k8s.io": "events are served as v1",
        "flowcontrol.apiserver.k8s.io": "requests have no priorities",
        "node.k8s.io": "no runtime classes",
        "resource.k8s.io": "GPUs are extended resources, as on the clusters that this collection makes",
    },
    "/api/v1": {"componentstatuses": "deprecated since Kubernetes 1.19"},
}
"""Groups and resources of the recording that the sandbox has not."""
NOT_SERVED_VERSIONS = {"autoscaling/v1": "only autoscaling/v2 is"}
NOT_RECORDED = {"monitoring.googleapis.com": "GKE's own, on every cluster that has managed Prometheus"}


async def test_what_is_served_is_described_as_by_the_real_server(client):
    for step in load("discovery"):
        path, recorded = step["request"]["path"], step["response"]["body"]
        status, body = await client(step["request"]["method"], path)
        assert status == step["response"]["status"], path
        if isinstance(body, dict):
            assert body.keys() == recorded.keys(), path
            body = {name: _compared(path, name, value, NOT_RECORDED) for name, value in body.items()}
            here = {**NOT_SERVED.get(path, {}), **NOT_SERVED_VERSIONS}
            recorded = {name: _compared(path, name, value, here) for name, value in recorded.items()}
        assert body == recorded, path


def _compared(path: str, field: str, value: object, left_out: Container[str]) -> object:
    """Return what is compared of one field of a discovery answer, without what has one of these names."""
    if field in DISCOVERY_DIFFERS.get(path, ()):
        return "DIFFERS"
    if field not in ("groups", "resources"):
        return value
    return [_with_versions(one, left_out) for one in value if one["name"] not in left_out]


def _with_versions(found: dict, left_out: Container[str]) -> dict:
    """Return a group without some of its versions; a resource as it is."""
    if "versions" not in found:
        return found
    return {**found, "versions": [one for one in found["versions"] if one["groupVersion"] not in left_out]}
