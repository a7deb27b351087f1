# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tasks tell while they work, and what is remembered of how long that took."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyte
import pytest

from ansible_collections.llmops.gke.plugins.plugin_utils import durations, task_progress, terminal
from ansible_collections.llmops.gke.plugins.plugin_utils.live_lines import LiveLines
from ansible_collections.llmops.gke.plugins.plugin_utils.task_progress import TaskProgress, next_step, verb_of

ROLES = ["llmops.gke.preflight", "llmops.gke.gke_cluster", "llmops.gke.gpu_nodepool", "llmops.gke.dcgm_exporter",
         "llmops.gke.model_server", "llmops.gke.verify", "llmops.gke.model_server"]  # fmt: skip
ROOT = Path(__file__).resolve().parents[3]
WORK = ("p", "gke_cluster", "create")


@pytest.fixture
def said(monkeypatch, tmp_path):
    """What is displayed, with whether it ends its line."""
    lines = []
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(task_progress.display, "verbosity", 0)
    monkeypatch.setattr(
        task_progress.display, "display", lambda text, **how: None if how.get("log_only") else lines.append((text, how))
    )
    return lines


def test_each_line_names_its_host_and_the_first_what_to_expect(said):
    for seconds in (240, 250, 360):
        durations.keep(durations.place(), WORK, seconds)
    progress = TaskProgress("one", "gke_cluster", "p", following="the model")
    progress("create cluster c: RUNNING")
    progress("create cluster c: DONE")
    progress.end(changed=False)
    assert [text for text, _how in said] == [
        "  one: gke_cluster: create cluster c: RUNNING (usually 4 to 6 min, then the model)",
        "  one: gke_cluster: create cluster c: DONE",
    ]


@pytest.fixture
def screen(said, monkeypatch):
    """A terminal of 60 columns in which Ansible's own output is watched."""
    shown = pyte.Screen(60, 24)
    stream = pyte.Stream(shown)

    def show(text: str) -> None:
        stream.feed(text.replace("\n", "\r\n"))

    monkeypatch.setattr(terminal, "IS_TERMINAL", True)
    monkeypatch.setattr(terminal, "is_default", lambda: True)
    monkeypatch.setattr(terminal, "WIDTH", 60)
    monkeypatch.setattr(terminal, "COLUMNS", 60)
    monkeypatch.setattr(task_progress, "_LINES", LiveLines(show, columns=60, rows=24))
    return lambda: [line.rstrip() for line in shown.display if line.strip()]


def test_in_a_terminal_it_is_one_line_that_is_written_over(screen):
    progress = TaskProgress("one", "gke_cluster", "p", following="the GPU node pools")
    progress("create cluster c: RUNNING")
    # What comes next has no room here.
    assert screen() == ["  one: 0 s: create cluster c: RUNNING"]
    progress("create cluster c: DONE")
    assert screen() == ["  one: 0 s, then the GPU node pools: create cluster c: DONE"]
    progress.end(changed=False)
    assert screen() == ["  one: gke_cluster: create cluster c: DONE"]


def test_a_task_that_told_nothing_makes_room_for_its_result(screen):
    at_work = TaskProgress("one", "gke_cluster", "p")
    at_work("create cluster c: RUNNING")
    TaskProgress("two", "gke_cluster", "p").end(changed=False)
    assert screen() == []
    at_work.end(changed=False)


NARROW = """
from ansible.plugins.loader import init_plugin_loader
init_plugin_loader()
from ansible_collections.llmops.gke.plugins.plugin_utils import task_progress, terminal
terminal.IS_TERMINAL, terminal.is_default = True, lambda: True
progress = task_progress.TaskProgress("one", "gke_cluster", "p")
for number in range(3):
    progress(f"create cluster with a long name: STEP {number}")
"""


def test_in_a_terminal_that_is_narrower_than_any_other_text_the_line_is_written_over_as_well(tmp_path):
    environment = os.environ | {"COLUMNS": "40", "LINES": "24", "TERM": "xterm", "XDG_CACHE_HOME": str(tmp_path)}
    written = subprocess.run(
        [sys.executable, "-c", NARROW], env=environment, cwd=ROOT, capture_output=True, check=True
    ).stdout
    shown = pyte.Screen(40, 24)
    pyte.ByteStream(shown).feed(written.replace(b"\n", b"\r\n"))
    lines = [line.rstrip() for line in shown.display if line.strip()]
    assert lines == ["  one: 0 s: create cluster with a long"]


