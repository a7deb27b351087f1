# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a terminal showed, as an SVG that plays it: lines scroll up as they came, without a script. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from xml.sax.saxutils import escape, quoteattr

import headers

# A line's height and a character's width in the picture.
LINE, CHARACTER, MARGIN = 18.0, 8.4, 14.0
# Seconds that nothing happens for are cut to this, and the end stays for so long before it begins anew.
LONGEST_PAUSE, LAST = 1.0, 12.0

_ESCAPE = re.compile(r"\x1b\[([0-9;]*)m|\x1b\[([0-9;?]*)([A-Za-ln-z])|\x1b[^\[]|([\r\n\b])")
_UP, _CLEAR_BELOW = "A", "J"
_DARK = ("#5c6370", "#e06c75", "#98c379", "#d19a66", "#61afef", "#c678dd", "#56b6c2", "#abb2bf")
_BRIGHT = ("#7f848e", "#ef596f", "#a5e075", "#e5c07b", "#4dc4ff", "#de73ff", "#4cd1e0", "#ffffff")
_PLAIN = "#d7dae0"
_GROUND = "#1e2127"
_FONT = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace'
_STYLE = f"""
text {{ font: 14px {_FONT}; fill: {_PLAIN}; white-space: pre }}
@media (prefers-reduced-motion: no-preference) {{
.lines {{ animation: scroll %(total)ss step-end infinite }} .cover {{ animation: cover %(total)ss step-end infinite }}
}}
@keyframes scroll {{ %(scroll)s }}
@keyframes cover {{ %(cover)s }}
"""


@dataclass
class Line:
    """moment: seconds after the start at which it began. cells: its characters, each with its colour."""

    moment: float
    cells: list[tuple[str, str]] = field(default_factory=list)

    def text(self) -> str:
        """What stands in it."""
        return "".join(character for character, _colour in self.cells)


def lines(chunks: Iterable[tuple[float, str]], width: int) -> list[Line]:
    """The lines of an output with colours, which a terminal of that width breaks. chunks: when, and what came."""
    found, colour, row, at = [Line(0.0)], _PLAIN, 0, 0
    for moment, text in chunks:
        for part in _parts(text):
            if isinstance(part, list):
                colour = _colour(part, colour)
            elif isinstance(part, tuple):
                letter, count = part
                if letter == _UP:
                    row = max(row - count, 0)
                elif letter == _CLEAR_BELOW:
                    del found[row].cells[at:], found[row + 1 :]
            elif part == "\n":
                row, at = row + 1, 0
            elif part == "\r":
                at = 0
            elif part == "\b":
                at = max(at - 1, 0)
            else:
                for character in part.expandtabs(8):
                    if at == width:
                        row, at = row + 1, 0
                    if row == len(found):
                        found.append(Line(moment))
                    found[row].cells[at : at + 1] = [(character, colour)]
                    at += 1
            if row == len(found):
                found.append(Line(moment))
    while found and not found[-1].text().strip():
        found.pop()
    return found


def _parts(text: str) -> Iterator[str | list[int] | tuple[str, int]]:
    """Text, single control characters, the numbers of a change of colours, and any other sequence by its letter and
    its number."""
    end = 0
    for sequence in _ESCAPE.finditer(text):
        if sequence.start() > end:
            yield text[end : sequence.start()]
        end = sequence.end()
        if sequence[4]:
            yield sequence[4]
        elif sequence[3]:
            yield sequence[3], int(sequence[2]) if sequence[2].isdecimal() else 1
        elif sequence[1] is not None:
            yield [int(number or 0) for number in sequence[1].split(";")]
    if end < len(text):
        yield text[end:]


def _colour(codes: list[int], now: str) -> str:
    bold = 1 in codes
    for code in codes:
        if code in (0, 39):
            now = _PLAIN
        elif 30 <= code <= 37:
            now = (_BRIGHT if bold else _DARK)[code - 30]
        elif 90 <= code <= 97:
            now = _BRIGHT[code - 90]
    return now


def timeline(shown: list[Line]) -> list[tuple[float, int]]:
    """When how many lines are there, with long pauses cut short."""
    found, now, before = [], 0.0, 0.0
    for number, line in enumerate(shown, start=1):
        now += min(max(line.moment - before, 0.0), LONGEST_PAUSE)
        before = max(line.moment, before)
        if found and now - found[-1][0] < 0.05:
            found[-1] = (found[-1][0], number)
        else:
            found.append((now, number))
    return found


def svg(shown: list[Line], *, width: int, height: int, title: str) -> str:
    """The picture. height: lines that are seen at a time; where motion is not wanted, the last ones."""
    across, down = 2 * MARGIN + width * CHARACTER, 2 * MARGIN + height * LINE
    inner = f'width="{width * CHARACTER:g}" height="{height * LINE:g}"'
    return "\n".join(
        [
            *(f"<!-- {line} -->" for line in headers.LINES),
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {across:g} {down:g}" width="{across:g}" '
            f'height="{down:g}" role="img" aria-label={quoteattr(title)}>',
            f"<title>{escape(title)}</title>",
            f"<style>{_animated(shown, height)}</style>",
            f'<rect width="{across:g}" height="{down:g}" rx="8" fill="{_GROUND}"/>',
            f'<svg x="{MARGIN:g}" y="{MARGIN:g}" {inner}>',
            f'<g class="lines" style="transform: {_moved(min(height - len(shown), 0))}">',
            *(_drawn(number, line) for number, line in enumerate(shown)),
            "</g>",
            f'<rect class="cover" {inner} fill="{_GROUND}" style="transform: {_moved(height)}"/>',
            "</svg></svg>\n",
        ]
    )


def _animated(shown: list[Line], height: int) -> str:
    """Lines that are not there yet are under a cover, which goes down; from a full screen on, all of them move up."""
    moments = timeline(shown)
    total = moments[-1][0] + LAST
    moments.append((total, len(shown)))
    places = [(f"{100 * moment / total:.2f}%", number) for moment, number in moments]
    scroll = " ".join(f"{at} {{ transform: {_moved(min(height - number, 0))} }}" for at, number in places)
    cover = " ".join(f"{at} {{ transform: {_moved(min(number, height))} }}" for at, number in places)
    return _STYLE % {"total": f"{total:.1f}", "scroll": scroll, "cover": cover}


def _moved(by: int) -> str:
    return f"translateY({by * LINE:g}px)"


def _drawn(number: int, line: Line) -> str:
    """One line: a span for each colour, kept in its columns whatever the font."""
    spans, column = [], 0
    for colour, cells in groupby(line.cells, key=lambda cell: cell[1]):
        text = "".join(character for character, _colour in cells)
        if text.strip():
            fill = "" if colour == _PLAIN else f' fill="{colour}"'
            spans.append(
                f'<tspan x="{column * CHARACTER:g}" textLength="{len(text) * CHARACTER:g}"{fill}>{escape(text)}</tspan>'
            )
        column += len(text)
    return f'<text y="{(number + 0.75) * LINE:g}" xml:space="preserve">{"".join(spans)}</text>' if spans else ""
