# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module's process that is told to end does so, whichever of its threads is told, and though the word be lost."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

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


OTHER_THREAD = """
import signal, threading, time
from ansible_collections.llmops.gke.plugins.module_utils.core.runner import ending_in_order
from ansible_collections.llmops.gke.plugins.plugin_utils.controller_end import LastWords, ending_with_controller

def told():
    time.sleep(0.2)
    signal.pthread_kill(threading.get_ident(), signal.{name})
    time.sleep(600)

# As in one of Ansible's workers, though whoever runs the tests ignores it.
signal.signal(signal.{name}, signal.SIG_DFL)
with {block}:
    threading.Thread(target=told, daemon=True).start()
    time.sleep(600)
"""


@pytest.mark.parametrize("block", ["ending_in_order()", "ending_with_controller(LastWords())"])
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_the_system_may_give_the_signal_to_any_thread(block, name):
    script = OTHER_THREAD.format(name=name, block=block)
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT / "collections", timeout=60, check=False, stderr=subprocess.DEVNULL
    )
    assert ended.returncode == -signal.Signals[name]
