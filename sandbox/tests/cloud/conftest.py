# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sandbox in the test's own loop, with a stand-in for what runs behind a cluster, and a caller with a token."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import aiohttp
import pytest
from google.auth.transport.requests import Request
from google.oauth2.service_account import Credentials

from llmops_gke_sandbox.config import Config
from llmops_gke_sandbox.google import oauth
from llmops_gke_sandbox.server import Sandbox

LOCATION = "/container/v1/projects/sandbox-project/locations/us-central1"


class Behind:
    """Keeps what the GKE API asks of a cluster's backend."""

    endpoint = "127.0.0.1:6443"
    ca_certificate = b"the authority"

    def __init__(self, name: str, location: str) -> None:
        self.name, self.location = name, location
        self.running = False
        self.nodes: dict[str, tuple[str, str]] = {}
        self.labels: dict[str, dict] = {}
        self.taints: dict[str, list] = {}
        self.pending: list[dict] = []
        self.managed = self.idle = self.binds = False
        self.takers: set[str] = set()
        self.drivers: frozenset[str] = frozenset()
        self.shut_down: list[str] = []
        self.told: list[tuple[str, str, str, str]] = []

    async def start(self) -> None:
        self.running = True

    async def stop(self) -> None:
        self.running = False

    async def add_node(self, pool: dict, zone: str, name: str) -> None:
        self.nodes[name] = (pool["name"], zone)
        if self.binds:
            self.pending = []

    async def remove_node(self, name: str) -> None:
        del self.nodes[name]

    async def shut_down_node(self, name: str) -> None:
        self.shut_down.append(name)

    async def set_node_labels(self, name: str, labels: dict) -> None:
        self.labels[name] = labels

    async def set_node_taints(self, name: str, taints: list[dict]) -> None:
        self.taints[name] = taints

    async def define(self, definitions) -> None:
        self.calls.append(("define", [one["metadata"]["name"] for one in definitions]))

    async def set_managed(self, namespace: str, daemon_set: dict, *, wanted: bool) -> None:
        self.managed = wanted

    def set_csi_drivers(self, names: frozenset[str]) -> None:
        self.drivers = names

    def idle_nodes(self) -> set[str]:
        return set(self.nodes) if self.idle else set()

    def unschedulable_pods(self) -> list[dict]:
        return self.pending

    def refusals(self, pool: dict, zone: str, pod: dict) -> list[str]:
        return [] if pod["for"] == pool["name"] or pool["name"] in self.takers else ["Insufficient nvidia.com/gpu"]

    async def tell_pod(self, pod: dict, kind: str, reason: str, message: str) -> None:
        self.told.append((pod["metadata"]["uid"], kind, reason, message))


class Cloud:
    """One sandbox and an authorized caller."""

    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession, behind: dict[str, Behind]) -> None:
        self.sandbox, self.session, self.behind = sandbox, session, behind
        self.faults = sandbox.faults

    async def call(self, method: str, path: str, body: object = None, **kwargs) -> tuple[int, dict]:
        """Return (status, body) of a request; a path that does not start with / is under the location."""
        url = path if path.startswith("/") else f"{LOCATION}/{path}"
        async with self.session.request(method, url, json=body, **kwargs) as answer:
            return answer.status, await answer.json()

    async def get(self, path: str) -> dict:
        status, body = await self.call("GET", path)
        assert status == 200, body
        return body

    async def done(self, method: str, path: str, body: object = None) -> dict:
        """Begin an operation and return it when it is done."""
        status, operation = await self.call(method, path, body)
        assert status == 200, operation
        return await self.finished(operation)

    async def finished(self, operation: dict) -> dict:
        async with asyncio.timeout(5):
            while operation["status"] != "DONE":
                await asyncio.sleep(0.002)
                operation = await self.get(f"operations/{operation['name']}")
        return operation

    async def create(self, name: str = "c1", **cluster) -> dict:
        """Create a cluster with one pool, p, and return the operation when it is done."""
        pools = [{"name": "p", "initialNodeCount": 1, "config": {"machineType": "n1-standard-4"}}]
        body = {"cluster": {"name": name, "nodePools": pools} | cluster}
        return await self.done("POST", "clusters", body)

    async def refused(self, method: str, path: str, body: object = None) -> dict:
        """Return the error of a request that must be refused."""
        status, answer = await self.call(method, path, body)
        assert status >= 400, answer
        assert answer["error"]["code"] == status
        return answer["error"]


@pytest.fixture
def token_of() -> Callable[[Sandbox], str]:
    """Return what gets an access token the way google-auth does; not from the loop's own thread."""

    def token(sandbox: Sandbox) -> str:
        credentials = Credentials.from_service_account_file(
            sandbox.config.directory / "service-account.json", scopes=["https://www.googleapis.com/auth/cloud-platform"]
        )
        credentials.refresh(Request())
        return credentials.token

    return token


@pytest.fixture(scope="session")
def key():
    """One key for all sandboxes of a run: to find one takes longer than most tests."""
    return oauth.new_key()


@pytest.fixture
def settings() -> dict:
    """Settings of the sandbox beside the defaults; a test parametrizes it."""
    return {}


@pytest.fixture
async def cloud(tmp_path, token_of, settings, key, monkeypatch):
    """A running sandbox, fast enough that operations take no time."""
    monkeypatch.setattr(oauth, "new_key", lambda: key)
    behind: dict[str, Behind] = {}

    def factory(name: str, location: str) -> Behind:
        return behind.setdefault(name, Behind(name, location))

    sandbox = Sandbox(Config(directory=tmp_path, **({"speed": 20000} | settings)), factory)
    await sandbox.start()
    token = await asyncio.to_thread(token_of, sandbox)
    async with aiohttp.ClientSession(sandbox.url, headers={"Authorization": f"Bearer {token}"}) as session:
        yield Cloud(sandbox, session, behind)
    await sandbox.stop()
