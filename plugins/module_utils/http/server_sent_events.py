# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server-sent events (WHATWG HTML, 9.2), as far as model servers and proxies in front of them write them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Event:
    """An event's data, parsed, and the moment (seconds of a monotonic clock) at which its first line arrived."""

    at: float
    data: dict[str, Any]


def parse_events(lines: Iterable[tuple[float, bytes]]) -> list[Event]:
    """The events in lines that carry their moment of arrival.

    Taken: ``data:`` with or without a space, data over several lines, comments (``:`` keep-alives), other fields,
    OpenAI's closing ``[DONE]``. An event that was cut off before its blank line counts where it is whole JSON.
    Raises ValueError for data that is no JSON object.
    """
    events: list[Event] = []
    began, pieces = 0.0, []
    for moment, line in (*lines, (0.0, b"")):
        if line.startswith(b"data:"):
            began = began if pieces else moment
            value = line[5:]
            pieces.append(value[1:] if value.startswith(b" ") else value)
        elif not line and pieces:
            payload = b"\n".join(pieces)
            pieces = []
            if payload.strip() != b"[DONE]":
                events.append(Event(began, _object(payload)))
    return events


def _object(payload: bytes) -> dict[str, Any]:
    try:
        data = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"an event is no JSON: {payload[:80]!r}") from error
    if not isinstance(data, dict):
        raise ValueError(f"an event is no object: {payload[:80]!r}")
    return data
