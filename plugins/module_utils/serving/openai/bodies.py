# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bodies of OpenAI's routes: what is sent, and what comes back, whole or in pieces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...http.server_sent_events import Event
from ..engine import LENGTH, STOP, Answer, GenerationRequest, StreamEvent

COMPLETIONS, CHAT = "/v1/completions", "/v1/chat/completions"

_USAGE = ({"completion_tokens": (int, None), "prompt_tokens": (int, None)}, None)
_TEXT = (str, None)
_ENDED = {"finish_reason": _TEXT}
SHAPES = {
    COMPLETIONS: {"choices!": [{"text!": _TEXT, **_ENDED}], "usage": _USAGE},
    CHAT: {"choices!": [{"message!": {"content": _TEXT}, **_ENDED}], "usage": _USAGE},
}
"""What an answer must be, see http/answers.py."""

EVENT = {"choices": ([{"text": _TEXT, "delta": ({"content": _TEXT}, None), **_ENDED}], None), "usage": _USAGE}
"""What an event of a stream must be; the last one has usage and no choice."""

BROKEN_OFF = {
    "abort": "the server ended the answer before its end, as one that is told to stop does",
    "error": "the server failed while it generated",
    "content_filter": "a filter of the server ended the answer",
}
"""Finish reasons that are no answer's end. A stream that has one ends as any other: status 200 and [DONE]."""

_REASONS = {"length": LENGTH}


def route_of(request: GenerationRequest) -> str:
    """Where a prompt goes, or a chat."""
    return COMPLETIONS if request.messages is None else CHAT


def body_of(request: GenerationRequest, model: str) -> dict[str, Any]:
    """What is sent; of what is not set nothing is."""
    body: dict[str, Any] = {"model": model}
    if request.messages is None:
        body["prompt"] = request.prompt
    else:
        body["messages"] = [dict(message) for message in request.messages]
    general = {name: getattr(request, name) for name in ("max_tokens", "temperature", "top_p", "top_k", "seed")}
    general["stop"] = None if request.stop is None else list(request.stop)
    given = {**general, **request.parameters}
    return body | {name: value for name, value in given.items() if value is not None}


def broken_off(data: Mapping[str, Any]) -> str | None:
    """The finish reason of an answer or event that is none of an answer; None where there is no such."""
    choices = data.get("choices")
    reasons = [one.get("finish_reason") for one in choices or () if isinstance(one, dict)]
    return next((reason for reason in reasons if isinstance(reason, str) and reason in BROKEN_OFF), None)


def answer_of(body: Mapping[str, Any], seconds: float, headers: Mapping[str, str]) -> Answer | None:
    """A whole answer; None where it has no choice. Of several choices the text is the first one's."""
    choices = body["choices"]
    if not choices:
        return None
    first = choices[0]
    text = first["message"].get("content") if "message" in first else first.get("text")
    details = {"choices": choices} if len(choices) > 1 else {}
    return _answer(text or "", first, body.get("usage"), seconds, headers, details)


def streamed(sent: float, events: Sequence[Event]) -> tuple[list[StreamEvent], Answer]:
    """The events that brought tokens, and the whole answer.

    Where the server counts in each event, the counts say which ones did: one may bring a part of a character, and no
    text. Else those did that brought text.
    """
    told = [event.data for event in events]
    choices = [choice for data in told for choice in data.get("choices") or []]
    text = "".join(map(_piece, choices))
    last = next((choice for choice in reversed(choices) if choice.get("finish_reason")), {})
    usage = next((data["usage"] for data in reversed(told) if data.get("usage")), None)
    bringing = _by_counts(events) if _counts(told) else _by_text(events)
    seconds = (bringing[-1].at if bringing else events[-1].at) - sent
    return bringing, _answer(text, last, usage, seconds, {}, {})


def _counts(told: Sequence[Mapping[str, Any]]) -> bool:
    """Whether every event with a choice says how many tokens there are so far."""
    with_choice = [data for data in told if data.get("choices")]
    counts = [(data.get("usage") or {}).get("completion_tokens") for data in with_choice]
    return bool(counts) and None not in counts


def _by_counts(events: Sequence[Event]) -> list[StreamEvent]:
    bringing, counted = [], 0
    for event in events:
        tokens = (event.data.get("usage") or {}).get("completion_tokens") or 0
        if tokens > counted:
            bringing.append(StreamEvent(event.at, tokens - counted))
            counted = tokens
    return bringing


def _by_text(events: Sequence[Event]) -> list[StreamEvent]:
    return [StreamEvent(event.at) for event in events if any(map(_piece, event.data.get("choices") or []))]


def _piece(choice: Mapping[str, Any]) -> str:
    return choice.get("text") or (choice.get("delta") or {}).get("content") or ""


def _answer(
    text: str,
    choice: Mapping[str, Any],
    usage: Mapping[str, Any] | None,
    seconds: float,
    headers: Mapping[str, str],
    details: Mapping[str, Any],
) -> Answer:
    reason = choice.get("finish_reason")
    counts = usage or {}
    known = {name: choice[name] for name in ("finish_reason", "stop_reason", "logprobs") if choice.get(name)}
    return Answer(
        text=text,
        seconds=seconds,
        tokens=counts.get("completion_tokens"),
        prompt_tokens=counts.get("prompt_tokens"),
        finish_reason=_REASONS.get(reason, STOP) if reason else None,
        headers=headers,
        details={**known, "usage": dict(counts), **details},
    )
