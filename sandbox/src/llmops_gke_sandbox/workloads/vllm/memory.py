# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a model can run on a node's GPUs, and with how much cache; what vLLM says where it cannot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmops_gke_sandbox.workloads.llm.timing import (
    Gpu,
    Timing,
    kv_bytes_per_token,
    model_timing,
    tokens_that_fit,
    weight_bytes,
)
from llmops_gke_sandbox.workloads.vllm.settings import Settings

_GIB = 2**30
PASSING_BYTES = 1.5 * _GIB
"""What a GPU needs beside weights and cache: activations of the longest batch, CUDA graphs. An estimate."""

_STORED = ("awq", "awq_marlin", "compressed-tensors", "gptq", "gptq_marlin", "modelopt", "mxfp4", "quark")
"""Methods whose weights are stored quantised: the model's own configuration must say so."""

_LEAST_CAPABILITY = {"awq": 75, "awq_marlin": 80, "gptq": 60, "gptq_marlin": 80, "fp8": 75, "bitsandbytes": 70}
_FORMATS = {
    "awq_marlin": "marlin",
    "gptq_marlin": "marlin",
    "bitsandbytes": "bitsandbytes-nf4",
    "experts_int8": "fp8",
    "fp8_per_tensor": "fp8",
    "modelopt": "fp8",
    "mxfp4": "awq",
    "quark": "fp8",
    "torchao": "fp8",
}
"""Methods by the name that their size and speed have."""

_AS_LOADED = {"fp8": 0.5, "fp8_per_tensor": 0.5, "experts_int8": 0.5, "bitsandbytes": (0.5 + 4 / 64) / 2}
"""Methods that quantise 16-bit weights -> the part that is left. bitsandbytes keeps a 32-bit scale for 64 numbers."""


class DoesNotRun(Exception):
    """The program ends with this as its last word. early: before the engine's own process was started."""

    def __init__(self, error: str, *, early: bool = False) -> None:
        super().__init__(error)
        self.early = early


@dataclass(frozen=True)
class Room:
    """What a model gets: the longest request in tokens, tokens of cache, bytes of both, and its speed."""

    longest: int
    capacity: int
    weights: float
    cache: float
    timing: Timing


def quantization_of(settings: Settings, config: Mapping[str, Any]) -> str | None:
    """Return the method that is asked for or that the model's own configuration names.

    :raises DoesNotRun: where the two differ, or the weights are not stored so.
    """
    stored = (config.get("quantization_config") or {}).get("quant_method")
    asked = settings.quantization
    if stored and asked and not asked.startswith(stored):
        raise DoesNotRun(
            f"Value error, Quantization method specified in the model config ({stored}) does not match the "
            f"quantization method specified in the `quantization` argument ({asked}).",
            early=True,
        )
    if asked in _STORED and not stored:
        raise DoesNotRun(f"ValueError: Cannot find the config file for {asked}")
    return asked or stored


def check_model(settings: Settings, config: Mapping[str, Any], gpu: Gpu, gpus: int) -> None:
    """Raise DoesNotRun for what is known from the model's configuration and the GPU alone.

    :param gpus: those that the container has.
    """
    derived = int(config.get("max_position_embeddings", 2**31))
    if settings.max_model_len is not None and settings.max_model_len > derived:
        raise DoesNotRun(
            f"Value error, User-specified max_model_len ({settings.max_model_len}) is greater than the derived "
            f"max_model_len (max_position_embeddings={derived} or model_max_length=None in model's config.json). To "
            "allow overriding this maximum, set the env var VLLM_ALLOW_LONG_MAX_MODEL_LEN=1.",
            early=True,
        )
    heads = int(config.get("num_attention_heads", settings.shards))
    if heads % settings.shards:
        raise DoesNotRun(
            f"Value error, Total number of attention heads ({heads}) must be divisible by tensor parallel size "
            f"({settings.shards}).",
            early=True,
        )
    if settings.shards > gpus:
        raise DoesNotRun(
            f"Value error, World size ({settings.shards}) is larger than the number of available GPUs ({gpus}) in this "
            "node. If this is intentional and you are using:",
            early=True,
        )
    capability = gpu.capability[0] * 10 + gpu.capability[1]
    least = _LEAST_CAPABILITY.get(quantization_of(settings, config) or "", 0)
    if capability < least:
        raise DoesNotRun(
            f"ValueError: The quantization method {quantization_of(settings, config)} is not supported for the current "
            f"GPU. Minimum capability: {least}. Current capability: {capability}."
        )
    if settings.dtype == "bfloat16" and capability < 80:
        raise DoesNotRun(
            "ValueError: Bfloat16 is only supported on GPUs with compute capability of at least 8.0. Your "
            f"{gpu.name} GPU has compute capability {gpu.capability[0]}.{gpu.capability[1]}. You can use float16 "
            "instead by explicitly setting the `dtype` flag in CLI, for example: --dtype=half."
        )


