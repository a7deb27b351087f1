# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the tests of GPU metrics."""

from __future__ import annotations

import functools

import pytest


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Time of these engines goes by only in pauses, and at once; the list holds each one's seconds."""
    # Imported late: a conftest is loaded before Ansible's own finder of collections is in place.
    from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
    from ansible_collections.llmops.gke.plugins.module_utils.engines.kubernetes import (
        gpu_metrics_exporter,
        gpu_metrics_info,
    )

    taken: list[float] = []
    impatient = functools.partial(Deadline, clock=lambda: sum(taken), sleep=taken.append)
    for engine in (gpu_metrics_exporter, gpu_metrics_info):
        monkeypatch.setattr(engine, "Deadline", impatient)
    return taken
