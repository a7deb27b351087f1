# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/tutorial.md: each row is whole, and what it names is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from working_copy import ROOT

from ansible_collections.llmops.gke.plugins.plugin_utils.role_variables import OTHER_VARIABLES
from tests.repo.documents import named_tests, rows, spans, untrue_tests
from tests.repo.test_documented_yaml import OF_PLAYBOOKS, OPTIONS, ROLES

ROWS = rows(Path("docs/tutorial.md"))
MODULES = {path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")}
PLAYBOOKS = {path.name for path in (ROOT / "playbooks").glob("*.yml")}
KNOWN = {*OPTIONS, *OF_PLAYBOOKS, *OTHER_VARIABLES, *ROLES, *MODULES, *PLAYBOOKS}
# What looks like a name of ours and is a variable's value.
VALUES = {"host_path"}


def faults(cells: list[str]) -> Iterator[str]:
    """What is wrong with a row: the tutorial's words, their problem, what is here, the tests."""
    if len(cells) != 4 or not all(cells):
        yield "a cell is missing or empty"
        return
    _said, _problem, here, shown = cells
    names = [span for span in spans(here) if re.fullmatch(r"[a-z0-9]+(?:_[a-z0-9]+)*(?:\.yml)?", span)]
    ours = (name for name in names if "_" in name or name.endswith(".yml"))
    yield from (f"nothing is called {name}" for name in ours if name not in KNOWN | VALUES)
    if not KNOWN & set(names):
        yield "no role, module, variable or playbook is named"
    if not named_tests(shown):
        yield "no test is named"
    yield from untrue_tests(shown)


def test_the_tutorial_is_told_from_its_first_line_to_its_last():
    said = " ".join(cells[0] for _line, cells in ROWS)
    order = [
        "one L4", "quota", "Transformers", "DCGM", "14.2 GB", "Grouped-query", "export REGION", "--location",
        "--workload-pool", "--cluster", "--node-labels", "create secret", "kubectl apply",
        "kubectl describe deployment", "port-forward", "kubectl get svc", "kubectl label", "kubectl describe hpa",
        "INST]", "curl -X POST", "generated_tokens=", "latency_per_token", "/docs", "placeholders",
    ]  # fmt: skip
    places = [said.find(word) for word in order]
    assert -1 not in places, order[places.index(-1)]
    assert places == sorted(places)


@pytest.mark.parametrize(("line", "cells"), ROWS, ids=[f"line {line}" for line, _cells in ROWS])
def test_a_row_is_whole_and_true(line, cells):
    assert list(faults(cells)) == []


GOOD = ["a", "none", "`llmops_zones`", "`tests/repo/test_tutorial.py::test_a_row_is_whole_and_true`"]


@pytest.mark.parametrize(
    ("column", "text", "fault"),
    [
        (1, "", "a cell is missing or empty"),
        (2, "by hand", "no role, module, variable or playbook is named"),
        (2, "`llmops_zones`, `llmops_zone`", "nothing is called llmops_zone"),
        (2, "`deplyo.yml`", "nothing is called deplyo.yml"),
        (3, "everywhere", "no test is named"),
        (3, "`tests/repo/test_tutoria.py`", "no test tests/repo/test_tutoria.py"),
        (3, "`tests/repo/test_tutorial.py::test_a_row`", "no test tests/repo/test_tutorial.py::test_a_row"),
        (3, f"{GOOD[3][:-1]}[no {'such'} case]`", "no case "),
    ],
)
def test_a_slip_is_found(column, text, fault):
    assert list(faults(GOOD)) == []
    found = " ".join(faults([*GOOD[:column], text, *GOOD[column + 1 :]]))
    assert fault in found
