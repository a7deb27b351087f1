# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""vLLM's rules for a request's parameters, in its order and its words (0.32, recorded)."""

from __future__ import annotations

from dataclasses import dataclass

from llmops_gke_sandbox.workloads.llm import tokenizer
from llmops_gke_sandbox.workloads.vllm.request import Refused, Wanted

DEFAULT_COMPLETION_TOKENS = 16


@dataclass(frozen=True)
class Validated:
    """A prompt that may run: its tokens and how many new ones it may have."""

    pieces: tuple[tokenizer.Piece, ...]
    most: int


def validate(wanted: Wanted, longest: int, max_logprobs: int) -> list[Validated]:
    """Return what will run, one a prompt.

    :param longest: tokens of prompt and answer together.
    :raises Refused: for the first rule that is broken.
    """
    most = wanted.most
    if most is not None:
        _require(most >= 1, f"max_tokens must be at least 1, got {most}.", "max_tokens", most)
        told = f"max_tokens={most} cannot be greater than max_model_len={longest}. Please request fewer output tokens."
        _require(most <= longest, told, "max_tokens", most)
    _check_sampling(wanted, max_logprobs)
    validated = []
    for prompt in wanted.prompts:
        pieces = tuple(tokenizer.encode(prompt))
        _require(
            len(pieces) < longest,
            f"This model's maximum context length is {longest} tokens. However, your prompt contains at least "
            f"{longest + 1} input tokens, which exceeds this limit even without any output tokens. Please reduce the "
            "length of the input prompt.",
            "input_tokens",
            longest + 1,
        )
        room = longest - len(pieces)
        if most is not None and most > room:
            raise Refused(
                400,
                f"This model's maximum context length is {longest} tokens. However, you requested {most} output tokens "
                f"and your prompt contains {len(pieces)} input tokens, for a total of {len(pieces) + most} tokens. "
                "Please reduce the length of the input prompt or the number of requested output tokens.",
                param="input_tokens",
                value=len(pieces),
            )
        default = room if wanted.chat else min(DEFAULT_COMPLETION_TOKENS, room)
        validated.append(Validated(pieces, default if most is None else most))
    return validated


def _check_sampling(wanted: Wanted, max_logprobs: int) -> None:
    number = wanted.get("n", 1)
    _require(number >= 1, f"n must be at least 1, got {number}.")
    for name in ("presence_penalty", "frequency_penalty"):
        value = float(wanted.get(name, 0.0))
        _require(-2 <= value <= 2, f"{name} must be in [-2, 2], got {value}.")
    value = float(wanted.get("repetition_penalty", 1.0))
    _require(value > 0, f"repetition_penalty must be greater than zero, got {value}.")
    value = float(wanted.get("temperature", 1.0))
    _require(value >= 0, f"temperature must be non-negative, got {value}.", "temperature", value)
    value = float(wanted.get("top_p", 1.0))
    _require(0 < value <= 1, f"top_p must be in (0, 1], got {value}.", "top_p", value)
    top = wanted.get("top_k", 0)
    _require(top >= -1, f"top_k must be 0 (disable), or at least 1, got {top}.")
    value = float(wanted.get("min_p", 0.0))
    _require(0 <= value <= 1, f"min_p must be in [0, 1], got {value}.")
    least = wanted.get("min_tokens", 0)
    _require(least >= 0, f"min_tokens must be greater than or equal to 0, got {least}.")
    if wanted.most is not None:
        told = f"min_tokens must be less than or equal to max_tokens={wanted.most}, got {least}."
        _require(least <= wanted.most, told)
    logprobs = wanted.get("top_logprobs", 0) if wanted.chat else wanted.get("logprobs", 0)
    _require(
        logprobs <= max_logprobs,
        f"Requested sample logprobs of {logprobs}, which is greater than max allowed: {max_logprobs}",
        "logprobs",
        logprobs,
    )


def _require(holds: bool, message: str, param: str | None = None, value: float | None = None) -> None:
    if not holds:
        raise Refused(400, message, param=param, value=value)
