# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The routes that speak OpenAI's protocol: chat, completions, models."""

from __future__ import annotations

import time
from contextlib import aclosing
from typing import Any

from aiohttp import web

from llmops_gke_sandbox.workloads.llm.timing import Timing
from llmops_gke_sandbox.workloads.tgi.inference import Inference, Refused, Step
from llmops_gke_sandbox.workloads.tgi.openai_request import Chat, read_chat, read_completions
from llmops_gke_sandbox.workloads.tgi.request import GenerateRequest
from llmops_gke_sandbox.workloads.tgi.wire import INFERENCE, EventStream, body_of, headers_of

_REASONS = {"eos_token": "stop"}


class OpenAiRoutes:
    """Handlers; ``timing`` says how a stream is written."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing

    async def models(self, request: web.Request) -> web.Response:
        """``GET /v1/models``."""
        model = request.app[INFERENCE].settings.model
        return web.json_response(
            {"object": "list", "data": [{"id": model, "object": "model", "created": 0, "owned_by": model}]}
        )

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """``POST /v1/chat/completions``."""
        inference = request.app[INFERENCE]
        inference.metrics.count("tgi_request_count")
        wanted = read_chat(await body_of(request))
        if wanted.request.stream:
            return await self._stream(request, wanted, "chat.completion.chunk", _delta)
        end = (await inference.complete(wanted.request))[0]
        choice: dict[str, Any] = {
            "index": 0,
            "message": {"role": "assistant", "content": end.generation.text},
            "logprobs": {"content": [_logprob(token) for token in end.generation.tokens]} if wanted.logprobs else None,
            "finish_reason": _reason(end.generation.finish_reason),
        }
        body = _envelope(inference, "chat.completion")
        body |= {"choices": [choice], "usage": _usage(len(end.input_pieces), end.served.tokens)}
        return web.json_response(body, headers=headers_of(wanted.request.inputs, end))

    async def completions(self, request: web.Request) -> web.StreamResponse:
        """``POST /v1/completions``; several prompts one after the other."""
        inference = request.app[INFERENCE]
        inference.metrics.count("tgi_request_count")
        wanted = read_completions(await body_of(request))
        if wanted[0].stream:
            return await self._stream(request, Chat(wanted[0]), "text_completion", _text)
        ends = [(await inference.complete(one))[0] for one in wanted]
        body = _envelope(inference, "text_completion")
        body["choices"] = [
            {
                "index": index,
                "text": end.generation.text,
                "logprobs": None,
                "finish_reason": _reason(end.generation.finish_reason),
            }
            for index, end in enumerate(ends)
        ]
        body["usage"] = _usage(sum(len(end.input_pieces) for end in ends), sum(end.served.tokens for end in ends))
        return web.json_response(body, headers=headers_of(_inputs(wanted), ends[-1]))

    async def _stream(self, request: web.Request, wanted: Chat, kind: str, choice: Any) -> web.StreamResponse:
        inference = request.app[INFERENCE]
        async with EventStream(request, wanted.request.inputs, self._timing) as stream:
            try:
                async with aclosing(inference.run(wanted.request, streaming=True)) as steps:
                    async for step in steps:
                        body = _envelope(inference, kind) | {"choices": [choice(step, wanted)], "usage": None}
                        if step.end is not None and wanted.include_usage:
                            body["usage"] = _usage(len(step.end.input_pieces), step.end.served.tokens)
                        await stream.send(body)
            except Refused as refused:
                await stream.send(refused.body())
            await stream.send("[DONE]")
        return stream.response


def _delta(step: Step, wanted: Chat) -> dict[str, Any]:
    text = "".join(token.text for token in step.tokens if not token.special)
    return {
        "index": 0,
        "delta": {"role": "assistant", "content": text},
        "logprobs": {"content": [_logprob(token) for token in step.tokens]} if wanted.logprobs else None,
        "finish_reason": _reason(step.end.generation.finish_reason) if step.end else None,
    }


def _text(step: Step, _wanted: Chat) -> dict[str, Any]:
    return {
        "index": 0,
        "text": "".join(token.text for token in step.tokens if not token.special),
        "logprobs": None,
        "finish_reason": _reason(step.end.generation.finish_reason) if step.end else "",
    }


def _envelope(inference: Inference, kind: str) -> dict[str, Any]:
    return {
        "id": "",
        "object": kind,
        "created": int(time.time()),
        "model": inference.settings.model,
        "system_fingerprint": f"{inference.settings.version_text}-native",
    }


def _logprob(token: Any) -> dict[str, Any]:
    top = [{"token": other["text"], "logprob": other["logprob"]} for other in token.top]
    return {"token": token.text, "logprob": token.logprob, "top_logprobs": top}


def _reason(finish_reason: str) -> str:
    return _REASONS.get(finish_reason, finish_reason)


def _usage(prompt: int, completion: int) -> dict[str, int]:
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _inputs(wanted: list[GenerateRequest]) -> str:
    return "".join(one.inputs for one in wanted)
