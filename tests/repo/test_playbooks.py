# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every playbook is run by a Molecule scenario, so that an untested one is noticed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from working_copy import ROOT

PLAYBOOKS = sorted(path.name for path in (ROOT / "playbooks").glob("*.yml"))
MOLECULE = ROOT / "extensions" / "molecule"


def scenario_texts() -> list[str]:
    shared = [MOLECULE / "config.yml", *(MOLECULE / "shared").rglob("*.yml")]
    return [path.read_text() for path in (*shared, *MOLECULE.glob("*/*.yml"))]


def run_by_a_scenario() -> set[str]:
    """Playbooks that a scenario names by their path, in its sequence or in an import."""
    pattern = re.compile(r"/playbooks/([a-z_]+\.yml)")
    return {name for text in scenario_texts() for name in pattern.findall(text)}


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_a_scenario_runs_the_playbook(name):
    assert name in run_by_a_scenario()


def test_scenarios_run_only_playbooks_that_exist():
    assert run_by_a_scenario() <= set(PLAYBOOKS)


def test_every_action_of_a_sequence_has_its_file():
    for path in MOLECULE.glob("*/molecule.yml"):
        for action in yaml.safe_load(path.read_text())["scenario"]["test_sequence"]:
            words = action.split()
            for word in words[1:]:
                assert (path.parent / word).is_file(), f"{path.parent.name}: {action}"


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_the_playbook_parses_with_every_inventory(name):
    for inventory in sorted((ROOT / "inventories").iterdir()):
        command = [str(Path(sys.executable).with_name("ansible-playbook")), "--syntax-check", "--inventory"]
        done = subprocess.run(
            [*command, str(inventory), f"playbooks/{name}"], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "WARNING" not in done.stderr
