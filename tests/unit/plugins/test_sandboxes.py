# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sandbox: which sandboxes hosts live in, the command for each, and what becomes of its answer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from ansible_collections.llmops.gke.plugins.action import sandbox as action
from ansible_collections.llmops.gke.plugins.module_utils.workflows import sandboxes
from ansible_collections.llmops.gke.plugins.module_utils.workflows.sandboxes import Sandbox, SandboxError
from ansible_collections.llmops.gke.plugins.modules import sandbox as module

PYTHON = "/opt/python"


def of(directory: Any, speed: Any = None, config: Any = None) -> dict[str, Any]:
    given = dict(zip(sandboxes.VARIABLES, (directory, speed, config), strict=True))
    return {name: value for name, value in given.items() if value is not None}


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({}, []),
        ({"a": {}, "b": of("")}, []),
        ({"a": {}, "b": of("/d")}, [Sandbox("/d", ("b",))]),
        ({"a": of("/d"), "b": of("/e"), "c": of("/d")}, [Sandbox("/d", ("a", "c")), Sandbox("/e", ("b",))]),
        # Those of the first host hold.
        ({"a": of("/d", 9), "b": of("/d", 8, "/c")}, [Sandbox("/d", ("a", "b"), ("--speed", "9"))]),
        ({"a": of("/d"), "b": of("/d", 8)}, [Sandbox("/d", ("a", "b"))]),
        ({"a": of("/d", 0.5, "/c")}, [Sandbox("/d", ("a",), ("--speed", "0.5", "--config", "/c"))]),
        # For the program to refuse; nothing was said by empty ones.
        ({"a": of("/d", 0, "")}, [Sandbox("/d", ("a",), ("--speed", "0"))]),
        ({"a": of("/d", "", "")}, [Sandbox("/d", ("a",))]),
    ],
    ids=str,
)
def test_each_sandbox_is_there_once_with_the_hosts_that_live_in_it(variables, found):
    assert sandboxes.sandboxes(variables) == found


@pytest.mark.parametrize(
    ("state", "check", "words"),
    [
        ("started", False, ["start", "--directory", "/d", "--speed", "9"]),
        ("started", True, ["start", "--directory", "/d", "--speed", "9"]),
        ("stopped", False, ["stop", "--directory", "/d"]),
        ("stopped", True, ["stop", "--directory", "/d", "--check"]),
    ],
)
def test_the_command(state, check, words):
    asked = sandboxes.command(PYTHON, state, Sandbox("/d", ("a",), ("--speed", "9")), check)
    assert asked == [PYTHON, "-m", "llmops_gke_sandbox", *words]


@pytest.mark.parametrize("changed", [True, False])
def test_what_it_did_is_what_it_says(changed):
    assert sandboxes.changed(PYTHON, 0, json.dumps({"changed": changed, "directory": "/d"}), "a warning") is changed


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((1, "", "llmops-gke-sandbox: no room left\n"), "llmops-gke-sandbox: no room left"),
        ((1, "", "usage: this\n  error: that\x1b[31m\n"), r"usage: this error: that\x1b[31m"),
        ((-9, "", " \n"), "the sandbox's program ended with -9 and did not say why"),
        ((1, "", f"{PYTHON}: No module named llmops_gke_sandbox\n"), sandboxes.missing(PYTHON)),
        *(
            ((0, said, ""), f"the sandbox's program did not say whether it changed anything, but {said!r}")
            for said in ("", "[]", "{}", '{"changed": 1}', "null")
        ),
    ],
    ids=str,
)
def test_why_it_does_not_run_is_one_line(answer, reason):
    with pytest.raises(SandboxError) as raised:
        sandboxes.changed(PYTHON, *answer)
    assert str(raised.value) == reason


def test_a_missing_package_is_installed_for_the_python_that_wants_it_or_not_needed():
    text = sandboxes.missing(PYTHON)
    assert "a Python package of its own that is not installed" in text and text.endswith("project with -i")
    assert (
        f" {PYTHON} -m pip install 'llmops-gke-sandbox @ git+https://github.com/llmops/llmops.gke#subdirectory" in text
    )


@pytest.mark.parametrize(
    ("result", "started"),
    [
        (None, False),
        ({"failed": True, "msg": "no"}, False),
        ({"sandboxes": [{"hosts": ["a"], "changed": True}, {"hosts": ["b"], "changed": False}]}, True),
        ({"sandboxes": [{"hosts": ["a"], "changed": False}, {"hosts": ["b"], "changed": True}]}, False),
    ],
)
def test_whether_a_host_s_own_was_started(result, started):
    assert sandboxes.started_for("a", result) is started


class _Manager:
    def __init__(self, hosts: dict[str, dict[str, Any]]) -> None:
        self._hosts = hosts

    def get_vars(self, play: str, host: str, task: Any) -> dict[str, Any]:
        assert play == "the play"
        return self._hosts[host]


def run(hosts: dict[str, dict[str, Any]], python: Path, check: bool = False, **arguments: Any) -> dict[str, Any]:
    """The task's result, on the first of some hosts, each of which gets its variables as they are."""
    task = SimpleNamespace(
        args=arguments,
        action="sandbox",
        check_mode=check,
        async_val=0,
        diff=False,
        environment=None,
        get_play=lambda: "the play",
    )
    templar = SimpleNamespace(copy_with_new_env=lambda available_variables: SimpleNamespace(template=dict))
    # Reaches nobody by it, so that it has nothing but what every action looks for.
    connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir=None))
    loader = SimpleNamespace(get_basedir=lambda: str(python.parent))
    one = action.ActionModule(task, connection, SimpleNamespace(), loader, templar, None)
    inventory = SimpleNamespace(get_host=lambda name: name)
    first = next(iter(hosts))
    known = {
        **hosts[first],
        "inventory_hostname": first,
        "ansible_playbook_python": str(python),
        "ansible_play_hosts": list(hosts),
        "hostvars": SimpleNamespace(_inventory=inventory, _variable_manager=_Manager(hosts)),
    }
    return one.run(None, known)


