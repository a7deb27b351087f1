# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The routes that generate: completions, chat, and ``/invocations``, which takes the bodies of both."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from contextlib import aclosing
from typing import Any

from aiohttp import web

from llmops_gke_sandbox.workloads.llm.generation import Token
from llmops_gke_sandbox.workloads.vllm.inference import Inference, Step
from llmops_gke_sandbox.workloads.vllm.request import NotSimulated, Refused, Wanted, read_chat, read_completion
from llmops_gke_sandbox.workloads.vllm.validation import Validated, validate
from llmops_gke_sandbox.workloads.vllm.wire import INFERENCE, EventStream, body_of

_BUILD = "99fe3e7d"
_SPEAKER = {"index": 0, "delta": {"role": "assistant", "content": ""}, "logprobs": None, "finish_reason": None}
_OPENING = {"choices": [_SPEAKER]}
"""A chat's first event: who speaks, before any token."""

_NO_PROMPT = {"prompt_token_ids": None, "prompt_text": None}


async def completions(request: web.Request) -> web.StreamResponse:
    """``POST /v1/completions``; several prompts one after the other."""
    return await _answer(request, await body_of(request), chat=False)


async def chat(request: web.Request) -> web.StreamResponse:
    """``POST /v1/chat/completions``."""
    return await _answer(request, await body_of(request), chat=True)


async def invocations(request: web.Request) -> web.StreamResponse:
    """``POST /invocations``: by what the body has."""
    body = await body_of(request)
    return await _answer(request, body, chat="messages" in body)


async def _answer(request: web.Request, body: dict[str, Any], *, chat: bool) -> web.StreamResponse:
    inference = request.app[INFERENCE]
    settings = inference.settings
    _check_model(body.get("model"), settings.served)
    wanted = read_chat(body, settings.chat_template) if chat else read_completion(body)
    validated = validate(wanted, inference.longest, settings.max_logprobs)
    inference.admit()
    if wanted.stream:
        if len(validated) > 1 or wanted.get("n", 1) > 1:
            raise NotSimulated("a stream of several answers")
        return await _stream(request, inference, wanted, validated[0])
    choices, prompt, completion = [], 0, 0
    for one in validated:
        prompt += len(one.pieces)
        for index in range(wanted.get("n", 1)):
            steps = await _all(inference, wanted, one, index)
            completion += steps[-1].count
            choices.append(_choice(wanted, len(choices), steps))
    usage = {**_usage(prompt, completion), "prompt_tokens_details": None, "completion_tokens_details": None}
    answer = _envelope(inference, wanted, "chat.completion" if chat else "text_completion")
    answer |= {"choices": choices, "service_tier": None, "system_fingerprint": _fingerprint(inference), "usage": usage}
    if chat:
        answer |= {"prompt_logprobs": None, "prompt_token_ids": None, "prompt_text": None}
    return web.json_response(answer | {"kv_transfer_params": None, "ec_transfer_params": None, "metrics": None})


async def _all(inference: Inference, wanted: Wanted, validated: Validated, index: int) -> list[Step]:
    async with aclosing(inference.run(wanted, validated, index)) as steps:
        return [step async for step in steps]


def _choice(wanted: Wanted, index: int, steps: list[Step]) -> dict[str, Any]:
    text = "".join(step.text for step in steps)
    tokens = [token for step in steps for token in step.tokens]
    end = {"finish_reason": steps[-1].finish_reason, "stop_reason": steps[-1].stop_reason, "token_ids": None}
    if not wanted.chat:
        echoed = wanted.prompts[0] if wanted.get("echo", False) else ""
        logprobs = _text_logprobs(wanted, tokens, 0)
        extra = {"prompt_logprobs": None, "prompt_token_ids": None, "routed_experts": None}
        return {"index": index, "text": echoed + text, "logprobs": logprobs, **end, **extra}
    absent = dict.fromkeys(("refusal", "annotations", "audio", "function_call", "reasoning"))
    message = {"role": "assistant", "content": text, **absent}
    return {
        "index": index,
        "message": message,
        "logprobs": _chat_logprobs(wanted, tokens),
        **end,
        "routed_experts": None,
    }


