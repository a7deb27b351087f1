# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server on loopback that answers in ways that no client asked for."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

Good = Mapping[tuple[str, str], Any]
"""(method, path without its query) -> what is answered as it should be, so that a client comes as far as the request
that a case is about; text goes out as text/plain."""

Respond = Callable[["Conversation"], None]


class Contrary:
    """Answers what is in ``good`` with that, and everything else by ``respond``, while its ``with`` block lasts.

    requests: ``METHOD path`` of all of them. headers: of each, names in lower case. sent: bytes of
    bodies that went out.
    """

    def __init__(self, respond: Respond, good: Good | None = None) -> None:
        self.requests: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.sent = 0
        self.ended = threading.Event()
        self.connections: list[socket.socket] = []
        self._server = _Server(("127.0.0.1", 0), _handler(self, respond, good or {}))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Contrary:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()
        # A client may keep a connection, and with it the thread that serves it.
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Conversation:
    """One request, and the means to answer it badly. number: of the request among those that nothing good answers."""

    def __init__(self, handler: BaseHTTPRequestHandler, server: Contrary, number: int) -> None:
        self.handler, self.server, self.number = handler, server, number
        self.path = handler.path

    def head(self, status: int = 200, **headers: str) -> None:
        """Send status line and headers; underscores stand for hyphens."""
        lines = [f"HTTP/1.1 {status} Whatever", *(f"{name.replace('_', '-')}: {headers[name]}" for name in headers)]
        self.raw("\r\n".join([*lines, "", ""]).encode("latin-1"))

    def answer(self, body: bytes, status: int = 200, kind: str = "application/json", **headers: str) -> None:
        """Send a whole answer."""
        # Only after whole answers the connection is as good as before.
        self.handler.close_connection = False
        self.head(status, Content_Type=kind, Content_Length=str(len(body)), **headers)
        if self.handler.command != "HEAD":
            self.body(body)

    def body(self, piece: bytes) -> None:
        """Send a piece of a body."""
        self.raw(piece)
        self.server.sent += len(piece)

    def raw(self, piece: bytes) -> None:
        """Send bytes as they are."""
        self.handler.wfile.write(piece)

    def drip(self, text: bytes, every: float) -> None:
        """Send a byte every so many seconds, until the test is over."""
        for number in range(len(text)):
            self.raw(text[number : number + 1])
            if self.server.ended.wait(every):
                return

    def hang(self) -> None:
        """Say nothing more, until the test is over."""
        self.server.ended.wait(60)

    def reset(self) -> None:
        """Break the connection, so that the client's system sees a reset."""
        linger = struct.pack("ii", 1, 0)
        self.handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.handler.connection.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_arguments: Any) -> None:
        """A client that hangs up on such a server does well."""


def _handler(server: Contrary, respond: Respond, good: Good) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            server.connections.append(self.connection)

        def _serve(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            server.headers.append({name.lower(): value for name, value in self.headers.items()})
            server.requests.append(f"{self.command} {self.path}")
            answer = good.get((self.command, self.path.partition("?")[0]))
            number = sum(1 for one in server.requests if (one.split()[0], one.split()[1].partition("?")[0]) not in good)
            conversation = Conversation(self, server, number)
            if answer is None:
                self.close_connection = True
                respond(conversation)
            elif isinstance(answer, str):
                conversation.answer(answer.encode(), kind="text/plain")
            else:
                conversation.answer(json.dumps(answer).encode())

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

        def log_message(self, *_arguments: Any) -> None:
            """A test's output is no place for an access log."""

    return Handler
