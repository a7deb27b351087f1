# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks of the roles that ask GKE for something, with the sandbox's inventory, on a playground's cloud."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.contract.gke.playground import Playground

ROOT = Path(__file__).resolve().parents[3]
_PLAY = """
- hosts: all
  gather_facts: false
  module_defaults:
    group/llmops.gke.gcp: "{{ llmops_google_auth }}"
"""
_PRESENT = f"""{_PLAY}
  roles: [llmops.gke.gke_cluster, llmops.gke.gpu_nodepool]
"""
_ABSENT = f"""{_PLAY}
  tasks:
    - import_role: {{name: llmops.gke.gpu_nodepool, tasks_from: absent}}
    - import_role: {{name: llmops.gke.gke_cluster, tasks_from: absent}}
"""


class RolesPlay:
    """directory: a folder for its files."""

    def __init__(self, cloud: Playground, directory: Path) -> None:
        self._playbooks = {"present": directory / "present.yml", "absent": directory / "absent.yml"}
        self._playbooks["teardown"] = ROOT / "playbooks" / "teardown.yml"
        self._playbooks["present"].write_text(_PRESENT)
        self._playbooks["absent"].write_text(_ABSENT)
        (directory / "endpoints.json").write_text(json.dumps(cloud.endpoints))
        self._environment = os.environ | {
            "LLMOPS_GKE_SANDBOX_DIR": str(directory),
            "ANSIBLE_HOME": str(directory / "ansible-home"),
            "LC_ALL": "C.UTF-8",
        }

    def start(self, state: str = "present", **variables: Any) -> subprocess.Popen[str]:
        """Begin to bring cluster and pools to a state, with further variables."""
        program = str(Path(sys.executable).parent / "ansible-playbook")
        return subprocess.Popen(
            [program, str(self._playbooks[state]), "--extra-vars", json.dumps(variables)],
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, state: str = "present", **variables: Any) -> str:
        """Do so to the end, which must be good; returns what was printed."""
        code, output = self._ended(self.start(state, **variables))
        assert code == 0, output
        return output

    def refused(self, **variables: Any) -> str:
        """Do so for cluster and pools that are to be there, to an end that must be bad; returns what was printed."""
        code, output = self._ended(self.start(**variables))
        assert code != 0, output
        return output

    @staticmethod
    def _ended(process: subprocess.Popen[str]) -> tuple[int, str]:
        output, _nothing = process.communicate(timeout=120)
        return process.returncode, output


def kill(process: subprocess.Popen[str]) -> None:
    """End a playbook at once by SIGKILL, with its workers: each of them leads a session of its own and would go on."""
    if process.poll() is None:
        # Stopped first, so that it begins no further worker.
        process.send_signal(signal.SIGSTOP)
        for worker in _children(process.pid):
            os.kill(worker, signal.SIGKILL)
        process.kill()
    process.communicate()


def _children(parent: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # After the name, which may hold anything: state and parent.
            if int(stat.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(stat.parent.name))
    return found
