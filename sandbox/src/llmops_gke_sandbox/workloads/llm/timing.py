# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a model takes: the floor that a GPU's memory bandwidth sets, or figures that a test dictates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FP16_BYTES = 2


@dataclass(frozen=True)
class Gpu:
    """memory in bytes, bandwidth in bytes/s, compute in fp16 FLOP/s that prefill really reaches.

    name: as the driver tells it. capability: CUDA's compute capability.
    """

    memory: float
    bandwidth: float
    compute: float
    name: str
    capability: tuple[int, int]


GPUS: dict[str, Gpu] = {
    "nvidia-l4": Gpu(23034 * 1024**2, 300e9, 60e12, "NVIDIA L4", (8, 9)),
    "nvidia-tesla-t4": Gpu(15360 * 1024**2, 320e9, 30e12, "Tesla T4", (7, 5)),
    "nvidia-tesla-a100": Gpu(40960 * 1024**2, 1555e9, 180e12, "NVIDIA A100-SXM4-40GB", (8, 0)),
    "nvidia-a100-80gb": Gpu(81920 * 1024**2, 1900e9, 180e12, "NVIDIA A100-SXM4-80GB", (8, 0)),
    "nvidia-h100-80gb": Gpu(81559 * 1024**2, 3350e9, 500e12, "NVIDIA H100 80GB HBM3", (9, 0)),
}
"""By the value of a node's label cloud.google.com/gke-accelerator. nvidia-smi's memory, data sheets' bandwidth."""

_QUANTIZED: dict[str | None, tuple[float, float]] = {
    None: (1.0, 1.0),
    "bitsandbytes": (0.52, 3.0),
    "bitsandbytes-nf4": (4.45 / 14.48, 4.6),
    "bitsandbytes-fp4": (4.45 / 14.48, 4.6),
    "eetq": (0.52, 1.15),
    "fp8": (0.52, 1.15),
    "awq": (0.29, 1.3),
    "gptq": (0.29, 1.3),
    "marlin": (0.29, 1.1),
    "exl2": (0.29, 1.2),
    "compressed-tensors": (0.52, 1.15),
}
"""Quantisation -> (size against fp16, how much slower than its own bandwidth floor the kernels are).

bitsandbytes ends slower than fp16, as TGI's documentation warns. The slowdowns are estimates.
"""


@dataclass(frozen=True)
class Timing:
    """A server's speed as its clients see it, in seconds of wall time.

    ttft: from the request to the first token, for an empty prompt. itl: from token to token, alone in the batch.
    per_prompt_token: added to ttft. per_batch_token: added to itl for each token that the batch holds.
    cold: added to the first request of a fresh server. tokens_per_event: tokens that one event carries.
    space_after_data: whether an event begins ``data: `` or ``data:``. empty_every: of so many tokens one comes without
    text, as the parts of a character do that the tokenizer splits into bytes; 0: none.
    keep_alive: seconds of silence after which a stream says that it lives (axum's KeepAlive: 15).
    """

    ttft: float = 0.0
    itl: float = 0.0
    per_prompt_token: float = 0.0
    per_batch_token: float = 0.0
    cold: float = 0.0
    tokens_per_event: int = 1
    space_after_data: bool = True
    empty_every: int = 0
    keep_alive: float = 15.0

    def first_token(self, prompt_tokens: int) -> float:
        """Seconds of prefill and the first step."""
        return self.ttft + self.per_prompt_token * prompt_tokens

    def step(self, batch_tokens: int) -> float:
        """Seconds of one decoding step while the batch holds so many tokens."""
        return self.itl + self.per_batch_token * batch_tokens


def overrides(env: Mapping[str, str], server: str) -> dict[str, float | int | bool]:
    """Return the fields of Timing that a SANDBOX_{server}_* variable dictates, in the milliseconds that a client sees.

    :raises ValueError: for what is no number.
    """
    prefix = f"SANDBOX_{server}_"
    given = {name.removeprefix(prefix): value for name, value in env.items() if name.startswith(prefix)}
    changes: dict[str, float | int | bool] = {}
    if value := given.get("TTFT_MS"):
        changes |= {"ttft": float(value) / 1000, "per_prompt_token": 0.0}
    if value := given.get("ITL_MS"):
        changes |= {"itl": float(value) / 1000, "per_batch_token": 0.0}
    if value := given.get("COLD_MS"):
        changes["cold"] = float(value) / 1000
    if value := given.get("TOKENS_PER_EVENT"):
        changes["tokens_per_event"] = int(value)
    if value := given.get("EMPTY_EVERY"):
        changes["empty_every"] = int(value)
    if value := given.get("KEEP_ALIVE_MS"):
        changes["keep_alive"] = float(value) / 1000
    if value := given.get("SPACE_AFTER_DATA"):
        changes["space_after_data"] = value.lower() in ("1", "true", "yes")
    return changes


def weight_bytes(fp16_bytes: float, quantize: str | None) -> float:
    """Bytes that weights of ``fp16_bytes`` take in the GPU."""
    return fp16_bytes * _QUANTIZED[quantize][0]


def kv_bytes_per_token(config: Mapping[str, object]) -> int:
    """Bytes of KV cache a token takes in fp16, from a model's config.json: K and V, layers, KV heads, head size."""
    heads = int(config.get("num_attention_heads", 32))
    head_size = int(config.get("head_dim") or int(config.get("hidden_size", 4096)) // heads)
    kv_heads = int(config.get("num_key_value_heads") or heads)
    return 2 * int(config.get("num_hidden_layers", 32)) * kv_heads * head_size * FP16_BYTES


def tokens_that_fit(gpu: Gpu, shards: int, usable: float, weights: float, kv_bytes: int) -> int:
    """Tokens of KV cache that fit beside the weights in a part of the memory; below 1 where the model does not fit."""
    return int((gpu.memory * shards * usable - weights) // kv_bytes)


def model_timing(
    gpu: Gpu, *, fp16_bytes: float, quantize: str | None, shards: int, kv_bytes: int, speed: float
) -> Timing:
    """Return the timing of a model on a GPU.

    A decoding step reads all weights and the batch's KV cache once, so bandwidth bounds it from below
    (14.48 GB over 300 GB/s are 48 ms); prefill costs two operations a weight and token.

    :param speed: the clock's; durations are divided by it.
    """
    slower = _QUANTIZED[quantize][1]
    step = weight_bytes(fp16_bytes, quantize) / (gpu.bandwidth * shards) * slower
    parameters = fp16_bytes / FP16_BYTES
    return Timing(
        ttft=step / speed,
        itl=step / speed,
        per_prompt_token=2 * parameters / (gpu.compute * shards) / speed,
        per_batch_token=kv_bytes / (gpu.bandwidth * shards) / speed,
        cold=2.0 / speed,
        keep_alive=15.0 / speed,
    )
