# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""pods/portforward: the WebSocket, and which way of forwarding the client speaks in it."""

from __future__ import annotations

import asyncio
import contextlib

from aiohttp import WSMsgType, web

from llmops_gke_sandbox.kubernetes.errors import bad_request, not_implemented
from llmops_gke_sandbox.kubernetes.forwarding import channels, tunnel
from llmops_gke_sandbox.kubernetes.forwarding.legs import Pod, PortSource

_PROTOCOLS = (tunnel.PROTOCOL, channels.PROTOCOL)
_MOST = 65535


async def forward(request: web.Request, pod: dict, source: PortSource | None) -> web.StreamResponse:
    """Forward connections to a pod until the client or the pod ends them.

    :param source: tells where the pod's ports really are; None while nothing runs pods.
    :raises ApiError: 400 for a request that opens no WebSocket or a pod without a node, 501 for older protocols.
    """
    meta = pod["metadata"]
    if source is None:
        raise not_implemented("pods/portforward without anything that runs pods")
    _require_websocket(request)
    if not pod["spec"].get("nodeName"):
        raise bad_request(f"pod {meta['name']} does not have a host assigned")
    ports = _ports(request)
    socket = web.WebSocketResponse(protocols=_PROTOCOLS, compress=False, max_msg_size=0)
    await socket.prepare(request)
    end = Pod(meta["namespace"], meta["name"], meta["uid"], source)
    # The client may go at any time; what is under way for it then goes nowhere.
    with contextlib.suppress(ConnectionError):
        if socket.ws_protocol == tunnel.PROTOCOL:
            await _tunnel(socket, end)
        else:
            await _channels(socket, end, ports)
    return socket


async def _tunnel(socket: web.WebSocketResponse, end: Pod) -> None:
    streams = tunnel.Tunnel(end, socket.send_bytes)
    try:
        async for message in socket:
            if message.type == WSMsgType.BINARY:
                await streams.take(message.data)
    except ValueError as error:
        await socket.close(code=1002, message=str(error).encode())
    finally:
        await streams.close()


async def _channels(socket: web.WebSocketResponse, end: Pod, ports: list[int]) -> None:
    connections = channels.Channels(end, ports, socket.send_bytes)
    try:
        await connections.open()
        reading = asyncio.create_task(_read(socket, connections))
        finished = asyncio.create_task(connections.finished())
        try:
            await asyncio.wait({reading, finished}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (reading, finished):
                task.cancel()
            await asyncio.gather(reading, finished, return_exceptions=True)
        await socket.close()
    finally:
        await connections.close()


async def _read(socket: web.WebSocketResponse, connections: channels.Channels) -> None:
    async for message in socket:
        if message.type == WSMsgType.BINARY:
            await connections.take(message.data)


def _require_websocket(request: web.Request) -> None:
    upgrade = request.headers.get("Upgrade", "").lower()
    if upgrade.startswith("spdy"):
        raise not_implemented("port forwarding in plain SPDY; kubectl 1.31 and later uses WebSockets")
    if upgrade != "websocket":
        raise bad_request("Upgrade request required")
    offered = [one.strip() for one in request.headers.get("Sec-WebSocket-Protocol", channels.PROTOCOL).split(",")]
    if not set(offered) & set(_PROTOCOLS):
        raise bad_request(f"unable to upgrade: {', '.join(offered)}: supported protocols: {', '.join(_PROTOCOLS)}")


def _ports(request: web.Request) -> list[int]:
    """Return the ports of the query, which the channels need and the tunnel does not."""
    texts = [one for value in request.query.getall("ports", []) for one in value.split(",")]
    offered = request.headers.get("Sec-WebSocket-Protocol", "")
    if not texts and tunnel.PROTOCOL not in offered:
        raise bad_request('query parameter "ports" is required')
    for text in texts:
        if not text.isdigit() or not 0 < int(text) <= _MOST:
            raise bad_request(f'unable to parse "{text}" as a port')
    return [int(text) for text in texts]
