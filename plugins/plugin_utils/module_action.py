# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugin of every module: each name in plugins/action/ is a link to this file."""

from __future__ import annotations

import importlib

from ..plugin_utils.before_forks import loaded_before_forks

with loaded_before_forks():
    from ..plugin_utils.engine_action import EngineAction

_NAME = __name__.rpartition(".")[2]


class ActionModule(EngineAction):
    """Runs the engine of the module that this file is loaded as."""

    # Imported with the class, which happens before Ansible forks a task's process. Under the file's own name there is
    # no module; only tools that look at every file import that.
    with loaded_before_forks():
        spec = None if _NAME == "module_action" else importlib.import_module(f"..modules.{_NAME}", __package__).SPEC
