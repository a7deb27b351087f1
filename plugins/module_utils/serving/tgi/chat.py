# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TGI's chat route in the terms of its own ones: the body it takes, and what its answer says (TGI 3.3.7, chat.rs)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...core.errors import InvalidOption

CHAT = "/v1/chat/completions"

_USAGE = {"completion_tokens": (int, None), "prompt_tokens": (int, None)}
CHAT_ANSWER = {
    "choices!": [{"message!": {"content": (str, None)}, "finish_reason": (str, None)}],
    "usage": (_USAGE, None),
}
CHAT_EVENT = {
    "choices": ([{"delta": ({"content": (str, None)}, None), "finish_reason": (str, None)}], None),
    "usage": (_USAGE, None),
}
"""What an answer and an event must be, see http/answers.py."""

_FINISHED = {"stop": "eos_token"}
"""Finish reasons that the chat route calls otherwise."""


def _same(name: str) -> Callable[[Any], dict[str, Any]]:
    return lambda value: {name: value}


_NAMES: dict[str, Callable[[Any], dict[str, Any]]] = {
    "max_new_tokens": _same("max_tokens"),
    "temperature": _same("temperature"),
    "top_p": _same("top_p"),
    "frequency_penalty": _same("frequency_penalty"),
    "seed": _same("seed"),
    "stop": _same("stop"),
    "adapter_id": _same("model"),
    "grammar": _same("response_format"),
    # The router adds 2 to OpenAI's presence_penalty and takes that for its repetition_penalty.
    "repetition_penalty": lambda value: {"presence_penalty": round(value - 2.0, 6)},
    "top_n_tokens": lambda value: {"logprobs": True, "top_logprobs": value},
    # The route samples unless the temperature is 0, and always counts its tokens.
    "do_sample": lambda value: {} if value else {"temperature": 0.0},
    "details": lambda _value: {},
}


def check_chat(messages: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any] | None) -> None:
    """Raise InvalidOption for parameters that the chat route has no word for, and for a chat without messages."""
    for name, value in (parameters or {}).items():
        if name not in _NAMES:
            raise InvalidOption(f"parameters.{name}", value, f"with messages only {', '.join(_NAMES)}")
    if (parameters or {}).get("do_sample") is False and "temperature" in (parameters or {}):
        raise InvalidOption("parameters.do_sample", False, "true, or no temperature: greedy is temperature 0 in a chat")
    if not messages:
        raise InvalidOption("messages", list(messages), "at least one message")


def chat_body(messages: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any] | None) -> dict[str, Any]:
    """The body for messages ``{role, content}`` and parameters under their names of ``/generate``."""
    body: dict[str, Any] = {"model": "tgi", "messages": [dict(message) for message in messages]}
    for name, value in (parameters or {}).items():
        body |= _NAMES[name](value)
    return body


def chat_answer(body: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """The text, and details as ``/generate`` gives them; None for an answer without any choice."""
    choices = body["choices"]
    if not choices:
        return None
    return choices[0]["message"].get("content") or "", _details(body, choices[0].get("finish_reason"))


def chat_streamed(events: Sequence[Mapping[str, Any]]) -> tuple[str, dict[str, Any]]:
    """The same from a stream's events; the last one carries the usage where it was asked for."""
    choices = [choice for event in events for choice in event.get("choices") or []]
    text = "".join((choice.get("delta") or {}).get("content") or "" for choice in choices)
    reason = next((choice["finish_reason"] for choice in reversed(choices) if choice.get("finish_reason")), None)
    last = next((event for event in reversed(events) if event.get("usage")), {})
    return text, _details(last, reason)


def _details(body: Mapping[str, Any], reason: str | None) -> dict[str, Any]:
    usage = body.get("usage") or {}
    return {
        "finish_reason": _FINISHED.get(reason or "", reason),
        "generated_tokens": usage.get("completion_tokens"),
        "prompt_tokens": usage.get("prompt_tokens"),
    }
