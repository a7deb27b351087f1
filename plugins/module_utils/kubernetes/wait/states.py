# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an object stands, as data, and the condition of its status that tells it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class State:
    """Where an object stands: Ready, Waiting or Failed; why, in words that a progress line can show."""

    why: str = ""


@dataclass(frozen=True)
class Ready(State):
    """Nothing is left to wait for."""


@dataclass(frozen=True)
class Waiting(State):
    """Not yet. fresh: whether its status tells of what was applied; where it does not, its pods do not either."""

    fresh: bool = True


@dataclass(frozen=True)
class Failed(State):
    """It will not come by itself; advice says what to do."""

    advice: str = ""


Predicate = Callable[[dict[str, Any]], State]

READY = Ready()


def condition(obj: dict[str, Any], kind: str) -> dict[str, Any]:
    """The condition of that type in the object's status, or an empty one."""
    conditions = (obj.get("status") or {}).get("conditions") or []
    return next((each for each in conditions if each.get("type") == kind), {})


def said(found: dict[str, Any]) -> str:
    return ": ".join(part for part in (found.get("reason"), found.get("message")) if part)
