# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server, an event, a log or a model said, made fit to be printed: it may hold forged lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from . import secrets

MESSAGE = 6000
"""Characters of a whole message: it may name many objects, each with its reason."""

QUOTE = 1200
"""Characters of what one server said in a message, so that our advice after it is read; no event is longer."""

# A run of blanks is looked at once, from its start: a server may send millions.
_BREAKS = re.compile(r"(?<![ \t])[ \t]*[\n\r\v\f\x1c-\x1e\x85\u2028\u2029][\s]*|\t")
_STOPPED = re.compile(r"(?<=[^.])\. ?;")
# Controls, and what turns the direction of text or cannot be seen. Joiners are a part of many scripts and stay.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb]"
)


def one_line(text: Any, most: int = MESSAGE) -> str:
    """Any text as one line without secrets; what acts on a terminal is written out (``\\x1b[31m``).

    most: characters; of a longer text the beginning and the end are kept, for advice is at the end.
    """
    return cut(_written_out(_BREAKS.sub(" ", secrets.hidden(str(text)))), most)


def quoted(text: Any) -> str:
    """As one_line, of what somebody else said within a message of ours."""
    return one_line(text, QUOTE)


def lines(text: str) -> str:
    """As one_line for each of the lines of a message of ours that has several."""
    return "\n".join(one_line(line) for line in text.split("\n"))


def shown(value: Any) -> Any:
    """A value that is shown as a part of a plan: its texts keep their lines, and lose secrets and what acts on a
    terminal."""
    return _each_text(value, _of_several_lines)


def all_on_one_line(value: Any) -> Any:
    """A structure that a server gave, each text of it as one_line."""
    return _each_text(value, one_line)


def joined(text: str) -> str:
    """A message whose parts may be sentences of others: before our semicolon there is no full stop."""
    return _STOPPED.sub(";", text)


def cut(text: str, most: int) -> str:
    """The text with its middle left out where it is longer than ``most`` characters."""
    if len(text) <= most:
        return text
    end = most // 4
    return f"{text[: most - end]} [... {len(text) - most} characters left out ...] {text[len(text) - end :]}"


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _each_text(item, change) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_each_text(item, change) for item in value]
    return value


def _of_several_lines(text: str) -> str:
    parts = re.split(r"([\n\t])", secrets.hidden(text))
    return "".join(part if part in ("\n", "\t") else _written_out(part) for part in parts)


def _written_out(text: str) -> str:
    return _UNSAFE.sub(lambda found: _escape(ord(found[0])), text)


def _escape(point: int) -> str:
    return f"\\x{point:02x}" if point < 0x100 else f"\\u{point:04x}"