@pytest.fixture
def program(tmp_path) -> Path:
    """Takes the place of the Python that runs it: what stands in a sandbox's directory comes of it, and its arguments
    are kept there."""
    path = tmp_path / "python"
    path.write_text(
        '#!/bin/sh\ncd "$5" || exit 1\necho "$*" >> asked\ntest ! -t 0 && cat reason >&2 && exit 1\ncat answer\n'
    )
    path.chmod(0o755)
    return path


@pytest.fixture
def places(tmp_path) -> dict[str, Path]:
    """Directories of a sandbox that is started, one that runs and one that does not start."""
    made = {name: tmp_path / name for name in ("new", "runs", "fails")}
    for name, path in made.items():
        path.mkdir()
        (path / ("reason" if name == "fails" else "answer")).write_text(
            "no room left\n" if name == "fails" else json.dumps({"changed": name == "new"})
        )
    return made


def test_every_sandbox_is_asked_once_for_all_of_its_hosts(program, places):
    hosts = {"a": {}, "b": of(places["new"]), "c": of(places["runs"], 7), "d": of(places["new"])}
    result = run(hosts, program)
    assert result["changed"] is True and "msg" not in result and not result.get("failed")
    assert result["sandboxes"] == [
        {"directory": str(places["new"]), "hosts": ["b", "d"], "changed": True},
        {"directory": str(places["runs"]), "hosts": ["c"], "changed": False},
    ]
    asked = {name: (places[name] / "asked").read_text().splitlines() for name in ("new", "runs")}
    assert asked == {
        "new": [f"-m llmops_gke_sandbox start --directory {places['new']}"],
        "runs": [f"-m llmops_gke_sandbox start --directory {places['runs']} --speed 7"],
    }


def test_a_relative_directory_counts_from_the_playbook(program, places):
    result = run({"a": of("new")}, program)
    assert result["sandboxes"] == [{"directory": "new", "hosts": ["a"], "changed": True}]
    assert (places["new"] / "asked").exists()


@pytest.mark.parametrize(
    ("state", "changed", "asked"),
    [("started", False, "start --directory {}"), ("stopped", True, "stop --directory {} --check")],
)
def test_a_preview_needs_it_started_and_foretells_its_end(program, places, state, changed, asked):
    result = run({"a": of(places["new"])}, program, check=True, state=state)
    assert (result["changed"], result["sandboxes"][0]["changed"]) == (changed, True)
    told = (places["new"] / "asked").read_text()
    assert told == f"-m llmops_gke_sandbox {asked.format(places['new'])}\n"


def test_no_host_has_one(program):
    result = run({"a": {}, "b": {}}, program)
    assert (result["changed"], result["sandboxes"]) == (False, [])
    assert not result.keys() & {"msg", "skipped", "failed"}


def test_one_that_fails_is_told_of_and_the_others_are_asked_all_the_same(program, places):
    hosts = {"a": of(places["fails"]), "b": of(places["new"])}
    result = run(hosts, program)
    assert (result["failed"], result["msg"]) == (True, "no room left")
    assert [one["hosts"] for one in result["sandboxes"]] == [["b"]]


def test_a_reason_that_several_have_is_told_once():
    assert sandboxes.told(["no room left", "it hangs", "no room left"]) == "no room left; it hangs"


def test_what_cannot_be_run_is_said(places):
    result = run({"a": of(places["new"])}, places["new"] / "python")
    assert result["failed"] and result["msg"].startswith("the sandbox's program cannot be run: ")


def test_a_program_that_hangs_ends_with_the_task(tmp_path, monkeypatch):
    monkeypatch.setattr(action, "_SECONDS", 0.2)
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexec sleep 60\n")
    python.chmod(0o755)
    result = run({"a": of(tmp_path)}, python)
    assert result["msg"] == "the sandbox's program did not end within 0.2 s"


def test_a_start_goes_on_to_its_end_when_its_task_is_interrupted(tmp_path):
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\ncd "$5"\n: > begun\nuntil [ -e go ]; do sleep 0.02; done\n: > done\n')
    python.chmod(0o755)
    source = f"import sys; sys.path[:0] = {sys.path!r}; import {action.__name__} as a; "
    words = [str(python), "-m", "llmops_gke_sandbox", "start", "--directory", str(tmp_path)]
    source += f"a._run({str(python)!r}, {words!r}, '/')"
    task = subprocess.Popen([sys.executable, "-c", source], start_new_session=True)
    appears(tmp_path / "begun")
    # As ansible-core ends the group of a task's process.
    os.killpg(task.pid, signal.SIGTERM)
    task.wait(timeout=30)
    (tmp_path / "go").touch()
    appears(tmp_path / "done")


def appears(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline, f"no {path.name}"
        time.sleep(0.01)


def test_the_documented_states_are_those_that_it_takes():
    option = yaml.safe_load(module.DOCUMENTATION)["options"]["state"]
    assert (option["choices"], option["default"]) == (list(sandboxes.STATES), sandboxes.STARTED)
