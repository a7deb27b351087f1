# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access tokens that the tasks of a play have in common, so that not each of them mints its own.

Ansible runs a task in a process that it forks for it. Pages that are mapped before that, shared and of no file, are the
same memory in all of them: nothing is written to disk, nobody else can open it, and it is gone with the last process.
"""

from __future__ import annotations

import hashlib
import json
import mmap
from datetime import datetime

_SLOTS, _SIZE = 16, 16384
_DIGEST, _LENGTH = 32, 4


class TokenMemory:
    """Made in the process that forks the others. There is no lock that a killed process could keep: what two write at
    once does not bear its own digest, and counts as nothing."""

    def __init__(self) -> None:
        self._pages = mmap.mmap(-1, _SLOTS * _SIZE)

    def recall(self, identity: bytes) -> tuple[str, datetime] | None:
        """The token that was kept for these credentials, and when it ends (UTC, without a zone); None without one."""
        start = _slot(identity)
        digest = self._pages[start : start + _DIGEST]
        begin = start + _DIGEST + _LENGTH
        length = int.from_bytes(self._pages[start + _DIGEST : begin], "big")
        kept = self._pages[begin : begin + length]
        if not length or hashlib.sha256(kept).digest() != digest:
            return None
        whose, token, expiry = json.loads(kept)
        return (token, datetime.fromisoformat(expiry)) if whose == identity.hex() else None

    def keep(self, identity: bytes, token: str, expiry: datetime) -> None:
        """Keep a token, instead of one of other credentials that happen to have the same place."""
        kept = json.dumps([identity.hex(), token, expiry.isoformat()]).encode()
        record = hashlib.sha256(kept).digest() + len(kept).to_bytes(_LENGTH, "big") + kept
        if len(record) <= _SIZE:
            start = _slot(identity)
            self._pages[start : start + len(record)] = record


def _slot(identity: bytes) -> int:
    return identity[0] % _SLOTS * _SIZE


shared: TokenMemory | None = None
"""That of the play, where the runner has one."""