def test_news_that_is_too_long_for_the_line_stays_to_be_read(screen):
    progress = TaskProgress("one", "k8s_apply", "p")
    why = "Deployment m: 0 of 1 replicas are available: no node fits pod m-1"
    for line in ("apply 9 objects", why):
        progress(line)
    stays = [f"  one: k8s_apply: {why[:33]}", f"    {why[34:]}"]
    assert screen() == [*stays, f"  one: 0 s: {why}"[:59]]
    progress.end(changed=False)
    assert screen() == stays


@pytest.mark.parametrize("callback", ["json", "ansible.posix.jsonl", "oneline"])
def test_output_for_programs_is_left_alone(said, monkeypatch, callback):
    monkeypatch.setattr(terminal.constants, "DEFAULT_STDOUT_CALLBACK", callback)
    progress = TaskProgress("one", "gke_cluster")
    progress("create")
    progress.note("a note")
    progress.end(changed=True)
    assert said == []
    assert terminal.prints_results()


def test_what_comes_next_is_what_is_waited_for_next():
    assert [next_step(name, ROLES) for name in ("gke_cluster", "gpu_nodepool", "model_server", "verify")] == [
        "the GPU node pools", "the model", "the verification", "",
    ]  # fmt: skip
    assert next_step("dcgm_exporter", ROLES) == next_step("", ROLES) == ""


def test_the_kind_of_work_is_in_its_first_line():
    lines = ["create cluster c: RUNNING", "Service a/b: created", "Service a/b: going", "delete node pool", "set x"]
    assert [verb_of(line) for line in lines] == ["create", "create", "delete", "delete", "update"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        ([], ""),
        ([300], "usually 5 min"),
        ([20, 40], "usually 20 to 40 s"),
        ([80, 400], "usually 1 to 7 min"),
        ([0.2], "usually 1 s"),
    ],
)
def test_an_expectation_in_words(seconds, words):
    assert durations.usually(seconds) == words


def test_only_work_that_was_done_is_remembered_with_nothing_but_names_and_seconds(said, monkeypatch):
    clock = iter(range(0, 1000, 100))
    monkeypatch.setattr(task_progress.time, "monotonic", lambda: next(clock))
    for changed, project in ((False, "p"), (True, ""), (True, "p")):
        progress = TaskProgress("one", "gke_cluster", project)
        progress("create cluster secret-c")
        progress.end(changed=changed)
    TaskProgress("one", "gke_cluster", "p").end(changed=True)
    (line,) = durations.place().read_text().splitlines()
    assert json.loads(line)["work"] == list(WORK)
    assert "secret" not in line
    assert stat.S_IMODE(durations.place().stat().st_mode) == 0o600


def test_only_the_last_runs_count(tmp_path):
    file = tmp_path / "new" / "d"
    for seconds in range(1, 9):
        durations.keep(file, WORK, seconds)
        durations.keep(file, ("q", *WORK[1:]), 1000)
    assert durations.last(file, WORK) == [4, 5, 6, 7, 8]


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe\x00",
        b"{",
        b"[" * 100_000,
        b"[]\n1\nnull\n",
        b'{"work": ["p", "gke_cluster", "create"], "seconds": "x"}',
        b'{"work": 5, "seconds": 5}',
        b'{"work": ["p", "gke_cluster", "create"], "seconds": -1}',
    ],
    ids=range(7),
)
def test_a_broken_cache_is_none_and_goes_on(tmp_path, content):
    file = tmp_path / "d"
    file.write_bytes(content + b"\n")
    assert durations.last(file, WORK) == []
    durations.keep(file, WORK, 5)
    assert durations.last(file, WORK) == [5]


def test_a_cache_that_cannot_be_is_none(tmp_path, monkeypatch):
    (tmp_path / "f").write_text("")
    for file in (tmp_path / "f" / "d", tmp_path):
        durations.keep(file, WORK, 5)
        assert durations.last(file, WORK) == []
    (tmp_path / "link").symlink_to(tmp_path / "f")
    durations.keep(tmp_path / "link", WORK, 5)
    assert (tmp_path / "f").read_text() == ""
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert durations.place().is_absolute()


def test_runs_side_by_side_lose_nothing(tmp_path):
    file = tmp_path / "d"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: durations.keep(file, (str(number),), 5), range(200)))
    assert {tuple(json.loads(line)["work"]) for line in file.read_text().splitlines()} == {
        (str(n),) for n in range(200)
    }


def test_a_large_cache_is_shortened(tmp_path):
    file = tmp_path / "d"
    file.write_bytes(b"garbage\n" * 20_000)
    durations.keep(file, WORK, 5)
    assert len(file.read_bytes()) < 1000
    assert durations.last(file, WORK) == [5]
    assert [path.name for path in tmp_path.iterdir()] == ["d"]
