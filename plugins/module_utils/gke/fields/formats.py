# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The form of each value by its kind in the field tables, and fields that exclude each other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from ...core.errors import InvalidOption
from .equivalence import instant, minutes, seconds, text
from .field import Field, Value, dig

_VERSION = re.compile(r"\d+\.\d+(?:\.\d+(?:-gke\.\d+)?)?")


def _version(value: str) -> None:
    if not _VERSION.fullmatch(value):
        raise ValueError(value)


def _share(value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(value)


_FORMATS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "duration": (seconds, "a number of seconds such as 90s"),
    "time": (instant, "a time with its offset such as 2026-01-03T02:00:00Z"),
    "version": (_version, "a version such as 1.33, 1.33.4 or 1.33.4-gke.1134000"),
    "float": (_share, "a number from 0 to 1"),
    "clock": (minutes, 'a time of the day in quotes, such as "03:00"'),
}


def check_formats(fields: Iterable[Field], options: dict[str, Any], prefix: str = "") -> None:
    """Every value that is given, or InvalidOption. prefix: goes before each option's name in the error."""
    for field in fields:
        value = dig(options, field.option)
        _check(field, value, prefix + field.option)
        for index, entry in enumerate(value if value and field.items else []):
            for item in field.items:
                _check(item, dig(entry, item.option), f"{prefix}{field.option}[{index}].{item.option}")


def check_map(option: str, value: dict[Any, Any] | None) -> None:
    """A mapping of texts, or InvalidOption."""
    for key, item in (value or {}).items():
        try:
            if not text(key):
                raise ValueError(key)
            text(item)
        except ValueError:
            accepted = "text, so put it in quotes (of a number with a point, YAML forgets how it was written)"
            raise InvalidOption(f"{option}.{key}", item, accepted) from None


def check_one_of(options: dict[str, Any], names: Iterable[str], prefix: str = "") -> None:
    """At most one of the options, or InvalidOption."""
    given = [name for name in names if dig(options, name) is not None]
    if len(given) > 1:
        raise InvalidOption(f"{prefix}{given[1]}", dig(options, given[1]), f"no value beside {given[0]}")


def _check(value: Value, given: Any, option: str) -> None:
    if value.kind == "map":
        check_map(option, given)
    form = _FORMATS.get(value.kind)
    if form is None or given is None:
        return
    accept, accepted = form
    try:
        accept(given)
    except ValueError:
        raise InvalidOption(option, given, accepted) from None
