# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is claimed of ansible-core and Python is what the matrix runs."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import matrix
import yaml
from working_copy import ROOT

from tests.repo.test_lock import PYTHONS


def test_it_begins_with_the_lowest_that_is_stated():
    stated = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["requires_ansible"]
    assert stated == f">={next(iter(matrix.PYTHONS))}"


def test_it_runs_every_python_that_the_lock_is_for():
    assert sorted({cell.python for cell in matrix.CELLS.values()}) == sorted(PYTHONS)


def test_it_runs_every_series_that_the_first_page_claims():
    claimed = re.search(r"\(tested: ([^)]*), on Python (\S+) to (\S+) as", (ROOT / "README.md").read_text())
    assert claimed is not None
    series = [core for core in matrix.PYTHONS if core.count(".") == 1]
    assert re.findall(r"[\d.]+\d", claimed.group(1)) == series
    assert (claimed.group(2), claimed.group(3)) == (PYTHONS[0], PYTHONS[-1])


def test_the_workflow_gets_a_list_of_all_cells():
    command = [sys.executable, str(ROOT / "scripts" / "matrix.py"), "--json"]
    cells = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert [cell["cell"] for cell in cells] == list(matrix.CELLS)
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    assert set(re.findall(r"matrix\.(\w+)", json.dumps(workflow["jobs"]["versions"]))) <= set(cells[0])


def test_a_python_that_does_not_start_is_not_taken(monkeypatch):
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    monkeypatch.setattr(matrix, "candidates", lambda _python: iter(["false", sys.executable]))
    assert matrix.interpreter(here) == sys.executable
    assert matrix.interpreter("2.7") is None
