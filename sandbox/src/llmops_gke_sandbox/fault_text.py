# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults in words, for a terminal of 80 columns: those that are on, and all that can be turned on."""

from __future__ import annotations

import textwrap

_WIDTH = 80
_CONTEXT = "Context: "


def listed(answer: dict) -> str:
    """Return what ``faults list`` prints.

    :param answer: the admin API's, with the faults that are on and the known ones with their descriptions.
    """
    on = [_wrapped(_typed(fault), "     ", f"  {fault['id']}: ") for fault in answer["faults"]]
    known = answer["known"]
    column = max(map(len, known)) + 4
    rows = [row for name, description in known.items() for row in _row(name, description, column)]
    return "\n".join(
        [
            *(["On now (times=N is how often it still strikes):", *on] if on else ["No fault is on."]),
            "",
            "Faults that can be turned on, their settings, and what narrows each:",
            *rows,
            "",
            "llmops-gke-sandbox faults add NAME SETTING=VALUE... turns one on, for example",
            "  llmops-gke-sandbox faults add stockout match.zone=us-central1-a times=1",
            _wrapped(
                "match.KEY=REGEX narrows it to what matches; times=N: it strikes N times; "
                "skip=N: it lets N pass first; lasts=SECONDS: it is on for so long. "
                "llmops-gke-sandbox faults clear turns all of them off."
            ),
        ]
    )


def added(identifier: str, name: str, pairs: list[str]) -> str:
    """Return what ``faults add`` prints.

    :param pairs: the settings as they were typed, KEY=VALUE.
    """
    fault = " ".join([name, *pairs])
    return _wrapped(f"Fault {identifier} is on: {fault}. llmops-gke-sandbox faults clear turns it off.")


def cleared(count: int) -> str:
    """Return what ``faults clear`` prints.

    :param count: how many were on.
    """
    if not count:
        return "No fault was on."
    return "The fault that was on is off." if count == 1 else f"The {count} faults that were on are off."


def _typed(fault: dict) -> str:
    pairs = [f"{key}={value}" for key, value in fault["params"].items()]
    pairs += [f"match.{key}={value}" for key, value in fault["match"].items()]
    pairs += [] if fault["times"] is None else [f"times={fault['times']}"]
    return " ".join([fault["name"], *pairs])


def _row(name: str, description: str, column: int) -> list[str]:
    what, context, keys = description.partition(_CONTEXT)
    first = what.strip().removesuffix(".")
    lines = [_wrapped(first, " " * column, ("  " + name).ljust(column))]
    if context:
        narrowed = ", ".join(f"match.{key}" for key in keys.split(", "))
        lines.append(_wrapped(narrowed, " " * column, " " * column))
    return lines


def _wrapped(text: str, indent: str = "", first: str = "") -> str:
    return textwrap.fill(
        text,
        width=_WIDTH,
        initial_indent=first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
