# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks that need a deployment say what to run where the inventory's sandbox is not started, and start none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.playbooks.playground import ROOT


def play(playbook: str, directory: Path) -> tuple[int, str]:
    command = [str(Path(sys.executable).with_name("ansible-playbook")), f"playbooks/{playbook}"]
    environment = os.environ | {
        "LLMOPS_GKE_SANDBOX_DIR": str(directory),
        "ANSIBLE_HOME": str(directory.parent / "ansible-home"),
        "ANSIBLE_NOCOLOR": "1",
        "LC_ALL": "C.UTF-8",
    }
    done = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert not directory.exists()
    return done.returncode, " ".join(done.stdout.split())


@pytest.mark.parametrize("playbook", ["verify.yml", "status.yml", "benchmark.yml"])
def test_it_says_what_to_run(playbook, tmp_path):
    code, said = play(playbook, tmp_path / "none")
    assert code != 0
    assert f"No sandbox runs in {tmp_path / 'none'}" in said
    assert "ansible-playbook playbooks/deploy.yml" in said
    assert "endpoints.json" not in said, said


def test_there_is_nothing_to_tear_down(tmp_path):
    code, said = play("teardown.yml", tmp_path / "none")
    assert code == 0, said
    assert "there is nothing to remove" in said and "changed=0" in said
