# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/ci.md as it stands there: a user's own inventory in the sandbox, by commands and by Molecule."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.playbooks.playground import ROOT

PAGE = (ROOT / "docs" / "ci.md").read_text()
FILES = re.findall(r"`(molecule/[\w/.]+)`[^`]*```yaml\n(.*?)```", PAGE, re.DOTALL)
# A user's, in earnest: other places than the sandbox's own, credentials that are nobody's, and a real project.
OURS = {
    "llmops_project": "our-real-project",
    "llmops_location": "europe-west4",
    "llmops_zones": ["europe-west4-b"],
    "llmops_cluster": "ours",
    "llmops_google_auth": {"auth_kind": "accesstoken", "access_token": "nobody-s"},
    # The test's own: less time.
    "llmops_sandbox_speed": 200,
    "verify_latency_samples": 1,
}


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Path]:
    """A user's own repository, with an inventory made from the example, and what the page has him write."""
    inventory = tmp_path / "inventory"
    (inventory / "group_vars").mkdir(parents=True)
    example = ROOT / "inventories" / "example"
    (inventory / "hosts.yml").write_text((example / "hosts.yml").read_text())
    theirs = yaml.safe_load((example / "group_vars" / "all.yml").read_text())
    (inventory / "group_vars" / "all.yml").write_text(yaml.safe_dump(theirs | OURS))
    for name, text in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    yield tmp_path
    stop = [sys.executable, "-m", "llmops_gke_sandbox", "stop", "--directory", str(tmp_path / ".sandbox")]
    subprocess.run(stop, check=True, capture_output=True)


def bash(repository: Path, script: str) -> str:
    """What a script of the page prints, in the user's repository, where the set-up is done."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "LLMOPS_", "HF_"))}
    environment = kept | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(repository / "home"),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
        "ANSIBLE_NOCOLOR": "1",
        "LC_ALL": "C.UTF-8",
        "SANDBOX": str(ROOT / "inventories" / "sandbox" / "group_vars" / "all" / "sandbox.yml"),
        "LLMOPS_GKE_SANDBOX_DIR": str(repository / ".sandbox"),
    }
    (repository / "home").mkdir()
    command = ["bash", "-euo", "pipefail", "-c", script]
    done = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_commands_take_an_inventory_through_its_life_in_the_sandbox(repository):
    block = PAGE.split("\n## Deploy, look for drift, remove\n")[1].split("```console\n")[1].split("```")[0]
    told = bash(repository, re.sub(r"^\$ ", "", block, flags=re.MULTILINE))
    assert "9 created, 0 changed, 0 removed" in told and "+ cluster ours" in told
    assert "zones         europe-west4-b" in told
    assert "mistral-7b: as the inventory has it" in told
    assert "nothing any more: no cluster" in told
    assert "our-real-project" not in told
    assert not (repository / ".sandbox").exists()


def test_the_scenario_passes(repository):
    assert [name for name, _text in FILES] == [
        f"molecule/sandbox/{name}.yml" for name in ("molecule", "deploy", "verify", "teardown", "stop")
    ]
    told = bash(repository, "molecule test --scenario-name sandbox 2>&1")
    assert re.search(r"actions=6\W.*successful=6", told)
