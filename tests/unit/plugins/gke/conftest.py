# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the GKE modules' tests."""

from __future__ import annotations

import functools

import pytest


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Time goes by only in pauses, and at once; the list holds how long each was, in seconds."""
    # Imported late: a conftest is loaded before Ansible's own finder of collections is in place.
    from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
    from ansible_collections.llmops.gke.plugins.module_utils.gke import session

    taken: list[float] = []
    impatient = functools.partial(Deadline, clock=lambda: sum(taken), sleep=taken.append)
    monkeypatch.setattr(session, "Deadline", impatient)
    return taken
