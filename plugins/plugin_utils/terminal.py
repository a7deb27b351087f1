# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the controller's output is: its size, whether somebody watches it, and whether it prints results itself.

Found out before Ansible forks a task's process, which has no terminal any more.
"""

from __future__ import annotations

import os
import shutil
import sys

from ansible import constants

_LEAST, _MOST = 60, 120
"""Columns: of less nothing can be made, and longer lines are hard to read."""

_SIZE = shutil.get_terminal_size((80, 24))
WIDTH, ROWS = max(_LEAST, min(_SIZE.columns, _MOST)), _SIZE.lines

COLUMNS = min(WIDTH, _SIZE.columns)
"""Of a line that is written over, which must not go on in the next row."""

IS_TERMINAL = sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"

_DEFAULT = {"default", "ansible.builtin.default"}
_DATA = {"json", "jsonl", "oneline", "null", "junit"}
_PRINT_RESULTS = {*_DATA, "minimal"}


def callback() -> str:
    """The short name of what writes Ansible's output."""
    return str(constants.DEFAULT_STDOUT_CALLBACK).rpartition(".")[2]


def is_default() -> bool:
    """Whether Ansible writes its output itself, and not a callback that somebody else chose or wrapped around it."""
    return constants.DEFAULT_STDOUT_CALLBACK in _DEFAULT


def prints_results() -> bool:
    """Whether each task's whole result is printed, so that nothing need be said beside it."""
    return callback() in _PRINT_RESULTS


def is_quiet() -> bool:
    """Whether the output is data for a program, or one line a task: other lines would break it."""
    return callback() in _DATA
