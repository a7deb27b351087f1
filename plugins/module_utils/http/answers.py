# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an answer must be: how long, in which characters, of which form. Every body is judged here before it is used."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile
from types import MappingProxyType
from typing import Any

from . import json_text
from .replies import read_refusal

LIMIT = 32 << 20
"""Bytes of a body, unpacked. Five hundred pods, a page of a list, take about a fifth."""

REFUSAL_LIMIT = 1 << 20
"""Of a refusal no more is read: it is to be shown to a person."""

DEPTH = 200
"""Levels of objects and lists. The schemas of CustomResourceDefinitions, the deepest documents in use, have fifty."""

_PIECE = 16384

Shape = Any
"""One of the kinds below (TEXT, BEGINNING, ANYTHING), or what a JSON value must be: a type; ``[shape]``, a list
of such; ``(shape, shape)``, one of these, None among them being null; ``{"key!": shape, "key": shape}``, an object
that has the keys with ``!`` and may have the others; ``{"*": shape}``, an object of such. Keys that are not named are
not looked at.
"""

NUMBER = (int, float)
FILLED = object()
"""Text that is not empty."""

INT64 = object()
"""A whole number that may be written as text, as Google's APIs write those of 64 bits."""

OBJECT: Shape = MappingProxyType({})
"""Any JSON object."""


class _Kind:
    def __init__(self, words: str) -> None:
        self.words = words


TEXT = _Kind("text")
"""Plain text: a log, or metrics; nothing that says of itself to be JSON."""

BEGINNING = _Kind("an object")
"""The text of a JSON object, of which the end may be cut off."""

ANYTHING = _Kind("an answer")
"""The status says it all; a page for people is no answer even so."""


class Unexpected(Exception):
    """The words say what came instead."""


def read_bytes(response: Any, limit: int = LIMIT) -> bytes:
    """The body of a response of requests that was opened with stream=True, unpacked. Raises Unexpected where it is
    longer than ``limit``; what requests raises where it breaks off."""
    return b"".join(bounded(response.iter_content(_PIECE), limit))


def bounded(pieces: Iterable[bytes], limit: int = LIMIT) -> Iterator[bytes]:
    """The pieces, as long as they are no more than ``limit`` bytes together; raises Unexpected for the one beyond."""
    total = 0
    for piece in pieces:
        total += len(piece)
        if total > limit:
            raise Unexpected(f"more than {limit >> 20} MiB")
        yield piece


def read_some(response: Any) -> bytes:
    """As much of a refusal's body as there is, up to REFUSAL_LIMIT; its status is known, whatever breaks off."""
    read = bytearray()
    try:
        for piece in response.iter_content(_PIECE):
            read += piece
            if len(read) >= REFUSAL_LIMIT:
                break
    except (OSError, ValueError):
        # All that requests raises is an OSError.
        pass
    return bytes(read[:REFUSAL_LIMIT])


def judged(status: int, content_type: str, body: bytes, want: Shape) -> Any:
    """What the body of an answer says: parsed where ``want`` is a shape, else text. Raises Unexpected."""
    if "html" in content_type.lower():
        raise Unexpected(_page(body))
    if want is ANYTHING:
        return body.decode(errors="replace")
    if want is TEXT:
        if "json" in content_type.lower() and body:
            raise Unexpected(described(body))
        if status == 204:
            raise Unexpected("nothing")
        return body.decode(errors="replace")
    if want is BEGINNING:
        return _beginning(body)
    value = parsed(body)
    told = _failure(value, want)
    if told:
        raise Unexpected(f"an error: {told}")
    wrong = misfit(want, value)
    if wrong:
        raise Unexpected(wrong)
    return value


def parsed(body: bytes) -> Any:
    """A JSON document. Raises Unexpected for what is none, or is of no use: half characters, a depth without bottom."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unexpected(f"text that is not UTF-8 {_cut(body)}") from None
    if not text.strip():
        raise Unexpected("an empty answer")
    try:
        value = json_text.loads(text, parse_constant=_no_number)
    except json_text.TooDeep:
        raise Unexpected("JSON that is nested too deeply") from None
    except ValueError:
        raise Unexpected(f"no JSON {_cut(body)}") from None
    if _is_deeper(value, DEPTH):
        raise Unexpected(f"JSON that is nested more than {DEPTH} deep")
    if "\\ud" in text or "\\uD" in text:
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise Unexpected("text with halves of characters") from None
    return value


def described(body: bytes) -> str:
    """What a body is that was to be something else, in words."""
    try:
        value = parsed(body)
    except Unexpected as came:
        return str(came)
    told = _failure(value, {})
    return f"an error: {told}" if told else _instead(value, "")


def _beginning(body: bytes) -> str:
    try:
        # The last character may be cut off with the rest.
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(body)
    except UnicodeDecodeError:
        text = ""
    try:
        whole = parsed(body)
    except Unexpected:
        whole = None
    if not text.lstrip().startswith("{") or _failure(whole, {}):
        raise Unexpected(described(body))
    return text


def leniently(content_type: str, body: bytes) -> Any:
    """A refusal's body: parsed where it says that it is JSON and is, else text; a page for people by its title."""
    if "html" in content_type.lower():
        return _page(body)
    if "json" in content_type.lower():
        try:
            return parsed(body)
        except Unexpected:
            pass
    return body.decode(errors="replace")


