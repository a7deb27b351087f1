# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A running API server and a client that speaks plain HTTP to it."""

from __future__ import annotations

import json
import ssl

import aiohttp
import pytest

from llmops_gke_sandbox.clock import Clock
from llmops_gke_sandbox.faults import Faults
from llmops_gke_sandbox.kubernetes.cluster import KubernetesCluster
from llmops_gke_sandbox.request_log import RequestLog

TOKENS = {"admin-token": "admin", "viewer-token": "viewer"}


class Client:
    """Requests to one API server. ``as_`` is admin, viewer, anonymous, or anything else for a bad token."""

    def __init__(self, cluster: KubernetesCluster, session: aiohttp.ClientSession) -> None:
        self.cluster = cluster
        self.session = session
        self.headers: dict[str, str] = {}

    async def __call__(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        as_: str = "admin",
        content_type: str = "application/json",
        accept: str = "application/json",
    ) -> tuple[int, object]:
        """Return status and body; a watch's body is the list of its events."""
        headers = {"Accept": accept, "User-Agent": "python-requests/2.34.0"}
        if as_ != "anonymous":
            headers["Authorization"] = f"Bearer {as_}-token"
        data = None
        if body is not None:
            data = body if isinstance(body, str) else json.dumps(body)
            headers["Content-Type"] = content_type
        url = f"https://{self.cluster.endpoint}{path}"
        async with self.session.request(method, url, headers=headers, data=data) as answer:
            text = await answer.text()
            self.headers = dict(answer.headers)
        if answer.content_type != "application/json":
            return answer.status, text
        if answer.headers.get("Transfer-Encoding") == "chunked" and "watch=" in path:
            return answer.status, [json.loads(line) for line in text.splitlines()]
        return answer.status, json.loads(text)

    async def apply(self, path: str, body: object, query: str = "", manager: str = "tester") -> tuple[int, object]:
        """Apply a configuration."""
        content_type = "application/apply-patch+yaml"
        return await self("PATCH", f"{path}?fieldManager={manager}{query}", body, content_type=content_type)

    async def merge(self, path: str, body: object, query: str = "") -> tuple[int, object]:
        """Send a JSON merge patch."""
        return await self("PATCH", f"{path}{query}", body, content_type="application/merge-patch+json")


@pytest.fixture
async def cluster():
    server = KubernetesCluster("test", clock=Clock(), faults=Faults(), log=RequestLog(), authenticate=TOKENS.get)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def client(cluster):
    context = ssl.create_default_context(cadata=cluster.ca_certificate.decode())
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        yield Client(cluster, session)
