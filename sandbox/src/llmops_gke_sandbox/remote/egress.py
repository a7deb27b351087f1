# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way from an API server into the cluster: what konnectivity is on GKE.

An API server talks to pods and Services itself when it passes on an API that a pod serves, such as a metrics
adapter's. A real one can't reach simulated pods. Its egress selector can send such connections through a proxy:
HTTPConnect over a Unix socket (EgressSelectorConfiguration, apiserver.k8s.io/v1beta1); this is that proxy.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Callable
from pathlib import Path

import trustme

_log = logging.getLogger(__name__)
_CHUNK = 64 * 1024
_LONGEST_PATH = 107
"""Bytes; Linux's limit for the path of a Unix socket (unix(7), sun_path)."""

# (host, port) -> ("127.…", port there, whether that is an API that the server asks over TLS); None: nothing listens.
Locate = Callable[[str, int], tuple[str, int, bool] | None]


class Egress:
    """Connects whoever asks ``CONNECT HOST:PORT`` with a program of the simulated pods.

    :param path: of the Unix socket; one that a killed sandbox left is taken over.
    :param locate: tells where a pod's or Service's address and port really are.
    """

    def __init__(self, path: Path, locate: Locate) -> None:
        self._path, self._locate = path, locate
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task] = set()
        self._tls: ssl.SSLContext | None = None

    async def start(self) -> None:
        """Listen. Without it all works but APIs that pods serve, so a place that can't be listened on is no failure."""
        if len(bytes(self._path)) > _LONGEST_PATH:
            _log.warning("%s is too long for a socket: pods' own APIs stay out of the API server's reach", self._path)
            return
        try:
            self._path.unlink(missing_ok=True)
            self._server = await asyncio.start_unix_server(self._serve, self._path)
        except OSError as error:
            _log.warning("%s: pods' own APIs stay out of the API server's reach: %s", self._path, error)

    async def stop(self) -> None:
        """End every connection and listen no more."""
        if self._server is None:
            return
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._open.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ssl.SSLError):
                await self._connect(reader, writer)
        finally:
            self._open.discard(task)
            writer.transport.abort()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[0].split(" ")
        host, _, port = head[1].rpartition(":") if len(head) == 3 and head[0] == "CONNECT" else ("", "", "")
        if not port.isdigit():
            return await _refuse(writer, "400 Bad Request")
        there = self._locate(host.strip("[]"), int(port))
        if there is None:
            return await _refuse(writer, "502 Bad Gateway")
        try:
            inner, outer = await asyncio.open_connection(*there[:2])
        except OSError:
            return await _refuse(writer, "502 Bad Gateway")
        try:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await writer.drain()
            if there[2]:
                await writer.start_tls(self._self_signed(host))
            await asyncio.gather(_pump(reader, outer), _pump(inner, writer))
        finally:
            outer.transport.abort()

    def _self_signed(self, host: str) -> ssl.SSLContext:
        """Simulated adapters speak plain HTTP; towards the API server, as any adapter, a certificate of their own."""
        if self._tls is None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            trustme.CA(organization_name="llmops-gke-sandbox").issue_cert(host).configure_cert(self._tls)
        return self._tls


async def _refuse(writer: asyncio.StreamWriter, status: str) -> None:
    writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
    await writer.drain()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_CHUNK):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
    else:
        # TLS has no half of a connection: the other side has said all, so this one is over.
        writer.close()
