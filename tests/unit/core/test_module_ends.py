# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module's process that is told to end does so, though the exception that says so be lost on its way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

DEAF = """
import signal, time
from ansible_collections.llmops.gke.plugins.module_utils.core import runner
runner._GRACE = 0.2
with runner.ending_in_order():
    try:
        signal.raise_signal(signal.SIGTERM)
    except runner.ProcessEnded:
        time.sleep(600)
"""


def test_one_whose_end_is_lost_ends_all_the_same():
    ended = subprocess.run([sys.executable, "-c", DEAF], cwd=ROOT / "collections", timeout=60, check=False)
    assert ended.returncode == 1