async def _stream(
    request: web.Request, inference: Inference, wanted: Wanted, validated: Validated
) -> web.StreamResponse:
    kind = "chat.completion.chunk" if wanted.chat else "text_completion"
    envelope = _envelope(inference, wanted, kind)
    usage = wanted.stream_option("include_usage")
    continuous = usage and wanted.stream_option("continuous_usage_stats")
    prompt, offset, count = len(validated.pieces), 0, 0

    def counted(tokens: int) -> dict[str, Any]:
        if not continuous:
            return {}
        details = {"completion_tokens_details": None} if wanted.chat else {}
        return {"usage": _usage(prompt, tokens) | details}

    async with EventStream(request) as stream, aclosing(inference.run(wanted, validated)) as steps:
        async for step in steps:
            if wanted.chat and not count:
                await stream.send(envelope | _OPENING | counted(0) | _NO_PROMPT)
            delta = _delta(wanted, step) if wanted.chat else _piece(wanted, step, offset, first=not count)
            offset, count = offset + len(step.text), step.count
            await stream.send(envelope | {"choices": [delta]} | counted(count))
        if usage:
            last = {"choices": [], "usage": _usage(prompt, count), "system_fingerprint": _fingerprint(inference)}
            await stream.send(envelope | last)
        await stream.send("[DONE]")
    return stream.response


def _delta(wanted: Wanted, step: Step) -> dict[str, Any]:
    choice = {
        "index": 0,
        "delta": {"content": step.text},
        "logprobs": _chat_logprobs(wanted, step.tokens),
        "finish_reason": step.finish_reason,
    }
    if step.finish_reason:
        choice["stop_reason"] = step.stop_reason
    return choice | {"token_ids": None}


def _piece(wanted: Wanted, step: Step, offset: int, *, first: bool) -> dict[str, Any]:
    echoed = wanted.prompts[0] if first and wanted.get("echo", False) else ""
    return {
        "index": 0,
        "text": echoed + step.text,
        "logprobs": _text_logprobs(wanted, step.tokens, offset),
        "finish_reason": step.finish_reason,
        "stop_reason": step.stop_reason,
        "prompt_token_ids": None,
        "token_ids": None,
    }


def _text_logprobs(wanted: Wanted, tokens: list[Token] | tuple[Token, ...], offset: int) -> dict[str, Any] | None:
    if wanted.get("logprobs") is None:
        return None
    found: dict[str, Any] = {"text_offset": [], "token_logprobs": [], "tokens": [], "top_logprobs": []}
    for token in tokens:
        found["text_offset"].append(offset)
        found["token_logprobs"].append(token.logprob)
        found["tokens"].append(token.text)
        found["top_logprobs"].append({other["text"]: other["logprob"] for other in token.top or (token.shown(),)})
        offset += len(token.text)
    return found


def _chat_logprobs(wanted: Wanted, tokens: list[Token] | tuple[Token, ...]) -> dict[str, Any] | None:
    if not wanted.get("logprobs", False):
        return None
    return {"content": [_token_logprob(token.shown(), token.top) for token in tokens]}


def _token_logprob(token: Mapping[str, Any], top: tuple[Mapping[str, Any], ...]) -> dict[str, Any]:
    shown = {"token": token["text"], "logprob": token["logprob"], "bytes": list(token["text"].encode())}
    return {**shown, "top_logprobs": [_token_logprob(other, ()) for other in top]} if top else shown


def _check_model(name: Any, served: tuple[str, ...]) -> None:
    if name is not None and name not in served:
        told = f"The model `{name}` does not exist. Valid aliases: {', '.join(served)}."
        raise Refused(404, told, "NotFoundError", "model")


def _envelope(inference: Inference, wanted: Wanted, kind: str) -> dict[str, Any]:
    prefix = "chatcmpl" if wanted.chat else "cmpl"
    return {
        "id": f"{prefix}-{uuid.uuid4().hex[:16]}",
        "object": kind,
        "created": int(time.time()),
        "model": wanted.get("model", inference.settings.served[0]),
    }


def _fingerprint(inference: Inference) -> str:
    return f"vllm-{inference.settings.version}-{_BUILD}"


def _usage(prompt: int, completion: int) -> dict[str, Any]:
    return {"prompt_tokens": prompt, "total_tokens": prompt + completion, "completion_tokens": completion}
