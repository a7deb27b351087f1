# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a request to its tokens in time: queue, batch, steps on the clock, the text that each of them sets free."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from llmops_gke_sandbox.workloads.llm.batch import Batch, Due, Served
from llmops_gke_sandbox.workloads.llm.generation import Generation, Sampling, Token, generate
from llmops_gke_sandbox.workloads.llm.timing import Timing
from llmops_gke_sandbox.workloads.vllm.metrics import Metrics
from llmops_gke_sandbox.workloads.vllm.request import Refused, Wanted
from llmops_gke_sandbox.workloads.vllm.settings import Settings
from llmops_gke_sandbox.workloads.vllm.validation import Validated

_KEPT = 1000
ABORT = "abort"


@dataclass(frozen=True)
class Step:
    """Tokens that came together. text: what of the answer they set free. count: tokens so far.

    finish_reason: with the last ones, else None. stop_reason: the stop string that ended it.
    """

    tokens: tuple[Token, ...]
    text: str
    count: int
    finish_reason: str | None = None
    stop_reason: str | None = None


class Inference:
    """Runs requests as an engine core and its one batch do.

    :param longest: tokens of prompt and answer together. capacity: tokens that its cache can hold.
    :param overloaded: asked for each request whether it shall be refused as if too many waited.
    """

    def __init__(
        self, settings: Settings, timing: Timing, longest: int, capacity: int, overloaded: Callable[[], bool]
    ) -> None:
        self.settings = settings
        self.longest = longest
        blocks = max(capacity // settings.block_size, 1)
        self.metrics = Metrics(
            settings.served[0],
            {
                "block_size": str(settings.block_size),
                "effective_attention_block_size": str(settings.block_size),
                "gpu_memory_utilization": str(settings.utilization),
                "num_gpu_blocks": str(blocks),
                "kv_cache_size_tokens": str(blocks * settings.block_size),
                "kv_cache_max_concurrency": str(round(blocks * settings.block_size / longest, 2)),
            },
        )
        self.metrics.gauge("engine_sleep_state", 1, "awake")
        self.served: deque[Served] = deque(maxlen=_KEPT)
        self._timing = timing
        self._capacity = capacity
        self._overloaded = overloaded
        self._batch = Batch(timing, capacity, self._show, settings.max_num_seqs)

    @property
    def is_busy(self) -> bool:
        """Whether a batch runs now."""
        return len(self._batch) > 0

    @property
    def under_way(self) -> int:
        """Requests that wait or are generated for."""
        return len(self._batch) + self._batch.waiting

    async def abort(self) -> None:
        """End every answer at its next step."""
        await self._batch.close()

    def admit(self) -> None:
        """Raise Refused where too many wait."""
        most = self.settings.max_queued
        if self._overloaded() or (most is not None and self._batch.waiting >= most):
            self.metrics.count("admission_rejections_total", 1, "max_num_queued_reqs")
            raise Refused(503, "The server is overloaded: too many queued requests.", "ServiceUnavailableError")

    async def run(self, wanted: Wanted, validated: Validated, index: int = 0) -> AsyncIterator[Step]:
        """Yield the steps of an answer as their time comes. index: of several answers to one prompt."""
        received = time.monotonic()
        generation = generate(_text(validated), _sampling(wanted, index), validated.most)
        queued = time.monotonic()
        total = len(generation.tokens)
        released = _Released(generation, wanted)
        async with (
            self._batch.place(len(validated.pieces) + total),
            aclosing(self._batch.steps(len(validated.pieces), total)) as coming,
        ):
            before = 0.0
            async for due in coming:
                if self._batch.is_closed:
                    self.metrics.count("request_success_total", 1, ABORT)
                    yield Step((), "", due.tokens.start, ABORT)
                    return
                self._count(due, before, len(validated.pieces), received)
                before = due.at
                tokens = generation.tokens[due.tokens]
                if due.tokens.stop < total:
                    yield Step(tokens, released.until(due.tokens.stop), due.tokens.stop)
                    continue
                reason, stopped = released.reason
                served = Served(received, queued, due.begun, due.first, due.at, total)
                self._record(served, validated, wanted, reason)
                yield Step(tokens, released.rest(), total, reason, stopped)

    def _show(self, batch: Batch) -> None:
        self.metrics.gauge("num_requests_waiting", batch.waiting)
        self.metrics.gauge("num_requests_waiting_by_reason", batch.waiting, "capacity")
        self.metrics.gauge("num_requests_running", len(batch))
        self.metrics.gauge("kv_cache_usage_perc", min(1.0, batch.tokens / max(self._capacity, 1)))

    def _count(self, due: Due, before: float, prompt: int, received: float) -> None:
        number = due.tokens.stop - due.tokens.start
        self.metrics.count("generation_tokens_total", number)
        if not before:
            self.metrics.count("prompt_tokens_total", prompt)
            self.metrics.count("prompt_tokens_by_source_total", prompt, "local_compute")
            self.metrics.count("prefix_cache_queries_total", prompt)
            self.metrics.observe("time_to_first_token_seconds", due.at - received)
            self.metrics.observe("iteration_tokens_total", prompt + 1)
        else:
            self.metrics.observe("inter_token_latency_seconds", due.at - before)
            self.metrics.observe("iteration_tokens_total", number)

    def _record(self, served: Served, validated: Validated, wanted: Wanted, reason: str) -> None:
        self.served.append(served)
        metrics, prompt = self.metrics, len(validated.pieces)
        metrics.count("request_success_total", 1, reason)
        metrics.observe("e2e_request_latency_seconds", served.total)
        metrics.observe("request_queue_time_seconds", served.begun - served.queued)
        metrics.observe("request_prefill_time_seconds", served.first - served.begun)
        metrics.observe("request_decode_time_seconds", served.end - served.first)
        metrics.observe("request_inference_time_seconds", served.end - served.begun)
        metrics.observe("request_prompt_tokens", prompt)
        metrics.observe("request_prefill_kv_computed_tokens", prompt)
        metrics.observe("request_generation_tokens", served.tokens)
        metrics.observe("request_max_num_generation_tokens", served.tokens)
        metrics.observe("request_params_n", wanted.get("n", 1))
        metrics.observe("request_params_max_tokens", validated.most)
        metrics.observe("request_num_preemptions", 0)
        if served.tokens > 1:
            pace = (served.end - served.first) / (served.tokens - 1)
            metrics.observe("request_time_per_output_token_seconds", pace)


class _Released:
    """The text of an answer as its tokens set it free: what may be the beginning of a stop string is held back."""

    def __init__(self, generation: Generation, wanted: Wanted) -> None:
        self._pieces = [token.text if not token.special else "" for token in generation.tokens]
        self._held = max((len(stop) for stop in wanted.stop), default=1) - 1
        self._sent = 0
        self._whole = generation.text
        self.reason: tuple[str, str | None] = ("length", None)
        if generation.finish_reason != "length":
            self.reason = ("stop", None)
        if generation.finish_reason == "stop_sequence":
            stop = next(one for one in wanted.stop if one and self._whole.endswith(one))
            self.reason = ("stop", stop)
            if not wanted.get("include_stop_str_in_output", False):
                self._whole = self._whole.removesuffix(stop)

    def until(self, count: int) -> str:
        """What the first tokens set free, of what is not sent yet."""
        known = len("".join(self._pieces[:count])) - self._held
        return self._take(min(max(known, 0), len(self._whole)))

    def rest(self) -> str:
        """All that is left."""
        return self._take(len(self._whole))

    def _take(self, end: int) -> str:
        start, self._sent = self._sent, max(end, self._sent)
        return self._whole[start : self._sent]


def _text(validated: Validated) -> str:
    return "".join(piece.text for piece in validated.pieces)


def _sampling(wanted: Wanted, index: int) -> Sampling:
    """vLLM samples unless the temperature is 0; with a seed the same comes again."""
    seed = wanted.get("seed")
    top = wanted.get("top_logprobs", 0) if wanted.chat else int(wanted.get("logprobs", 0))
    return Sampling(
        samples=wanted.get("temperature", 1.0) > 0,
        seed=None if seed is None else seed + index,
        top=top,
        stop=wanted.stop,
        least=wanted.get("min_tokens", 0),
        endless=bool(wanted.get("ignore_eos", False)),
    )
