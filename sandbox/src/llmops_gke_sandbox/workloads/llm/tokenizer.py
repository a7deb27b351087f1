# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for the model's tokenizer: pieces of words, bytes for what is not in the vocabulary."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

BOS, EOS = "<s>", "</s>"
BOS_ID, EOS_ID = 1, 2
FIRST_BYTE_ID = 3
FIRSTPIECE_ID = 259
VOCABULARY = 32000

PIECE = re.compile(r" ?[A-Za-z]{1,6}|[A-Za-z]{1,6}| ?[0-9]| ?[^\sA-Za-z0-9]|\s", re.ASCII)


@dataclass(frozen=True)
class Piece:
    """A token: its id and text."""

    id: int
    text: str
    special: bool = False


def encode(text: str, add_special_tokens: bool = True) -> list[Piece]:
    """Return the tokens of a text; their number is close to what a 32,000-piece BPE makes of English.

    A character outside ASCII falls back to one token a UTF-8 byte; the last one carries the character, the others are
    empty, as in a stream that decodes step by step.
    """
    pieces = [Piece(BOS_ID, BOS, special=True)] if add_special_tokens else []
    for found in PIECE.finditer(text):
        piece = found.group()
        if piece.isascii():
            pieces.append(Piece(piece_id(piece), piece))
            continue
        data = piece.encode()
        for position, byte in enumerate(data, 1):
            shown = piece if position == len(data) else ""
            pieces.append(Piece(FIRST_BYTE_ID + byte, shown))
    return pieces


def piece_id(piece: str) -> int:
    """Return a stable id inside the vocabulary."""
    return FIRSTPIECE_ID + zlib.crc32(piece.encode()) % (VOCABULARY - FIRSTPIECE_ID)
