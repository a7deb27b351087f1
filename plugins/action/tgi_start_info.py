# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs tgi_start_info's engine in the controller's process; see engine_action."""

from __future__ import annotations

from ansible_collections.llmops.gke.plugins.modules.tgi_start_info import SPEC
from ansible_collections.llmops.gke.plugins.plugin_utils.engine_action import EngineAction


class ActionModule(EngineAction):
    """The action plugin that Ansible looks for."""

    spec = SPEC
