# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""SPDY/3.1's frames, against the protocol's own definition."""

from __future__ import annotations

import struct
import zlib

import pytest

from llmops_gke_sandbox.kubernetes.forwarding.spdy import Data, GoAway, Opened, Ping, Reader, Reset, Writer
from llmops_gke_sandbox.kubernetes.forwarding.spdy_dictionary import DICTIONARY


def control(kind: int, body: bytes, flags: int = 0) -> bytes:
    return struct.pack(">HHI", 0x8003, kind, flags << 24 | len(body)) + body


def header_block(headers: dict[str, str]) -> bytes:
    compressor = zlib.compressobj(zdict=DICTIONARY)
    texts = [text.encode() for pair in headers.items() for text in pair]
    block = struct.pack(">I", len(headers)) + b"".join(struct.pack(">I", len(text)) + text for text in texts)
    return compressor.compress(block) + compressor.flush(zlib.Z_SYNC_FLUSH)


def test_the_dictionary_is_the_protocols():
    assert (len(DICTIONARY), zlib.adler32(DICTIONARY)) == (1423, 0xE3C6A7C2)


def test_frames_are_read_however_the_bytes_are_cut():
    headers = {"streamtype": "data", "port": "8080", "requestid": "0"}
    stream = (
        control(1, struct.pack(">IIH", 1, 0, 0) + header_block(headers))
        + control(4, b"\0\0\0\0")
        + struct.pack(">II", 1, 1 << 24 | 2)
        + b"hi"
        + control(6, b"\0\0\0\7")
        + control(3, struct.pack(">II", 1, 5))
        + control(7, struct.pack(">II", 1, 0))
    )
    reader = Reader()
    read = [frame for byte in stream for frame in reader.feed(bytes([byte]))]
    assert read == [Opened(1, headers, False), Data(1, b"hi", True), Ping(b"\0\0\0\7"), Reset(1), GoAway()]


def test_answers_are_frames_of_the_protocol():
    writer = Writer()
    accepted = writer.accepted(3)
    assert accepted[:8] == struct.pack(">HHI", 0x8003, 2, len(accepted) - 8) and accepted[8:12] == b"\0\0\0\3"
    assert zlib.decompressobj(zdict=DICTIONARY).decompress(accepted[12:]) == b"\0\0\0\0"
    assert writer.data(3, b"x", last=True) == b"\0\0\0\3\1\0\0\1x"
    assert writer.pong(b"\0\0\0\7") == control(6, b"\0\0\0\7")


@pytest.mark.parametrize("stream", [b"\x80\x02" + bytes(6), control(1, struct.pack(">IIH", 1, 0, 0) + b"garbage")])
def test_what_is_not_spdy_3_is_refused(stream):
    with pytest.raises(ValueError):
        list(Reader().feed(stream))
