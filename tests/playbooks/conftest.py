# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sandbox of its own for the tests of a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.playbooks.playground import Sandbox


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A running sandbox, ended after the file's last test."""
    running = Sandbox(tmp_path_factory.mktemp("playbooks") / "sandbox")
    yield running
    running.stop()
