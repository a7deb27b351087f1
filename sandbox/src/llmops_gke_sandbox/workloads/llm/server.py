# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model server on loopback: the socket that it listens on, its start and its end."""

from __future__ import annotations

import socket
from abc import ABC, abstractmethod
from typing import Protocol

from aiohttp import web

from llmops_gke_sandbox.request_log import mark_simulated


class Busy(Protocol):
    """What generates in a server."""

    @property
    def is_busy(self) -> bool:
        """Whether a batch runs now."""


class ModelServer(ABC):
    """One server with its model.

    :param listener: a bound socket that does not listen yet; by default one of its own.
    """

    inference: Busy

    def __init__(self, listener: socket.socket | None = None) -> None:
        self._socket = listener or reserved_socket()
        self._runner: web.AppRunner | None = None

    @abstractmethod
    def application(self) -> web.Application:
        """Return its routes."""

    @property
    def port(self) -> int:
        """The port on 127.0.0.1. It is taken at once, and refuses connections until start()."""
        return self._socket.getsockname()[1]

    @property
    def url(self) -> str:
        """Where clients reach it."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> ModelServer:
        """Listen; returns itself."""
        application = self.application()
        application.on_response_prepare.append(mark_simulated)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0)
        await self._runner.setup()
        await web.SockSite(self._runner, self._socket, backlog=1024).start()
        return self

    async def stop(self) -> None:
        """End the listener and every connection."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        self._socket.close()


def reserved_socket() -> socket.socket:
    """Return a bound socket that does not listen yet: its port is known, and who connects is refused."""
    reserved = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind(("127.0.0.1", 0))
    return reserved


def never() -> bool:
    """Return False: nothing overloads a server that runs alone."""
    return False
