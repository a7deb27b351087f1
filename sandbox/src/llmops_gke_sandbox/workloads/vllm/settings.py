# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What vLLM reads from a container's command, arguments, environment and image."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from llmops_gke_sandbox.workloads.llm.workload import LaunchError
from llmops_gke_sandbox.workloads.vllm.arguments import parse

NEWEST = "0.32.0"
DEFAULT_MODEL = "Qwen/Qwen3-0.6B"
QUANTIZATIONS = (
    "awq",
    "awq_marlin",
    "bitsandbytes",
    "compressed-tensors",
    "experts_int8",
    "fp8",
    "fp8_per_tensor",
    "gptq",
    "gptq_marlin",
    "modelopt",
    "mxfp4",
    "quark",
    "torchao",
)

_TAG = re.compile(r"vllm-openai:v?(\d+\.\d+\.\d+)")
_ENTRY_POINTS = (
    ["vllm", "serve"],
    ["python3", "-m", "vllm.entrypoints.openai.api_server"],
    ["python", "-m", "vllm.entrypoints.openai.api_server"],
)


@dataclass(frozen=True)
class Settings:
    """One server's launch arguments.

    names: under which the model is served; the first one is shown. max_model_len: None for the model's own.
    chat_template: whether one was given, or the model has one. hub_token: what it would send to the Hub.
    """

    model: str
    names: tuple[str, ...] = ()
    port: int = 8000
    version: str = NEWEST
    quantization: str | None = None
    dtype: str = "auto"
    shards: int = 1
    max_model_len: int | None = None
    utilization: float = 0.92
    block_size: int = 16
    max_num_seqs: int = 256
    max_queued: int | None = None
    max_logprobs: int = 20
    chat_template: bool = True
    eager: bool = False
    shutdown_timeout: float = 0.0
    keys: tuple[str, ...] = field(default=(), repr=False)
    hub_token: str | None = field(default=None, repr=False)
    middleware: tuple[str, ...] = ()

    @property
    def served(self) -> tuple[str, ...]:
        """The names that a request may ask for."""
        return self.names or (self.model,)


def version_of(image: str) -> str:
    """Return the version that an image's tag names (``…:v0.26.0``, ``…:v0.26.0-cu129``), else the newest."""
    found = _TAG.search(image)
    return found[1] if found else NEWEST


def words_of(command: Sequence[str], arguments: Sequence[str]) -> list[str]:
    """Return what stands behind the program's name; the image's own entry point is ``vllm serve``.

    :raises LaunchError: for a command that is another program.
    """
    words = [*command, *arguments]
    if not command:
        return words
    for entry in _ENTRY_POINTS:
        if words[: len(entry)] == entry:
            return words[len(entry) :]
    raise LaunchError(f"the sandbox plays `vllm serve` only, not: {' '.join(words[:3])}", exit_code=127)


def from_container(container: Mapping[str, object], env: Mapping[str, str]) -> Settings:
    """Return the settings of a container.

    :raises LaunchError: for what the program refuses before it loads anything.
    """
    words = words_of(container.get("command") or [], container.get("args") or [])
    given = vars(parse(words))
    if env.get("VLLM_PORT", "").startswith("tcp://"):
        raise LaunchError(
            f"ValueError: VLLM_PORT '{env['VLLM_PORT']}' appears to be a URI. This may be caused by a Kubernetes "
            "service discovery issue, check the warning in: https://docs.vllm.ai/en/stable/usage/env_vars.html",
            exit_code=1,
        )
    _check(given)
    key = env.get("VLLM_API_KEY")
    return Settings(
        model=given.get("model_tag") or given.get("model") or DEFAULT_MODEL,
        names=tuple(given.get("served_model_name", ())),
        port=given.get("port", 8000),
        version=version_of(str(container.get("image", ""))),
        quantization=given.get("quantization"),
        dtype=given.get("dtype", "auto"),
        shards=given.get("tensor_parallel_size", 1),
        max_model_len=given.get("max_model_len"),
        utilization=given.get("gpu_memory_utilization", 0.92),
        block_size=given.get("block_size", 16),
        max_num_seqs=given.get("max_num_seqs", 256),
        max_queued=given.get("max_num_queued_reqs"),
        max_logprobs=given.get("max_logprobs", 20),
        chat_template=bool(given.get("chat_template")),
        eager=bool(given.get("enforce_eager")),
        shutdown_timeout=float(given.get("shutdown_timeout", 0)),
        keys=tuple(given.get("api_key") or ([key] if key else ())),
        middleware=tuple(given.get("middleware", ())),
        hub_token=given.get("hf_token") or env.get("HF_TOKEN") or env.get("HUGGING_FACE_HUB_TOKEN") or None,
    )


def _check(given: Mapping[str, object]) -> None:
    """The rules of the configuration's own classes."""
    quantization = given.get("quantization")
    if quantization is not None and quantization not in QUANTIZATIONS:
        raise _refused(
            "ModelConfig",
            f"  Value error, Unknown quantization method: {quantization}. Must be one of {list(QUANTIZATIONS)}.",
        )
    utilization = given.get("gpu_memory_utilization", 0.92)
    if not 0 < utilization <= 1:
        rule = (
            ("greater than 0", "greater_than") if utilization <= 0 else ("less than or equal to 1", "less_than_equal")
        )
        raise _refused(
            "CacheConfig",
            f"gpu_memory_utilization\n  Input should be {rule[0]} [type={rule[1]}, input_value={utilization}, "
            "input_type=float]",
        )
    for name in ("tensor_parallel_size", "max_num_seqs"):
        value = given.get(name, 1)
        if value < 1:
            owner = "ParallelConfig" if name.startswith("tensor") else "SchedulerConfig"
            raise _refused(
                owner,
                f"{name}\n  Input should be greater than or equal to 1 [type=greater_than_equal, input_value={value}, "
                "input_type=int]",
            )


def _refused(owner: str, why: str) -> LaunchError:
    return LaunchError(f"pydantic_core._pydantic_core.ValidationError: 1 validation error for {owner}\n{why}", 1)
