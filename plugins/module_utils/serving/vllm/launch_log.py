# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What vLLM's log says of its start: when the weights were there, loaded, compiled for, and when it answered."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from ..engine import LaunchPhase

WEIGHTS, LOAD, COMPILE, SERVER = "weights", "load", "compile", "server"

_MOMENT = re.compile(r"\b[A-Z]+ (\d\d)-(\d\d) (\d\d):(\d\d):(\d\d) \[")
_BEGINS = re.compile(r"Initializing a V\d LLM engine")
_DOWNLOADED = re.compile(r"Time spent downloading weights for")
_READ = re.compile(r"Loading weights took (\d+(?:\.\d+)?) seconds")
_ENDS = (
    (LOAD, re.compile(r"Model loading took|Loading weights took")),
    (COMPILE, re.compile(r"init engine \(.*took")),
    (SERVER, re.compile(r"Starting vLLM (API )?server\b.* on ")),
)


def read_launch(lines: Iterable[str], started: datetime | None) -> list[LaunchPhase]:
    """The phases of the last start in a log. Its lines have neither year nor zone: a container's clock is UTC.

    Weights that lay on the node are not told of; they were there when their loading began.
    """
    ends: dict[str, datetime] = {}
    for line in lines:
        found = _MOMENT.search(line)
        if found is None or started is None:
            continue
        moment = _full(found, started)
        if _BEGINS.search(line):
            ends = {}
        elif _DOWNLOADED.search(line):
            ends[WEIGHTS] = moment
        elif (read := _READ.search(line)) and WEIGHTS not in ends:
            ends[WEIGHTS] = moment - timedelta(seconds=float(read[1]))
        for name, pattern in _ENDS:
            if pattern.search(line):
                ends[name] = moment
    return [LaunchPhase(name, ends.get(name)) for name in (WEIGHTS, LOAD, COMPILE, SERVER)]


def _full(found: re.Match[str], started: datetime) -> datetime:
    """The moment in the year that makes it no earlier than the start, which may have been in December."""
    month, day, hour, minute, second = map(int, found.groups())
    year = started.year + (1 if month < started.month else 0)
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
