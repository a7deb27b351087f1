# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A play of as many roles and tasks as deploy.yml has whose tasks do nothing: what ansible-core itself takes for them.

Each task runs in the controller's process, as ours do, with two arguments; each role has sixteen variables.
"""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from tests.playbooks.playground import ROOT

_ACTION = """\
from ansible.plugins.action import ActionBase

class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        return super().run(tmp, task_vars)
"""
_VARIABLES = 8


def write_idle_play(directory: Path, tasks: int) -> Path:
    """The playbook, with its roles and its action beside it; so many tasks, spread over deploy.yml's roles."""
    (directory / "action_plugins").mkdir()
    (directory / "action_plugins" / "nothing.py").write_text(_ACTION, encoding="utf-8")
    (directory / "library").mkdir()
    (directory / "library" / "nothing.py").write_text("#!/usr/bin/python\n", encoding="utf-8")
    roles = [f"role_{number}" for number in range(_roles_of_deploy())]
    for number, role in enumerate(roles):
        own = range(number, tasks, len(roles))
        files = {
            "defaults": {f"{role}_default_{each}": f"{{{{ {role}_{each} }}}}" for each in range(_VARIABLES)},
            "vars": {f"{role}_{each}": "value" for each in range(_VARIABLES)},
            "tasks": [
                {"name": f"Nothing {each}", "nothing": {"one": "1", "other": f"{{{{ {role}_1 }}}}"}} for each in own
            ],
        }
        for folder, content in files.items():
            file = directory / "roles" / role / folder / "main.yml"
            file.parent.mkdir(parents=True)
            file.write_text(json.dumps(content), encoding="utf-8")
    play = {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [{"ansible.builtin.import_role": {"name": r}} for r in roles],
    }
    playbook = directory / "idle.yml"
    playbook.write_text(json.dumps([play]), encoding="utf-8")
    return playbook


def _roles_of_deploy() -> int:
    """How many times deploy.yml loads a role."""
    playbook = yaml.safe_load((ROOT / "playbooks" / "deploy.yml").read_text(encoding="utf-8"))
    return json.dumps(playbook).count('"ansible.builtin.import_role"')
