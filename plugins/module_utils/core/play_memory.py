# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tasks of a play have in common, so that not each of them asks for it again: tokens, where clusters are.

Ansible runs a task in a process that it forks for it. Pages that are mapped before that, shared and of no file, are the
same memory in all of them: nothing is written to disk, nobody else can open it, and it is gone with the last process.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import mmap
import os
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .deadline import Deadline

_WAYS = 8
"""A fact may be in so many slots, so that two hardly ever meet in one."""
_IDENTITY, _DIGEST, _LENGTH = 32, 32, 4
_HEAD = _IDENTITY + _DIGEST + _LENGTH

_PAUSE = 0.02
"""Seconds between two looks at whether another process has the answer."""


class PlayMemory:
    """Facts by the digest of what they are about. Made in the process that forks the others.

    There is no lock that a killed process could keep: what two write at once does not bear its own digest, and counts
    as nothing. Who asks first for what several want locks a byte of an empty file without a name; the system lets go of
    it with the process.
    """

    def __init__(self, slots: int = 256, size: int = 131072) -> None:
        """slots: facts that there is room for. size: bytes of the largest. A slot without a fact takes no memory."""
        self._slots, self._size = slots, size
        self._pages = mmap.mmap(-1, slots * size)
        self._writing = threading.Lock()
        self._asking, path = tempfile.mkstemp(prefix="llmops-gke-")
        os.unlink(path)

    def recall(self, identity: bytes) -> Any:
        """What was kept under an identity (32 bytes); None where nothing was, or something else has its place."""
        start = self._found(identity)
        if start is None:
            return None
        digest = self._pages[start + _IDENTITY : start + _IDENTITY + _DIGEST]
        length = int.from_bytes(self._pages[start + _IDENTITY + _DIGEST : start + _HEAD], "big")
        kept = self._pages[start + _HEAD : start + _HEAD + length]
        return json.loads(zlib.decompress(kept)) if hashlib.sha256(kept).digest() == digest else None

    def keep(self, identity: bytes, fact: Any) -> None:
        """Keep a fact that JSON can hold, instead of another one only where there is no room beside it."""
        kept = zlib.compress(json.dumps(fact).encode(), 1)
        record = identity + hashlib.sha256(kept).digest() + len(kept).to_bytes(_LENGTH, "big") + kept
        if len(record) > self._size:
            return
        with self._writing:
            start = self._found(identity)
            if start is None:
                free = (place for place in self._places(identity) if self._is_free(place))
                start = next(free, next(self._places(identity)))
            self._pages[start : start + len(record)] = record

    @contextmanager
    def alone(self, identity: bytes, deadline: Deadline) -> Iterator[None]:
        """Hold that no other process of the play is in here for the same fact; not waited for past the deadline."""
        byte = int.from_bytes(identity[:6], "big")
        while True:
            try:
                fcntl.lockf(self._asking, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
                break
            except OSError:
                if deadline.remaining() <= _PAUSE:
                    yield
                    return
                time.sleep(_PAUSE)
        try:
            yield
        finally:
            fcntl.lockf(self._asking, fcntl.LOCK_UN, 1, byte)

    def once(self, identity: bytes, ask: Callable[[], Any], age: float, deadline: Deadline) -> Any:
        """What ``ask`` returns, or what another process of the play was told not longer than ``age`` (s) ago.

        While one of them asks, the others wait for its answer, until the deadline; a failure is nobody else's.
        """

        def kept() -> list[Any] | None:
            found = self.recall(identity)
            return found if found is not None and time.monotonic() - found[0] < age else None

        if found := kept():
            return found[1]
        with self.alone(identity, deadline):
            if found := kept():
                return found[1]
            answer = ask()
            self.keep(identity, [time.monotonic(), answer])
            return answer

    def forget(self, identity: bytes) -> None:
        """Keep nothing under this identity any more."""
        with self._writing:
            start = self._found(identity)
            if start is not None:
                self._pages[start : start + _HEAD] = bytes(_HEAD)

    def _found(self, identity: bytes) -> int | None:
        """Where the fact begins."""
        return next(
            (start for start in self._places(identity) if self._pages[start : start + _IDENTITY] == identity), None
        )

    def _places(self, identity: bytes) -> Iterator[int]:
        """Where a fact may begin, in the order in which it is looked for."""
        first = int.from_bytes(identity[:2], "big")
        return ((first + way) % self._slots * self._size for way in range(_WAYS))

    def _is_free(self, start: int) -> bool:
        return not any(self._pages[start : start + _IDENTITY])


def identity_of(*parts: Any) -> bytes:
    """The identity of a fact by all that decides it."""
    return hashlib.sha256(json.dumps(parts, default=str).encode()).digest()


shared: PlayMemory | None = None
"""That of the play, where the runner has one."""
