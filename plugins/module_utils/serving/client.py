# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every model server's client has in common: its address and key, waiting for a fresh server, timed streams."""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlsplit

from ..core.deadline import Deadline, backoff
from ..core.errors import HttpError, InvalidOption, UnexpectedAnswer
from ..http.address import header_text
from ..http.answers import ANYTHING, OBJECT, TEXT, Shape, described, misfit
from ..http.prometheus import totals
from ..http.replies import Reply
from ..http.server_sent_events import Event, parse_events
from ..http.session import HttpSession
from .engine import Answer, GenerationRequest, Identity, Stream

WARMING_UP = frozenset({0, 429, 503})
"""No connection, overloaded, unhealthy: what a fresh server behind a fresh load balancer answers for a while."""

_STRANGER = "check that url is the address of the model's service, and which engine serves it"


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


@dataclass(frozen=True)
class TimedEvents:
    """A stream's events, parsed once the last byte was there. sent: when the request was sent, in their clock."""

    sent: float
    events: list[Event]


class ServerClient(ABC):
    """A connection to one server. A subclass knows its routes, bodies and errors.

    A server that is not there yet, or overloaded, is asked again until the deadline; so is one whose reply was lost,
    for a generation changes nothing. A refusal is never repeated.

    service: the server's name in messages.
    """

    service: ClassVar[str]
    health_route: ClassVar[str] = "/health"
    metrics_route: ClassVar[str] = "/metrics"

    def __init__(self, url: str, api_key: str | None, deadline: Deadline) -> None:
        key = header_text("api_key", api_key) if api_key else None

        def authorization(_fresh: bool) -> dict[str, str]:
            return {"Authorization": f"Bearer {key}"}

        self.url = check_url(url)
        self._deadline = deadline
        self._session = HttpSession(
            self.url,
            self.service,
            deadline,
            authorize=authorization if key else None,
            read_timeout=deadline.seconds,
            connect_patience=deadline.seconds,
        )

    @abstractmethod
    def identity(self) -> Identity:
        """What the server says it is; raises HttpError where it is another server."""

    @abstractmethod
    def generate(self, request: GenerationRequest) -> Answer:
        """Send one request and return its answer."""

    @abstractmethod
    def stream(self, request: GenerationRequest) -> Stream:
        """Send one request whose answer comes in pieces; what breaks off or fails on its way is an HttpError."""

    @property
    def sent(self) -> int:
        """Requests sent so far."""
        return self._session.sent

    def seconds_left(self) -> float:
        """Of the deadline that all requests share."""
        return self._deadline.remaining()

    def health(self) -> None:
        """Wait until the server says that it is healthy; raises HttpError where it does not in time."""
        self._session.request("GET", self.health_route, doing=f"ask {self.url} for its health", want=ANYTHING)

    def metrics(self) -> dict[str, float]:
        """The figures of ``/metrics`` by name."""
        doing = f"read the metrics of {self.url}"
        return totals(self._session.request("GET", self.metrics_route, doing=doing, want=TEXT).body)

    def close(self) -> None:
        """Let go of the connection."""
        self._session.close()

    def _explained(self, error: HttpError) -> HttpError:
        """The same error with the server's own name of it as ``error_type``, and with what to do about it where the
        server's words do not say."""
        message = error.message
        if error.status == 401:
            message += "; the server was started with an API key: set api_key or LLM_API_KEY"
        if isinstance(error, UnexpectedAnswer):
            message += f"; the answer is not {self.service}'s: {_STRANGER}"
        return HttpError(
            message,
            status=error.status,
            method=error.fields["method"],
            url=error.fields["url"],
            reason=error.reason,
            server_message=error.server_message,
            error_type=error.reason or None,
        )

    def _event_error(self, route: str, data: Mapping[str, Any]) -> HttpError | None:
        """The failure that an event of a stream tells, with the status that it stands for; None where it tells none."""
        if "error" not in data:
            return None
        said = str(data["error"])
        return self._stream_error(route, said, status=500, reason="")

    def _stream_error(self, route: str, said: str, *, status: int, reason: str) -> HttpError:
        told = f"{reason}: {said}" if reason else said
        return HttpError(
            f"generate on {self.url}: {self.service} answered in the stream {told} (POST {self.url}{route})",
            status=status,
            method="POST",
            url=self.url + route,
            reason=reason,
            server_message=said,
            error_type=reason or None,
        )

    def _unexpected(self, method: str, route: str, wanted: str, got: Any) -> HttpError:
        """The error for an answer that this server does not give."""
        return HttpError(
            f"{method} {self.url}{route}: the answer is not {self.service}'s: {wanted} expected, got "
            f"{str(got)[:120]!r}; {_STRANGER}",
            status=200,
            method=method,
            url=self.url + route,
        )

    def _get(self, route: str, doing: str, want: Shape) -> Reply:
        """Ask for what the server says of itself. want: what the answer must be, see http/answers.py."""
        try:
            return self._session.request("GET", route, doing=doing, want=want)
        except UnexpectedAnswer as error:
            raise self._explained(error) from error

    def _post(self, route: str, body: Mapping[str, Any], want: Shape = OBJECT) -> Reply:
        try:
            return self._session.request(
                "POST", route, doing=f"generate on {self.url}", json_body=dict(body), repeatable=True, want=want
            )
        except HttpError as error:
            raise self._explained(error) from error

    def _post_stream(self, route: str, body: Mapping[str, Any], want: Shape = OBJECT) -> TimedEvents:
        """Send one request to a route that streams and return its events with their moments of arrival.

        want: what each event's data must be.

        Nothing is parsed before the last byte is there, so that the client's work does not delay what it times.
        """
        data = json.dumps(body).encode()
        pauses = backoff(first=0.2)
        while True:
            try:
                return self._stream_once(route, data, want)
            except HttpError as error:
                pause = next(pauses)
                if error.status not in WARMING_UP or pause >= self._deadline.remaining():
                    raise self._explained(error) from error
                self._deadline.pause(pause, f"generate on {self.url}", error.message)

    def _stream_once(self, route: str, data: bytes, want: Shape) -> TimedEvents:
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
            raise self._unexpected("POST", route, "server-sent events of JSON", str(error)) from error
        for event in events:
            if (failure := self._event_error(route, event.data)) is not None:
                raise failure
            if wrong := misfit(want, event.data):
                raise self._unexpected("POST", route, "an event of a generation", wrong)
        if not events:
            came = described(b"\n".join(line for _moment, line in lines))
            raise self._unexpected("POST", route, "at least one event", came)
        return TimedEvents(self._session.sent_at, events)


def own_headers(reply: Reply) -> dict[str, str]:
    """A reply's ``x-`` headers, which a server or a proxy adds to those of HTTP."""
    return {name: value for name, value in reply.headers.items() if name.startswith("x-")}
