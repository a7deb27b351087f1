# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures as a person reads them, and text as HTML takes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

NOTHING = "–"


def seconds(value: float | None) -> str:
    """A duration in the unit that leaves few digits: 0.95 ms, 52.7 ms, 4.83 s, 2 min 50 s."""
    if value is None:
        return NOTHING
    if abs(value) < 1:
        return f"{number(value * 1000)} ms"
    if abs(value) < 120:
        return f"{number(value)} s"
    return f"{int(value // 60)} min {int(value % 60)} s"


def tick(value: float) -> str:
    """A duration on an axis, whose values are round: without the digits that are zeros."""
    said, _space, unit = seconds(value).rpartition(" ")
    return f"{plain(said)} {unit}" if value else "0"


def plain(said: str) -> str:
    """A figure in words without the zeros behind its point."""
    return said.rstrip("0").rstrip(".") if "." in said else said


def number(value: float | None) -> str:
    """Three digits that count, no exponent."""
    if value is None:
        return NOTHING
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2
    return f"{value:,.{digits}f}"


def gigabytes(value: float) -> str:
    """Bytes in units of 1e9."""
    return f"{value / 1e9:.2f} GB"


def money(value: float) -> str:
    """US dollars."""
    return f"${value:,.2f}"


def text(value: Any) -> str:
    """Any value as HTML's text; a dash for nothing."""
    return escape(str(value)) if value not in (None, "") else NOTHING


LIMITS = {
    "ttft_seconds": "time to the first token",
    "tpot_seconds": "time a token",
    "ntpot_seconds": "whole answer over its tokens",
    "e2e_seconds": "whole answer",
    "overhead_seconds": "the way there and back",
    "cold_start_seconds": "cold start of a pod",
}


def limit_name(name: str) -> str:
    """A limit in words; those of the cold request are called so."""
    known = LIMITS.get(name)
    return known or f"{LIMITS.get(name.removeprefix('cold_'), name)}, first request"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, figures: bool = True) -> str:
    """An HTML table. Cells are HTML already. figures: whether all columns but the first are aligned as figures."""
    align = ' class="figures"' if figures else ""
    head = "".join(f"<th>{escape(one)}</th>" for one in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="scroll"><table{align}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def facts(pairs: Iterable[tuple[str, Any]]) -> str:
    """A list of what is what; pairs without a value are left out."""
    given = [(name, value) for name, value in pairs if value not in (None, "")]
    return f"<dl>{''.join(f'<dt>{escape(name)}</dt><dd>{text(value)}</dd>' for name, value in given)}</dl>"


def section(identity: str, title: str, explained: str, *parts: str) -> str:
    """A section of the page. explained: one sentence for who has never seen such a figure, as HTML."""
    return f'<section id="{identity}"><h2>{escape(title)}</h2><p class="why">{explained}</p>{"".join(parts)}</section>'
