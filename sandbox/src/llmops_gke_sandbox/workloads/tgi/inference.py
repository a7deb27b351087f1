# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a request to its tokens in time: permits, validation, queue, batch, steps on the clock."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

from llmops_gke_sandbox.workloads.llm.batch import Batch, Served
from llmops_gke_sandbox.workloads.llm.generation import Generation, Sampling, Token, generate
from llmops_gke_sandbox.workloads.llm.timing import Timing
from llmops_gke_sandbox.workloads.llm.tokenizer import Piece
from llmops_gke_sandbox.workloads.tgi.metrics import Metrics
from llmops_gke_sandbox.workloads.tgi.request import GenerateRequest, Parameters
from llmops_gke_sandbox.workloads.tgi.settings import Settings
from llmops_gke_sandbox.workloads.tgi.validation import ValidationRefused, validate

_KEPT = 1000


class Refused(Exception):
    """The router's refusal: status, error and error_type, as the body names them."""

    def __init__(self, status: int, error: str, error_type: str) -> None:
        super().__init__(error)
        self.status, self.error, self.error_type = status, error, error_type

    def body(self) -> dict[str, str]:
        """Return the API's form."""
        return {"error": self.error, "error_type": self.error_type}


@dataclass(frozen=True)
class Step:
    """Tokens that are sent together; ``end`` comes with the last ones."""

    index: int
    tokens: tuple[Token, ...]
    end: End | None = None


@dataclass(frozen=True)
class End:
    """A whole answer, the input it answers, and its times."""

    generation: Generation
    input_pieces: tuple[Piece, ...]
    served: Served


class Inference:
    """Runs requests as a router and its one batch do.

    :param capacity: tokens that the batch can hold.
    :param overloaded: asked for each request whether it shall be refused as if too many were under way.
    """

    def __init__(self, settings: Settings, timing: Timing, capacity: int, overloaded: Callable[[], bool]) -> None:
        self.settings = settings
        self.metrics = Metrics(settings.max_total_tokens)
        self.served: deque[Served] = deque(maxlen=_KEPT)
        self._timing = timing
        self._overloaded = overloaded
        self._under_way = 0
        self._batch = Batch(timing, capacity, self._show_batch)

    async def run(self, request: GenerateRequest, *, streaming: bool) -> AsyncIterator[Step]:
        """Yield the steps of an answer as their time comes.

        :raises Refused: before the first step.
        """
        received = time.monotonic()
        try:
            if self._under_way >= self.settings.max_concurrent_requests or self._overloaded():
                raise Refused(429, "Model is overloaded", "overloaded")
            try:
                validated = validate(request, self.settings, streaming)
            except ValidationRefused as broken:
                raise Refused(422, f"Input validation error: {broken}", "validation") from None
        except Refused as refused:
            self.metrics.count("tgi_request_failure", f'err="{refused.error_type}"')
            raise
        self.metrics.tokens("tgi_request_input_length", len(validated.input_pieces))
        self.metrics.tokens("tgi_request_max_new_tokens", validated.max_new_tokens)
        generation = generate(request.inputs, _sampling(request.parameters), validated.max_new_tokens)
        self._under_way += 1
        queued = time.monotonic()
        try:
            async with (
                self._batch.place(len(validated.input_pieces) + validated.max_new_tokens),
                aclosing(self._steps(generation, validated.input_pieces, received, queued)) as steps,
            ):
                async for step in steps:
                    yield step
        finally:
            self._under_way -= 1

    @property
    def under_way(self) -> int:
        """Requests that are not answered yet."""
        return self._under_way

    @property
    def is_busy(self) -> bool:
        """Whether a batch runs now."""
        return len(self._batch) > 0

    async def complete(self, request: GenerateRequest) -> list[End]:
        """Return the answer, or ``best_of`` answers with the likeliest first.

        :raises Refused: as run() does.
        """
        best_of = request.parameters.best_of or 1
        ends = await asyncio.gather(*(self._complete_one(request) for _ in range(best_of)))
        return sorted(ends, key=lambda end: -end.generation.likelihood)

    async def _complete_one(self, request: GenerateRequest) -> End:
        async with aclosing(self.run(request, streaming=False)) as steps:
            async for step in steps:
                if step.end is not None:
                    return step.end
        raise Refused(500, "Incomplete generation", "incomplete_generation")

    async def _steps(
        self, generation: Generation, pieces: tuple[Piece, ...], received: float, queued: float
    ) -> AsyncIterator[Step]:
        total = len(generation.tokens)
        async with aclosing(self._batch.steps(len(pieces), total)) as coming:
            async for due in coming:
                tokens = self._sent(generation.tokens[due.tokens], due.tokens.start)
                if due.tokens.stop < total:
                    yield Step(due.index, tokens)
                    continue
                served = Served(received, queued, due.begun, due.first, due.at, total)
                self._record(served)
                yield Step(due.index, tokens, End(generation, pieces, served))

    def _sent(self, tokens: tuple[Token, ...], start: int) -> tuple[Token, ...]:
        every = self._timing.empty_every
        if not every:
            return tokens
        return tuple(
            token if index % every else replace(token, text="") for index, token in enumerate(tokens, start + 1)
        )

    def _show_batch(self, batch: Batch) -> None:
        self.metrics.gauge("tgi_queue_size", batch.waiting)
        self.metrics.gauge("tgi_batch_current_size", len(batch))
        self.metrics.gauge("tgi_batch_current_max_tokens", batch.tokens)

    def _record(self, served: Served) -> None:
        self.served.append(served)
        self.metrics.count("tgi_request_success")
        self.metrics.seconds("tgi_request_duration", served.total)
        self.metrics.seconds("tgi_request_validation_duration", served.queued - served.received)
        self.metrics.seconds("tgi_request_queue_duration", served.begun - served.queued)
        self.metrics.seconds("tgi_request_inference_duration", served.end - served.begun)
        self.metrics.seconds("tgi_request_mean_time_per_token_duration", served.per_token)
        self.metrics.tokens("tgi_request_generated_tokens", served.tokens)


def _sampling(parameters: Parameters) -> Sampling:
    return Sampling(parameters.samples, parameters.seed, parameters.top_n_tokens or 0, parameters.stop)
