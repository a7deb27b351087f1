# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that is an HTTP server: its port on loopback, its log, its end."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod

from aiohttp import web

from llmops_gke_sandbox.request_log import mark_simulated
from llmops_gke_sandbox.workloads.base import ContainerContext


class ListenerWorkload(ABC):
    """See Workload. It speaks plain HTTP, whatever its port is called: nobody checks a certificate in here."""

    default_port: int

    def __init__(self, context: ContainerContext) -> None:
        self.ports: dict[int, int] = {}
        self.log: list[str] = []
        self.exit: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.context = context
        self._runner: web.AppRunner | None = None

    @abstractmethod
    def routes(self) -> list[web.RouteDef]:
        """Return what it answers.

        :raises ValueError: if its container is set up so that the program ends at once; the text is its last word.
        """

    async def start(self) -> None:
        """Listen."""
        try:
            routes = self.routes()
        except ValueError as error:
            self.log.append(str(error))
            self.exit.set_result(1)
            return
        application = web.Application()
        application.on_response_prepare.append(mark_simulated)
        application.add_routes(routes)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        named = self.context.container.get("ports") or [{"containerPort": self.default_port}]
        self.ports = {named[0]["containerPort"]: self._runner.addresses[0][1]}
        self.log.append(f"Serving on [::]:{named[0]['containerPort']}")

    async def stop(self) -> None:
        """End the listener."""
        self.ports = {}
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def flag(self, name: str) -> str | None:
        """Return the value of ``--NAME=VALUE`` or ``--NAME VALUE`` on the command line; None where it is not given."""
        words = [*(self.context.container.get("command") or []), *(self.context.container.get("args") or [])]
        for word, following in zip(words, [*words[1:], ""], strict=True):
            if word == f"--{name}":
                return following
            if word.startswith(f"--{name}="):
                return word.partition("=")[2]
        return None
