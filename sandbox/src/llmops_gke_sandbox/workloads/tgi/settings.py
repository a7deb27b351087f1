# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What TGI's launcher reads from a container's environment and image."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from llmops_gke_sandbox.workloads.llm.workload import LaunchError

QUANTIZATIONS = (
    "awq",
    "eetq",
    "exl2",
    "gptq",
    "marlin",
    "bitsandbytes",
    "bitsandbytes-nf4",
    "bitsandbytes-fp4",
    "fp8",
    "compressed-tensors",
)

DEEP_LEARNING_CONTAINER_PORT = 8080
UPSTREAM_PORT = 80
NEWEST = (3, 3, 7)

_DLC_TAG = re.compile(r"huggingface-text-generation-inference-[a-z0-9]+\.(\d+)-(\d+)\.")
_UPSTREAM_TAG = re.compile(r"text-generation-inference:(?:sha-[0-9a-f]+-)?(\d+)\.(\d+)(?:\.(\d+))?")


def version_of(image: str) -> tuple[int, int, int]:
    """Return the router's version that an image's tag names (``…-cu124.2-4.ubuntu…``, ``…:3.3.5``), else the newest."""
    found = _DLC_TAG.search(image) or _UPSTREAM_TAG.search(image)
    if found is None:
        return NEWEST
    numbers = [int(number) for number in found.groups(default="0")]
    return (numbers[0], numbers[1], numbers[2] if len(numbers) > 2 else 0)


@dataclass(frozen=True)
class Settings:
    """One server's launch arguments.

    hub_token: what the router would send to the Hub; None where it finds none under the names its version reads.
    """

    model: str
    port: int = DEEP_LEARNING_CONTAINER_PORT
    version: tuple[int, int, int] = NEWEST
    quantize: str | None = None
    shards: int = 1
    max_input_tokens: int = 4095
    max_total_tokens: int = 4096
    max_concurrent_requests: int = 128
    max_best_of: int = 2
    max_stop_sequences: int = 4
    max_top_n_tokens: int = 5
    api_key: str | None = field(default=None, repr=False)
    hub_token: str | None = field(default=None, repr=False)

    @property
    def version_text(self) -> str:
        """The version as ``/info`` shows it."""
        return ".".join(map(str, self.version))


def from_environment(env: Mapping[str, str], image: str) -> Settings:
    """Return the settings of a container.

    :raises LaunchError: for what the launcher refuses: an unknown QUANTIZE, a number that is none, both names of the
        input limit, limits that exclude each other.
    """
    version = version_of(image)
    quantize = env.get("QUANTIZE") or None
    if quantize is not None and quantize not in QUANTIZATIONS:
        raise LaunchError(
            f"error: invalid value '{quantize}' for '--quantize <QUANTIZE>'\n"
            f"  [possible values: {', '.join(QUANTIZATIONS)}]"
        )
    if quantize is not None and env.get("DTYPE"):
        raise LaunchError(
            "RuntimeError: Only 1 can be set between `dtype` and `quantize`, "
            "as they both decide how goes the final model.",
            exit_code=1,
        )
    if "MAX_INPUT_TOKENS" in env and "MAX_INPUT_LENGTH" in env:
        raise _argument_refused(
            f"Both `max_input_tokens` ({env['MAX_INPUT_TOKENS']}) and `max_input_length` ({env['MAX_INPUT_LENGTH']}) "
            "are set. Please define only `max_input_tokens` as `max_input_length is deprecated for naming consistency."
        )
    total = _number(env, "MAX_TOTAL_TOKENS", 4096)
    longest_input = _number(env, "MAX_INPUT_TOKENS", _number(env, "MAX_INPUT_LENGTH", total - 1))
    if longest_input >= total:
        raise _argument_refused("`max_input_tokens` must be < `max_total_tokens`")
    upstream = "ghcr.io/" in image
    return Settings(
        model=env.get("MODEL_ID") or "bigscience/bloom-560m",
        port=_number(env, "PORT", UPSTREAM_PORT if upstream else DEEP_LEARNING_CONTAINER_PORT),
        version=version,
        quantize=quantize,
        shards=_number(env, "NUM_SHARD", 1),
        max_input_tokens=longest_input,
        max_total_tokens=total,
        max_concurrent_requests=_number(env, "MAX_CONCURRENT_REQUESTS", 128),
        max_best_of=_number(env, "MAX_BEST_OF", 2),
        max_stop_sequences=_number(env, "MAX_STOP_SEQUENCES", 4),
        max_top_n_tokens=_number(env, "MAX_TOP_N_TOKENS", 5),
        api_key=(env.get("API_KEY") or None) if version >= (2, 3, 0) else None,
        hub_token=_hub_token(env, version),
    )


def _argument_refused(why: str) -> LaunchError:
    return LaunchError(f'Error: ArgumentValidation("{why}")', exit_code=1)


def _hub_token(env: Mapping[str, str], version: tuple[int, int, int]) -> str | None:
    """Routers up to 2.0 know HUGGING_FACE_HUB_TOKEN alone."""
    if version >= (2, 1, 0) and env.get("HF_TOKEN"):
        return env["HF_TOKEN"]
    return env.get("HUGGING_FACE_HUB_TOKEN") or None


def _number(env: Mapping[str, str], name: str, default: int) -> int:
    value = env.get(name)
    if value is None:
        return default
    if not value.isdigit():
        option = name.lower().replace("_", "-")
        raise LaunchError(f"error: invalid value '{value}' for '--{option} <{name}>': invalid digit found in string")
    return int(value)
