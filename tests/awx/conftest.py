# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fake AWX for each test that wants one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.awx.fake_awx import FakeAwx, running


@pytest.fixture
def fake_awx() -> Iterator[FakeAwx]:
    """An AWX as it is after its installation, with the organization Default."""
    with running() as awx:
        yield awx
