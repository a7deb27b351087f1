# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a random model of Mistral's architecture with about a million parameters: tiny_model.py DIRECTORY.

It needs torch and transformers. Its tokenizer has a token for each byte, so every text has one.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import MistralConfig, MistralForCausalLM, PreTrainedTokenizerFast

SPECIAL = ("<unk>", "<s>", "</s>")
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message['role'] == 'user' %}[INST] {{ message['content'] }} [/INST]"
    "{% else %}{{ message['content'] }}{{ eos_token }}{% endif %}{% endfor %}"
)


def main(target: Path) -> None:
    """Write model, tokenizer and chat template."""
    torch.manual_seed(0)
    names = (*SPECIAL, *sorted(pre_tokenizers.ByteLevel.alphabet()))
    vocabulary = {token: number for number, token in enumerate(names)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    unknown, begin, end = SPECIAL
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token=unknown, bos_token=begin, eos_token=end)
    fast.chat_template = CHAT_TEMPLATE
    fast.save_pretrained(target)
    config = MistralConfig(
        vocab_size=len(vocabulary),
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=4096,
        bos_token_id=vocabulary[begin],
        eos_token_id=vocabulary[end],
    )
    MistralForCausalLM(config).to(torch.bfloat16).save_pretrained(target)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
