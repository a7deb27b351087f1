# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What TGI's log says of its start: when the weights were there, when the router answered (TGI 3.3.7, launcher)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from ..engine import LaunchPhase

WEIGHTS, LOAD = "weights", "load"

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_MOMENT = re.compile(r'(?:^|"timestamp":")(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)Z')
_WEIGHTS = re.compile(r"Successfully downloaded weights|Files are already present on the host")
_ANSWERS = re.compile(r"\bConnected\b")


def read_launch(lines: Iterable[str]) -> list[LaunchPhase]:
    """The phases of the last start in a log, of TGI's text form (with or without colours) or its JSON form.

    The end of one is not known where the log was cut.
    """
    weights = answers = None
    for line in lines:
        plain = _COLOUR.sub("", line)
        moment = _MOMENT.search(plain)
        if moment is None:
            continue
        if _WEIGHTS.search(plain):
            weights, answers = _utc(moment[1]), None
        elif answers is None and _ANSWERS.search(plain):
            answers = _utc(moment[1])
    return [LaunchPhase(WEIGHTS, weights), LaunchPhase(LOAD, answers)]


def _utc(text: str) -> datetime:
    # Nanoseconds are more digits than datetime takes.
    whole, _dot, fraction = text.partition(".")
    return datetime.fromisoformat(f"{whole}.{fraction[:6]:0<6}+00:00")
