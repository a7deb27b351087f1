# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies of OpenAI's protocol, turned into requests for generation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from llmops_gke_sandbox.workloads.tgi.inference import Refused
from llmops_gke_sandbox.workloads.tgi.request import BodyRefused, GenerateRequest, NotSimulated, read_generate

_ALTERNATE = "Conversation roles must alternate user/assistant/user/assistant/..."
_DEFAULT_COMPLETION_TOKENS = 100


@dataclass(frozen=True)
class Chat:
    """A request, and what its answer shall carry."""

    request: GenerateRequest
    logprobs: bool = False
    include_usage: bool = False


def read_chat(body: dict[str, Any]) -> Chat:
    """Return the request of ``/v1/chat/completions``.

    :raises BodyRefused: for values of another type.
    :raises NotSimulated: for tools, tool choice and response formats.
    :raises Refused: for messages that the chat template does not take.
    """
    for name in ("tools", "tool_choice", "response_format", "guideline", "logit_bias"):
        if body.get(name) is not None:
            raise NotSimulated(f"{name} of /v1/chat/completions")
    logprobs = bool(body.get("logprobs"))
    # OpenAI's presence_penalty is what the router calls repetition_penalty, moved by 2.
    presence = body.get("presence_penalty")
    parameters = _shared(body) | {
        "max_new_tokens": body.get("max_tokens"),
        "repetition_penalty": None if presence is None else presence + 2.0,
        "top_n_tokens": body.get("top_logprobs") if logprobs else None,
        "decoder_input_details": not body.get("stream", False),
    }
    request = _generate(templated(body.get("messages")), parameters, body)
    options = body.get("stream_options") or {}
    return Chat(request, logprobs, bool(options.get("include_usage")))


def read_completions(body: dict[str, Any]) -> list[GenerateRequest]:
    """Return the requests of ``/v1/completions``, one a prompt.

    :raises BodyRefused: for values of another type.
    :raises NotSimulated: for a stream of several prompts.
    :raises Refused: for a suffix.
    """
    if body.get("suffix") is not None:
        raise Refused(
            422, "Suffix is not supported and can be achieved by preprocessing the prompt.", "suffix not supported"
        )
    prompt = body.get("prompt")
    prompts = [prompt] if isinstance(prompt, str) else prompt
    if not prompts or not isinstance(prompts, list) or not all(isinstance(one, str) for one in prompts):
        raise BodyRefused(422, "Failed to deserialize the JSON body into the target type: prompt: expected strings")
    if len(prompts) > 1 and body.get("stream"):
        raise NotSimulated("a stream of several prompts of /v1/completions")
    new_tokens = body.get("max_tokens")
    parameters = _shared(body) | {
        "max_new_tokens": _DEFAULT_COMPLETION_TOKENS if new_tokens is None else new_tokens,
        "repetition_penalty": body.get("repetition_penalty"),
    }
    return [_generate(one, parameters, body) for one in prompts]


def templated(messages: Any) -> str:
    """Return the prompt that Mistral-7B-Instruct-v0.1's chat template makes; it knows no system role.

    :raises Refused: for messages that do not go user, assistant, user…
    """
    if not isinstance(messages, list) or not messages:
        raise BodyRefused(422, "Failed to deserialize the JSON body into the target type: missing field `messages`")
    prompt = "<s>"
    for index, message in enumerate(messages):
        role, content = message.get("role"), _content(message)
        if role != ("assistant" if index % 2 else "user"):
            raise Refused(422, f"Template error: invalid operation: {_ALTERNATE} (in <string>:1)", "template_error")
        prompt += f"{content}</s> " if index % 2 else f"[INST] {content} [/INST]"
    return prompt


def _content(message: dict[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    if any(part.get("type") != "text" for part in content):
        raise NotSimulated("images in messages")
    return "".join(part["text"] for part in content)


def _shared(body: dict[str, Any]) -> dict[str, Any]:
    """Greedy only where the temperature is 0, else sampled."""
    temperature = body.get("temperature")
    greedy = temperature == 0
    stop = body.get("stop")
    return {
        "temperature": None if greedy else temperature,
        "do_sample": not greedy,
        "top_p": body.get("top_p"),
        "frequency_penalty": body.get("frequency_penalty"),
        "seed": body.get("seed"),
        "stop": [stop] if isinstance(stop, str) else stop or [],
        "details": True,
    }


def _generate(inputs: str, parameters: dict[str, Any], body: dict[str, Any]) -> GenerateRequest:
    return read_generate({"inputs": inputs, "parameters": parameters, "stream": body.get("stream", False)})
