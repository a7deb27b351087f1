# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documents show: blocks of YAML, commands in blocks and in lines, tables, and the tests that they name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from working_copy import ROOT, files

# A changelog tells of what was.
DOCUMENTS = [path for path in files() if path.suffix == ".md" and path.name != "CHANGELOG.md"]
_FENCE = re.compile(r"^([ ]*)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
# A name alone, such as `make lint` or `ansible`, may be spoken of; with more words it is a command.
_BEGINS_A_COMMAND = re.compile(
    r"(?:\.venv/bin/\S+|ansible-(?:playbook|doc|galaxy)|make|bash|python|pytest|molecule|llmops-gke-sandbox) \S"
)


# A table's cells; a pipe within one is written \\|.
_CELL = re.compile(r"(?<!\\)\|")
_TEST = re.compile(r"(?P<path>(?:sandbox/)?tests/[\w/]+\.py)(?:::(?P<name>\w+)(?:\[(?P<case>.+)\])?)?")


class Shown(NamedTuple):
    """document: its path; line: where in it, from 1; text: what it shows."""

    document: Path
    line: int
    text: str

    @property
    def place(self) -> str:
        """``DOCUMENT:LINE``."""
        return f"{self.document}:{self.line}"


def blocks(language: str) -> list[Shown]:
    """Every fenced block of a language."""
    found = []
    for document in DOCUMENTS:
        text = (ROOT / document).read_text()
        for fence in _FENCE.finditer(text):
            if fence[2] == language:
                lines = [line.removeprefix(fence[1]) for line in fence[3].splitlines()]
                found.append(Shown(document, text.count("\n", 0, fence.start()) + 2, "\n".join(lines) + "\n"))
    return found


def typed(block: Shown) -> list[Shown]:
    """The commands of a console's block, those over several lines as one; what they print is left out."""
    found, lines = [], block.text.splitlines()
    for number, line in enumerate(lines):
        if line.startswith("$ "):
            command, after = line.removeprefix("$ "), number + 1
            while command.endswith("\\") and after < len(lines):
                command, after = f"{command[:-1]} {lines[after].strip()}", after + 1
            found.append(Shown(block.document, block.line + number, command))
    return found


def commands() -> list[Shown]:
    """Every command, in blocks and within lines."""
    found = [command for block in blocks("console") for command in typed(block)]
    for document in DOCUMENTS:
        for number, line in enumerate((ROOT / document).read_text().splitlines(), start=1):
            spans = (span[1] for span in _SPAN.finditer(line) if _BEGINS_A_COMMAND.match(span[1]))
            found += [Shown(document, number, span) for span in spans]
    return found


def spans(text: str) -> list[str]:
    """What stands between backquotes."""
    return _SPAN.findall(text)


def rows(document: Path) -> list[tuple[int, list[str]]]:
    """The rows of a document's tables, without their heads: the line, from 1, and the cells."""
    found, lines = [], (ROOT / document).read_text().splitlines()
    for number, line in enumerate(lines, start=1):
        is_ruled = any(set(near) <= set("|-: ") and near for near in lines[number - 1 : number + 1])
        if line.startswith("|") and not is_ruled:
            found.append((number, [cell.strip() for cell in _CELL.split(line)[1:-1]]))
    return found


def named_tests(text: str) -> list[str]:
    """The tests among what stands between backquotes: ``tests/FILE.py``, ``…::test_NAME`` or ``…::test_NAME[CASE]``."""
    return [span for span in spans(text) if span.startswith(("tests/", "sandbox/tests/"))]


def untrue_tests(text: str) -> Iterator[str]:
    """What is wrong with the tests that a text names."""
    for span in named_tests(text):
        found = _TEST.fullmatch(span)
        if not found or not (ROOT / found["path"]).is_file():
            yield f"no test {span}"
            continue
        folder = (ROOT / found["path"]).parent
        if found["name"] and f"def {found['name']}(" not in _text(ROOT / found["path"]):
            yield f"no test {span}"
        elif found["case"] and not any(found["case"] in _text(path) for path in folder.glob("*.py")):
            yield f"no case {span}"


@cache
def _text(path: Path) -> str:
    return path.read_text()
