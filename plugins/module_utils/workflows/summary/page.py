# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of text that fit into a terminal: rows with a label, and commands that can be copied. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from ...core.harmless import one_line

LABEL = 16
"""Columns before the text of a row: its indentation and its label."""


class Page:
    """Text of at most so many columns. Words and arguments that are longer, such as addresses, stay whole."""

    def __init__(self, width: int, here: str = "") -> None:
        """here: the folder that paths in it are told from."""
        self.width = width
        self.lines: list[str] = []
        self.has_commands = False
        self._here = f"{here.rstrip('/')}/" if here.strip("/") else ""

    def title(self, text: str) -> None:
        """A line that begins a part of it."""
        self.lines += self._wrapped(text, "", "  ")

    def row(self, label: str, *texts: str) -> None:
        """A label, and beside it each text on a line of its own, or on several. No text, no row."""
        for number, text in enumerate(filter(None, texts)):
            head = f"  {'' if number else label}".ljust(LABEL)
            self.lines += self._wrapped(text, head, " " * LABEL)

    def line(self, text: str, indent: int = 2, hanging: int = 2) -> None:
        """A text without a label."""
        self.lines += self._wrapped(text, " " * indent, " " * (indent + hanging))

    def blank(self) -> None:
        """An empty line, unless there is one, or nothing yet."""
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def command(self, label: str, words: Sequence[str | Sequence[str]]) -> None:
        """A command by its words, each as the shell wants it; continued by a backslash where it is too long.

        A word in parts, such as a body in JSON, goes on in the next line between them.
        """
        self.has_commands = True
        line = head = f"  {label}".ljust(LABEL)
        for word in words:
            for number, part in enumerate([word] if isinstance(word, str) else word):
                text = self._shown(part)
                if line != head and len(line) + len(text) + 3 > self.width:
                    self.lines.append(line if number else f"{line} \\")
                    line = " " * (LABEL + 2) + text
                else:
                    line += text if line == head else f" {text}"
        self.lines.append(line)

    def _shown(self, text: str) -> str:
        shown = one_line(text)
        return shown.replace(self._here, "") if self._here else shown

    def _wrapped(self, text: str, first: str, others: str) -> list[str]:
        found = textwrap.wrap(
            self._shown(text),
            max(self.width, LABEL + 20),
            initial_indent=first,
            subsequent_indent=others,
            break_long_words=False,
            break_on_hyphens=False,
        )
        return [line.rstrip() for line in found] or [first.rstrip()]


def columns(rows: Iterable[Sequence[str]], right: Iterable[int] = ()) -> list[str]:
    """Rows as a table. right: columns that are aligned at their right."""
    rows, right = [list(row) for row in rows], set(right)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if number in right else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
