# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that the variables of a deployment must keep: a row each, evaluated by workflows/preflight/rules/."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

Text: TypeAlias = "str | Callable[[Any], str]"
"""A text, or how to tell it from the values that a rule reads."""


@dataclass(frozen=True)
class Rule:
    """variable: the one that a finding names, or how to tell which. reads: the variables that the predicate reads.

    A rule is about deployments whose play has the roles of all these variables. holds: whether the values, by the names
    of their variables, can work. accepted: what would. optional: variables that it reads where their role is in the
    play. value: what is shown as the refused value, where it is not the variable's own.
    """

    variable: Text
    reads: tuple[str, ...]
    holds: Callable[[Any], bool]
    accepted: Text
    optional: tuple[str, ...] = ()
    value: Callable[[Any], Any] | None = None


def least(variable: str, number: int, source: str | None = None) -> Rule:
    """The least that a number may be. source: the variable that its value comes from by default, whose own rule tells
    what is wrong with that."""
    reads = (variable, source) if source else (variable,)
    return Rule(
        variable,
        reads,
        lambda values: values[variable] >= number or (source is not None and values[variable] == values[source]),
        f"{number} or more",
    )


def form(variable: str, pattern: str, accepted: str) -> Rule:
    """What a text must look like as a whole."""
    whole = re.compile(pattern)
    return Rule(variable, (variable,), lambda values: whole.fullmatch(str(values[variable])) is not None, accepted)


def image(variable: str) -> Rule:
    """A container image."""
    return form(variable, r"[a-zA-Z0-9][-a-zA-Z0-9_./:@]*", "an image, by tag or by digest")
