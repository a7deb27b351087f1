# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of text-generation-inference's HTTP API (TGI 3.3.7, router/src/server.rs)."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ...core.deadline import Deadline, backoff
from ...core.errors import HttpError, InvalidOption
from ...http.replies import Reply
from ...http.session import HttpSession
from ..prometheus import totals
from ..server_sent_events import Event, parse_events
from .chat import CHAT, chat_answer

SERVICE = "TGI"
ROUTES = ("/generate", "/")
STREAM = "/generate_stream"
WARMING_UP = frozenset({0, 429, 503})
"""No connection, overloaded, unhealthy: what a fresh server behind a fresh load balancer answers for a while."""


@dataclass(frozen=True)
class Answer:
    """An answer that was not streamed. headers: TGI's ``x-`` headers. seconds: from sending to the whole body."""

    text: str
    details: dict[str, Any] | None
    headers: dict[str, str]
    seconds: float

    @property
    def tokens(self) -> int | None:
        """Generated tokens as the server counted them, from its details or its header."""
        if self.details is not None:
            return self.details.get("generated_tokens")
        counted = self.headers.get("x-generated-tokens", "")
        return int(counted) if counted.isdigit() else None

    @property
    def server_seconds(self) -> float | None:
        """The whole time as the server measured it. x-compute-time is x-total-time before it is cut to milliseconds."""
        exact, rounded = self.headers.get("x-compute-time"), self.headers.get("x-total-time")
        if exact is not None:
            return float(exact)
        return None if rounded is None else int(rounded) / 1000


@dataclass(frozen=True)
class Stream:
    """A streamed answer. sent: when the request was sent, in the clock of the events' ``at``."""

    sent: float
    events: list[Event]


def check_url(url: str) -> str:
    """``http(s)://ADDRESS[:PORT]`` without its trailing slash; raises InvalidOption for any other form."""
    accepted = "http://ADDRESS[:PORT] or https://…, without path, query or credentials"
    try:
        parts = urlsplit(url)
        bad = parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0
    except ValueError as error:
        raise InvalidOption("url", url, accepted) from error
    if parts.username or parts.password:
        raise InvalidOption("url", "(hidden)", accepted)
    if bad or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise InvalidOption("url", url, accepted)
    return f"{parts.scheme}://{parts.netloc}"


