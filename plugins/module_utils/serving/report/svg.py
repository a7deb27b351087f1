# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Charts as SVG text, drawn without a library; colours are classes that the page's style fills."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH = 720
LEFT, RIGHT = 56, 24

Label = Callable[[float], str]


@dataclass(frozen=True)
class Axis:
    """A linear axis: values from low to high onto pixels from start to end."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """The pixel of a value."""
        span = self.high - self.low or 1.0
        return round(self.start + (value - self.low) / span * (self.end - self.start), 1)


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round values inside the range, about so many."""
    span = high - low
    if span <= 0:
        return [low]
    rough = span / about
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first = math.ceil(low / step - 1e-9)
    return [index * step for index in range(first, math.floor(high / step + 1e-9) + 1)]


def padded(values: Sequence[float], share: float = 0.08) -> tuple[float, float]:
    """The values' range with some room at both ends, never below 0 for values that are not."""
    low, high = min(values), max(values)
    room = (high - low) * share or abs(high) * share or 1.0
    return (max(0.0, low - room) if low >= 0 else low - room), high + room


def svg(height: float, title: str, body: str, width: float = WIDTH) -> str:
    """The drawing; title is what a screen reader says."""
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{body}</svg>"
    )


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """A stroke."""
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" class="{kind}"/>'


def words(x: float, y: float, said: str, kind: str = "", anchor: str = "start") -> str:
    """Text in the drawing."""
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" class="{kind}">{escape(said)}</text>'


def box(x: float, y: float, width: float, height: float, kind: str, told: str = "") -> str:
    """A rectangle; told: shown when the pointer rests on it."""
    shape = f'<rect x="{x}" y="{y}" width="{max(width, 0):.1f}" height="{height}" class="{kind}"'
    return f"{shape}><title>{escape(told)}</title></rect>" if told else f"{shape}/>"


def dot(x: float, y: float, kind: str, told: str, radius: float = 3.5) -> str:
    """A point, with its value when the pointer rests on it."""
    return f'<circle cx="{x}" cy="{y}" r="{radius}" class="{kind}"><title>{escape(told)}</title></circle>'


def x_axis(axis: Axis, y: float, label: Label, top: float | None = None, ends: bool = True) -> str:
    """An axis below the drawing, with a grid up to ``top``."""
    parts = [line(axis.start, y, axis.end, y, "axis")] if ends else []
    for value in ticks(axis.low, axis.high):
        x = axis.at(value)
        if top is not None:
            parts.append(line(x, top, x, y, "grid"))
        parts.append(words(x, y + 16, label(value), "tick", "middle"))
    return "".join(parts)


def y_axis(axis: Axis, left: float, right: float, label: Label) -> str:
    """An axis to the left, with a grid to the right."""
    return "".join(
        line(left, axis.at(value), right, axis.at(value), "grid")
        + words(left - 8, axis.at(value) + 4, label(value), "tick", "end")
        for value in ticks(axis.low, axis.high, 4)
    )


def path(points: Sequence[tuple[float, float]], kind: str) -> str:
    """A line through points."""
    return f'<polyline points="{" ".join(f"{x},{y}" for x, y in points)}" class="{kind}"/>'
