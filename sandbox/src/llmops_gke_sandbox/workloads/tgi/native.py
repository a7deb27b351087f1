# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""TGI's own routes: ``/``, ``/generate``, ``/generate_stream``."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

from aiohttp import web

from llmops_gke_sandbox.workloads.llm.generation import prefill
from llmops_gke_sandbox.workloads.llm.timing import Timing
from llmops_gke_sandbox.workloads.tgi.inference import End, Refused, Step
from llmops_gke_sandbox.workloads.tgi.request import GenerateRequest, read_generate
from llmops_gke_sandbox.workloads.tgi.wire import INFERENCE, EventStream, body_of, headers_of


class NativeRoutes:
    """Handlers; ``timing`` says how a stream is written."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing

    async def compat(self, request: web.Request) -> web.StreamResponse:
        """``POST /``: a list, with the prompt in front of the text, or a stream, as the body says."""
        wanted = read_generate(await body_of(request))
        if wanted.stream:
            return await self._stream(request, wanted, full_text_default=True)
        return await self._answer(request, wanted, as_list=True)

    async def generate(self, request: web.Request) -> web.StreamResponse:
        """``POST /generate``: an object."""
        return await self._answer(request, read_generate(await body_of(request)), as_list=False)

    async def generate_stream(self, request: web.Request) -> web.StreamResponse:
        """``POST /generate_stream``."""
        return await self._stream(request, read_generate(await body_of(request)), full_text_default=False)

    async def _answer(self, request: web.Request, wanted: GenerateRequest, *, as_list: bool) -> web.Response:
        inference = request.app[INFERENCE]
        inference.metrics.count("tgi_request_count")
        ends = await inference.complete(wanted)
        full = wanted.parameters.return_full_text
        prompt = wanted.inputs if (as_list if full is None else full) else ""
        answer: dict[str, Any] = {"generated_text": prompt + ends[0].generation.text}
        if wanted.parameters.details or wanted.parameters.decoder_input_details:
            answer["details"] = _details(wanted, ends[0])
            if len(ends) > 1:
                answer["details"]["best_of_sequences"] = [
                    {"generated_text": prompt + end.generation.text, **_details(wanted, end)} for end in ends[1:]
                ]
        return web.json_response([answer] if as_list else answer, headers=headers_of(wanted.inputs, ends[0]))

    async def _stream(
        self, request: web.Request, wanted: GenerateRequest, *, full_text_default: bool
    ) -> web.StreamResponse:
        inference = request.app[INFERENCE]
        inference.metrics.count("tgi_request_count")
        full = wanted.parameters.return_full_text
        prompt = wanted.inputs if (full_text_default if full is None else full) else ""
        async with EventStream(request, wanted.inputs, self._timing) as stream:
            try:
                async with aclosing(inference.run(wanted, streaming=True)) as steps:
                    async for step in steps:
                        await stream.send(_event(wanted, prompt, step))
            except Refused as refused:
                await stream.send(refused.body())
        return stream.response


def _details(wanted: GenerateRequest, end: End) -> dict[str, Any]:
    generation = end.generation
    details: dict[str, Any] = {
        "finish_reason": generation.finish_reason,
        "generated_tokens": len(generation.tokens),
        "seed": generation.seed,
        "prefill": prefill(end.input_pieces) if wanted.parameters.decoder_input_details else [],
        "tokens": [token.shown() for token in generation.tokens],
    }
    if wanted.parameters.top_n_tokens:
        details["top_tokens"] = [list(token.top) for token in generation.tokens]
    return details


def _event(wanted: GenerateRequest, prompt: str, step: Step) -> dict[str, Any]:
    last = step.tokens[-1]
    token = last.shown() | {"text": "".join(token.text for token in step.tokens)}
    event: dict[str, Any] = {"index": step.index, "token": token, "generated_text": None, "details": None}
    if wanted.parameters.top_n_tokens:
        event["top_tokens"] = list(last.top)
    if step.end is not None:
        generation = step.end.generation
        event["generated_text"] = prompt + generation.text
        if wanted.parameters.details:
            event["details"] = {
                "finish_reason": generation.finish_reason,
                "generated_tokens": len(generation.tokens),
                "seed": generation.seed,
                "input_length": len(step.end.input_pieces),
            }
    return event
