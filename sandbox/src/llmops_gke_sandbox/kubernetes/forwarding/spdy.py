# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""SPDY/3.1 as far as port forwarding speaks it (draft-mbelshe-httpbis-spdy-00): streams that a client opens.

Flow control is left out on both sides: the implementation in Kubernetes' clients (moby/spdystream) has none.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from llmops_gke_sandbox.kubernetes.forwarding.spdy_dictionary import DICTIONARY

_CONTROL, _VERSION = 0x8000, 3
_SYN_STREAM, _SYN_REPLY, _RST_STREAM, _PING, _GOAWAY = 1, 2, 3, 6, 7
_FIN = 0x01
_HEAD = 8
_MOST = 0x7FFFFFFF


@dataclass(frozen=True)
class Opened:
    """The client opened a stream; header names are in lower case."""

    stream: int
    headers: dict[str, str]
    last: bool


@dataclass(frozen=True)
class Data:
    """Bytes of a stream; ``last`` where the client will send no more on it."""

    stream: int
    payload: bytes
    last: bool


@dataclass(frozen=True)
class Reset:
    """The client gave a stream up."""

    stream: int


@dataclass(frozen=True)
class Ping:
    """The client asks for an answer with the same payload."""

    payload: bytes


@dataclass(frozen=True)
class GoAway:
    """The client opens no more streams."""


Frame = Opened | Data | Reset | Ping | GoAway


class Reader:
    """Makes frames of the bytes that arrive, however these are cut."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._headers = zlib.decompressobj(zdict=DICTIONARY)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield the frames that are complete with these bytes; kinds that port forwarding has no use for are skipped.

        :raises ValueError: if the bytes are not SPDY/3.
        """
        self._buffer += data
        while len(self._buffer) >= _HEAD:
            first, kind_or_rest, flags_and_length = struct.unpack_from(">HHI", self._buffer)
            length = flags_and_length & 0xFFFFFF
            if len(self._buffer) < _HEAD + length:
                return
            body = bytes(self._buffer[_HEAD : _HEAD + length])
            del self._buffer[: _HEAD + length]
            last = bool(flags_and_length >> 24 & _FIN)
            if not first & _CONTROL:
                yield Data((first << 16) | kind_or_rest, body, last)
            elif first & ~_CONTROL != _VERSION:
                raise ValueError(f"SPDY version {first & ~_CONTROL} is not spoken here")
            elif frame := self._control(kind_or_rest, body, last):
                yield frame

    def _control(self, kind: int, body: bytes, last: bool) -> Frame | None:
        if kind == _SYN_STREAM:
            return Opened(_stream(body), self._header_block(body[10:]), last)
        if kind == _RST_STREAM:
            return Reset(_stream(body))
        if kind == _PING:
            return Ping(body)
        return GoAway() if kind == _GOAWAY else None

    def _header_block(self, compressed: bytes) -> dict[str, str]:
        try:
            block = self._headers.decompress(compressed)
        except zlib.error as error:
            raise ValueError(f"a header block can't be read: {error}") from None
        (count,) = struct.unpack_from(">I", block)
        texts, position = [], 4
        for _ in range(2 * count):
            (length,) = struct.unpack_from(">I", block, position)
            texts.append(block[position + 4 : position + 4 + length].decode())
            position += 4 + length
        return dict(zip(texts[::2], texts[1::2], strict=True))


class Writer:
    """Makes the bytes of frames."""

    def __init__(self) -> None:
        self._headers = zlib.compressobj(zdict=DICTIONARY)

    def accepted(self, stream: int) -> bytes:
        """Return the reply to a stream that was opened; it carries no headers."""
        block = self._headers.compress(struct.pack(">I", 0)) + self._headers.flush(zlib.Z_SYNC_FLUSH)
        return _control_frame(_SYN_REPLY, struct.pack(">I", stream) + block)

    def data(self, stream: int, payload: bytes = b"", *, last: bool = False) -> bytes:
        """Return bytes of a stream as a frame; ``last`` closes this side of the stream."""
        return struct.pack(">II", stream, (_FIN if last else 0) << 24 | len(payload)) + payload

    def pong(self, payload: bytes) -> bytes:
        """Return the answer to a ping."""
        return _control_frame(_PING, payload)


def _control_frame(kind: int, body: bytes) -> bytes:
    return struct.pack(">HHI", _CONTROL | _VERSION, kind, len(body)) + body


def _stream(body: bytes) -> int:
    return struct.unpack_from(">I", body)[0] & _MOST
