# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits of options that no argument spec can say: how long a task may take, and that a group of options is one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .errors import InvalidOption

MOST_SECONDS = 7 * 24 * 3600
"""A week. A wait that long is a mistake; much longer ones are more than the system's timers hold."""

_NAMED = 4
"""Options of a group that a message names."""


def check_limits(options: Mapping[str, Any]) -> None:
    """The time that a task may take, or InvalidOption."""
    timeout = options.get("timeout")
    if timeout is not None and not 1 <= timeout <= MOST_SECONDS:
        raise InvalidOption("timeout", timeout, f"seconds, from 1 to {MOST_SECONDS} (a week)")


def check_groups(spec: Mapping[str, Any], arguments: Mapping[str, Any], prefix: str = "") -> None:
    """Every option that holds options is a mapping, or a list of them, and no whole number is infinite, or
    InvalidOption; for arguments that are not yet validated, because Ansible's own validation ends in a Python error
    there.

    Text is left to that: it may be JSON.
    """
    for name, option in spec.items():
        options, given = option.get("options"), arguments.get(name)
        if option.get("type") == "int" and _is_endless(given):
            raise InvalidOption(prefix + name, given, "a whole number")
        if not options or given is None or isinstance(given, str):
            continue
        path, of_list = prefix + name, option["type"] == "list"
        entries = given if of_list and isinstance(given, (list, tuple)) else [given]
        names = ", ".join(list(options)[:_NAMED]) + (", ..." if len(options) > _NAMED else "")
        for index, entry in enumerate(entries):
            where = f"{path}[{index}]" if entries is given else path
            if isinstance(entry, Mapping):
                check_groups(options, entry, f"{where}.")
            elif not isinstance(entry, str):
                form = "a list of mappings" if of_list and where == path else "a mapping"
                raise InvalidOption(where, _kind_of(entry), f"{form} with {names}")


def _is_endless(value: Any) -> bool:
    try:
        return math.isinf(float(value))
    except (TypeError, ValueError, OverflowError):
        return False


def _kind_of(value: Any) -> Any:
    """A value that cannot hold a secret, or what it is."""
    return "a list" if isinstance(value, (list, tuple)) else value


def without_nulls(spec: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments without known options that are null, also within groups; their defaults and rules hold then.

    Ansible's validation takes null for a value: an option with a default becomes None, and one that is required is
    there.
    """
    given = {}
    for name, value in arguments.items():
        option = spec.get(name)
        if option is None or value is not None:
            given[name] = _groups_without_nulls((option or {}).get("options"), value)
    return given


def _groups_without_nulls(options: Mapping[str, Any] | None, value: Any) -> Any:
    if not options:
        return value
    if isinstance(value, Mapping):
        return without_nulls(options, value)
    if isinstance(value, (list, tuple)):
        return [_groups_without_nulls(options, entry) for entry in value]
    return value
