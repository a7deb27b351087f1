# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a whole deployment costs: previewed, first, unchanged, without parts, by modules, and far from its servers.

Beside it as many tasks that do nothing: what of it ansible-core takes for being asked.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.playbooks.playground import ROOT, Sandbox

from .distance import DistantServers
from .idle import write_idle_play
from .measure import Contender, Cost, Row, by_turns, counted, net, timed

SPEED = 50
ROUND_TRIP = 0.06
"""Seconds between us and a server that is far away."""

WITHOUT_SAMPLES = {"verify_latency_samples": 1, "verify_latency_warmup": 0}
_WHAT, _IDLE = "deploy.yml", "as many tasks that do nothing"


class _Deploys:
    """Deploys on one sandbox, as a user of a clone runs them."""

    def __init__(self, sandbox: Sandbox, directory: Path) -> None:
        self._sandbox = sandbox
        self._empty = directory / "empty.yml"
        self._empty.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": []}]), encoding="utf-8")

    def empty(self) -> Cost:
        """A playbook without a task."""
        return timed(self._command(str(self._empty), (), {}), self._sandbox.environment(), ROOT)[0]

    def run(self, *arguments: str, unchanged: bool = False, **variables: Any) -> Cost:
        """One deploy; raises RuntimeError where it fails, and where it changes something that ought to be there."""
        self._sandbox.forget_requests()
        command = self._command("playbooks/deploy.yml", arguments, variables)
        cost, output = timed(command, self._sandbox.environment(), ROOT)
        if unchanged and re.search(r" changed=[1-9]", output):
            raise RuntimeError(f"this was to change nothing:\n{output}")
        return counted(cost, self._sandbox.requests(), _tasks_in(output))

    def idle(self, playbook: Path) -> Contender:
        """A playbook whose tasks do nothing, to be run later."""

        def run() -> Cost:
            cost, output = timed(self._command(str(playbook), (), {}), self._sandbox.environment(), ROOT)
            return replace(cost, tasks=_tasks_in(output))

        return run

    def unchanged(self, *arguments: str, **variables: Any) -> Contender:
        """A deploy that has nothing to change, to be run later."""
        return lambda: self.run(*arguments, unchanged=True, **variables)

    def _command(self, playbook: str, arguments: tuple[str, ...], variables: dict[str, Any]) -> list[str]:
        ours = {
            "llmops_sandbox_speed": self._sandbox.speed,
            "verify_report_path": str(self._sandbox.report),
            "gke_cluster_kubeconfig": "",
        }
        program = str(Path(sys.executable).parent / "ansible-playbook")
        return [program, playbook, *arguments, "--extra-vars", json.dumps(ours | variables)]


def _tasks_in(output: str) -> int:
    return len(re.findall(r"^(?:TASK|RUNNING HANDLER) ", output, re.MULTILINE))


def rows(directory: Path, runs: int) -> list[Row]:
    """Every kind of run."""
    sandbox = Sandbox(directory / "sandbox", speed=SPEED)
    try:
        deploys, servers = _Deploys(sandbox, directory), DistantServers()
        # A preview, too, so that no later run pays for compiling Python files.
        deploys.run("--check", "--diff")
        once = {"preview": deploys.run("--check", "--diff"), "first": deploys.run()}
        (directory / "idle").mkdir()
        idle = write_idle_play(directory / "idle", int(once["first"].tasks or 0))
        away = servers.variables(sandbox)
        local = {
            "empty": deploys.empty,
            _IDLE: deploys.idle(idle),
            "unchanged": deploys.unchanged(),
            "unchanged, without latency samples": deploys.unchanged(**WITHOUT_SAMPLES),
            "unchanged, without verify": deploys.unchanged("--skip-tags", "verify"),
            "unchanged, by modules": deploys.unchanged(llmops_in_process=False),
        }
        measured = by_turns(local, runs)
        servers.round_trip = ROUND_TRIP
        distant = {
            f"unchanged, without verify, {ROUND_TRIP * 1000:.0f} ms away": deploys.unchanged(
                "--skip-tags", "verify", **away
            )
        }
        measured |= by_turns(distant, runs)
    finally:
        sandbox.stop()
    nothing, did_nothing = measured.pop("empty"), measured.pop(_IDLE)
    ours = [Row(_WHAT, run, "llmops.gke", net(cost, nothing)) for run, cost in (once | measured).items()]
    return [*ours, Row(_IDLE, "unchanged", "ansible-core", net(did_nothing, nothing))]
