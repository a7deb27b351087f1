# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What fits into a GPU: weights by number format, KV cache a token, and so tokens. Pure; a GB is 1e9 bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ..google.hardware import Gpu
from .shape import Shape

FP16_BYTES = 2.0

LINEAR_BYTES = {"fp16": FP16_BYTES, "fp8": 1.0, "int8": 1.0, "nf4": 0.5 + 4 / 64}
"""Bytes a parameter of the linear layers takes. nf4 keeps a 32-bit scale for each block of 64 (bitsandbytes)."""

FP16, STORED = "fp16", "stored"
"""The format without quantisation, and the one that the repository's files have."""

FASTER = {"fp8": 2.0, "int8": 2.0, STORED: 2.0}
"""How many times as fast as with 16 bits the GPUs may calculate; of weights as they are stored it is not known."""

CONTEXTS = (1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072)


@dataclass(frozen=True)
class MemoryRules:
    """What a model server takes of a GPU, and its names for what changes that.

    usable: the part of the memory that it takes; the rest is for CUDA and for what a prefill needs in passing.
    reserved: bytes of each GPU that it needs of this for something else than weights and cache.
    block: tokens of cache that it gives out at a time.
    formats: the number format that each of its methods of quantisation makes, of those that quantise as they load;
    others read weights that were stored quantised. slow: of these, the ones that are slower than 16 bits.
    server: its name in messages. quantization, gpus, context: its settings for the method of quantisation, the GPUs of
    a replica, and the tokens of the longest request.
    """

    server: str
    usable: float
    formats: Mapping[str, str]
    slow: frozenset[str]
    quantization: str
    gpus: str
    context: str
    reserved: int = 0
    block: int = 1

    def format_of(self, quantization: str) -> str:
        """The number format that a method makes; STORED where it depends on how the weights were stored."""
        return self.formats.get(quantization, STORED) if quantization else FP16


@dataclass(frozen=True)
class Gpus:
    """The GPUs that one replica has.

    usable: the part of their memory that its server takes; share: of a card; reserved: bytes of each that are neither
    for weights nor for cache.
    """

    gpu: Gpu
    count: int
    usable: float
    share: float = 1.0
    reserved: int = 0

    @property
    def total_bytes(self) -> int:
        """Their memory."""
        return int(self.gpu.memory_bytes * self.count * self.share)

    @property
    def usable_bytes(self) -> int:
        """What the server takes of it for weights and cache."""
        return max(0, int(self.total_bytes * self.usable) - self.reserved * self.count)

    @property
    def bytes_per_second(self) -> float:
        """What they read of their memory in a second, all together."""
        return self.gpu.bandwidth * 1e9 * self.count * self.share

    @property
    def operations_per_second(self) -> float:
        """What they calculate in a second with numbers of 16 bits, all together."""
        return self.gpu.tflops * 1e12 * self.count * self.share

    def __str__(self) -> str:
        part = "" if self.share == 1 else f"{Fraction(self.share)} of "
        return f"{self.count} x {part}{self.gpu.name}"


def weight_bytes(parameters: int, shape: Shape, number_format: str) -> int:
    """Bytes of all weights; embeddings and the output layer stay in 16 bits."""
    linear = max(parameters - shape.embeddings, 0)
    return int(linear * LINEAR_BYTES[number_format] + (parameters - linear) * FP16_BYTES)


def kv_bytes_per_token(shape: Shape) -> int:
    """Bytes of cache a token takes in 16 bits: a key and a value a layer and KV head."""
    return int(2 * shape.layers * shape.kv_heads * shape.head_size * FP16_BYTES)


def kv_tokens(usable: int, weights: int, kv_bytes: int, block: int = 1) -> int:
    """Tokens of cache that fit beside the weights, in whole blocks; 0 where the weights alone do not fit."""
    return max(0, (usable - weights) // kv_bytes // block * block)


def prompt_token_seconds(parameters: int, number_format: str, gpus: Gpus) -> float:
    """The least seconds that a token of a prompt takes: an addition and a multiplication for each parameter."""
    return 2 * parameters / (gpus.operations_per_second * FASTER.get(number_format, 1.0))


def fit(
    weights_by_format: dict[str, int], parameters: int, shape: Shape, gpus: Gpus, context: int, block: int = 1
) -> dict[str, dict[str, Any]]:
    """By number format: whether requests of ``context`` tokens can be served, how many of which length at once, and the
    least seconds that a token takes, in which all weights are read from memory, and one of a prompt."""
    kv_bytes = kv_bytes_per_token(shape)
    formats = {}
    for name, weights in weights_by_format.items():
        tokens = kv_tokens(gpus.usable_bytes, weights, kv_bytes, block)
        longest = min(tokens, shape.positions or tokens)
        formats[name] = {
            "fits": tokens >= context,
            "weights_bytes": weights,
            "kv_tokens": tokens,
            "longest_context": longest,
            "token_seconds": round(weights / gpus.bytes_per_second, 5),
            "prompt_token_seconds": round(prompt_token_seconds(parameters, name, gpus), 8),
            "concurrency": [
                {"context": length, "requests": tokens // length} for length in CONTEXTS if length <= longest
            ],
        }
    return formats


def refusal(
    rules: MemoryRules, model: str, gpus: Gpus, context: int, formats: dict[str, dict[str, Any]], chosen: str
) -> str | None:
    """Why a model can't be served in the chosen format, and the way out; None where it can."""
    if formats[chosen]["fits"]:
        return None
    weights = formats[chosen]["weights_bytes"] / 1e9
    others = [name for name, found in formats.items() if found["fits"]]
    remedy = f"quantize it ({' or '.join(others)} fits)" if others else "no number format fits"
    return (
        f"{model} does not fit {gpus}: {weights:.2f} GB of weights in {chosen} and the "
        f"cache of {context} tokens need more than the {gpus.usable_bytes / 1e9:.2f} GB that {rules.server} takes of "
        f"{gpus.total_bytes / 1e9:.2f} GB; {remedy}, take a larger GPU or several "
        f"({rules.gpus}), or ask for a shorter context ({rules.context})"
    )


def needless(
    rules: MemoryRules, quantization: str, gpus: Gpus, context: int, formats: dict[str, dict[str, Any]]
) -> str | None:
    """A word on quantisation that is set though 16 bits fit; None where there is nothing to say."""
    if rules.format_of(quantization) in (FP16, STORED) or not formats.get(FP16, {}).get("fits"):
        return None
    slower = f"; {quantization} is slower than fp16, too" if quantization in rules.slow else ""
    return (
        f"{rules.quantization}={quantization} is not needed: fp16 fits {gpus} with "
        f"{formats[FP16]['kv_tokens']} tokens of cache, and {context} are asked for{slower}"
    )
