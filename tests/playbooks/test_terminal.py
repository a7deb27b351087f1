# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a terminal shows while several hosts are at work: a line for each, and nothing of it in the results."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pyte

from tests.playbooks.playground import ROOT, Sandbox

NAMES = ("alice", "hatter", "queen")
COLUMNS, ROWS = 80, 24


class Watched:
    """A command in a terminal of its own: what the screen showed after each piece of output, and all that went by."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._screen = pyte.HistoryScreen(COLUMNS, ROWS, history=10_000)
        self.screens: list[list[str]] = []
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        running = subprocess.Popen(
            command, cwd=ROOT, env=environment | {"TERM": "xterm"}, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        self._read(ours)
        os.close(ours)
        self.code = running.wait()

    def _read(self, terminal: int) -> None:
        stream = pyte.ByteStream(self._screen)
        while True:
            try:
                output = os.read(terminal, 65536)
            except OSError:
                # The last process has closed it.
                return
            if not output:
                return
            stream.feed(output)
            self.screens.append([line.rstrip() for line in self._screen.display])

    @property
    def lines(self) -> list[str]:
        """All of them, as one would scroll through them afterwards."""
        gone = ["".join(line[column].data for column in range(COLUMNS)) for line in self._screen.history.top]
        return [line.rstrip() for line in [*gone, *self._screen.display]]


def test_each_host_has_a_line_while_it_works_and_the_results_are_as_ansible_prints_them(tmp_path: Path):
    inventory = tmp_path / "hosts.json"
    each = {name: {"llmops_cluster": name[0], "llmops_name": name} for name in NAMES}
    inventory.write_text(json.dumps({"all": {"hosts": each}}))
    sandbox = Sandbox(tmp_path / "sandbox", speed=40)
    try:
        variables = {"llmops_sandbox_speed": sandbox.speed, "gke_cluster_kubeconfig": ""}
        command = [str(Path(sys.executable).parent / "ansible-playbook"), "playbooks/deploy.yml"]
        command += ["-i", "inventories/sandbox", "-i", str(inventory), "--limit", ",".join(NAMES)]
        command += ["--tags", "gke_cluster", "--extra-vars", json.dumps(variables)]
        environment = {name: value for name, value in sandbox.environment().items() if name != "COLUMNS"}
        seen = Watched(command, environment)
    finally:
        sandbox.stop()
    assert seen.code == 0, "\n".join(seen.lines)
    live = {name: re.compile(rf"  {name}: \d+ s.*: create cluster {name[0]}: ") for name in NAMES}
    at_once = [sum(any(found.match(line) for line in screen) for found in live.values()) for screen in seen.screens]
    assert max(at_once) == len(NAMES)
    results = [line for line in seen.lines if re.match(r"(ok|changed|fatal|skipping): ", line)]
    assert {
        line for line in results if not re.fullmatch(r"(ok|changed|skipping): \[[a-z]+( -> [a-z]+)?\]( => .*)?", line)
    } == set()
    assert [line for line in seen.lines if line.startswith("changed: [")] != []
    # Written over until its task ended; then its last piece of news stays, once.
    left = [line for line in seen.lines if any(found.match(line) for found in live.values())]
    assert left == []
    told = [line for line in seen.lines if re.match(r"  \w+: gke_cluster: create cluster \w: ", line)]
    assert len(told) == len(NAMES), "\n".join(seen.lines)
