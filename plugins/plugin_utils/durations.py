# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long work took in the last runs, kept in the user's cache: what to expect of the next one.

A line of JSON for each piece of work, added by one write, so that runs side by side lose nothing. It holds names of
projects and seconds, no more. A cache that cannot be read or written is none.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..module_utils.http import json_text
from .user_cache import user_cache

_RUNS = 5
"""Of so many last runs the shortest and the longest are told."""

_LARGE, _KEPT = 100_000, 500
"""Bytes of the file beyond which only so many of its last lines are kept."""

_READ = 2 * _LARGE


def place() -> Path:
    """The file."""
    return user_cache() / "durations.jsonl"


def keep(file: Path, work: tuple[str, ...], seconds: float) -> None:
    """Add what a piece of work took."""
    line = json.dumps({"work": list(work), "seconds": round(seconds, 1)}) + "\n"
    with suppress(OSError):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            os.write(handle, line.encode())
            large = os.fstat(handle).st_size > _LARGE
        finally:
            os.close(handle)
        if large:
            _shorten(file)


def last(file: Path, work: tuple[str, ...]) -> list[float]:
    """What it took in the last runs, the latest at the end."""
    known = [entry.get("seconds") for entry in map(_read, _lines(file)) if entry.get("work") == list(work)]
    return [float(one) for one in known if isinstance(one, (int, float)) and 0 < one < 1e6][-_RUNS:]


def usually(seconds: list[float]) -> str:
    """In words, empty where nothing is known: ``usually 4 to 6 min``."""
    if not seconds:
        return ""
    unit, size = ("min", 60) if max(seconds) >= 90 else ("s", 1)
    low, high = (max(round(one / size), 1) for one in (min(seconds), max(seconds)))
    return f"usually {low} to {high} {unit}" if low < high else f"usually {low} {unit}"


def elapsed(seconds: float) -> str:
    """``4 min 31 s``."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _lines(file: Path) -> list[bytes]:
    try:
        with file.open("rb") as stream:
            stream.seek(0, os.SEEK_END)
            stream.seek(max(stream.tell() - _READ, 0))
            return stream.read(_READ).splitlines()
    except (OSError, ValueError):
        return []


def _read(line: bytes) -> dict[str, Any]:
    try:
        entry = json_text.loads(line)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}


def _shorten(file: Path) -> None:
    """What another run adds meanwhile may be lost: an expectation less."""
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    good = [line for line in _lines(file) if _read(line)][-_KEPT:]
    unfinished.write_bytes(b"".join(line + b"\n" for line in good))
    unfinished.chmod(0o600)
    unfinished.replace(file)
