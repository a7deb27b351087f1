# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""llmops-gke-sandbox faults: words for people, JSON for programs, and where to go when no sandbox runs."""

import json

import pytest

from llmops_gke_sandbox import cli
from llmops_gke_sandbox.faults import KNOWN_FAULTS


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    path = tmp_path_factory.mktemp("faults") / "sandbox"
    assert cli.main(["start", "--directory", str(path)]) == 0
    yield path
    cli.main(["stop", "--directory", str(path)])


@pytest.fixture
def faults(directory, capsys):
    def run(*words):
        capsys.readouterr()
        assert cli.main(["faults", *words, "--directory", str(directory)]) == 0
        return capsys.readouterr().out

    run("clear")
    return run


def test_they_are_listed_in_80_columns_with_what_can_be_set(faults):
    text = faults("list")
    assert max(map(len, text.splitlines())) <= 80
    assert text.startswith("No fault is on.\n")
    firsts = [line.split()[0] for line in text.splitlines() if line.startswith("  ") and line[2] != " "]
    assert [first for first in firsts if first in KNOWN_FAULTS] == list(KNOWN_FAULTS)
    assert "match.project, match.location, match.zone, match.cluster, match.pool" in " ".join(text.split())
    assert "faults add stockout match.zone=us-central1-a times=1" in text


def test_each_command_says_what_it_did(faults):
    assert faults("clear") == "No fault was on.\n"
    added = faults("add", "http", "status=503", "times=2", "match.path=.*/clusters")
    assert " is on: http status=503 times=2 match.path=.*/clusters." in added.replace("\n", " ")
    listed = faults("list")
    assert listed.startswith("On now (")
    assert ": http status=503 match.path=.*/clusters times=2\n" in listed
    assert faults("clear") == "The fault that was on is off.\n"
    faults("add", "crash")
    faults("add", "evicted")
    assert faults("clear") == "The 2 faults that were on are off.\n"


def test_programs_get_json(faults):
    identifier = json.loads(faults("add", "crash", "exit_code=3", "--json"))["id"]
    listed = json.loads(faults("list", "--json"))
    assert listed["faults"] == [
        {"id": identifier, "name": "crash", "times": None, "match": {}, "params": {"exit_code": 3}}
    ]
    assert listed["known"] == KNOWN_FAULTS
    assert json.loads(faults("clear", "--json")) == {"cleared": 1}


def test_what_is_wrong_is_told(directory, capsys):
    assert cli.main(["faults", "add", "x", "--directory", str(directory)]) == 1
    assert "unknown fault 'x'" in capsys.readouterr().err


@pytest.mark.parametrize("named", [False, True])
def test_where_none_runs_a_clone_names_its_own_way(named, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("LLMOPS_GKE_SANDBOX_DIR", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    words = ["--directory", ".sandbox"] if named else []
    assert cli.main(["faults", "list", *words]) == 1
    assert "start one with: llmops-gke-sandbox start --directory" in capsys.readouterr().err

    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks" / "sandbox.yml").touch()
    assert cli.main(["faults", "list", *words]) == 1
    assert f"no sandbox runs in {tmp_path}/.sandbox; make demo starts one" in capsys.readouterr().err
    assert cli.main(["faults", "list", "--directory", "elsewhere"]) == 1
    assert "start one with: llmops-gke-sandbox start --directory" in capsys.readouterr().err
