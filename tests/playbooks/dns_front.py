# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The front of a control plane's DNS endpoint, behind a proxy on loopback: nothing here resolves Google's names.

As Google's front it shows a certificate of a public authority, here one of its own, and hands on what it is sent.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import trustme


class DnsFront:
    """Listens for the time of a ``with`` block.

    endpoint: returns HOST:PORT of the cluster when it is asked for. authority: the file of the authority's certificate.
    url: of the proxy. asked: each ``METHOD target``.
    """

    def __init__(self, endpoint: Callable[[], str], authority: Path) -> None:
        self._endpoint, self._authority = endpoint, trustme.CA()
        self._authority.cert_pem.write_to_path(str(authority))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.asked: list[str] = []
        self.url = ""

    def __enter__(self) -> DnsFront:
        self._thread.start()
        starting = asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(starting, self._loop).result(10)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Speak TLS as the named host on one side, and hand the bytes on to the cluster on the other."""
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _version = head.split(b"\r\n")[0].decode().split()
        self.asked.append(f"{method} {target}")
        shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(target.rpartition(":")[0]).configure_cert(shown)
        behind = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        behind.check_hostname, behind.verify_mode = False, ssl.CERT_NONE
        host, _colon, port = (await asyncio.to_thread(self._endpoint)).rpartition(":")
        with suppress(OSError):
            inner_reader, inner_writer = await asyncio.open_connection(host, int(port), ssl=behind)
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await writer.drain()
            await writer.start_tls(shown)
            await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))


async def _copy(reader: StreamReader, writer: StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    # Where one side has gone, the other has nobody to speak to.
    writer.close()
