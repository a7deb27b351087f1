# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What sets a clone up says what it lacks, and where ansible-playbook is when it is done."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from working_copy import ROOT


def set_up(python: str, venv: Path, versions: str = "run", **environment: str) -> tuple[int, str]:
    """Run it; returns its exit code and what it printed."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
    done = subprocess.run(
        ["bash", "scripts/set_up.sh", python, str(venv), versions],
        cwd=ROOT,
        env={**own, "PIP_CONFIG_FILE": os.devnull, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("python", "code", "told"),
    [
        pytest.param("", 2, "On Debian and Ubuntu: apt install python3-venv", id="no Python"),
        pytest.param(sys.executable, 1, "Without a way to PyPI, name another index or a proxy:", id="no index"),
    ],
)
def test_it_says_what_is_missing(tmp_path, python, code, told):
    found, output = set_up(python, tmp_path / "venv", PIP_NO_INDEX="1")
    assert (found, told in output) == (code, True), output
    assert not (tmp_path / "venv" / ".set-up").exists()


@pytest.mark.parametrize(("stands", "is_enough"), [("run", True), ("locked", True), ("newest", False)])
def test_what_was_set_up_for_all_work_is_enough_to_run_the_playbooks(tmp_path, stands, is_enough):
    """A stamp alone stands for the environment: without a way to any package, it is all that is looked at."""
    pieces = 'cat requirements* sandbox/pyproject.toml meta/runtime.yml; echo "$0 $1 $PWD"'
    version = sys.version.split()[0]
    text = subprocess.run(["bash", "-c", pieces, version, stands], cwd=ROOT, capture_output=True, check=True).stdout
    stamp = subprocess.run(["cksum"], input=text, capture_output=True, check=True).stdout
    (tmp_path / ".set-up").write_bytes(stamp)
    assert (set_up(sys.executable, tmp_path, PIP_NO_INDEX="1")[0] == 0) == is_enough


def test_it_ends_with_the_way_to_ansible_playbook():
    last = (ROOT / "scripts" / "set_up.sh").read_text().splitlines()[-1]
    assert last.startswith('echo "Done. ansible-playbook') and last.endswith('. $venv/bin/activate"')
