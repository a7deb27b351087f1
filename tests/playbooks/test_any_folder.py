# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A clone's playbooks run from whatever folder, where its ansible.cfg does not say how llmops.gke is found."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.playbooks.playground import ROOT

PLAYBOOKS = sorted(path.name for path in (ROOT / "playbooks").glob("*.yml"))


def play(folder: Path, playbook: str, *arguments: str, sandbox: str = "") -> subprocess.CompletedProcess[str]:
    """From a folder with nothing in it, for a user who has installed no collection."""
    command = [str(Path(sys.executable).with_name("ansible-playbook")), str(ROOT / "playbooks" / playbook)]
    command += ["-i", str(ROOT / "inventories" / "sandbox"), *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    environment |= {
        "HOME": str(folder),
        "LLMOPS_GKE_SANDBOX_DIR": sandbox or str(folder / "sandbox"),
        "LC_ALL": "C.UTF-8",
    }
    return subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300
    )


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_it_is_loaded(tmp_path, playbook):
    done = play(tmp_path, playbook, "--syntax-check")
    assert (done.returncode, "ERROR" in done.stdout) == (0, False), done.stdout


def test_it_runs(tmp_path):
    """Without a sandbox there is nothing to remove, which takes plugins, roles and inventory to find out."""
    done = play(tmp_path, "teardown.yml")
    assert done.returncode == 0, done.stdout
    assert f"No sandbox runs in {tmp_path}/sandbox, so there is nothing to remove." in " ".join(done.stdout.split())


@pytest.mark.parametrize("named", ["its own", "~/its own"])
def test_the_sandbox_is_where_its_own_program_looks_for_it(tmp_path, named):
    """Which counts LLMOPS_GKE_SANDBOX_DIR from the working directory."""
    started = play(tmp_path, "deploy.yml", "--tags", "preflight", sandbox=named)
    found = (tmp_path / "its own" / "endpoints.json").exists()
    stopped = play(tmp_path, "sandbox.yml", "--extra-vars", "llmops_sandbox_state=stopped", sandbox=named)
    assert (started.returncode, found, stopped.returncode) == (0, True, 0), started.stdout
    assert not (tmp_path / "its own").exists()
