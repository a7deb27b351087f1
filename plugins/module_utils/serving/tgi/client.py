# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of text-generation-inference's HTTP API (TGI 3.3.7, router/src/server.rs)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...core.errors import HttpError
from ..client import ServerClient, TimedEvents, own_headers
from ..engine import LENGTH, STOP, Answer, GenerationRequest, Identity, Stream, StreamEvent
from .chat import CHAT, CHAT_ANSWER, CHAT_EVENT, chat_answer, chat_body, chat_streamed
from .parameters import own_parameters

SERVICE = "TGI"
ROUTES = ("/generate", "/")
STREAM = "/generate_stream"

_FAILURES = {"overloaded": 429, "validation": 422, "generation": 424}
"""What a failure is called inside a stream, and the status that it has elsewhere."""

_DETAILS = {
    "finish_reason": (str, None),
    "generated_tokens": (int, None),
    "prompt_tokens": (int, None),
}
_ANSWER = {"generated_text!": str, "details": (_DETAILS, None)}
_EVENT = {"generated_text": (str, None), "details": (_DETAILS, None)}
_INFO = {
    "model_id!": str,
    "version": (str, None),
    "max_input_tokens": (int, None),
    "max_total_tokens": (int, None),
}

_FINISHED = {"eos_token": STOP, "stop_sequence": STOP, "length": LENGTH}


@dataclass(frozen=True)
class TgiRequest(GenerationRequest):
    """A request all of whose parameters have TGI's own names. route: of ROUTES, where it is a prompt."""

    route: str = ROUTES[0]


class TgiClient(ServerClient):
    """See ServerClient. Tokens are those of the answer's details; the headers tell of them again."""

    service = SERVICE

    def identity(self) -> Identity:
        """What ``/info`` says."""
        info = self._get("/info", f"ask {self.url} what it serves", _INFO).body
        return Identity(
            model=info["model_id"],
            version=info.get("version"),
            max_input_tokens=info.get("max_input_tokens"),
            max_total_tokens=info.get("max_total_tokens"),
            details=info,
        )

    def generate(self, request: GenerationRequest) -> Answer:
        """By ``/generate``, the route that a TgiRequest names, or the chat's."""
        if request.messages is not None:
            reply = self._post(CHAT, chat_body(request.messages, own_parameters(request)), CHAT_ANSWER)
            said = chat_answer(reply.body)
            if said is None:
                raise self._unexpected("POST", CHAT, "choices with a message", reply.body)
            return _answer(*said, reply.seconds, own_headers(reply))
        route = _route(request)
        reply = self._post(route, _body(request), (_ANSWER, [_ANSWER]))
        if not reply.body:
            raise self._unexpected("POST", route, "generated_text", reply.body)
        body = reply.body[0] if isinstance(reply.body, list) else reply.body
        return _answer(body["generated_text"], body.get("details"), reply.seconds, own_headers(reply))

    def stream(self, request: GenerationRequest) -> Stream:
        """By ``/generate_stream``, the route that a TgiRequest names, or the chat's."""
        if request.messages is not None:
            usage = {"stream": True, "stream_options": {"include_usage": True}}
            came = self._post_stream(CHAT, chat_body(request.messages, own_parameters(request)) | usage, CHAT_EVENT)
            return _stream(came, *chat_streamed([event.data for event in came.events]))
        route = _route(request)
        if route == ROUTES[0]:
            came = self._post_stream(STREAM, _body(request), _EVENT)
        else:
            came = self._post_stream(route, _body(request) | {"stream": True}, _EVENT)
        last = came.events[-1].data
        return _stream(came, last.get("generated_text") or "", last.get("details"))

    def _event_error(self, route: str, data: Mapping[str, Any]) -> HttpError | None:
        """A stream answers 200 and tells of its failure in an event; the type says which status it stands for."""
        failure = super()._event_error(route, data)
        if failure is None or failure.reason not in _FAILURES:
            return failure
        return self._stream_error(
            route, failure.server_message, status=_FAILURES[failure.reason], reason=failure.reason
        )

    def _ending(self, told: Sequence[Mapping[str, Any]]) -> tuple[bool, str]:
        """The last event of TGI's own routes brings the whole text; those of the chat are OpenAI's."""
        if any("choices" in data for data in told):
            return super()._ending(told)
        tokens = [data["token"] for data in told if isinstance(data.get("token"), dict)]
        text = "".join(str(token.get("text") or "") for token in tokens if not token.get("special"))
        return bool(told) and told[-1].get("generated_text") is not None, text


def _route(request: GenerationRequest) -> str:
    return request.route if isinstance(request, TgiRequest) else ROUTES[0]


def _body(request: GenerationRequest) -> dict[str, Any]:
    """The body of TGI's own routes. Without parameters TGI samples, so that is what details are asked for with."""
    parameters = own_parameters(request) or {"do_sample": True}
    return {"inputs": request.prompt, "parameters": {"details": True, **parameters}}


def _stream(came: TimedEvents, text: str, details: Mapping[str, Any] | None) -> Stream:
    events = [StreamEvent(event.at) for event in came.events]
    return Stream(came.sent, events, _answer(text, details, events[-1].at - came.sent, {}))


def _answer(text: str, details: Mapping[str, Any] | None, seconds: float, headers: Mapping[str, str]) -> Answer:
    told, counted = details or {}, headers.get("x-generated-tokens", "")
    server_tokens = int(counted) if counted.isdigit() else None
    return Answer(
        text=text,
        seconds=seconds,
        tokens=told.get("generated_tokens") if details is not None else server_tokens,
        prompt_tokens=told.get("prompt_tokens"),
        finish_reason=_FINISHED.get(told.get("finish_reason") or ""),
        server_seconds=_server_seconds(headers),
        server_tokens=server_tokens,
        headers=headers,
        details=details,
    )


def _server_seconds(headers: Mapping[str, str]) -> float | None:
    """The whole time as the server measured it. x-compute-time is x-total-time before it is cut to milliseconds."""
    exact, rounded = headers.get("x-compute-time"), headers.get("x-total-time")
    try:
        if exact is not None:
            return float(exact)
        return None if rounded is None else int(rounded) / 1000
    except ValueError:
        return None
