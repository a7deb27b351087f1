# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Independent requests side by side."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from ...core.errors import LlmopsError

MOST = 8
"""Requests in flight; a session keeps ten connections."""

_EACH = 5
"""Requests that are sent one after the other over a connection before another one is worth opening: that takes three
round trips, TLS included, until the first answer."""

Item = TypeVar("Item")


def side_by_side(function: Callable[[Item], Any], items: Sequence[Item]) -> list[Any]:
    """``function`` of every item, in their order; an LlmopsError that it raised stands in its item's place."""

    def attempt(item: Item) -> Any:
        try:
            return function(item)
        except LlmopsError as error:
            return error

    if len(items) <= _EACH:
        return [attempt(item) for item in items]
    with ThreadPoolExecutor(min(MOST, math.ceil(len(items) / _EACH))) as pool:
        return list(pool.map(attempt, items))


def all_of(function: Callable[[Item], Any], items: Sequence[Item]) -> list[Any]:
    """As side_by_side, raising the first error among the results."""
    results = side_by_side(function, items)
    for result in results:
        if isinstance(result, LlmopsError):
            raise result
    return results
