# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways in which servers misbehave, and what a message must say of each."""

from __future__ import annotations

import functools
import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.contrary.server import Conversation, Respond

YEAR = str(365 * 24 * 3600)
MEGABYTE = 1 << 20
HUGE = 100 * MEGABYTE

NO_END = r"timed out|no answer|not done|no time|broke|reset|closed|aborted|half of it|IncompleteRead"
"""What is said of an answer that does not come, or not to its end."""


@dataclass(frozen=True)
class Way:
    """name; respond; said: what the message must say came instead, a regular expression. heavy: moves much data."""

    name: str
    respond: Respond
    said: str
    heavy: bool = False


def _answer(body: bytes, status: int = 200, kind: str = "application/json", **headers: str) -> Respond:
    return lambda talk: talk.answer(body, status, kind, **headers)


def _json(value: Any, status: int = 200, **headers: str) -> Respond:
    return _answer(json.dumps(value).encode(), status, **headers)


def _nested(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


def _cut(talk: Conversation) -> None:
    talk.head(Content_Type="application/json", Content_Length="4000")
    talk.body(b'{"name": "half of')


def _cut_chunk(talk: Conversation) -> None:
    talk.head(Content_Type="application/json", Transfer_Encoding="chunked")
    talk.body(b"fff\r\n" + b'{"name": "half of')


def _reset(talk: Conversation) -> None:
    talk.head(Content_Type="application/json", Content_Length="4000")
    talk.body(b'{"name": "half of')
    talk.reset()


def _slow_body(talk: Conversation) -> None:
    talk.head(Content_Type="application/json", Content_Length="4000")
    talk.drip(b" " * 4000, 0.4)


def _slow_chunks(talk: Conversation) -> None:
    talk.head(Content_Type="application/json", Transfer_Encoding="chunked")
    talk.drip(b"1\r\n \r\n" * 1000, 0.2)


def _slow_headers(talk: Conversation) -> None:
    talk.drip(b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 4000, 0.4)


def _endless_headers(talk: Conversation) -> None:
    talk.raw(b"HTTP/1.1 200 OK\r\n")
    while not talk.server.ended.is_set():
        talk.raw(b"X-Another: " + b"a" * 1000 + b"\r\n")


def _hang(talk: Conversation) -> None:
    talk.hang()


def _hang_amid(talk: Conversation) -> None:
    talk.head(Content_Type="application/json", Content_Length="4000")
    talk.body(b"{")
    talk.hang()


def _huge(talk: Conversation) -> None:
    talk.head(Content_Type="application/json", Content_Length=str(HUGE))
    _pour(talk, HUGE)


def _huge_chunks(talk: Conversation) -> None:
    """Without a length, until the connection ends."""
    talk.head(Content_Type="application/json", Connection="close")
    _pour(talk, 3 * HUGE)


def _huge_refusal(talk: Conversation) -> None:
    talk.head(400, Content_Type="application/json", Content_Length=str(HUGE))
    _pour(talk, HUGE)


def _pour(talk: Conversation, size: int) -> None:
    piece = b" " * (MEGABYTE // 4)
    for _number in range(size // len(piece)):
        if talk.server.ended.is_set():
            return
        talk.body(piece)


@functools.cache
def bomb() -> bytes:
    """100 MB of white space before an object, in 100 kB."""
    return gzip.compress(b" " * HUGE + b"{}")


def _bomb(talk: Conversation) -> None:
    talk.answer(bomb(), Content_Encoding="gzip")


GOOGLE_ERROR = {"error": {"code": 500, "status": "INTERNAL", "message": "boom happened"}}
KUBERNETES_ERROR = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "boom happened", "code": 500}
MODEL_ERROR = {"error": "boom happened", "error_type": "generation"}
PAGE = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head>\n<body>to the hotel's network</body></html>"

WAYS = [
    Way("HTML", _answer(PAGE, kind="text/html; charset=utf-8"), "HTML"),
    Way("HTML called JSON", _answer(PAGE), "DOCTYPE|HTML"),
    Way("empty", _answer(b""), "empty|nothing"),
    Way("truncated JSON", _answer(b'{"name": "half of'), "no JSON|not JSON|half of"),
    Way("null", _json(None), "null"),
    Way("list", _json([1, "a", None]), "list"),
    Way("text", _json("all is well"), "all is well|text"),
    Way("number", _answer(b"1e999"), "number"),
    Way("latin-1", _answer('{"name": "café"}'.encode("latin-1"), kind="application/json; charset=utf-8"), "UTF-8"),
    Way("UTF-16", _answer('{"name": "café"}'.encode("utf-16"), kind="application/json; charset=utf-16"), "UTF-8"),
    Way("nested", _answer(_nested(400)), "nested"),
    Way("nested deeply", _answer(_nested(100_000)), "nested"),
    Way("204", lambda talk: talk.head(204), "204|empty|nothing"),
    Way("304", lambda talk: talk.head(304), "304"),
    Way("302 without Location", _answer(b"", 302), "302"),
    Way("302 to itself", lambda talk: talk.answer(b"", 302, Location=talk.path), "302"),
    Way("302 to no URL", _answer(b"", 302, Location="http://["), "302"),
    Way("302 to a file", _answer(b"", 302, Location="file:///etc/passwd"), "302"),
    Way("Google's error with 200", _json(GOOGLE_ERROR), "boom happened"),
    Way("Kubernetes' error with 200", _json(KUBERNETES_ERROR), "boom happened"),
    Way("a model server's error with 200", _json(MODEL_ERROR), "boom happened"),
    Way("error of an odd form", _json({"error": {"message": [1], "status": {"a": 1}, "details": "x"}}, 400), "400"),
    Way("Status of an odd form", _json({"kind": "Status", "reason": [1], "details": "x", "code": "y"}, 400), "400"),
    Way("one byte a moment", _slow_body, NO_END),
    Way("one chunk a moment", _slow_chunks, NO_END),
    Way("one byte of the headers a moment", _slow_headers, NO_END),
    Way("endless headers", _endless_headers, "headers|" + NO_END),
    Way("hanging", _hang, NO_END),
    Way("hanging in the body", _hang_amid, NO_END),
    Way("cut off", _cut, NO_END),
    Way("cut off in a chunk", _cut_chunk, NO_END),
    Way("reset in the body", _reset, NO_END),
    Way("no HTTP", lambda talk: talk.raw(b"SSH-2.0-OpenSSH_9.6\r\n"), NO_END),
    Way("not gzip", _answer(b"{}", Content_Encoding="gzip"), "decod|gzip|" + NO_END),
    Way("503, Retry-After a year", _json(GOOGLE_ERROR, 503, Retry_After=YEAR), "503.*boom happened"),
    Way("429, Retry-After a year", _json(GOOGLE_ERROR, 429, Retry_After=YEAR), "429.*boom happened"),
    Way("503, Retry-After in the year 9999", _json({}, 503, Retry_After="Fri, 31 Dec 9999 23:59:59 GMT"), "503"),
    Way("503, Retry-After no number", _answer(b"{}", 503, Retry_After="\u00b2"), "503"),
    Way("100 MB", _huge, "MiB|more than", heavy=True),
    Way("no end of it", _huge_chunks, "MiB|more than", heavy=True),
    Way("100 MB with 400", _huge_refusal, "400", heavy=True),
    Way("gzip bomb", _bomb, "MiB|more than", heavy=True),
]


def foreign(url: str) -> Way:
    """A redirect to another server."""
    return Way(
        "302 to another server",
        lambda talk: talk.answer(b"", 302, Location=f"{url}/of/{talk.server.url.rpartition(':')[2]}"),
        "302|HTML",
    )


def odd(body: Any) -> Way:
    """An answer of the right form that holds something else."""
    return Way(f"odd: {json.dumps(body)[:70]}", _json(body), ".")


def pages(page: Callable[[str], Any]) -> list[Way]:
    """Lists without an end. page: one whose next token is this."""
    return [
        Way("endless pages", lambda talk: _json(page(f"token-{talk.number}"))(talk), "page|" + NO_END),
        Way("a page token that repeats", _json(page("the-same")), "page"),
    ]
