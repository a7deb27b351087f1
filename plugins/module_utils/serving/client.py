# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every model server's client has in common: its address and key, waiting for a fresh server, timed streams."""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlsplit

from ..core.deadline import Deadline, backoff
from ..core.errors import HttpError, InvalidOption, ReplyLost, UnexpectedAnswer
from ..core.option_names import option
from ..http.address import header_text
from ..http.answers import ANYTHING, LIMIT, OBJECT, TEXT, Shape, Unexpected, bounded, described, misfit, parsed
from ..http.prometheus import totals
from ..http.replies import Reply, read_refusal
from ..http.server_sent_events import Event, Events, parse_events
from ..http.session import HttpSession
from .engine import Answer, GenerationRequest, Identity, Stream

WARMING_UP = frozenset({0, 429, 503})
"""No connection, overloaded, unhealthy: what a fresh server behind a fresh load balancer answers for a while."""

LARGEST_STREAM = LIMIT
"""Bytes; the longest answer of any model is a part of it."""

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
    for a generation changes nothing. A refusal is never repeated, nor a stream that breaks off after its first event:
    whatever cuts long answers would cut the next one as well.

    service: the server's name in messages.
    """

    service: ClassVar[str]
    health_route: ClassVar[str] = "/health"
    metrics_route: ClassVar[str] = "/metrics"

    def __init__(self, url: str, api_key: str | None, deadline: Deadline) -> None:
        key = header_text("api_key", api_key) if api_key else None
        self._has_key = key is not None

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
            key = option("api_key")
            refused = f"{key} was refused; set it to the key that the server was started with"
            message += f"; {refused if self._has_key else f'the server asks for a key; set {key}'}"
        if isinstance(error, UnexpectedAnswer) or (error.status == 404 and not error.reason):
            message += f"; the answer is not {self.service}'s: {_STRANGER}"
        message += self._way_out(error)
        return HttpError(
            message,
            status=error.status,
            method=error.fields["method"],
            url=error.fields["url"],
            reason=error.reason,
            server_message=error.server_message,
            error_type=error.reason or None,
            generated_text=error.fields.get("generated_text"),
        )

    def _way_out(self, _error: HttpError) -> str:
        """What only this server's client knows to do about a refusal, as the end of its message; or nothing."""
        return ""

    def _event_error(self, route: str, data: Mapping[str, Any]) -> HttpError | None:
        """The failure that an event of a stream tells, with the status that it stands for; None where it tells none."""
        given = data.get("error")
        if not given:
            return None
        refusal = read_refusal(500, dict(data))
        code = given.get("code") if isinstance(given, dict) else None
        status = code if isinstance(code, int) and 400 <= code <= 599 else 500
        return self._stream_error(route, refusal.message or str(given), status=status, reason=refusal.reason)

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
        except HttpError as error:
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
        arrivals: list[tuple[float, bytes]] = []
        clock, broken = time.perf_counter, None
        doing = f"generate on {self.url}"
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        try:
            with self._session.open("POST", route, doing=doing, data=data, headers=headers) as body:
                for piece in bounded(body.arrivals(), LARGEST_STREAM):
                    arrivals.append((clock(), piece))
        except ReplyLost as error:
            broken = error
        except Unexpected as error:
            raise self._session.unexpected("POST", route, doing, error, "a stream") from error
        if isinstance(broken, UnexpectedAnswer):
            raise broken
        try:
            read = parse_events(arrivals)
        except ValueError as error:
            raise self._unexpected("POST", route, "server-sent events of JSON", str(error)) from error
        if not read.events:
            raise broken or self._no_stream(route, b"".join(piece for _at, piece in arrivals))
        self._require_whole(route, read, want, broken)
        return TimedEvents(self._session.sent_at, read.events)

    def _no_stream(self, route: str, body: bytes) -> HttpError:
        """The error for a body without any event; it may be a refusal that was given as a success."""
        try:
            told = parsed(body)
        except Unexpected:
            told = None
        failure = self._event_error(route, told) if isinstance(told, dict) else None
        return failure or self._unexpected("POST", route, "at least one event", described(body))

    def _require_whole(self, route: str, read: Events, want: Shape, broken: HttpError | None) -> None:
        """Raise what a stream tells of a failure, or that it has no end. broken: how the connection broke, if so."""
        told = [event.data for event in read.events]
        for index, data in enumerate(told):
            if (failure := self._event_error(route, data)) is not None:
                failure.fields["generated_text"] = self._ending(told[:index])[1]
                raise failure
            if wrong := misfit(want, data):
                raise self._unexpected("POST", route, "an event of a generation", wrong)
        ended, text = self._ending(told)
        if ended or read.closed:
            return
        why = broken.message.partition(" gave ")[2] if broken else "it was closed"
        raise HttpError(
            f"generate on {self.url}: the stream of {self.service} ended without its last event, after {len(told)} "
            f"events ({why}): a server that stops, or a proxy that cuts long answers, does so; the text so far ends "
            f"with {text[-80:]!r} (POST {self.url}{route})",
            status=200,
            method="POST",
            url=self.url + route,
            generated_text=text,
        )

    def _ending(self, told: Sequence[Mapping[str, Any]]) -> tuple[bool, str]:
        """Whether a stream's events hold its last one, and the text that they bring; here in OpenAI's form."""
        lists = (data["choices"] for data in told if isinstance(data.get("choices"), list))
        choices = [choice for listed in lists for choice in listed if isinstance(choice, dict)]
        pieces = [choice.get("text") or (choice.get("delta") or {}).get("content") or "" for choice in choices]
        return any(choice.get("finish_reason") for choice in choices), "".join(pieces)


def own_headers(reply: Reply) -> dict[str, str]:
    """A reply's ``x-`` headers, which a server or a proxy adds to those of HTTP."""
    return {name: value for name, value in reply.headers.items() if name.startswith("x-")}
