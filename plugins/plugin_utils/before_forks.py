# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible's controller loads for the processes that it forks, one for each task and host."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from .compiled_modules import keep_compiled


@contextmanager
def loaded_before_forks() -> Iterator[None]:
    """While it lasts, what the tasks' processes share is imported, compiled at most once, and nothing is collected.

    What is there at its end stays out of every later collection: one in a forked process would write to all of it,
    and so copy the memory that they share (https://docs.python.org/3/library/gc.html#gc.freeze).
    """
    keep_compiled()
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()
