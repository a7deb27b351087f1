# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the inventory's sandbox is not started: what needs a deployment says so, and what deploys starts it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.playbooks.playground import ROOT, until


def play(playbook: str, directory: Path, *arguments: str) -> tuple[int, str]:
    command = [str(Path(sys.executable).with_name("ansible-playbook")), f"playbooks/{playbook}", *arguments]
    environment = os.environ | {
        "LLMOPS_GKE_SANDBOX_DIR": str(directory),
        "ANSIBLE_HOME": str(directory.parent / "ansible-home"),
        "ANSIBLE_NOCOLOR": "1",
        "LC_ALL": "C.UTF-8",
    }
    done = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.returncode, " ".join(done.stdout.split())


@pytest.mark.parametrize("playbook", ["verify.yml", "status.yml", "benchmark.yml"])
def test_it_says_what_to_run(playbook, tmp_path):
    code, said = play(playbook, tmp_path / "none")
    assert code != 0
    assert f"No sandbox runs in {tmp_path / 'none'}" in said
    assert "ansible-playbook playbooks/deploy.yml" in said
    assert "endpoints.json" not in said, said
    assert not (tmp_path / "none").exists()


def test_a_part_of_a_deployment_starts_it(tmp_path):
    code, said = play("deploy.yml", tmp_path / "sandbox", "--tags", "preflight")
    stopped, _said = play("sandbox.yml", tmp_path / "sandbox", "--extra-vars", "llmops_sandbox_state=stopped")
    assert (code, stopped) == (0, 0), said


@pytest.fixture
def killed(tmp_path) -> Path:
    """The directory of a sandbox that had no time to remove its files."""
    directory = tmp_path / "killed"
    command = [sys.executable, "-m", "llmops_gke_sandbox"]
    started = subprocess.run(
        [*command, "start", "--directory", str(directory)], stdout=subprocess.PIPE, text=True, check=True
    )
    pid = json.loads(started.stdout)["pid"]
    os.kill(pid, signal.SIGKILL)
    until(lambda: not is_running(pid), "the sandbox is gone")
    return directory


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_one_that_was_killed_does_not_run_whatever_it_left(killed):
    code, said = play("status.yml", killed)
    assert code != 0
    assert f"No sandbox runs in {killed}" in said and "ansible-playbook playbooks/deploy.yml" in said
    assert "gcloud auth" not in said, said
    code, said = play("teardown.yml", killed)
    assert code == 0 and "there is nothing to remove" in said, said


def test_there_is_nothing_to_tear_down(tmp_path):
    code, said = play("teardown.yml", tmp_path / "none")
    assert code == 0, said
    assert not (tmp_path / "none").exists()
    assert "there is nothing to remove" in said and "changed=0" in said
