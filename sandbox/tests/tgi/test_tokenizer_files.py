# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tokenizer that the Hub gives finds the same pieces as the model server's."""

from __future__ import annotations

import json
import re

import pytest

from llmops_gke_sandbox.huggingface.tokenizer_files import tokenizer_json
from llmops_gke_sandbox.workloads.llm import tokenizer

KIND = {"type": "BPE", "byte_fallback": True}
TEXTS = (
    "[INST] What is a secret in the gardens of Wonderland? [/INST]",
    " Beyond the tulgey wood, an unbirthday cake waits: 42 looking-glasses!\n\tIncomprehensibilities",
    "a\r\n\x0b b_c -- 'd'",
)


def pieces(text: str) -> list[str]:
    """What tokenizers would do with the file: normalize, split; every piece must be in the vocabulary."""
    file = json.loads(tokenizer_json(KIND))
    for step in file["normalizer"]["normalizers"]:
        text = re.sub(step["pattern"]["Regex"].replace(r"\x{10FFFF}", "\U0010ffff"), step["content"], text)
    found = re.findall(file["pre_tokenizer"]["pattern"]["Regex"], text, flags=re.ASCII)
    assert [piece for piece in found if piece not in file["model"]["vocab"]] == []
    return found


@pytest.mark.parametrize("text", TEXTS)
def test_both_count_the_same(text):
    assert [len(piece) for piece in pieces(text)] == [
        len(piece.text) for piece in tokenizer.encode(text, add_special_tokens=False)
    ]


def test_the_file_says_what_kind_of_tokenizer_the_model_has():
    assert json.loads(tokenizer_json(KIND))["model"].items() >= KIND.items()
