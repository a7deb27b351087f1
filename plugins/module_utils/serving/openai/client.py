# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of OpenAI's routes, as several model servers have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ...core.deadline import Deadline
from ...core.errors import HttpError
from ..client import ServerClient, own_headers
from ..engine import Answer, GenerationRequest, Identity, Stream
from .bodies import BROKEN_OFF, EVENT, SHAPES, answer_of, body_of, broken_off, route_of, streamed

MODELS = "/v1/models"
_MODELS = {"data!": [{"id!": str, "owned_by": (str, None), "root": (str, None), "max_model_len": (int, None)}]}


class OpenAiClient(ServerClient):
    """See ServerClient. Tokens are those of ``usage``.

    A request must name the model. Which one is served, the server is asked once; a server with several is asked for
    the first one.

    owner: what the server calls itself as the models' owner; None for any.
    stream_options: what is asked of a stream.
    """

    service = "the OpenAI-compatible server"
    owner: ClassVar[str | None] = None
    stream_options: ClassVar[Mapping[str, bool]] = {"include_usage": True}

    def __init__(self, url: str, api_key: str | None, deadline: Deadline, known: dict[str, str] | None = None) -> None:
        """known: the model's name by the server's address, where it was asked before; filled in where it was not."""
        super().__init__(url, api_key, deadline)
        self._known = {} if known is None else known

    def identity(self) -> Identity:
        """What ``/v1/models`` says."""
        card = self._card()
        return Identity(
            model=card["id"],
            max_total_tokens=card.get("max_model_len"),
            details=card,
        )

    def generate(self, request: GenerationRequest) -> Answer:
        """By the route for prompts or that for chats."""
        route, body = route_of(request), body_of(request, self._model())
        reply = self._post(route, body, SHAPES[route])
        if reason := broken_off(reply.body):
            raise self._broken_off(route, reason)
        answer = answer_of(reply.body, reply.seconds, own_headers(reply))
        if answer is None:
            raise self._unexpected("POST", route, "a choice", reply.body)
        return answer

    def stream(self, request: GenerationRequest) -> Stream:
        """By the same routes."""
        route, body = route_of(request), body_of(request, self._model())
        came = self._post_stream(route, {**body, "stream": True, "stream_options": dict(self.stream_options)}, EVENT)
        events, answer = streamed(came.sent, came.events)
        if not events:
            raise self._unexpected("POST", route, "tokens", f"{len(came.events)} events without any")
        return Stream(came.sent, events, answer)

    def _model(self) -> str:
        if self.url not in self._known:
            self._card()
        return self._known[self.url]

    def _card(self) -> dict[str, Any]:
        """What the server says of the model that it serves."""
        listed = self._get(MODELS, f"ask {self.url} what it serves", _MODELS).body["data"]
        if not listed:
            raise self._unexpected("GET", MODELS, "a model", "none")
        card = listed[0]
        if self.owner is not None and card.get("owned_by") != self.owner:
            owner = f"a model that {card.get('owned_by')} owns"
            raise self._unexpected("GET", MODELS, f"a model that {self.owner} owns", owner)
        self._known[self.url] = card["id"]
        return card

    def _event_error(self, route: str, data: Mapping[str, Any]) -> HttpError | None:
        """An event may also tell that the answer was broken off."""
        failure = super()._event_error(route, data)
        if failure is None and (reason := broken_off(data)):
            return self._broken_off(route, reason)
        return failure

    def _broken_off(self, route: str, reason: str) -> HttpError:
        return self._stream_error(route, BROKEN_OFF[reason], status=200, reason=reason)
