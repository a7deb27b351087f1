# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Port forwarding as kubectl 1.31 and later does it: SPDY/3.1 in the binary messages of a WebSocket (KEP-4006).

For each connection kubectl opens a pair of streams, one for errors and one for data, which bear the same request id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from llmops_gke_sandbox.kubernetes.forwarding.legs import Leg, Pod, Refused
from llmops_gke_sandbox.kubernetes.forwarding.spdy import Data, Frame, Opened, Ping, Reader, Reset, Writer

PROTOCOL = "SPDY/3.1+portforward.k8s.io"


class Tunnel:
    """The server's end of one tunnel.

    :param send: awaited with the bytes of each frame for the client.
    """

    def __init__(self, pod: Pod, send: Callable[[bytes], Awaitable[None]]) -> None:
        self._pod, self._send = pod, send
        self._reader, self._writer = Reader(), Writer()
        self._errors: dict[str, int] = {}
        self._legs: dict[int, Leg] = {}

    async def take(self, data: bytes) -> None:
        """Act on bytes from the client.

        :raises ValueError: if they are not SPDY/3.
        """
        for frame in self._reader.feed(data):
            await self._act(frame)

    async def close(self) -> None:
        """Break every connection off."""
        await asyncio.gather(*(leg.close() for leg in self._legs.values()))
        self._legs.clear()

    async def _act(self, frame: Frame) -> None:
        if isinstance(frame, Opened):
            await self._send(self._writer.accepted(frame.stream))
            await self._open(frame)
        elif isinstance(frame, Data) and frame.stream in self._legs:
            leg = self._legs[frame.stream]
            if frame.payload:
                await leg.send(frame.payload)
            if frame.last:
                leg.send_end()
        elif isinstance(frame, Reset) and frame.stream in self._legs:
            await self._legs.pop(frame.stream).close()
        elif isinstance(frame, Ping):
            await self._send(self._writer.pong(frame.payload))

    async def _open(self, frame: Opened) -> None:
        request = frame.headers.get("requestid", "")
        if frame.headers.get("streamtype") == "error":
            self._errors[request] = frame.stream
            return
        errors, stream = self._errors.pop(request, None), frame.stream
        if errors is None:
            raise ValueError("a data stream came without the error stream of its request")

        async def arrived(data: bytes) -> None:
            await self._send(self._writer.data(stream, data, last=not data))
            if not data:
                await self._send(self._writer.data(errors, last=True))

        try:
            self._legs[stream] = await self._pod.connect(int(frame.headers.get("port", 0)), arrived)
        except Refused as refused:
            await self._send(self._writer.data(errors, str(refused).encode(), last=True))
            await self._send(self._writer.data(stream, last=True))
