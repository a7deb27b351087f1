# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Forwarding of bytes: whole, both ways, and to the end."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import pytest
import pytest_asyncio

from llmops_gke_sandbox.agents.network.forwarder import Forwarder


class Far:
    """A server that echoes, and closes its side when the client has closed its own."""

    def __init__(self) -> None:
        self.port: int | None = None
        self.open = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        finally:
            self.open -= 1
            writer.close()


@pytest_asyncio.fixture
async def forwarded():
    far = Far()
    server = await asyncio.start_server(far.answer, "127.0.0.1", 0)
    far.port = server.sockets[0].getsockname()[1]
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    forwarder = Forwarder(listener, lambda: far.port)
    await forwarder.start()
    yield far, forwarder, listener.getsockname()[1]
    await forwarder.stop()
    listener.close()
    server.close()
    await server.wait_closed()


async def test_a_large_answer_arrives_whole_after_the_client_has_ended_its_side(forwarded):
    _far, _forwarder, port = forwarded
    sent = bytes(range(256)) * 20_000
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def send() -> None:
        writer.write(sent)
        await writer.drain()
        writer.write_eof()

    sending = asyncio.create_task(send())
    assert await reader.read(-1) == sent
    await sending
    writer.close()


async def test_a_client_that_breaks_off_ends_the_far_connection(forwarded):
    far, _forwarder, port = forwarded
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"x")
    assert await reader.readexactly(1) == b"x"
    assert far.open == 1
    writer.transport.abort()
    async with asyncio.timeout(5):
        while far.open:
            await asyncio.sleep(0.001)


@pytest.mark.parametrize("nowhere", [None, 1])
async def test_without_a_target_the_connection_is_closed(forwarded, nowhere):
    far, _forwarder, port = forwarded
    far.port = nowhere
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with contextlib.suppress(ConnectionResetError):
        assert await reader.read(1) == b""
    writer.close()


async def test_stopping_ends_what_is_open(forwarded):
    far, forwarder, port = forwarded
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"x")
    await reader.readexactly(1)
    await forwarder.stop()
    with contextlib.suppress(ConnectionResetError):
        assert await reader.read(1) == b""
    writer.close()
