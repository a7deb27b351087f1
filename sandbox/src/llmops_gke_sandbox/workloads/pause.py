# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pause container: it runs, listens on nothing, and waits to be stopped."""

from __future__ import annotations

import asyncio

from llmops_gke_sandbox.workloads.base import ContainerContext


class PauseWorkload:
    """See Workload."""

    def __init__(self, context: ContainerContext) -> None:
        self.ports: dict[int, int] = {}
        self.log: list[str] = []
        self.exit: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def start(self) -> None:
        """Nothing to do."""

    async def stop(self) -> None:
        """Nothing to end."""
