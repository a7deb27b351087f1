# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts of a play the summary tells of: Ansible has taken those that failed out of their batch by then."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[4]
WHERE = {"llmops_project": "p", "llmops_location": "us-central1", "llmops_cluster": "c", "llmops_model": "m"}


def told(directory: Path, playbook: str, first: dict[str, Any], **play: Any) -> str:
    """The summary of a play of two hosts, in which a task fails for both."""
    tasks = [
        {"block": [first], "always": [{"llmops.gke.deployment_summary": {"playbook": playbook}, "run_once": True}]}
    ]
    (directory / "play.yml").write_text(
        json.dumps([{"hosts": "all", "gather_facts": False, "vars": WHERE, "tasks": tasks, **play}])
    )
    command = [Path(sys.executable).parent / "ansible-playbook", "-i", "one,two", "-c", "local"]
    done = subprocess.run(
        [*command, directory / "play.yml"], cwd=ROOT, env={**os.environ, "COLUMNS": "80", "ANSIBLE_NOCOLOR": "1"},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stdout + done.stderr
    return " ".join(done.stdout.split("fatal: ")[-1].split())


@pytest.mark.parametrize("playbook", ["verify", "benchmark", "status"])
def test_a_host_that_failed_before_any_of_its_tasks_told_anything_was_begun(tmp_path, playbook):
    text = told(tmp_path, playbook, {"ansible.builtin.fail": {"msg": "no"}})
    assert "not begun" not in text
    for host in ("one", "two"):
        assert f"{host}: FAILED: its task's error is above" in text


def test_hosts_of_a_later_batch_were_not_begun(tmp_path):
    failing = {"ansible.builtin.fail": {"msg": "no model"}, "register": "preflight_planned"}
    text = told(tmp_path, "deploy", failing, serial=1)
    assert "one: FAILED: no model" in text
    assert "not begun two: a batch that fails as a whole ends the run" in text


def test_a_load_that_failed_is_told_with_its_reason(tmp_path):
    failing = {"ansible.builtin.fail": {"msg": "no GPU"}, "register": "benchmark_run"}
    assert "one: FAILED: no GPU" in told(tmp_path, "benchmark", failing)