class TgiClient:
    """One kept connection to a server; behind a load balancer that is one pod.

    Connection failures, 429 and 503 are retried inside the deadline. A request for generation changes nothing, so
    one whose reply was lost is sent again. Refusals of validation are never repeated.
    """

    def __init__(self, url: str, api_key: str | None, deadline: Deadline) -> None:
        def authorization(_fresh: bool) -> dict[str, str]:
            return {"Authorization": f"Bearer {api_key}"}

        self.url = check_url(url)
        self._deadline = deadline
        self._session = HttpSession(
            self.url,
            SERVICE,
            deadline,
            authorize=authorization if api_key else None,
            read_timeout=deadline.seconds,
            connect_patience=deadline.seconds,
        )

    @property
    def sent(self) -> int:
        """Requests sent so far."""
        return self._session.sent

    def seconds_left(self) -> float:
        """Of the deadline that all requests share."""
        return self._deadline.remaining()

    def health(self) -> None:
        """Wait until the server says that it is healthy; raises HttpError where it does not in time."""
        self._session.request("GET", "/health", doing=f"ask {self.url} for its health")

    def info(self) -> dict[str, Any]:
        """What ``/info`` says: model_id, version, limits."""
        reply = self._session.request("GET", "/info", doing=f"ask {self.url} what it serves")
        if not isinstance(reply.body, dict) or "model_id" not in reply.body:
            raise self._not_tgi("GET", "/info", "an object with model_id", reply.body)
        return reply.body

    def metrics(self) -> dict[str, float]:
        """The figures of ``/metrics`` by name."""
        return totals(str(self._session.request("GET", "/metrics", doing=f"read the metrics of {self.url}").body))

    def generate(self, route: str, inputs: str, parameters: Mapping[str, Any] | None) -> Answer:
        """Send one request to ``/generate`` or ``/`` and return its answer."""
        reply = self._post(route, request_body(inputs, parameters))
        body = reply.body[0] if isinstance(reply.body, list) and reply.body else reply.body
        if not isinstance(body, dict) or "generated_text" not in body:
            raise self._not_tgi("POST", route, "generated_text", reply.body)
        return Answer(body["generated_text"], body.get("details"), _own_headers(reply), reply.seconds)

    def chat(self, body: Mapping[str, Any]) -> Answer:
        """Send one request to ``/v1/chat/completions`` and return its answer; its details are those of the usage."""
        reply = self._post(CHAT, body)
        said = chat_answer(reply.body) if isinstance(reply.body, dict) else None
        if said is None:
            raise self._not_tgi("POST", CHAT, "choices with a message", reply.body)
        return Answer(*said, _own_headers(reply), reply.seconds)

    def stream(self, inputs: str, parameters: Mapping[str, Any] | None) -> Stream:
        """Send one request to ``/generate_stream`` and return its events; see stream_from."""
        return self.stream_from(STREAM, request_body(inputs, parameters))

    def stream_from(self, route: str, body: Mapping[str, Any]) -> Stream:
        """Send one request to a route that streams and return its events with their moments of arrival.

        Nothing is parsed before the last byte is there, so that the client's work does not delay what it times.
        """
        data = json.dumps(body).encode()
        pauses = backoff(first=0.2)
        while True:
            try:
                return self._stream_once(route, data)
            except HttpError as error:
                pause = next(pauses)
                if not _may_pass(error) or pause >= self._deadline.remaining():
                    raise self._explained(error) from error
                self._deadline.pause(pause, f"generate on {self.url}", error.message)

    def close(self) -> None:
        """Let go of the connection."""
        self._session.close()

    def _post(self, route: str, body: Mapping[str, Any]) -> Reply:
        try:
            return self._session.request(
                "POST", route, doing=f"generate on {self.url}", json_body=dict(body), repeatable=True
            )
        except HttpError as error:
            raise self._explained(error) from error

    def _stream_once(self, route: str, data: bytes) -> Stream:
        lines: list[tuple[float, bytes]] = []
        clock = time.perf_counter
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        doing = f"generate on {self.url}"
        with closing(self._session.stream("POST", route, doing=doing, data=data, headers=headers)) as body:
            for line in body:
                lines.append((clock(), line))
        try:
            events = parse_events(lines)
        except ValueError as error:
            raise self._not_tgi("POST", route, "server-sent events of JSON", str(error)) from error
        for event in events:
            if "error" in event.data:
                raise self._event_error(route, event.data)
        if not events:
            raise self._not_tgi("POST", route, "at least one event", "none")
        return Stream(self._session.sent_at, events)

    def _event_error(self, route: str, data: Mapping[str, Any]) -> HttpError:
        """A stream answers 200 and tells of its failure in an event; the type says which status it stands for."""
        reason, said = str(data.get("error_type", "")), str(data["error"])
        status = {"overloaded": 429, "validation": 422, "generation": 424}.get(reason, 500)
        return HttpError(
            f"generate on {self.url}: {SERVICE} answered in the stream {reason}: {said} (POST {self.url}{route})",
            status=status,
            method="POST",
            url=self.url + route,
            reason=reason,
            server_message=said,
            error_type=reason,
        )

    def _explained(self, error: HttpError) -> HttpError:
        """The same error with TGI's error_type, and with what to do where that is not in the server's words."""
        message = error.message
        if error.status == 401:
            message += "; the server was started with an API key: set api_key or TGI_API_KEY"
        return HttpError(
            message,
            status=error.status,
            method=error.fields["method"],
            url=error.fields["url"],
            reason=error.reason,
            server_message=error.server_message,
            error_type=error.reason or None,
        )

    def _not_tgi(self, method: str, path: str, wanted: str, got: Any) -> HttpError:
        return HttpError(
            f"{method} {self.url}{path}: the answer is not TGI's: {wanted} expected, got {str(got)[:120]!r}; "
            "check that url is the address of the model's service",
            status=200,
            method=method,
            url=self.url + path,
        )


def _own_headers(reply: Reply) -> dict[str, str]:
    return {name: value for name, value in reply.headers.items() if name.startswith("x-")}


def request_body(inputs: str, parameters: Mapping[str, Any] | None) -> dict[str, Any]:
    """The body of TGI's own routes."""
    return {"inputs": inputs} if parameters is None else {"inputs": inputs, "parameters": dict(parameters)}


def _may_pass(error: HttpError) -> bool:
    return error.status in WARMING_UP
