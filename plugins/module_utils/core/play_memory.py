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
import time
import zlib
from collections.abc import Callable
from typing import Any

from .deadline import Deadline

_SLOTS, _SIZE = 256, 131072
"""Memory that nothing was kept in takes none."""
_DIGEST, _LENGTH = 32, 4

_PAUSE = 0.02
"""Seconds between two looks at whether another process has the answer."""


class PlayMemory:
    """Facts by the digest of what they are about. Made in the process that forks the others.

    There is no lock that a killed process could keep: what two write at once does not bear its own digest, and counts
    as nothing. Who asks first for what several want locks a byte of an empty file without a name; the system lets go of
    it with the process.
    """

    def __init__(self) -> None:
        self._pages = mmap.mmap(-1, _SLOTS * _SIZE)
        self._asking, path = tempfile.mkstemp(prefix="llmops-gke-")
        os.unlink(path)

    def recall(self, identity: bytes) -> Any:
        """What was kept under an identity (32 bytes); None where nothing was, or something else has its place."""
        start = _slot(identity)
        digest = self._pages[start : start + _DIGEST]
        begin = start + _DIGEST + _LENGTH
        length = int.from_bytes(self._pages[start + _DIGEST : begin], "big")
        kept = self._pages[begin : begin + length]
        if not length or hashlib.sha256(kept).digest() != digest:
            return None
        whose, fact = json.loads(zlib.decompress(kept))
        return fact if whose == identity.hex() else None

    def keep(self, identity: bytes, fact: Any) -> None:
        """Keep a fact that JSON can hold, instead of another one that happens to have the same place."""
        kept = zlib.compress(json.dumps([identity.hex(), fact]).encode(), 1)
        record = hashlib.sha256(kept).digest() + len(kept).to_bytes(_LENGTH, "big") + kept
        if len(record) <= _SIZE:
            start = _slot(identity)
            self._pages[start : start + len(record)] = record

    def once(self, identity: bytes, ask: Callable[[], Any], age: float, deadline: Deadline) -> Any:
        """What ``ask`` returns, or what another process of the play was told not longer than ``age`` (s) ago.

        While one of them asks, the others wait for its answer, until the deadline; a failure is nobody else's.
        """
        place = _slot(identity) // _SIZE
        while True:
            kept = self.recall(identity)
            if kept is not None and time.monotonic() - kept[0] < age:
                return kept[1]
            try:
                fcntl.lockf(self._asking, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
                break
            except OSError:
                if deadline.remaining() <= _PAUSE:
                    return ask()
                time.sleep(_PAUSE)
        try:
            # Another one may have been told between the look and the lock.
            kept = self.recall(identity)
            if kept is not None and time.monotonic() - kept[0] < age:
                return kept[1]
            answer = ask()
            self.keep(identity, [time.monotonic(), answer])
            return answer
        finally:
            fcntl.lockf(self._asking, fcntl.LOCK_UN, 1, place)

    def forget(self, identity: bytes) -> None:
        """Keep nothing under this identity any more."""
        if self.recall(identity) is not None:
            start = _slot(identity)
            self._pages[start : start + _DIGEST] = bytes(_DIGEST)


def identity_of(*parts: Any) -> bytes:
    """The identity of a fact by all that decides it."""
    return hashlib.sha256(json.dumps(parts, default=str).encode()).digest()


def _slot(identity: bytes) -> int:
    return int.from_bytes(identity[:2], "big") % _SLOTS * _SIZE


shared: PlayMemory | None = None
"""That of the play, where the runner has one."""
