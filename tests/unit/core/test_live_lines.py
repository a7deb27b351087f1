# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of several hosts at the foot of a terminal, and what Ansible prints meanwhile, as a terminal shows them."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable

import pyte
import pytest

from ansible_collections.llmops.gke.plugins.plugin_utils import live_lines
from ansible_collections.llmops.gke.plugins.plugin_utils.live_lines import LiveLines

COLUMNS, ROWS = 40, 10


class Terminal:
    """A terminal with the lines of some hosts in it, each written as by the process of its task."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.screen = pyte.HistoryScreen(COLUMNS, ROWS)
        self.stream, self.written = pyte.Stream(self.screen), []
        self.lines = LiveLines(self.write, columns=COLUMNS, rows=ROWS)
        self.process, self.now, self.dead = 1, 1000.0, set()
        monkeypatch.setattr(live_lines.os, "getpid", lambda: self.process)
        monkeypatch.setattr(live_lines, "_lives", lambda process: process not in self.dead)
        monkeypatch.setattr(live_lines.time, "monotonic", lambda: self.now)

    def write(self, text: str) -> None:
        self.written.append(text)
        # The line discipline of a terminal makes both of a line's end.
        self.stream.feed(text.replace("\n", "\r\n"))

    def show(self, process: int, line: str) -> None:
        self.process = process
        self.lines.show(line)

    def ends(self, process: int, result: str) -> None:
        """A task's process takes its line away, and Ansible prints the result."""
        self.process = process
        self.lines.take_away()
        self.write(f"{result}\n")

    @property
    def shown(self) -> list[str]:
        history = ["".join(line[column].data for column in range(COLUMNS)) for line in self.screen.history.top]
        return [line.rstrip() for line in [*history, *self.screen.display] if line.strip()]


@pytest.fixture
def terminal(monkeypatch) -> Terminal:
    return Terminal(monkeypatch)


def test_each_host_has_a_line_that_is_written_over(terminal):
    terminal.show(1, "  one: 1 s: create cluster: RUNNING")
    terminal.show(2, "  two: 1 s: create cluster: RUNNING")
    terminal.show(1, "  one: 9 s: nodes")
    assert terminal.shown == ["  one: 9 s: nodes", "  two: 1 s: create cluster: RUNNING"]


def test_what_ansible_prints_stays_above_them_and_nothing_of_them_is_left_in_it(terminal):
    terminal.write("TASK [create] ***\n")
    for process in (1, 2, 3):
        terminal.show(process, f"  host-{process}: a line that is longer than a result")
    terminal.ends(2, "ok: [host-2]")
    # While Ansible prints, and it may do so in another order.
    terminal.show(1, "  host-1: still there")
    terminal.ends(3, "changed: [host-3]")
    assert terminal.shown == ["TASK [create] ***", "ok: [host-2]", "changed: [host-3]"]
    terminal.now += 1
    terminal.show(1, "  host-1: and again")
    assert terminal.shown == ["TASK [create] ***", "ok: [host-2]", "changed: [host-3]", "  host-1: and again"]
    terminal.ends(1, "changed: [host-1]")
    assert terminal.shown[1:] == ["ok: [host-2]", "changed: [host-3]", "changed: [host-1]"]


def test_what_stays_is_above_the_lines_of_all_hosts(terminal):
    terminal.show(1, "  one: work")
    terminal.lines.tell("  one: news that is long")
    assert terminal.shown == ["  one: news that is long", "  one: work"]
    terminal.show(2, "  two: work")
    terminal.lines.tell("  two: news")
    assert terminal.shown[1:] == ["  two: news", "  one: work", "  two: work"]
    terminal.process = 1
    terminal.lines.take_away("  one: its last words")
    terminal.lines.tell("  two: more news")
    terminal.write("ok: [one]\n")
    assert terminal.shown[2:] == ["  one: its last words", "  two: more news", "ok: [one]"]


def test_a_task_without_a_line_clears_the_screen_for_its_result_as_well(terminal):
    terminal.show(1, "  one: a line that is longer than a result")
    terminal.show(2, "  two: a line that is longer than a result")
    terminal.ends(3, "ok: [three]")
    assert terminal.shown == ["ok: [three]"]
    terminal.now += 1
    terminal.show(1, "  one: there")
    assert len(terminal.shown) == 3


def test_at_the_foot_of_the_screen_it_scrolls_and_loses_nothing(terminal):
    for number in range(3 * ROWS):
        terminal.write(f"before {number}\n")
    for process in range(1, 6):
        terminal.show(process, f"  host-{process}")
    terminal.ends(1, "ok: [host-1]")
    terminal.now += 1
    terminal.show(2, "  host-2")
    assert terminal.shown == [
        *(f"before {number}" for number in range(3 * ROWS)), "ok: [host-1]", *(f"  host-{n}" for n in range(2, 6))
    ]  # fmt: skip


def test_more_hosts_than_there_are_rows_are_counted(terminal):
    for process in range(1, 51):
        terminal.show(process, f"  host-{process}: work")
    assert len(terminal.shown) == ROWS - 2
    assert terminal.shown[-1] == "  and 43 more"
    assert terminal.shown[0] == "  host-1: work"


def test_what_nobody_made_room_for_is_on_a_line_of_its_own(terminal):
    terminal.show(1, "  one: a line that is longer than it")
    terminal.write("[ERROR]: interrupted\n")
    terminal.process = 1
    terminal.lines.take_away()
    terminal.write("more\n")
    assert terminal.shown == ["[ERROR]: interrupted", "more"]


def test_a_line_is_cut_to_the_screen(terminal):
    terminal.show(1, "x" * 600)
    terminal.show(2, "ü" * 600)
    assert [len(line) for line in terminal.shown] == [COLUMNS - 1, COLUMNS - 1]


def test_the_line_of_a_process_that_was_killed_goes(terminal):
    terminal.show(1, "  one")
    terminal.show(2, "  two")
    terminal.dead = {1}
    terminal.show(2, "  two again")
    assert terminal.shown == ["  two again"]


def _work(lines: LiveLines, name: str, barrier: Callable[[], object]) -> None:
    lines.show(f"  {name}")
    barrier()
    lines.take_away()
    os._exit(0)


def test_processes_that_were_forked_share_it():
    fork = multiprocessing.get_context("fork")
    written, barrier = fork.SimpleQueue(), fork.Barrier(3)
    lines = LiveLines(written.put, columns=COLUMNS, rows=ROWS)
    workers = [fork.Process(target=_work, args=(lines, name, barrier.wait)) for name in ("one", "two")]
    for worker in workers:
        worker.start()
    barrier.wait()
    for worker in workers:
        worker.join()
    seen = []
    while not written.empty():
        seen.append(written.get())
    assert any("  one" in text and "  two" in text for text in seen)
    # Once for the first that ended; then nothing stood there any more.
    assert sum("one" not in text and "two" not in text for text in seen) == 1
