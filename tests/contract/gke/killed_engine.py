# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An engine in a process of its own, to be killed.

The processes are forked from one that has imported everything, so that each starts in milliseconds.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from multiprocessing import forkserver
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.result import silent
from ansible_collections.llmops.gke.plugins.module_utils.core.runner import run_engine
from tests.contract.gke.playground import SPECS, quick_pauses


def prepare() -> None:
    """Start the process that the others are forked from; it finds what this one finds."""
    multiprocessing.get_context("forkserver").set_forkserver_preload([__name__])
    with pytest.MonkeyPatch.context() as patch:
        # Python 3.11 does not tell it this one's path, and is silent where it then cannot import.
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        forkserver.ensure_running()


def start(module: str, options: dict[str, Any]) -> multiprocessing.process.BaseProcess:
    """Begin to run a module's engine, after prepare(); the process ends with 0 where it does not fail."""
    process = multiprocessing.get_context("forkserver").Process(target=_run, args=(module, options), daemon=True)
    process.start()
    return process


def _run(module: str, options: dict[str, Any]) -> None:
    with quick_pauses():
        outcome = run_engine(SPECS[module], options, False, silent)
    raise SystemExit(outcome.get("msg", 0) if outcome.get("failed") else 0)
