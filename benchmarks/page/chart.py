# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Horizontal bars as SVG: panels of groups, and in each group a bar for each way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

_WIDTH, _LEFT, _RIGHT = 780, 284, 64
_BAR, _BETWEEN_BARS, _BETWEEN_GROUPS, _BEFORE_PANEL, _TITLE = 15, 3, 13, 30, 30
_OURS, _OTHERS, _TEXT, _QUIET, _RULE = "#1a73e8", ("#9aa7b8", "#b9c3cf", "#d3dae2"), "#1f2933", "#5f6b7a", "#e4e8ee"
_FONT = "system-ui, -apple-system, 'Segoe UI', 'Liberation Sans', sans-serif"


@dataclass(frozen=True)
class Bar:
    """value: its length. note: what stands behind it beside the value, such as a ratio. ours: whether it is ours."""

    label: str
    value: float
    note: str = ""
    ours: bool = False


@dataclass(frozen=True)
class Group:
    """Bars of the same thing, under its name."""

    name: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Panel:
    """Groups on one scale. unit: of the values."""

    title: str
    unit: str
    groups: tuple[Group, ...]


def svg(panels: Sequence[Panel], description: str) -> str:
    """The chart; description: for those who cannot see it."""
    parts: list[str] = []
    y = 6
    for panel in panels:
        y = _panel(parts, panel, y + (_BEFORE_PANEL if parts else 0))
    height = y + 8
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        f'role="img" aria-label="{escape(description, {chr(34): "&quot;"})}" font-family="{_FONT}" font-size="12.5">'
    )
    return "\n".join([head, f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>', *parts, "</svg>"]) + "\n"


def _panel(parts: list[str], panel: Panel, y: int) -> int:
    """Draw a panel below y; returns where it ends."""
    longest = max((one.value for group in panel.groups for one in group.bars), default=0.0)
    scale = (_WIDTH - _LEFT - _RIGHT - 50) / longest if longest else 0.0
    parts.append(_text(16, y + 16, panel.title, weight="600", size="14"))
    parts.append(_text(_WIDTH - 16, y + 16, panel.unit, fill=_QUIET, anchor="end"))
    y += _TITLE
    for group in panel.groups:
        parts.append(f'<line x1="16" x2="{_WIDTH - 16}" y1="{y - 5}" y2="{y - 5}" stroke="{_RULE}"/>')
        others = iter(_OTHERS * len(group.bars))
        for index, one in enumerate(group.bars):
            if index == 0 and group.name:
                parts.append(_text(16, y + 12, group.name, weight="600"))
                y += _BAR + _BETWEEN_BARS
            colour = _OURS if one.ours else next(others)
            width = max(1.5, one.value * scale)
            parts.append(_text(_LEFT - 8, y + 12, one.label, anchor="end", fill=_TEXT if one.ours else _QUIET))
            parts.append(f'<rect x="{_LEFT}" y="{y}" width="{width:.1f}" height="{_BAR}" rx="2" fill="{colour}"/>')
            said = f"{number(one.value)}{f'  {one.note}' if one.note else ''}"
            parts.append(_text(_LEFT + width + 6, y + 12, said, weight="600" if one.ours else "400"))
            y += _BAR + _BETWEEN_BARS
        y += _BETWEEN_GROUPS
    return y - _BETWEEN_GROUPS


def number(value: float) -> str:
    """With as many digits as one reads."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _text(
    x: float, y: float, words: str, *, anchor: str = "start", fill: str = _TEXT, weight: str = "400", size: str = ""
) -> str:
    sized = f' font-size="{size}"' if size else ""
    style = f'text-anchor="{anchor}" fill="{fill}" font-weight="{weight}"{sized}'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(words)}</text>'
