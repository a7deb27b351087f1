# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A playground whose clusters have an API server, nodes and pods."""

from __future__ import annotations

import asyncio
from typing import Any

from llmops_gke_sandbox.config import Config
from llmops_gke_sandbox.server import Sandbox
from tests.contract.gke.playground import Playground

LOCATION = "us-central1-a"


class Living(Playground):
    """A cloud whose clusters live."""

    async def _made(self, config: Config) -> Sandbox:
        return Sandbox(config)

    @property
    def api(self) -> Any:
        """The cluster's API, from inside."""
        return self.sandbox.store.cluster(LOCATION, "home").backend._server.api

    def do(self, verb: str, *arguments: Any, **named: Any) -> Any:
        """Call the cluster's API."""
        return self._wait(getattr(self.api, verb)(*arguments, **named))

    def until(self, holds: Any) -> None:
        """Wait, in the cloud's own loop."""

        async def wait() -> None:
            async with asyncio.timeout(15):
                while not holds():
                    await asyncio.sleep(0.005)

        self._wait(wait())

    def available(self, name: str, replicas: int) -> bool:
        found = self.api.get_now("deployments.apps", name, "default")
        return found["status"].get("availableReplicas") == replicas

    def nodes(self, pool: str) -> list[dict[str, Any]]:
        return self.api.list_now("nodes", label_selector=f"cloud.google.com/gke-nodepool={pool}")

    def pool(self, check: bool = False, **given: Any) -> Any:
        return self.run("node_pool", check=check, location=LOCATION, cluster="home", **given)
