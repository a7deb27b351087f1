# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test asks of a server: one request of a client, as a function of the server's URL and a deadline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from tests.contrary.server import Good

SECRET = "ya29.secret"


@dataclass(frozen=True)
class Ask:
    """One request of a client. run: makes it, by URL and deadline. service: as messages name it.

    good: the answers to what is asked before. fine: the names of ways that are no misbehaviour here. odd: answers of
    the right form that hold something else. page: for lists by pages, a page whose next token is the given one.
    """

    name: str
    service: str
    run: Callable[[str, Deadline], Any]
    good: Good = field(default_factory=dict)
    fine: frozenset[str] = frozenset()
    odd: tuple[Any, ...] = ()
    page: Callable[[str], Any] | None = None

    def __str__(self) -> str:
        return self.name


def list_of(key: str) -> tuple[Any, ...]:
    return ({key: [""]}, {key: "all"}, {key: {"a": 1}}, {key: [None]}, {key: 5})
