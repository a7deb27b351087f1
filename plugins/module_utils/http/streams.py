# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A reply's body that is read while it arrives, and that another thread may end."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any

from .answers import LIMIT, Unexpected
from .connection import requests

_PIECE = 512


class Stream:
    """The lines of a body, each without its end; a context manager that lets go of the connection.

    response: of requests, opened with stream=True. broken: makes the error to raise where the connection breaks.
    """

    def __init__(self, response: Any, broken: Callable[[Exception], Exception]) -> None:
        self._response = response
        self._broken = broken
        self._interrupted = False

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from _lines(self._response.iter_content(_PIECE))
        except Unexpected as error:
            raise self._broken(error) from error
        except (requests.exceptions.RequestException, OSError, ValueError, AttributeError) as error:
            # The last three are what a socket gives that interrupt() has shut under the reader's hands.
            if self._interrupted:
                return
            if not isinstance(error, requests.exceptions.RequestException):
                raise
            raise self._broken(error) from error

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


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces, divided anew at the ends of lines. Raises Unexpected for a line without end."""
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        *ended, rest = piece.split(b"\n")
        for part in ended:
            yield b"".join([*held, part]).removesuffix(b"\r")
            held, size = [], 0
        held.append(rest)
        size += len(rest)
        if size > LIMIT:
            raise Unexpected(f"a line of more than {LIMIT >> 20} MiB")
    if size:
        yield b"".join(held)
