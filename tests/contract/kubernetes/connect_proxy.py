# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An HTTP proxy on loopback whose tunnels (RFC 9110, CONNECT) all end at one server, whatever host they name."""

from __future__ import annotations

import base64
import select
import socket
import ssl
import threading
from socketserver import StreamRequestHandler, ThreadingTCPServer
from types import TracebackType
from typing import Any


class ConnectProxy:
    """Listens for the time of a ``with`` block.

    endpoint: HOST:PORT of the server behind it. login: ``name:password`` that it asks for. tls: to be spoken to over
    TLS. url: without the login. asked: ``METHOD target`` of each request.
    """

    def __init__(self, endpoint: str, login: str | None = None, tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[str] = []
        host, _colon, port = endpoint.rpartition(":")
        handler = _handler(self.asked, (host, int(port)), login, tls)
        ThreadingTCPServer.daemon_threads = True
        self._server = ThreadingTCPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.url = f"{'https' if tls else 'http'}://localhost:{self._server.server_address[1]}"

    def __enter__(self) -> ConnectProxy:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(
    asked: list[str], behind: tuple[str, int], login: str | None, tls: ssl.SSLContext | None
) -> type[StreamRequestHandler]:
    wanted = f"Basic {base64.b64encode(login.encode()).decode()}" if login else None

    class Handler(StreamRequestHandler):
        rbufsize = 0

        def setup(self) -> None:
            if tls:
                self.request = tls.wrap_socket(self.request, server_side=True, do_handshake_on_connect=False)
            super().setup()

        def handle(self) -> None:
            try:
                first, *headers = self._head()
            except ssl.SSLError:
                # The client does not trust this proxy.
                return
            method, target, _version = first.split()
            asked.append(f"{method} {target}")
            given = next((line.split(": ", 1)[1] for line in headers if line.lower().startswith("proxy-auth")), None)
            if given != wanted:
                self.wfile.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
                return
            with socket.create_connection(behind) as upstream:
                self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                _relay(self.request, upstream)

        def _head(self) -> list[str]:
            lines = []
            while line := self.rfile.readline().strip():
                lines.append(line.decode())
            return lines

    return Handler


def _relay(client: Any, upstream: socket.socket) -> None:
    """Pass on what comes from either side until one of them ends."""
    other = {client: upstream, upstream: client}
    while True:
        # TLS may hold bytes that its socket no longer shows.
        ready = [client] if getattr(client, "pending", int)() else select.select(list(other), [], [])[0]
        for side in ready:
            try:
                piece = side.recv(65536)
                other[side].sendall(piece)
            except OSError:
                return
            if not piece:
                return
