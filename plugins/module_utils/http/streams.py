# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A reply's body that is read while it arrives, and that another thread may end."""

from __future__ import annotations

import socket
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.client import HTTPException, IncompleteRead
from types import TracebackType
from typing import Any

from .answers import LIMIT, Unexpected

PIECE = 16 * 1024
"""Bytes read at most at once."""

LONGEST_LINE = LIMIT
"""Bytes."""

_PIECE = 512


class Stream:
    """A body as it arrives, in pieces or in lines; a context manager that lets go of the connection.

    response: of requests, opened with stream=True. broken: makes the error to raise where the connection breaks.
    """

    def __init__(self, response: Any, broken: Callable[[Exception], Exception]) -> None:
        self._response = response
        self._broken = broken
        self._interrupted = False

    def arrivals(self) -> Iterator[bytes]:
        """Whatever has arrived, as soon as there is some, however the body is framed: in chunks, by its length, or
        until the server closes."""
        try:
            yield from self._decoded()
        except (OSError, HTTPException, ValueError, AttributeError, zlib.error, Unexpected) as error:
            # Any of these is what a socket gives that interrupt() has shut under the reader's hands.
            if self._interrupted:
                return
            if isinstance(error, AttributeError):
                raise
            raise self._broken(error) from error

    def __iter__(self) -> Iterator[bytes]:
        """The lines, each without its end."""
        lines = Lines()
        for piece in self.arrivals():
            yield from lines.feed(piece)
            if lines.pending > LONGEST_LINE:
                raise self._broken(Unexpected(f"a line of more than {LONGEST_LINE >> 20} MiB"))
        if rest := lines.rest():
            yield rest

    def interrupt(self) -> None:
        """End the stream from another thread: its reader sees it end."""
        self._interrupted = True
        # Closing alone does not wake a thread that reads. Where the stream has ended by itself, there is no socket.
        with suppress(OSError, AttributeError):
            socket.socket.shutdown(self._response.raw._fp.fp.raw._sock, socket.SHUT_RDWR)

    def __enter__(self) -> Stream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._response.close()

    def _decoded(self) -> Iterator[bytes]:
        """No compression is asked for; a server or proxy that compresses all the same does it by gzip or deflate."""
        encoding = self._response.headers.get("Content-Encoding", "identity").lower()
        if encoding == "identity":
            yield from self._read()
            return
        if encoding not in ("gzip", "x-gzip", "deflate"):
            raise Unexpected(f"a body in the encoding {encoding[:20]!r}, which was not asked for")
        decoder = zlib.decompressobj(zlib.MAX_WBITS | 32)
        for piece in self._read():
            if plain := decoder.decompress(piece):
                yield plain

    def _read(self) -> Iterator[bytes]:
        # The connection's own reader: requests and urllib3 wait for a whole block where a body is not chunked.
        source = self._response.raw._fp
        while piece := source.read1(PIECE):
            yield piece
        if source.length:
            raise IncompleteRead(b"", source.length)
        source.close()
        self._response.raw.release_conn()


class Lines:
    """Cuts pieces into lines, which end with CRLF, LF or CR, wherever the pieces break."""

    def __init__(self) -> None:
        self._begun: list[bytes] = []
        self._after_cr = False
        self.pending = 0
        """Bytes of the line that has no end yet."""

    def feed(self, piece: bytes) -> list[bytes]:
        """The lines that end in the piece."""
        if self._after_cr and piece.startswith(b"\n"):
            piece = piece[1:]
        self._after_cr = piece.endswith(b"\r")
        whole = []
        for part in piece.splitlines(keepends=True):
            self._begun.append(part)
            self.pending += len(part)
            if part.endswith((b"\r", b"\n")):
                whole.append(self.rest().rstrip(b"\r\n"))
        return whole

    def rest(self) -> bytes:
        """What came after the last end of a line."""
        rest, self._begun, self.pending = b"".join(self._begun), [], 0
        return rest