def room(settings: Settings, config: Mapping[str, Any], fp16_bytes: float, gpu: Gpu, speed: float) -> Room:
    """Return what the model gets of the GPUs.

    :raises DoesNotRun: where it is too little.
    """
    method = quantization_of(settings, config)
    quantize = _FORMATS.get(method or "", method)
    weights = _loaded_bytes(fp16_bytes, config, method) or weight_bytes(fp16_bytes, quantize)
    if weights > gpu.memory * settings.shards:
        raise DoesNotRun(
            f"torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 224.00 MiB. GPU 0 has a total capacity of "
            f"{gpu.memory / _GIB:.2f} GiB of which 78.00 MiB is free."
        )
    kv_bytes = kv_bytes_per_token(config)
    taken = weights + PASSING_BYTES * settings.shards
    capacity = tokens_that_fit(gpu, settings.shards, settings.utilization, taken, kv_bytes)
    cache = float(capacity * kv_bytes)
    if capacity < settings.block_size:
        raise no_memory()
    derived = int(config.get("max_position_embeddings", 4096))
    longest = derived if settings.max_model_len is None else settings.max_model_len
    fitting = capacity // settings.block_size * settings.block_size
    if longest == -1:
        longest = min(derived, fitting)
    if longest > capacity:
        raise DoesNotRun(
            f"ValueError: To serve at least one request with the model's max seq len ({longest}), "
            f"({longest * kv_bytes / settings.shards / _GIB:.2f} GiB KV cache is needed, which is larger than the "
            f"available KV cache memory ({cache / settings.shards / _GIB:.2f} GiB). Based on the available memory, the "
            f"estimated maximum model length is {fitting}. Try increasing `gpu_memory_utilization` or decreasing "
            "`max_model_len` when initializing the engine. See "
            "https://docs.vllm.ai/en/latest/configuration/conserving_memory/ for more details."
        )
    timing = model_timing(
        gpu, fp16_bytes=fp16_bytes, quantize=quantize, shards=settings.shards, kv_bytes=kv_bytes, speed=speed
    )
    return Room(longest, capacity, weights, cache, timing)


def _loaded_bytes(fp16_bytes: float, config: Mapping[str, Any], method: str | None) -> float | None:
    """Return what weights take that are quantised as they are loaded: linear layers alone, the embedding and the output
    layer stay as they are. None for another method, or a model that does not tell its vocabulary."""
    part = _AS_LOADED.get(method or "")
    if part is None or not config.get("vocab_size"):
        return None
    layers = 1 if config.get("tie_word_embeddings") else 2
    kept = 2.0 * layers * int(config["vocab_size"]) * int(config["hidden_size"])
    return max(fp16_bytes - kept, 0.0) * part + kept


def no_memory() -> DoesNotRun:
    """The error where nothing is left for the cache."""
    return DoesNotRun(
        "ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization` when "
        "initializing the engine. See https://docs.vllm.ai/en/latest/configuration/conserving_memory/ for more details."
    )
