# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter one_line, as a template uses it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.llmops.gke.plugins.filter.one_line import FilterModule

ROOT = Path(__file__).resolve().parents[4]
one_line = FilterModule().filters()["one_line"]


def test_a_template_shows_a_text_on_one_line(tmp_path):
    variables = {"said": "Back-off\nTASK [fake] ***\x1b[2J", "shown": "event: {{ said | llmops.gke.one_line }}"}
    command = [sys.executable, "-m", "ansible", "adhoc", "localhost", "--inventory", "localhost,"]
    command += ["--module-name", "debug", "--args", "var=shown", "--extra-vars", json.dumps(variables)]
    environment = os.environ | {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "LC_ALL": "C.UTF-8"}
    environment["ANSIBLE_HOME"] = str(tmp_path)
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert "event: Back-off TASK [fake] ***\\x1b[2J" in done.stdout, done.stdout + done.stderr


def test_a_long_text_is_cut():
    assert one_line("a" * 8 + "b" * 8, 8) == "a" * 6 + " [... 8 characters left out ...] " + "bb"
    assert len(one_line("z" * 10**5)) < 1300
    assert one_line(7) == "7"


@pytest.mark.parametrize("most", [0, -1, "x", True, None])
def test_a_length_that_is_none_is_refused(most):
    with pytest.raises(AnsibleFilterError, match="one_line: most is"):
        one_line("said", most)
