# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role of a model server that is used alone refuses wrong values, also of the role that it shares with others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from working_copy import ROOT


@pytest.mark.parametrize(("role", "engine"), [("tgi_mistral", "tgi"), ("vllm", "vllm")])
@pytest.mark.parametrize("variable", ["{role}_port", "model_server_hpa_max_replicas"])
def test_a_wrong_value_is_refused_before_any_request(tmp_path: Path, role: str, engine: str, variable: str):
    name = variable.format(role=role)
    play = tmp_path / "play.yml"
    play.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "roles": [f"llmops.gke.{role}"]}]))
    given = {"llmops_project": "some-project", "llmops_zones": ["us-central1-a"], "llmops_engine": engine, name: "two"}
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", "-c", "local", str(play)]
    done = subprocess.run(
        [*command, "--extra-vars", json.dumps(given)],
        cwd=ROOT,
        env=os.environ | {"LC_ALL": "C.UTF-8", "ANSIBLE_NOCOLOR": "1", "ANSIBLE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stdout
    assert f"argument '{name}' is of type str and we were unable to convert to int" in done.stdout
