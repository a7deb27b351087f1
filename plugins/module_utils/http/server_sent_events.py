# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server-sent events (WHATWG HTML, 9.2), as far as model servers and proxies in front of them write them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from . import json_text
from .streams import Lines

_BOM = b"\xef\xbb\xbf"
_DONE = b"[DONE]"


@dataclass(frozen=True)
class Event:
    """An event's data, parsed, and the moment (seconds of a monotonic clock) at which the last of it arrived."""

    at: float
    data: dict[str, Any]


@dataclass(frozen=True)
class Events:
    """What a stream told. closed: whether it ended with OpenAI's ``[DONE]``."""

    events: list[Event]
    closed: bool


def parse_events(arrivals: Iterable[tuple[float, bytes]]) -> Events:
    """The events in a body's pieces, each with its moment of arrival.

    Taken: a byte order mark, any line's end, ``data:`` with or without a space, data over several lines, comments
    (``:`` keep-alives), other fields, OpenAI's closing ``[DONE]``. An event that was cut off before its blank line
    counts where it is whole JSON. Text in an event named ``error`` is given as ``{"error": text}``.
    Raises ValueError for data that is no JSON object.
    """
    events: list[Event] = []
    closed, name, pieces, at = False, b"", [], 0.0
    for moment, line in _lines(arrivals):
        if line:
            field, _colon, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if field == b"data":
                pieces.append(value)
                at = moment
            elif field == b"event":
                name = value
            continue
        if pieces:
            payload = b"\n".join(pieces)
            if payload.strip() == _DONE:
                closed = True
            else:
                events.append(Event(at, _object(payload, is_error=name == b"error")))
        name, pieces = b"", []
    if pieces:
        payload = b"\n".join(pieces)
        closed = closed or payload.strip() == _DONE
        try:
            data = json_text.loads(payload)
        except ValueError:
            data = None
        if isinstance(data, dict):
            events.append(Event(at, data))
    return Events(events, closed)


def _lines(arrivals: Iterable[tuple[float, bytes]]) -> Iterator[tuple[float, bytes]]:
    """The lines, each with the moment at which the last of it arrived."""
    lines, moment, first = Lines(), 0.0, True
    for moment, piece in arrivals:
        for line in lines.feed(piece):
            yield moment, line.removeprefix(_BOM) if first else line
            first = False
    if rest := lines.rest():
        yield moment, rest.removeprefix(_BOM) if first else rest


def _object(payload: bytes, *, is_error: bool) -> dict[str, Any]:
    try:
        data = json_text.loads(payload)
    except ValueError as error:
        if is_error:
            return {"error": payload.decode(errors="replace")}
        raise ValueError(f"an event is no JSON: {payload[:80]!r}") from error
    if isinstance(data, dict):
        return data
    if is_error:
        return {"error": str(data)}
    raise ValueError(f"an event is no object: {payload[:80]!r}")
