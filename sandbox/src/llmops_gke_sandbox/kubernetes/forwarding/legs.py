# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The half of a port forwarding that faces the pod: plain TCP to where its port really is."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

_CHUNK = 32 * 1024

PortSource = Callable[[str, str, int], int | None]
"""(namespace, pod, port) -> the port of 127.0.0.1 behind a pod's port, None where nothing listens."""


class Refused(Exception):
    """Nothing listens on the pod's port; worded as a kubelet words it."""


class Leg:
    """One connection to a pod's port.

    :param arrived: awaited with what the pod sends, in order; with b"" once it has sent everything.
    """

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, arrived: Callable[[bytes], Awaitable[None]]
    ) -> None:
        self._writer = writer
        self._inward = asyncio.create_task(self._read(reader, arrived), name="port forward")

    async def send(self, data: bytes) -> None:
        """Send bytes to the pod; a connection that the pod broke off takes them and drops them."""
        with contextlib.suppress(OSError):
            self._writer.write(data)
            await self._writer.drain()

    def send_end(self) -> None:
        """Tell the pod that no more will come."""
        if self._writer.can_write_eof() and not self._writer.is_closing():
            self._writer.write_eof()

    async def finished(self) -> None:
        """Return once the pod has sent everything."""
        await asyncio.wait({self._inward})

    async def close(self) -> None:
        """Break the connection off."""
        self._inward.cancel()
        await asyncio.gather(self._inward, return_exceptions=True)
        self._writer.transport.abort()

    async def _read(self, reader: asyncio.StreamReader, arrived: Callable[[bytes], Awaitable[None]]) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK):
                await arrived(data)
        with contextlib.suppress(OSError):
            await arrived(b"")


class Pod:
    """The pod that connections are forwarded to."""

    def __init__(self, namespace: str, name: str, uid: str, port_source: PortSource) -> None:
        self._namespace, self._name, self._uid, self._port_source = namespace, name, uid, port_source

    async def connect(self, port: int, arrived: Callable[[bytes], Awaitable[None]]) -> Leg:
        """Return a connection to a port of the pod.

        :raises Refused: if nothing listens there.
        """
        local = self._port_source(self._namespace, self._name, port)
        try:
            if local is None:
                raise ConnectionRefusedError
            reader, writer = await asyncio.open_connection("127.0.0.1", local)
        except OSError:
            raise Refused(
                f"error forwarding port {port} to pod {self._uid}, uid : failed to execute portforward in network "
                f"namespace: failed to connect to localhost:{port} inside namespace {self._uid}, "
                f"IPv4: dial tcp4 127.0.0.1:{port}: connect: connection refused"
            ) from None
        return Leg(reader, writer, arrived)
