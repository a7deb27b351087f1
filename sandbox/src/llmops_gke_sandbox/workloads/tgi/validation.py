# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The router's rules for a request, in its order and its words (TGI 3.3.7, router/src/validation.rs)."""

from __future__ import annotations

from dataclasses import dataclass

from llmops_gke_sandbox.workloads.llm import tokenizer
from llmops_gke_sandbox.workloads.tgi.request import GenerateRequest, Parameters
from llmops_gke_sandbox.workloads.tgi.settings import Settings

DEFAULT_GENERATION_LENGTH = 1024


class ValidationRefused(ValueError):
    """A rule is broken; the message is the router's, without its prefix ``Input validation error``."""


@dataclass(frozen=True)
class Validated:
    """A request that may run: the tokens of its input and how many new ones it may have."""

    input_pieces: tuple[tokenizer.Piece, ...]
    max_new_tokens: int


def validate(request: GenerateRequest, settings: Settings, streaming: bool) -> Validated:
    """Return what will run.

    :raises ValidationRefused: for the first rule that is broken.
    """
    parameters = request.parameters
    if streaming:
        _require(parameters.best_of in (None, 1), "`best_of` != 1 is not supported when streaming tokens")
        _require(
            not parameters.decoder_input_details,
            "`decoder_input_details` == true is not supported when streaming tokens",
        )
    _check_best_of(parameters, settings)
    _check_sampling(parameters)
    _check_length(parameters, settings)
    _require(bool(request.inputs), "`inputs` cannot be empty")
    truncate, longest = parameters.truncate, settings.max_input_tokens
    _require(
        truncate is None or 0 < truncate <= longest,
        f"`truncate` must be strictly positive and less than {longest}. Given: {truncate}",
    )
    return _measure(request, settings)


def _check_best_of(parameters: Parameters, settings: Settings) -> None:
    best_of = 1 if parameters.best_of is None else parameters.best_of
    if best_of > 1:
        _require(settings.max_best_of != 1, "`best_of` != 1 is not allowed for this endpoint")
        most = settings.max_best_of
        _require(best_of <= most, f"`best_of` must be > 0 and <= {most}. Given: {best_of}")
        _require(parameters.samples, "you must use sampling when `best_of` is > 1")


def _check_sampling(parameters: Parameters) -> None:
    _require(_positive(parameters.temperature), "`temperature` must be strictly positive")
    _require(_positive(parameters.repetition_penalty), "`repetition_penalty` must be strictly positive")
    penalty = parameters.frequency_penalty
    _require(penalty is None or -2.0 <= penalty <= 2.0, "`frequency_penalty` must be >= -2.0 and <= 2.0")
    _require(_between_0_and_1(parameters.top_p), "`top_p` must be > 0.0 and < 1.0")
    _require(_between_0_and_1(parameters.typical_p), "`typical_p` must be > 0.0 and < 1.0")
    _require(_positive(parameters.top_k), "`top_k` must be strictly positive")


def _check_length(parameters: Parameters, settings: Settings) -> None:
    _require(parameters.max_new_tokens != 0, "`max_new_tokens` must be strictly positive")
    stops, most_stops = len(parameters.stop), settings.max_stop_sequences
    _require(stops <= most_stops, f"`stop` supports up to {most_stops} stop sequences. Given: {stops}")
    many = (parameters.best_of or 1) > 1
    _require(parameters.seed is None or not many, "`seed` must not be set when `best_of` > 1")
    top, most_top = parameters.top_n_tokens, settings.max_top_n_tokens
    _require(top is None or top <= most_top, f"`top_n_tokens` must be >= 0 and <= {most_top}. Given: {top}")


def _measure(request: GenerateRequest, settings: Settings) -> Validated:
    pieces = tokenizer.encode(request.inputs)
    if request.parameters.truncate is not None:
        # The router keeps the end of the input, where the question is.
        pieces = pieces[-request.parameters.truncate :]
    length, total = len(pieces), settings.max_total_tokens
    new = request.parameters.max_new_tokens
    if new is None:
        new = min(max(total - length, 0), DEFAULT_GENERATION_LENGTH)
    _require(
        length + new <= total,
        f"`inputs` tokens + `max_new_tokens` must be <= {total}. "
        f"Given: {length} `inputs` tokens and {new} `max_new_tokens`",
    )
    longest = settings.max_input_tokens
    _require(length <= longest, f"`inputs` must have less than {longest} tokens. Given: {length}")
    return Validated(tuple(pieces), new)


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise ValidationRefused(message)


def _positive(value: float | None) -> bool:
    return value is None or value > 0


def _between_0_and_1(value: float | None) -> bool:
    return value is None or 0.0 < value < 1.0
