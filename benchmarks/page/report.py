# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures as tables of Markdown, each between markers of its own in docs/benchmarks.md."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..measure import Row

_COLUMNS = {"seconds": "seconds", "processor": "processor s"}
_COUNTS = {"memory": "memory MiB", "tasks": "tasks", "requests": "HTTP requests", "connections": "connections"}


def table(rows: Iterable[Row]) -> str:
    """The rows as a table; those of one thing in one state stand together, and behind each figure of seconds but the
    first's is how many times the first's it is."""
    rows = list(rows)
    counts = [name for name in _COUNTS if any(getattr(row.cost, name) is not None for row in rows)]
    heads = ["what", "run", "by", *_COLUMNS.values(), *(_COUNTS[name] for name in counts)]
    first: dict[tuple[str, str], Row] = {}
    lines = []
    for row in rows:
        base = first.setdefault((row.what, row.run), row)
        cells = [row.what, row.run, row.way]
        for name in _COLUMNS:
            mine, others = getattr(row.cost, name), getattr(base.cost, name)
            cells.append(f"{mine:.2f}{'' if row is base or not others else f' ({mine / others:.1f}x)'}")
        cells += [_count(getattr(row.cost, name)) for name in counts]
        lines.append(cells)
    return markdown(heads, lines)


def markdown(heads: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    """A table of Markdown."""
    heads = list(heads)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, ["---"] * len(heads), *lines))


def _count(number: float | None) -> str:
    return "" if number is None else f"{number:.4g}"


def circumstances(part: Mapping[str, Any]) -> str:
    """Under which circumstances a part was measured, in one line."""
    machine = part["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    runs = f"medians of {part['runs']} runs" if part["runs"] > 1 else "one run"
    return (
        f"{part['date']}, {runs}, {machine['cores']} cores of {machine['processor']}, load {machine['load']:.1f} at "
        f"the start; {versions}."
    )


def between_markers(document: str, name: str, text: str) -> str:
    """The document with the text between the markers of this name. Raises ValueError where it has none."""
    begin, end = f"<!-- {name}: made by make bench -->", f"<!-- {name}: end -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(document):
        raise ValueError(f"no line {begin}, and after it a line {end}")
    return pattern.sub(lambda _found: f"{begin}\n\n{text}\n\n{end}", document)
