# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a model's config.json says of its shape, whatever its family calls things. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Shape:
    """A decoder's dimensions; window and positions in tokens, None where there is no window or no limit is named.

    experts: of a mixture, of which a token uses a few; 0 where every token uses all weights.
    """

    layers: int
    heads: int
    kv_heads: int
    head_size: int
    hidden_size: int
    vocabulary: int
    tied: bool
    window: int | None
    positions: int | None
    experts: int = 0

    @property
    def attention(self) -> str:
        """How keys and values are shared: MHA (not), GQA (by groups of heads), MQA (by all)."""
        if self.kv_heads == self.heads:
            return "MHA"
        return "MQA" if self.kv_heads == 1 else "GQA"

    @property
    def embeddings(self) -> int:
        """Parameters that quantisation leaves alone: the embedding and the output layer (one where they are tied)."""
        return self.vocabulary * self.hidden_size * (1 if self.tied else 2)

    def shown(self) -> dict[str, Any]:
        """JSON-ready."""
        return {**asdict(self), "attention": self.attention}


def read_shape(config: Mapping[str, Any]) -> Shape | None:
    """The shape, or None for a configuration that does not tell it, or whose cache is not keys and values of heads."""
    # A model that also sees or hears keeps its language part apart.
    text = config.get("text_config") or config
    layers = _first(text, "num_hidden_layers", "n_layer", "num_layers")
    heads = _first(text, "num_attention_heads", "n_head")
    hidden = _first(text, "hidden_size", "n_embd")
    vocabulary = _first(text, "vocab_size")
    # Multi-head latent attention keeps a compressed vector instead.
    if None in (layers, heads, hidden, vocabulary) or text.get("kv_lora_rank"):
        return None
    return Shape(
        layers=layers,
        heads=heads,
        kv_heads=_kv_heads(text, heads),
        head_size=_first(text, "head_dim") or hidden // heads,
        hidden_size=hidden,
        vocabulary=vocabulary,
        tied=bool(text.get("tie_word_embeddings", False)),
        window=None if text.get("use_sliding_window") is False else _first(text, "sliding_window"),
        positions=_first(text, "max_position_embeddings", "n_positions", "max_seq_len"),
        experts=_first(text, "num_local_experts", "num_experts", "n_routed_experts") or 0,
    )


def _kv_heads(text: Mapping[str, Any], heads: int) -> int:
    named = _first(text, "num_key_value_heads", "num_kv_heads", "n_head_kv")
    if named is not None and not (text.get("multi_query") and not text.get("new_decoder_architecture")):
        return named
    return 1 if text.get("multi_query") else heads


def _first(text: Mapping[str, Any], *names: str) -> int | None:
    return next((text[name] for name in names if isinstance(text.get(name), int)), None)
