# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a summary advises at the end of somebody's own play, whose variables the collection's playbooks do not have."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from working_copy import ROOT

BIN = Path(sys.executable).parent
INVENTORY = {
    "all": {
        "hosts": {"one": {"llmops_name": "one"}, "two": {}},
        "vars": {"ansible_connection": "local", "llmops_cluster": "first", "llmops_namespace": "prod"},
    }
}


def told(folder: Path, *arguments: str, **play: Any) -> str:
    """The summary of a play on the first host."""
    (folder / "hosts.json").write_text(json.dumps(INVENTORY))
    summary = {"llmops.gke.deployment_summary": {"playbook": "deploy"}}
    (folder / "play.json").write_text(json.dumps([{"hosts": "one", "gather_facts": False, "tasks": [summary], **play}]))
    done = subprocess.run(
        [str(BIN / "ansible-playbook"), "-i", "hosts.json", "play.json", *arguments],
        cwd=folder,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"), "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return " ".join(done.stdout.replace("\\\n", " ").split())


def test_what_the_play_says_of_the_deployment_is_in_its_commands(tmp_path):
    text = told(tmp_path, "-e", "llmops_namespace=team", vars={"llmops_cluster": "second", "llmops_namespace": "dev"})
    # An extra variable wins over the play's.
    same = "--limit one -e llmops_cluster=second -e llmops_namespace=team"
    assert f"llmops.gke.status {same} tear down" in text
    assert f"llmops.gke.teardown {same} -e llmops_confirm_teardown=second" in text


def test_what_the_inventory_says_is_not_repeated(tmp_path):
    assert "llmops.gke.teardown --limit one -e llmops_confirm_teardown=first" in told(tmp_path)


def test_each_item_of_a_loop_has_its_own(tmp_path):
    summary = {"llmops.gke.deployment_summary": {"playbook": "deploy"}}
    (tmp_path / "model.json").write_text(json.dumps([summary]))
    loop = {"include_tasks": "model.json", "loop": ["a", "b"], "vars": {"llmops_name": "{{ item }}"}}
    text = told(tmp_path, tasks=[loop])
    for name in ("a", "b"):
        assert f"teardown --limit one -e llmops_name={name} -e llmops_confirm_teardown=first" in text


def test_each_batch_of_one_host_has_commands_for_this_host_alone(tmp_path):
    text = told(tmp_path, hosts="all", serial=1)
    for name in ("one", "two"):
        assert f"teardown --limit {name} -e llmops_confirm_teardown=first" in text
