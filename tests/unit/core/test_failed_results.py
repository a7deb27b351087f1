# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registered result of a failed task is an argument like any other, though ansible-core keeps objects in it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import yaml

from tests.unit.core.test_carriers import ROOT

SLOW = {
    "ignore_errors": True,
    "register": "latency",
    "name": "Measure",
    "ansible.builtin.fail": {"msg": "ttft_seconds is 0.9 s, limit 0.5 s"},
}


@pytest.mark.parametrize("in_process", [True, False])
def test_a_report_is_written_of_what_failed(tmp_path, in_process):
    report = {
        "name": "Report",
        "llmops.gke.llm_report": {"path": f"{tmp_path}/report.html", "latency": "{{ latency }}"},
    }
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [SLOW, report]}
    play["vars"] = {"llmops_in_process": in_process, "ansible_python_interpreter": sys.executable}
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play | {"connection": "local"}]))
    environment = os.environ | {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "LC_ALL": "C.UTF-8"}
    command = [sys.executable, "-m", "ansible", "playbook", "--inventory", "localhost,", str(tmp_path / "play.yml")]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "report.html").exists()
