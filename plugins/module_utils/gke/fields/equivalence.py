# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When two ways to write a value mean the same to GKE. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from .field import Value

_DURATION = re.compile(r"\d+(?:\.\d+)?s")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_WEEK = frozenset({"MO", "TU", "WE", "TH", "FR", "SA", "SU"})


def seconds(value: str) -> float:
    """A protobuf duration (``90s``, ``1.5s``) in seconds; ValueError for any other form."""
    if not _DURATION.fullmatch(value):
        raise ValueError(value)
    return float(value[:-1])


def instant(value: str) -> datetime:
    """An RFC 3339 time; ValueError for any other form, and for one that does not say its offset."""
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(value)
    return moment.astimezone(UTC)


def minutes(value: str) -> int:
    """A time of the day (``3:00``, ``03:00``) in minutes; ValueError for any other form."""
    found = _CLOCK.fullmatch(value)
    if found is None:
        raise ValueError(value)
    return int(found[1]) * 60 + int(found[2])


def recurrence(value: str) -> dict[str, frozenset[str]]:
    """An RRULE's parts, each with its values; every day of every week is daily."""
    pairs = (part.partition("=") for part in value.upper().removeprefix("RRULE:").split(";"))
    parts = {name: frozenset(values.split(",")) for name, _sep, values in pairs}
    if parts.get("INTERVAL") == {"1"}:
        del parts["INTERVAL"]
    if parts == {"FREQ": {"WEEKLY"}, "BYDAY": _WEEK}:
        return {"FREQ": frozenset({"DAILY"})}
    return parts


def text(value: Any) -> str:
    """A label's key or value as the API has it: YAML's ``true`` is ``true``, nothing is empty.

    ValueError for what has no one text, such as a float, of which YAML has lost how it was written.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int)):
        return str(value)
    raise ValueError(value)


def in_any_case(have: str, want: str) -> bool:
    """Whether two names are the same but for upper and lower case."""
    return have.lower() == want.lower()


def version_parts(value: str) -> tuple[int, ...]:
    """``1.33.4-gke.100`` -> (1, 33, 4, 100)."""
    return tuple(int(part) for part in re.findall(r"\d+", value))


_SAME: dict[str, Callable[[Any, Any], bool]] = {
    "name": lambda have, want: have.rpartition("/")[2] == want.rpartition("/")[2],
    "cidr": lambda have, want: want.startswith("/") and have.endswith(want),
    "version": lambda have, want: have.startswith((f"{want}.", f"{want}-")),
    "duration": lambda have, want: seconds(have) == seconds(want),
    "time": lambda have, want: instant(have) == instant(want),
    "clock": lambda have, want: minutes(have) == minutes(want),
    "recurrence": lambda have, want: recurrence(have) == recurrence(want),
    "int64": lambda have, want: int(have) == int(want),
    "float": lambda have, want: math.isclose(have, want, rel_tol=1e-6),
}


def as_wanted(value: Value, have: Any, want: Any) -> Any:
    """A live value in the option's terms; ``want`` itself where both mean the same."""
    same = value.same or _SAME.get(value.kind)
    try:
        if same is not None and want is not None and same(have, want):
            return want
        return int(have) if value.kind == "int64" else have
    except (AttributeError, TypeError, ValueError):
        # A form that is not of its kind means nothing that was asked for.
        return have
