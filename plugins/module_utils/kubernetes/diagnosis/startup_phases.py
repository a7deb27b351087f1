# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pod's way from being created to taking requests, in phases that follow each other and add up. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

Ends = Sequence[tuple[str, "datetime | None"]]
"""The phases in their order, each with the moment of its end; None where it is not over, or nothing tells of it."""


def itemised(begin: datetime, ends: Ends, last: datetime) -> list[dict[str, Any]]:
    """``{name, seconds}`` of each phase whose end is known; one that is not known is a part of the next that is.

    last: a moment that no phase goes beyond. Kubernetes cuts its moments to whole seconds and logs do not, so one may
    seem to lie before the one before it; it takes no time then.
    """
    phases, reached = [], begin
    for name, end in ends:
        if end is None:
            continue
        end = min(max(reached, end), max(last, reached))
        phases.append({"name": name, "seconds": round((end - reached).total_seconds(), 3)})
        reached = end
    return phases


def under_way(begin: datetime, ends: Ends, now: datetime) -> dict[str, Any] | None:
    """``{name, seconds}`` of the phase that a pod is in now, by what is over; None where all of them are."""
    over = [index for index, (_name, end) in enumerate(ends) if end is not None]
    at = over[-1] + 1 if over else 0
    if at == len(ends):
        return None
    since = max([begin, *(end for _name, end in ends if end is not None)])
    return {"name": ends[at][0], "seconds": round(max((now - since).total_seconds(), 0.0), 3)}
