# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task's time ends when a test has heard what it waits for, however busy the machine is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline


@contextmanager
def time_ends_at(*words: str) -> Iterator[Callable[[str], None]]:
    """Gives a listener of progress lines; once all words have been heard, in any lines, no time is left."""
    missing = set(words)

    with pytest.MonkeyPatch.context() as patch:

        def hear(line: str) -> None:
            missing.difference_update([word for word in missing if word in line])
            if not missing:
                patch.setattr(Deadline, "remaining", lambda _self: 0.0)

        yield hear
