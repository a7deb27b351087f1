# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sandbox whose clusters stand on an API server that somebody else runs, and those who use it."""

from __future__ import annotations

import asyncio
import base64
import ssl

import aiohttp
import yaml

from llmops_gke_sandbox.server import Sandbox

CLUSTERS = "/container/v1/projects/sandbox-project/locations/us-central1/clusters"
POOLS = [
    {"name": "cpu", "initialNodeCount": 1, "config": {"machineType": "n1-standard-4"}},
    {
        "name": "gpu",
        "initialNodeCount": 1,
        "config": {
            "machineType": "g2-standard-12",
            "accelerators": [{"acceleratorCount": "1", "acceleratorType": "nvidia-l4"}],
        },
    },
]


class Cloud:
    """A sandbox and those who use it."""

    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
        self.sandbox, self._session = sandbox, session

    async def google(self, method: str, path: str = "", body: dict | None = None) -> dict:
        headers = {"Authorization": f"Bearer {self.sandbox.tokens.standing}"}
        async with self._session.request(
            method, self.sandbox.url + CLUSTERS + path, json=body, headers=headers
        ) as answer:
            return await answer.json()

    async def create(self, name: str = "c1", **fields) -> dict:
        """Create a cluster and return it, or the operation, if that failed."""
        asked = {"name": name, "locations": ["us-central1-a"], "nodePools": POOLS, **fields}
        operation = await self.google("POST", body={"cluster": asked})
        return await self.settled(name, operation)

    async def settled(self, name: str, operation: dict) -> dict:
        path = f"/../operations/{operation['name']}"
        while operation["status"] != "DONE":
            await asyncio.sleep(0.01)
            operation = await self.google("GET", path)
        return operation if "error" in operation else await self.google("GET", f"/{name}")

    async def kubernetes(self, method: str, path: str, body: dict | None = None, user: str = "sandbox"):
        """Return (status, JSON or text) from the cluster's endpoint, as a user of the kubeconfig that is written."""
        file = self.sandbox.config.directory / "kubeconfig-us-central1-c1"
        config = yaml.safe_load(file.read_text(encoding="utf-8"))
        token = next(one["user"]["token"] for one in config["users"] if one["name"] == user)
        cluster = config["clusters"][0]["cluster"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        async with self._session.request(
            method,
            cluster["server"] + path,
            json=body,
            headers={"Authorization": f"Bearer {token}"},
            ssl=ssl.create_default_context(cadata=authority),
        ) as answer:
            return answer.status, await (answer.json() if answer.content_type == "application/json" else answer.text())
