# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When two ways to write a value mean the same to GKE. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

_DURATION = re.compile(r"\d+(?:\.\d+)?s")


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


def version_parts(value: str) -> tuple[int, ...]:
    """``1.33.4-gke.100`` -> (1, 33, 4, 100)."""
    return tuple(int(part) for part in re.findall(r"\d+", value))


_SAME: dict[str, Callable[[Any, Any], bool]] = {
    "name": lambda have, want: have.rpartition("/")[2] == want.rpartition("/")[2],
    "cidr": lambda have, want: want.startswith("/") and have.endswith(want),
    "version": lambda have, want: have.startswith((f"{want}.", f"{want}-")),
    "duration": lambda have, want: seconds(have) == seconds(want),
    "time": lambda have, want: instant(have) == instant(want),
}


def as_wanted(kind: str, have: Any, want: Any) -> Any:
    """A live value in the option's terms; ``want`` itself where both mean the same."""
    if kind == "int64":
        return int(have)
    same = _SAME.get(kind)
    return want if same is not None and want is not None and same(have, want) else have
