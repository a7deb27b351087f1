# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each sandbox that an inventory names is started once, for all hosts that live in it and for no others."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.playbooks.playground import ROOT, Run

SETTINGS = yaml.safe_load((ROOT / "inventories/sandbox/group_vars/all/sandbox.yml").read_text())

Play = Callable[..., Run]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("sandboxes")


@pytest.fixture(scope="module")
def play(folder) -> Iterator[Play]:
    """Runs the play on four hosts, one without a sandbox, and then tells each host's address.

    program: a folder whose package takes the sandbox's place.
    """
    told = {"ansible.builtin.debug": {"msg": "<{{ inventory_hostname }} {{ llmops_sandbox.admin | default('none') }}>"}}
    first = {**SETTINGS, "llmops_sandbox_directory": str(folder / "first")}
    other = {**SETTINGS, "llmops_sandbox_directory": "{{ other | default('" + str(folder / "other") + "') }}"}
    other["llmops_sandbox_speed"] = 7
    # The first of them is elsewhere, and answers nobody.
    none = {
        "llmops_sandbox": {},
        "ansible_connection": "{{ reached_by | default('local') }}",
        "ansible_host": "127.0.0.1",
        "ansible_port": 9,
    }
    hosts = {"none": none, "one": first, "two": other, "three": first}
    (folder / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts}}))

    (folder / "tells.json").write_text(
        json.dumps([{"hosts": "all", "connection": "local", "gather_facts": False, "tasks": [told]}])
    )

    def run(
        *arguments: str, imported: dict[str, Any] | None = None, program: Path | None = None, **variables: Any
    ) -> Run:
        names = [str(ROOT / "playbooks" / "sandbox.yml"), "tells.json"]
        plays = [{"import_playbook": name, "vars": imported or {}} for name in names]
        (folder / "play.json").write_text(json.dumps(plays))
        command = [str(Path(sys.executable).with_name("ansible-playbook")), str(folder / "play.json"), *arguments]
        command += ["-i", str(folder / "hosts.json"), "--extra-vars", json.dumps(variables)]
        environment = os.environ | {"ANSIBLE_HOME": str(folder / "home"), "ANSIBLE_NOCOLOR": "1", "LC_ALL": "C.UTF-8"}
        environment |= {"PYTHONPATH": str(program)} if program else {}
        done = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        return Run(done.returncode, done.stdout)

    yield run
    run("--limit", "none,one,two", "--skip-tags", "untagged", llmops_sandbox_state="stopped")


def addresses(run: Run) -> dict[str, str]:
    return dict(re.findall(r"<(\w+) (\S+)>", run.output))


def test_each_is_started_once_and_a_host_without_one_is_in_none(play, folder):
    run = play()
    assert run.code == 0, run.output
    assert run.output.count("changed: [") == 1
    found = addresses(run)
    assert found["one"] == found["three"] != found["two"]
    assert found["none"] == "none" and found["two"].startswith("http://127.0.0.1:")
    speeds = [json.loads((folder / name / "endpoints.json").read_text())["speed"] for name in ("first", "other")]
    assert speeds == [50, 7]


def test_what_runs_is_found_also_for_some_of_the_hosts_and_in_a_preview(play):
    found = addresses(play())
    again = play("--check", "--limit", "two,three")
    assert (again.code, again.output.count("changed: [")) == (0, 0), again.output
    assert addresses(again) == {name: found[name] for name in ("two", "three")}


def test_a_preview_of_its_end_leaves_it_running(play, folder):
    found = addresses(play("--limit", "one"))
    foretold = play("--check", "--limit", "one", llmops_sandbox_state="stopped")
    assert (foretold.code, foretold.output.count("changed: [")) == (0, 1), foretold.output
    assert addresses(play("--limit", "one")) == found
    ended = play("--limit", "one", "--skip-tags", "untagged", llmops_sandbox_state="stopped")
    assert (ended.code, ended.output.count("changed: [")) == (0, 1), ended.output
    again = play("--check", "--limit", "one", "--skip-tags", "untagged", llmops_sandbox_state="stopped")
    assert (again.code, again.output.count("changed: [")) == (0, 0), again.output


def test_the_host_that_comes_first_need_not_be_this_machine(play):
    run = play("--skip-tags", "untagged", reached_by="ssh")
    assert (run.code, run.output.count("UNREACHABLE")) == (0, 0), run.output


def test_hosts_without_one_alone_start_none_and_nothing_is_said(play):
    run = play("--limit", "none")
    assert (run.code, addresses(run)) == (0, {"none": "none"}), run.output
    said = run.output.partition("TASK [Run the sandbox, where the inventory has one] ")[2].partition("PLAY")[0]
    assert said.strip("*\n") == "ok: [none]"


def test_where_one_does_not_run_no_host_goes_on_and_it_is_told_once(play, tmp_path):
    (tmp_path / "endpoints.json").touch()
    run = play("-e", json.dumps({"other": str(tmp_path)}))
    said = " ".join(run.output.rpartition("fatal: [")[2].split())
    assert run.code != 0 and run.output.count("fatal: [") == 1
    assert f"{tmp_path}/endpoints.json is not a sandbox" in said
    # Nor does the host whose sandbox runs go on: the play's hosts are one fleet.
    assert addresses(run) == {}


@pytest.fixture(scope="module")
def prints(tmp_path_factory) -> Path:
    """Takes the program's place: fails, and tells its arguments as the reason."""
    package = tmp_path_factory.mktemp("program") / "llmops_gke_sandbox.py"
    package.write_text("import sys\nsys.exit(f\"asked: {' '.join(sys.argv[1:])}.\")\n")
    return package.parent


@pytest.mark.parametrize(
    ("imported", "extra", "expected"),
    [
        ({}, {}, "start --directory DIR/first."),
        ({"llmops_sandbox_directory": "DIR/mine"}, {}, "start --directory DIR/mine."),
        ({"llmops_sandbox_speed": 9}, {}, "start --directory DIR/first --speed 9."),
        ({"llmops_sandbox_config": "DIR/c"}, {}, "start --directory DIR/first --config DIR/c."),
        ({"llmops_sandbox_speed": 9}, {"llmops_sandbox_speed": 8}, "start --directory DIR/first --speed 8."),
        ({"llmops_sandbox_directory": "DIR/mine", "llmops_sandbox_state": "stopped"}, {}, "stop --directory DIR/mine."),
    ],
    ids=str,
)
def test_the_variables_of_an_import_hold_as_those_of_an_inventory(play, folder, prints, imported, extra, expected):
    imported = {name: str(value).replace("DIR", str(folder)) for name, value in imported.items()}
    run = play("--limit", "one,three", imported=imported, program=prints, **extra)
    assert set(re.findall(r"asked: .*?\.", run.output)) == {f"asked: {expected.replace('DIR', str(folder))}"}, (
        run.output
    )


def test_an_import_s_directory_is_that_of_every_host(play, folder):
    imported = {"llmops_sandbox_directory": str(folder / "mine"), "llmops_sandbox_speed": 9}
    try:
        run = play(imported=imported)
        assert (run.code, run.output.count("changed: [")) == (0, 1), run.output
        found = addresses(run)
        assert found.pop("none") == "none"
        assert len(found) == 3 and len(set(found.values())) == 1
        assert json.loads((folder / "mine" / "endpoints.json").read_text())["speed"] == 9
    finally:
        play(imported=imported | {"llmops_sandbox_state": "stopped"})
