# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""TCP forwarding: bytes that arrive on one side leave on the other, untouched."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable

_CHUNK = 64 * 1024


class Forwarder:
    """Forwards every connection of a listening socket to the port on 127.0.0.1 that ``target()`` names.

    Where it names none, the connection is reset, as a load balancer without healthy backends does.
    """

    def __init__(self, listener: socket.socket, target: Callable[[], int | None]) -> None:
        self._listener, self._target = listener, target
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task] = set()

    async def start(self) -> None:
        """Accept connections."""
        self._server = await asyncio.start_server(self._accepted, sock=self._listener)

    async def stop(self) -> None:
        """Stop listening and end all connections."""
        if self._server is not None:
            self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._connections.add(task)
        try:
            await self._forward(reader, writer)
        except OSError:
            # Either side broke off: so does the other.
            pass
        finally:
            self._connections.discard(task)
            writer.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = self._target()
        if port is None:
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            outward = asyncio.create_task(_copy(reader, far_writer))
            try:
                await _copy(far_reader, writer)
            finally:
                outward.cancel()
                await asyncio.gather(outward, return_exceptions=True)
        finally:
            far_writer.transport.abort()
        # The answer is complete: let it reach the client before the connection goes.
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_CHUNK):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
