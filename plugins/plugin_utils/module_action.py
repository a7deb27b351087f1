# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugin of every module: each name in plugins/action/ is a link to this file."""

from __future__ import annotations

import importlib

from ..plugin_utils.engine_action import EngineAction


class ActionModule(EngineAction):
    """Runs the engine of the module that this file is loaded as."""

    # Imported with the class, which happens before Ansible forks a task's process.
    spec = importlib.import_module(f"..modules.{__name__.rpartition('.')[2]}", __package__).SPEC
