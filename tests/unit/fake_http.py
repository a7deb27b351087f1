# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real HTTP server on loopback that answers as a test tells it to and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, NamedTuple


class Request(NamedTuple):
    """What was asked: method, path with its query, and the body (parsed where it is JSON, None where empty)."""

    method: str
    path: str
    body: Any = None


@dataclass(frozen=True)
class Reply:
    """What to answer. body: anything JSON can hold, or text as it is; lines: a body sent piece by piece (SSE, watch).

    lost: the connection is closed without an answer, as when a reply is lost after the server acted.
    """

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    lines: Iterable[bytes] | None = None
    lost: bool = False


Answer = Reply | dict | list | str | None
Handler = Callable[[Request], Answer]
Routes = Mapping[tuple[str, str], Answer | Handler | Sequence[Reply]]


def google_error(code: int, status: str, message: str) -> Reply:
    """A refusal in the form of Google's APIs."""
    return Reply(code, {"error": {"code": code, "status": status, "message": message}})


class FakeServer:
    """Answers from ``behaviour`` while its ``with`` block lasts.

    behaviour: a mapping ``(method, path) -> answer`` (with or without the query in the path), a list of replies
    given in turn whatever is asked, or a function from Request to answer. An answer is a Reply, a body for 200, a
    function from Request to one, or, in a mapping, a tuple of Replies given in turn, the last one for ever.
    A request that has no answer gets 501 and fails the test at the block's end.

    url: ``http://127.0.0.1:PORT``. requests: all of them, in order. headers: of each, names in lower case.
    """

    def __init__(self, behaviour: Routes | Sequence[Reply] | Handler) -> None:
        self.requests: list[Request] = []
        self.headers: list[dict[str, str]] = []
        self.unexpected: list[Request] = []
        self._behaviour = behaviour
        self._turns: dict[Any, int] = {}
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def calls(self) -> list[str]:
        """``METHOD path`` of every request, for asserting a sequence without its bodies."""
        return [f"{request.method} {request.path}" for request in self.requests]

    def __enter__(self) -> FakeServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        if kind is None:
            assert not self.unexpected, f"requests that nothing answers: {self.unexpected}"

    def answer(self, request: Request, headers: dict[str, str]) -> Reply:
        """The reply to one request, which is written down first."""
        with self._lock:
            self.requests.append(request)
            self.headers.append(headers)
            found, answer = self._find(request)
        if not found:
            self.unexpected.append(request)
            return Reply(501, {"error": f"the test has no answer to {request.method} {request.path}"})
        if callable(answer):
            answer = answer(request)
        return answer if isinstance(answer, Reply) else Reply(200, answer)

    def _find(self, request: Request) -> tuple[bool, Any]:
        if callable(self._behaviour):
            return True, self._behaviour
        if isinstance(self._behaviour, Mapping):
            bare = request.path.partition("?")[0]
            for key in ((request.method, request.path), (request.method, bare)):
                if key in self._behaviour:
                    answer = self._behaviour[key]
                    return True, self._in_turn(key, answer, last_for_ever=True) if isinstance(answer, tuple) else answer
            return False, None
        reply = self._in_turn("all", self._behaviour, last_for_ever=False)
        return reply is not None, reply

    def _in_turn(self, key: Any, replies: Sequence[Reply], *, last_for_ever: bool) -> Reply | None:
        turn = self._turns.get(key, 0)
        self._turns[key] = turn + 1
        if turn < len(replies):
            return replies[turn]
        return replies[-1] if last_for_ever else None


def _handler_for(server: FakeServer) -> type[BaseHTTPRequestHandler]:
    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Unbuffered headers and Nagle together cost 40 ms a reply.
        wbufsize = -1
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = server.answer(Request(self.command, self.path, _parse(sent)), headers)
            if reply.lost:
                self.close_connection = True
                return
            self.send_response(reply.status)
            if reply.lines is not None:
                self._send_pieces(reply)
                return
            text = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
            payload = b"" if reply.body is None or self.command == "HEAD" else text.encode()
            kind = "text/plain" if isinstance(reply.body, str) else "application/json"
            for name, value in {"Content-Type": kind, "Content-Length": str(len(payload)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(payload)

        def _send_pieces(self, reply: Reply) -> None:
            for name, value in {"Connection": "close", **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.close_connection = True
            for piece in reply.lines or ():
                self.wfile.write(piece)
                self.wfile.flush()

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_CONNECT = _serve

        def log_message(self, *_arguments: Any) -> None:
            """A test's output is no place for an access log."""

    return Answering


def _parse(sent: bytes) -> Any:
    if not sent:
        return None
    try:
        return json.loads(sent)
    except ValueError:
        return sent.decode(errors="replace")
