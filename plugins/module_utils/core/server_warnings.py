# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What servers warn of while a task works: an API server of deprecated kinds, and of what a policy would refuse.

https://kubernetes.io/blog/2020/09/03/warnings/
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

# 299 is the code of what holds for a further request as well (RFC 7234, 5.5).
_PERSISTENT = re.compile(r'299 \S+ "((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")

_lock = threading.Lock()
_heard: dict[str, None] | None = None


@contextmanager
def heard() -> Iterator[Mapping[str, None]]:
    """The warnings of servers while it lasts, once each and in order. A process runs one task at a time."""
    global _heard
    former, _heard = _heard, {}
    try:
        yield _heard
    finally:
        _heard = former


def hear(header: str) -> None:
    """Keep the warnings of an answer's ``Warning`` header for the task. Does nothing outside a task."""
    with _lock:
        if _heard is not None:
            for text in _PERSISTENT.findall(header):
                _heard.setdefault(_ESCAPED.sub(r"\1", text))