def wanted(want: Shape) -> str:
    """What was expected, in words."""
    if isinstance(want, _Kind):
        return want.words
    if isinstance(want, tuple):
        return " or ".join(wanted(one) for one in want)
    if isinstance(want, Mapping):
        names = ", ".join(key[:-1] for key in want if key.endswith("!"))
        return f"an object with {names}" if names else "an object"
    return "a list" if isinstance(want, list) else _WORDS[want]


def misfit(want: Shape, value: Any, where: str = "") -> str:
    """In which way a value is not of the shape, in words; empty where it is."""
    if isinstance(want, tuple):
        # What is null is most often allowed to be, and words for what it is not take longer than all the rest.
        if value is None and None in want:
            return ""
        wrong = [*takewhile(bool, (misfit(one, value, where) for one in want))]
        return wrong[0] if len(wrong) == len(want) else ""
    if isinstance(want, Mapping):
        return _of_object(want, value, where) if isinstance(value, dict) else _instead(value, where)
    if isinstance(want, list):
        if not isinstance(value, list):
            return _instead(value, where)
        found = (misfit(want[0], one, f"{where}[{number}]") for number, one in enumerate(value))
        return next(filter(None, found), "")
    if want is FILLED:
        return "" if isinstance(value, str) and value else _instead(value, where)
    if want is INT64:
        return "" if re.fullmatch(r"-?[0-9]{1,19}", str(value)) else _instead(value, where)
    fits = value is None if want is None else isinstance(value, want)
    # True is a number to Python alone.
    return "" if fits and (want is bool or not isinstance(value, bool)) else _instead(value, where)


def _of_object(want: Mapping[str, Shape], value: Mapping[str, Any], where: str) -> str:
    for key, shape in want.items():
        if key == "*":
            found = (misfit(shape, one, f"{where}[{name!r}]") for name, one in value.items())
            wrong = next(filter(None, found), "")
        else:
            name, needed = key.removesuffix("!"), key.endswith("!")
            inner = f"{where}.{name}".removeprefix(".")
            if name not in value:
                wrong = f"{_instead(value, where)} without {name}" if needed else ""
            else:
                wrong = misfit(shape, value[name], inner)
        if wrong:
            return wrong
    return ""


_WORDS = {
    FILLED: "text",
    INT64: "a whole number",
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    None: "null",
}


def _instead(value: Any, where: str) -> str:
    if isinstance(value, dict):
        what = "an object" if where else f"an object {_cut(json.dumps(value).encode())}"
    elif isinstance(value, list):
        what = "a list"
    elif isinstance(value, str):
        what = f"text {value[:80]!r}"
    elif value is None or isinstance(value, bool):
        what = json.dumps(value)
    else:
        what = f"the number {value!r:.40}"
    return f"{what} as {where}" if where else what


def _failure(value: Any, want: Shape) -> str:
    """What an answer of status 200 tells of a failure, in the server's words."""
    if not isinstance(value, dict):
        return ""
    known = want if isinstance(want, Mapping) else {}
    failed = value.get("kind") == "Status" and value.get("status") == "Failure"
    if not failed and (not value.get("error") or "error" in known or "error!" in known):
        return ""
    refusal = read_refusal(200, value)
    return f"{refusal.reason}: {refusal.message}" if refusal.reason else refusal.message


def _page(body: bytes) -> str:
    title = re.search(rb"<title[^>]*>(.{0,200}?)</title>", body[:_PIECE], re.IGNORECASE | re.DOTALL)
    named = " ".join(title[1].decode(errors="replace").split()) if title else ""
    return f"an HTML page {named!r}" if named else "an HTML page"


def _cut(body: bytes) -> str:
    return repr(body[:80].decode(errors="replace"))


def _no_number(name: str) -> Any:
    raise ValueError(name)


def _is_deeper(value: Any, depth: int) -> bool:
    level = [value]
    for _level in range(depth + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return False
    return True
