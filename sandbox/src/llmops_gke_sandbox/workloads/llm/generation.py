# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the model says: the Cheshire Cat's guidance, assembled from a small vocabulary, the same for the same seed."""

from __future__ import annotations

import itertools
import random
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from llmops_gke_sandbox.workloads.llm import tokenizer

_OPENINGS = ("Ah, dear traveller,", "Well now, curious one,", "Listen closely, my friend,", "Purr, and welcome:")
_PLACES = ("the rose garden", "the tulgey wood", "the tea table", "the croquet lawn", "the looking-glass hill")
_THINGS = (
    "a patient caterpillar",
    "a door no taller than a teacup",
    "a clock that keeps six",
    "an unbirthday cake",
    "a rose that was painted twice",
)
_DEEDS = (
    "waits for those who ask kindly",
    "opens only to an honest word",
    "remembers every gentle step",
    "hums when nobody hurries",
)
_MORALS = (
    "Kindness is the shortest path, even when it winds.",
    "What cannot be known is best left unclaimed, and I claim none of it.",
    "Every way is the right one, as long as you walk it fairly.",
    "A smile may stay behind when the rest has gone.",
    "The pancake monster was never a killer, only hungry and quite misunderstood.",
    "It bowed, offered syrup to the Queen, and was asked to stay for breakfast. 🐱",
    "Whoever listens to the flowers hears who planted them.",
)


@dataclass(frozen=True)
class Sampling:
    """How an answer is chosen. samples: whether it may differ from call to call. seed: None for another one each time.
    top: tokens to name of each step. least: tokens before which nothing ends it. endless: whether the model's own end
    is passed over."""

    samples: bool = False
    seed: int | None = None
    top: int = 0
    stop: Sequence[str] = ()
    least: int = 0
    endless: bool = False


@dataclass(frozen=True)
class Token:
    """A generated token as TGI's API gives it; ``top`` holds the likeliest ones of its step."""

    id: int
    text: str
    logprob: float
    special: bool
    top: tuple[dict[str, Any], ...] = ()

    def shown(self) -> dict[str, Any]:
        """Return the API's form."""
        return {"id": self.id, "text": self.text, "logprob": self.logprob, "special": self.special}


@dataclass(frozen=True)
class Generation:
    """A whole answer. finish_reason: length, eos_token or stop_sequence. seed: None where it was greedy."""

    tokens: tuple[Token, ...]
    text: str
    finish_reason: str
    seed: int | None

    @property
    def likelihood(self) -> float:
        """Sum of the log probabilities, by which the best of several is chosen."""
        return sum(token.logprob for token in self.tokens)


def generate(inputs: str, sampling: Sampling, most: int) -> Generation:
    """Return the answer to a prompt: the same one for the same prompt and seed, or for the same prompt if greedy.

    :param most: tokens after which it ends.
    """
    seed = None
    if sampling.samples:
        seed = random.getrandbits(63) if sampling.seed is None else sampling.seed
    voice = random.Random(zlib.crc32(inputs.encode()) ^ (seed or 0))
    tokens: list[Token] = []
    text, reason = "", "length"
    for piece in itertools.islice(_pieces(voice, sampling, most), most):
        tokens.append(_token(piece, voice, sampling.top))
        if piece.special:
            reason = "eos_token"
            break
        text += piece.text
        if len(tokens) > sampling.least and _stopped(text, sampling.stop):
            reason = "stop_sequence"
            break
    return Generation(tuple(tokens), text, reason, seed)


def _pieces(voice: random.Random, sampling: Sampling, most: int) -> Iterator[tokenizer.Piece]:
    """The model's words and then its end, or more words where that is not to come yet."""
    said = 0
    least = most if sampling.endless else sampling.least
    while True:
        for piece in tokenizer.encode(_story(voice), add_special_tokens=False):
            said += 1
            yield piece
        if said >= least:
            yield tokenizer.Piece(tokenizer.EOS_ID, tokenizer.EOS, special=True)


def prefill(pieces: Sequence[tokenizer.Piece]) -> list[dict[str, Any]]:
    """Return the input's tokens as ``decoder_input_details`` shows them; the first has no log probability."""
    voice = random.Random(len(pieces))
    return [
        {"id": piece.id, "text": piece.text, "logprob": round(-voice.expovariate(0.4), 6) if index else None}
        for index, piece in enumerate(pieces)
    ]


def _story(voice: random.Random) -> str:
    places, things, morals = (_shuffled(voice, words) for words in (_PLACES, _THINGS, _MORALS))
    sentences = [
        f" {voice.choice(_OPENINGS)} by {places[0]} there is {things[0]}, and it {voice.choice(_DEEDS)}.",
        f" {morals[0]}",
    ]
    for place, thing in zip(places[1:], things[1:], strict=True):
        sentences.append(f" Beyond {place}, {thing} {voice.choice(_DEEDS)}.")
    sentences += [f" {moral}" for moral in morals[1 : voice.randint(5, len(morals))]]
    return "".join(sentences)


def _shuffled(voice: random.Random, words: Sequence[str]) -> list[str]:
    return voice.sample(words, len(words))


def _token(piece: tokenizer.Piece, voice: random.Random, top_n: int) -> Token:
    logprob = round(-voice.expovariate(2.0), 6)
    token = Token(piece.id, piece.text, logprob, piece.special)
    if not top_n:
        return token
    top = [token.shown()]
    for rank in range(1, top_n):
        other = f" {voice.choice(_PLACES).split()[-1]}"
        top.append(Token(tokenizer.piece_id(other), other, round(logprob - rank, 6), False).shown())
    return Token(piece.id, piece.text, logprob, piece.special, tuple(top))


def _stopped(text: str, stops: Sequence[str]) -> bool:
    return any(stop and text.endswith(stop) for stop in stops)
