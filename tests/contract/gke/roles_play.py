# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A playbook of the roles that ask GKE for something, with the sandbox's inventory, on a playground's cloud."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.contract.gke.playground import Playground

ROOT = Path(__file__).resolve().parents[3]
_ROLES = """
- hosts: all
  gather_facts: false
  module_defaults:
    group/llmops.gke.gcp: "{{ llmops_google_auth }}"
  roles: [llmops.gke.gke_cluster, llmops.gke.gpu_nodepool]
"""


class RolesPlay:
    """directory: a folder for its files."""

    def __init__(self, cloud: Playground, directory: Path) -> None:
        self._playbook = directory / "roles.yml"
        self._playbook.write_text(_ROLES)
        (directory / "endpoints.json").write_text(json.dumps(cloud.endpoints))
        self._environment = os.environ | {
            "LLMOPS_GKE_SANDBOX_DIR": str(directory),
            "ANSIBLE_HOME": str(directory / "ansible-home"),
            "LC_ALL": "C.UTF-8",
        }

    def start(self, **variables: Any) -> subprocess.Popen[str]:
        """Begin to run it, with further variables, in a process group of its own."""
        program = str(Path(sys.executable).parent / "ansible-playbook")
        return subprocess.Popen(
            [program, str(self._playbook), "--extra-vars", json.dumps(variables)],
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, **variables: Any) -> str:
        """Run it to its end, which must be good; returns what it printed."""
        process = self.start(**variables)
        output, _nothing = process.communicate(timeout=120)
        assert process.returncode == 0, output
        return output
