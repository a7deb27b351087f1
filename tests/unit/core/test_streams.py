# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A body is read as it arrives, whatever its framing: the server sends on only when the reader has told what it got."""

from __future__ import annotations

import gzip
import socket
import threading

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.core.errors import HttpError
from ansible_collections.llmops.gke.plugins.module_utils.http import streams
from ansible_collections.llmops.gke.plugins.module_utils.http.session import HttpSession

PIECES = [b"one\n", b"two\n", b"three\n"]


def chunk(piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece)


FRAMINGS = {
    "http/1.0 until close": (b"HTTP/1.0 200 OK\r\n\r\n", bytes, b""),
    "http/1.1 until close": (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", bytes, b""),
    "content-length": (b"HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n", bytes, b""),
    "chunked": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunk, b"0\r\n\r\n"),
}


class Raw:
    """A server of one connection at a time that sends bytes as they are, a piece at each ``go``."""

    def __init__(self, *pieces: bytes, keep: bool = False) -> None:
        self._pieces, self._keep = pieces, keep
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.go = threading.Semaphore(1)
        self.asked: list[bytes] = []
        self.connections = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                while asked := connection.recv(65536):
                    self.asked.append(asked)
                    for piece in self._pieces:
                        if not self.go.acquire(timeout=5):
                            return
                        connection.sendall(piece)
                    if not self._keep:
                        break

    def __enter__(self) -> Raw:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._listener.close()


def session(server: Raw, seconds: float = 10, **more: object) -> HttpSession:
    return HttpSession(server.url, "the server", Deadline(seconds), **more)


@pytest.mark.parametrize("framing", FRAMINGS)
def test_what_has_arrived_is_read_before_anything_else_comes(framing):
    head, framed, end = FRAMINGS[framing]
    with Raw(head + framed(PIECES[0]), framed(PIECES[1]), framed(PIECES[2]) + end) as server:
        got = []
        with session(server).open("GET", "/", doing="read") as stream:
            for piece in stream.arrivals():
                got.append(piece)
                server.go.release()
    assert got == PIECES


@pytest.mark.parametrize("framing", FRAMINGS)
def test_lines_come_one_by_one_too(framing):
    head, framed, end = FRAMINGS[framing]
    with Raw(head + framed(PIECES[0]), framed(PIECES[1]), framed(PIECES[2]) + end) as server:
        got = []
        with session(server).open("GET", "/", doing="read") as stream:
            for line in stream:
                got.append(line)
                server.go.release()
    assert got == [b"one", b"two", b"three"]


@pytest.mark.parametrize(
    "sent",
    [
        [b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\none\n"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(b"one\n")],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none\n\r\n63\r\ntw"],
    ],
    ids=["short of its length", "without the last chunk", "amid a chunk"],
)
def test_a_body_that_breaks_off_gives_what_came_and_then_the_error(sent):
    got = []
    with (
        Raw(*sent) as server,
        pytest.raises(HttpError, match="read: the server gave half of it") as broken,
        session(server).open("GET", "/", doing="read") as stream,
    ):
        got += stream.arrivals()
    assert broken.value.status == 0
    assert got == [] or b"".join(got).startswith(b"one\n")


def test_what_came_before_it_broke_is_handed_over():
    got = []
    with (
        Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\none\n") as server,
        pytest.raises(HttpError),
        session(server).open("GET", "/", doing="read") as stream,
    ):
        for piece in stream.arrivals():
            got.append(piece)
    assert got == [b"one\n"]


def test_a_connection_that_was_read_to_its_end_is_used_again():
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\none\n"
    with Raw(reply, keep=True) as server:
        server.go.release()
        http = session(server)
        for _turn in range(2):
            with http.open("GET", "/", doing="read") as stream:
                assert list(stream) == [b"one"]
        http.close()
    assert server.connections == 1


def test_a_server_that_falls_silent_ends_with_the_deadline():
    with (
        Raw(b"HTTP/1.1 200 OK\r\n\r\none\n", b"never") as server,
        pytest.raises(HttpError, match="timed out|no time is left"),
        session(server, 0.3).open("GET", "/", doing="read") as stream,
    ):
        list(stream)


def test_a_server_that_never_ends_ends_with_the_deadline():
    class Time:
        now = 0.0

        def clock(self) -> float:
            self.now += 1.0
            return self.now

    head = b"HTTP/1.1 200 OK\r\n\r\n"
    with Raw(head, *[b"x\n"] * 200) as server:
        http = HttpSession(server.url, "the server", Deadline(20, clock=Time().clock))
        server.go.release()
        with pytest.raises(HttpError, match="timed out|no time is left"), http.open("GET", "/", doing="read") as stream:
            for _piece in stream.arrivals():
                server.go.release()


def test_a_line_without_an_end_does_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(streams, "LONGEST_LINE", 10)
    with (
        Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n" + b"x" * 20) as server,
        pytest.raises(HttpError, match="a line of more than"),
        session(server).open("GET", "/", doing="x") as body,
    ):
        list(body)


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_no_compression_is_asked_for_and_one_that_comes_all_the_same_is_undone(encoding):
    body = gzip.compress(b"one\ntwo\n") if encoding == "gzip" else b"one\ntwo\n"
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with Raw(head + body) as server, session(server).open("GET", "/", doing="read") as stream:
        assert list(stream) == [b"one", b"two"]
    assert b"accept-encoding: identity" in server.asked[0].lower()


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 100])
def test_lines_are_the_same_wherever_the_pieces_break(size):
    body = b"a\r\n\r\nb\rc\n\nd\r\n"
    lines = streams.Lines()
    found = [line for start in range(0, len(body), size) for line in lines.feed(body[start : start + size])]
    assert found == [b"a", b"", b"b", b"c", b"", b"d"]
    assert lines.rest() == b""
