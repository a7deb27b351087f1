# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model's tokenizer as the Hub has it (Hugging Face tokenizers' JSON), counting as the sandbox's TGI counts.

Clients that make prompts of an exact length, or count the tokens of an answer, need it. Only where one piece ends and
the next begins is the same on both sides: for the sake of a small vocabulary all letters are one, and all digits.
"""

from __future__ import annotations

import json
from typing import Any

from llmops_gke_sandbox.workloads.llm.tokenizer import BOS, EOS, PIECE

_UNKNOWN = "<unk>"
_SPECIAL = (_UNKNOWN, BOS, EOS)
_LETTER, _DIGIT, _MARK = "a", "0", "."
_ALIKE = (("[A-Za-z]", _LETTER), ("[0-9]", _DIGIT), (r"[^\sA-Za-z0-9\x80-\x{10FFFF}]", _MARK), (r"[\t\r\f\v]", "\n"))
# Every piece that the pattern can find in what is left of the alphabet.
_WORDS = [_LETTER * length for length in range(1, 7)] + [_DIGIT, _MARK]
_PIECES = (*(f" {word}" for word in _WORDS), *_WORDS, " ", "\n")


def tokenizer_json(kind: dict[str, Any]) -> bytes:
    """Return tokenizer.json: pieces by the pattern of the model server's tokenizer.

    :param kind: the beginning of its ``model``: type (BPE), byte_fallback.
    """
    ids = {piece: number for number, piece in enumerate((*_SPECIAL, *_PIECES))}
    beginning = {"SpecialToken": {"id": BOS, "type_id": 0}}
    sequences = [{"Sequence": {"id": name, "type_id": number}} for number, name in enumerate("AB")]
    content: dict[str, Any] = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": ids[text], "content": text, "special": True}
            | dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
            for text in _SPECIAL
        ],
        "normalizer": {
            "type": "Sequence",
            "normalizers": [
                {"type": "Replace", "pattern": {"Regex": pattern}, "content": content} for pattern, content in _ALIKE
            ],
        },
        "pre_tokenizer": {
            "type": "Split",
            "pattern": {"Regex": PIECE.pattern},
            "behavior": "Isolated",
            "invert": False,
        },
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [beginning, sequences[0]],
            "pair": [beginning, *sequences],
            "special_tokens": {BOS: {"id": BOS, "ids": [ids[BOS]], "tokens": [BOS]}},
        },
        "decoder": {"type": "Fuse"},
        # ignore_merges: a piece that is in the vocabulary is a token, without pairs that lead to it.
        "model": kind | {"vocab": ids, "merges": [], "ignore_merges": True, "unk_token": _UNKNOWN, "fuse_unk": False},
    }
    return json.dumps(content).encode()


def tokenizer_settings(chat_template: str) -> dict[str, Any]:
    """Return what the Hub's page shows of tokenizer_config.json. chat_template: "" for none."""
    tokens = {"bos_token": BOS, "eos_token": EOS, "unk_token": _UNKNOWN}
    return tokens | ({"chat_template": chat_template} if chat_template else {})


def tokenizer_config(chat_template: str) -> bytes:
    """Return tokenizer_config.json."""
    return json.dumps({"tokenizer_class": "PreTrainedTokenizerFast"} | tokenizer_settings(chat_template)).encode()
