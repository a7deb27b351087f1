# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A callback that keeps the result of each task: a line of JSON in the file that TOLD_FILE names."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: told
type: aggregate
short_description: Keep the result of each task
description: Keep the result of each task.
"""


class CallbackModule(CallbackBase):
    """See the file's first line."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "told"

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._play = play.get_name()

    def _keep(self, result: Any, failed: bool) -> None:
        told = {
            "play": self._play,
            "action": result.task.action,
            "name": result.task.name,
            "check": result.task.check_mode,
            "failed": failed,
            "result": result.result,
        }
        with Path(os.environ["TOLD_FILE"]).open("a") as file:
            file.write(json.dumps(told, default=str) + "\n")

    def v2_runner_on_ok(self, result: Any) -> None:
        self._keep(result, failed=False)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._keep(result, failed=True)
