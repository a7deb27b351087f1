# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Port forwarding in the channels of a WebSocket, as the Python client does it (v4.channel.k8s.io).

The n-th port of the query has channels 2n for data and 2n+1 for errors. The first byte of each message names the
channel, and the first message of each channel holds the port in two bytes, the lower one first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from llmops_gke_sandbox.kubernetes.forwarding.legs import Leg, Pod, Refused

PROTOCOL = "v4.channel.k8s.io"


class Channels:
    """The server's end of one forwarding: one connection for each port.

    :param send: awaited with each message for the client.
    """

    def __init__(self, pod: Pod, ports: list[int], send: Callable[[bytes], Awaitable[None]]) -> None:
        self._pod, self._ports, self._send = pod, ports, send
        self._legs: dict[int, Leg] = {}

    async def open(self) -> None:
        """Connect every port."""
        for index, port in enumerate(self._ports):
            data, errors = bytes([2 * index]), bytes([2 * index + 1])
            for channel in (data, errors):
                await self._send(channel + port.to_bytes(2, "little"))
            try:
                self._legs[2 * index] = await self._pod.connect(port, self._arrival(data))
            except Refused as refused:
                await self._send(errors + str(refused).encode())

    async def take(self, message: bytes) -> None:
        """Pass a message on; what comes on a channel that leads nowhere is dropped."""
        leg = self._legs.get(message[0]) if message else None
        if leg is not None:
            await leg.send(message[1:])

    async def finished(self) -> None:
        """Return once the pod has closed every connection."""
        await asyncio.gather(*(leg.finished() for leg in self._legs.values()))

    async def close(self) -> None:
        """Break every connection off."""
        await asyncio.gather(*(leg.close() for leg in self._legs.values()))
        self._legs.clear()

    def _arrival(self, channel: bytes) -> Callable[[bytes], Awaitable[None]]:
        async def arrived(data: bytes) -> None:
            if data:
                await self._send(channel + data)

        return arrived
