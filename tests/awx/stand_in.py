# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugin that stands in for each module of awx.awx: holds the arguments against the module's recorded
argument spec, and writes them to the file that AWX_ARGUMENTS names, a JSON document a line.
"""

from __future__ import annotations

import json
import os
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """Any module of awx.awx."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Changed, unless the arguments are refused."""
        result = super().run(tmp, task_vars)
        name = self._task.action.rpartition(".")[2]
        with open(os.environ["AWX_RECORDED_MODULES"]) as recorded:
            specs = json.load(recorded)["modules"]
        given = json.loads(json.dumps(self._task.args))
        validated = ArgumentSpecValidator(specs[name]).validate(given)
        if validated.error_messages:
            return result | {"failed": True, "msg": "; ".join(validated.error_messages)}
        with open(os.environ["AWX_ARGUMENTS"], "a") as told:
            told.write(json.dumps({"module": name, **given}) + "\n")
        return result | {"changed": True}
