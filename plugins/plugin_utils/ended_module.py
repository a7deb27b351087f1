# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last words of a module's process on this machine, when the worker that waits for it is ended."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from ansible import constants

from ..module_utils.core.runner import WORDS

_PATIENCE = 3.0
"""Seconds: less than the controller waits for its workers."""

_LOOK = 0.02


@contextmanager
def module_of_this_worker(*, told: bool) -> Iterator[Callable[[], list[str]]]:
    """Gives what ends the module's process and returns its words. While it lasts, a module is told where to leave them.

    told: whether it is, by an environment variable, which a local connection hands on; on another machine it can leave
    none.
    """
    if not told:
        yield list
        return
    path = os.path.join(constants.DEFAULT_LOCAL_TMP, f"llmops-gke-words-{os.getpid()}")
    os.environ[WORDS] = path
    try:
        yield lambda: _ended(path)
    finally:
        del os.environ[WORDS]
        for name in (path, f"{path}.new"):
            with suppress(OSError):
                os.unlink(name)


def _ended(path: str) -> list[str]:
    """This worker's own signals are ignored by now, so that the group's reach the others in it."""
    if os.getpgrp() != os.getpid():
        # The group would be the controller's.
        return []
    os.killpg(os.getpid(), signal.SIGTERM)
    ends = time.monotonic() + _PATIENCE
    while time.monotonic() < ends:
        with suppress(OSError), open(path, encoding="utf-8") as stream:
            return stream.read().splitlines()
        time.sleep(_LOOK)
    return []
