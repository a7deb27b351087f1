# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's charts: data in, SVG text out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from . import svg
from .svg import LEFT, RIGHT, WIDTH, Axis, Label
from .words import number, plain, seconds, tick

COLOURS = 7
"""Categories that the page's style tells apart."""


def timeline(rows: Sequence[tuple[str, Sequence[tuple[str, float]]]]) -> str:
    """Stages one after the other, a bar a row: ``[(row, [(stage, seconds), …]), …]``. Each stage has its colour."""
    names = list(dict.fromkeys(stage for _row, stages in rows for stage, _seconds in stages))
    longest = max((sum(length for _stage, length in stages) for _row, stages in rows), default=0) or 1.0
    axis = Axis(0, longest, 0, WIDTH - RIGHT)
    parts, y = [], 0.0
    for row, stages in rows:
        total = sum(length for _stage, length in stages)
        parts.append(svg.words(0, y + 14, f"{row}: {seconds(total)}", "label"))
        reached = 0.0
        for stage, length in stages:
            x, end = axis.at(reached), axis.at(reached + length)
            kind = _colour(names.index(stage))
            parts.append(svg.box(x, y + 22, end - x - 2, 26, kind, f"{stage}: {seconds(length)}"))
            if end - x > 64:
                parts.append(svg.words(x + 6, y + 39, seconds(length), "inside"))
            reached += length
        y += 62
    parts.append(svg.x_axis(axis, y, tick))
    return svg.svg(y + 24, "Cold start, stage by stage", "".join(parts)) + legend(
        [(_colour(index), name) for index, name in enumerate(names)]
    )


def _colour(index: int) -> str:
    """The class of a category; there are seven, and then they come again."""
    return f"c{index % COLOURS + 1}"


def legend(entries: Sequence[tuple[str, str]]) -> str:
    """Colours and what they stand for."""
    items = "".join(f'<li><span class="swatch {kind}"></span>{escape(name)}</li>' for kind, name in entries)
    return f'<ul class="legend">{items}</ul>'


def distribution(
    name: str, values: Sequence[float], summary: Mapping[str, Any], limit: float | None, cold: float | None
) -> str:
    """Every sample as a point, the median as a line in the band of its confidence, the limit and the cold request."""
    marks = [*values, *(mark for mark in (limit, cold) if mark is not None)]
    axis = Axis(*svg.padded(marks), LEFT - 40, WIDTH - RIGHT - 40)
    base, parts = 66.0, []
    if summary.get("low") is not None:
        x = axis.at(summary["low"])
        told = f"95 % confidence of the median: {seconds(summary['low'])} to {seconds(summary['high'])}"
        parts.append(svg.box(x, 16, max(axis.at(summary["high"]) - x, 2), base - 16, "band", told))
    parts += [
        # Points that would hide each other are moved up and down in a fixed pattern; their height means nothing.
        svg.dot(axis.at(value), 24 + (index * 7) % 5 * 8, "point", seconds(value))
        for index, value in enumerate(values)
    ]
    parts.append(_mark(axis, summary["median"], base, "median", f"median {seconds(summary['median'])}"))
    if cold is not None:
        parts.append(svg.dot(axis.at(cold), 40, "cold", f"cold: {seconds(cold)}", 5))
        parts.append(svg.words(axis.at(cold) + 9, 44, "cold", "tick"))
    if limit is not None:
        parts.append(_mark(axis, limit, base, "limit", f"limit {seconds(limit)}"))
    parts.append(svg.x_axis(axis, base, tick))
    return svg.svg(base + 24, name, "".join(parts))


def _mark(axis: Axis, value: float, base: float, kind: str, told: str) -> str:
    x = axis.at(value)
    anchor = "end" if x > WIDTH * 0.8 else "start"
    shift = -4 if anchor == "end" else 4
    return svg.line(x, 4, x, base, kind) + svg.words(x + shift, 12, told, f"{kind}-text", anchor)


def shares(parts: Sequence[tuple[str, str, float, str]], total: float) -> str:
    """One bar of parts ``(class, name, size, size in words)`` of a whole."""
    axis = Axis(0, total, 0, WIDTH)
    drawn, reached = [], 0.0
    for kind, name, size, said in parts:
        x, end = axis.at(reached), axis.at(reached + size)
        drawn.append(svg.box(x, 0, end - x - 2, 34, kind, f"{name}: {said}"))
        if end - x > 80:
            drawn.append(svg.words(x + 8, 22, said, "inside"))
        reached += size
    names = [(kind, f"{name} {said}") for kind, name, _size, said in parts]
    return svg.svg(36, "Memory of the GPU", "".join(drawn)) + legend(names)


def _round(label: Label) -> Label:
    """The same for an axis, whose values are round."""
    if label is number:
        return lambda value: plain(number(value))
    return tick if label is seconds else label


def curves(
    title: str,
    series: Sequence[tuple[str, str, Sequence[tuple[float, float]]]],
    x_label: Label = number,
    y_label: Label = number,
    mark: tuple[float, str] | None = None,
    height: float = 220,
) -> str:
    """Lines through points: ``[(class, name, [(x, y), …]), …]``; mark: a value of x to point out, and its name."""
    points = [point for _kind, _name, drawn in series for point in drawn]
    xs = Axis(*svg.padded([x for x, _y in points], 0.02), LEFT, WIDTH - RIGHT)
    ys = Axis(0, max((y for _x, y in points), default=1.0) * 1.1 or 1.0, height - 28, 12)
    parts = [svg.y_axis(ys, LEFT, WIDTH - RIGHT, _round(y_label)), svg.x_axis(xs, height - 28, _round(x_label))]
    if mark is not None:
        x = xs.at(mark[0])
        parts += [svg.line(x, 8, x, height - 28, "limit"), svg.words(x + 4, 16, mark[1], "limit-text")]
    for kind, name, drawn in series:
        placed = [(xs.at(x), ys.at(y)) for x, y in drawn]
        parts.append(svg.path(placed, f"line {kind}-line"))
        if len(drawn) <= 30:
            parts += [
                svg.dot(*at, kind, f"{name}: {y_label(y)} at {x_label(x)}")
                for at, (x, y) in zip(placed, drawn, strict=True)
            ]
    names = legend([(kind, name) for kind, name, _drawn in series]) if len(series) > 1 else ""
    return svg.svg(height, title, "".join(parts)) + names
