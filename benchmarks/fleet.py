# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fleet costs, first and again without a change: seconds, processor and memory a host, requests, connections.

    PYTHONPATH=collections python -m benchmarks.fleet [--hosts 1,5,50] [--runs 3] [--json FILE]

Each host of the inventory is a deployment on a cluster of its own, and the inventory is one as a user writes it:
starting a sandbox is no part of what is measured. A fresh sandbox for each size, whose quotas hold them all. Latency is
sampled as it is by default, by a model that is as many times faster than life as the sandbox; and once more without.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.playbooks.playground import ROOT, Sandbox

from .deploy import WITHOUT_SAMPLES

SIZES = (1, 5, 10, 50)
RUNS = 3
SPEED = 20
"""Of the sandbox's clock. Its kubelets probe every pod by it: ten times faster, those of fifty hosts take a core."""
PLENTY = 100_000.0
QUOTAS = dict.fromkeys(
    ("NVIDIA_L4_GPUS", "GPUS_ALL_REGIONS", "CPUS", "CPUS_ALL_REGIONS", "INSTANCES", "IN_USE_ADDRESSES",
     "DISKS_TOTAL_GB", "SSD_TOTAL_GB", "LOCAL_SSD_TOTAL_GB", "STATIC_ADDRESSES", "FORWARDING_RULES"), PLENTY
)  # fmt: skip


LOOK = 1.5
"""Seconds from one look at the memory to the next."""
UNCHANGED: dict[str, dict[str, Any]] = {"unchanged": {}, "unchanged, without latency samples": WITHOUT_SAMPLES}
"""Variables of the runs that have nothing to change, by what they are called."""


@dataclass(frozen=True)
class Cost:
    """Of one run. processor: seconds of the controller and its workers. memory: MiB that they had at their most, shared
    pages once."""

    seconds: float
    processor: float
    memory: float
    tasks: int
    changed: int
    requests: int
    connections: int


def inventory(count: int, sandbox: Sandbox) -> dict[str, Any]:
    """Hosts of a fleet, for ``-i``."""
    names = [f"model-{number:02}" for number in range(count)]
    hosts = {name: {"llmops_cluster": f"cluster-{name}", "llmops_name": name} for name in names}
    return {"all": {"hosts": hosts, "vars": sandbox.as_a_users_own()}}


class _Memory:
    """The most that a process and those below it had, looked at now and then."""

    def __init__(self, root: int) -> None:
        self._root, self.most = root, 0.0

    def look(self) -> None:
        """Once."""
        try:
            self.most = max(self.most, sum(map(_proportional, _tree(self._root))))
        except (OSError, ValueError):
            # A process that has just ended.
            return


def _tree(root: int) -> list[int]:
    below = Path(f"/proc/{root}/task/{root}/children").read_text().split()
    return [root, *(each for child in below for each in _tree(int(child)))]


def _proportional(process: int) -> float:
    text = Path(f"/proc/{process}/smaps_rollup").read_text()
    return int(re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE)[1]) / 1024


def measure(sandbox: Sandbox, hosts: Path, *arguments: str, look: bool = True) -> Cost:
    """Run deploy.yml on a fleet once; raises where it fails. look: at the memory, which is 0 otherwise."""
    sandbox.forget_requests()
    environment = sandbox.environment() | {"HF_TOKEN": "hf_fleet"}
    program = str(Path(sys.executable).parent / "ansible-playbook")
    command = [program, "playbooks/deploy.yml", "-i", str(hosts), *arguments]
    with tempfile.TemporaryFile("w+") as output:
        began = time.monotonic()
        running = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        memory, looked = _Memory(running.pid), began
        while True:
            ended, status, used = os.wait4(running.pid, os.WNOHANG)
            if ended:
                break
            if look and time.monotonic() - looked > LOOK:
                memory.look()
                looked = time.monotonic()
            time.sleep(0.02)
        seconds = time.monotonic() - began
        running.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        said = output.read()
    if running.returncode:
        raise RuntimeError(said)
    requests = sandbox.requests()
    return Cost(
        seconds=seconds,
        processor=used.ru_utime + used.ru_stime,
        memory=memory.most,
        tasks=len(re.findall(r"^(?:TASK|RUNNING HANDLER) ", said, re.MULTILINE)),
        changed=sum(map(int, re.findall(r"\bchanged=(\d+)", said))),
        requests=len(requests),
        connections=len({request["connection"] for request in requests}),
    )


def fleet(count: int, runs: int, *arguments: str) -> dict[str, Cost]:
    """What a fleet of so many hosts costs: first, and unchanged as the medians of some runs by turns.

    A look at the memory of a fleet's processes takes a tenth of a second of a core, so one run more is for that alone.
    """
    with tempfile.TemporaryDirectory(prefix="fleet-") as directory:
        sandbox = Sandbox(Path(directory) / "sandbox", speed=SPEED, quotas=QUOTAS)
        hosts = Path(directory) / "hosts.json"
        hosts.write_text(json.dumps(inventory(count, sandbox)))
        try:
            first = measure(sandbox, hosts, *arguments)
            again: dict[str, list[Cost]] = {name: [] for name in UNCHANGED}
            for run in range(runs + 1):
                for name, variables in UNCHANGED.items():
                    given = ("--extra-vars", json.dumps(variables))
                    again[name].append(measure(sandbox, hosts, *given, *arguments, look=run == 0))
        finally:
            sandbox.stop()
    if any(cost.changed for costs in again.values() for cost in costs):
        raise RuntimeError("a deploy that had nothing to do changed something")
    return {"first": first, **{name: _middle(costs) for name, costs in again.items()}}


def _middle(costs: list[Cost]) -> Cost:
    """The medians of all but the first, and the first one's memory."""
    first, others = costs[0], costs[1:]
    medians = {name: statistics.median(asdict(cost)[name] for cost in others) for name in asdict(first)}
    return Cost(**medians | {"memory": first.memory})


def measured(sizes: list[int], runs: int, *arguments: str) -> list[dict[str, Any]]:
    """A row a size and run: ``hosts``, ``run`` and the fields of Cost."""
    return [
        {"hosts": count, "run": run, **asdict(cost)}
        for count in sizes
        for run, cost in fleet(count, runs, *arguments).items()
    ]


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", default=",".join(map(str, SIZES)), help="sizes of the fleet, such as 1,5,50")
    parser.add_argument("--runs", type=int, default=RUNS, help="unchanged runs, of which the median is told")
    parser.add_argument("--json", help="a file to write the rows to as well; - prints them instead of the table")
    given, others = parser.parse_known_args()
    rows = measured([int(size) for size in given.hosts.split(",")], given.runs, *others)
    if given.json == "-":
        print(json.dumps(rows, indent=2))
        return
    if given.json:
        Path(given.json).write_text(json.dumps(rows, indent=2) + "\n")
    heads = list(rows[0])
    print(*(f"{head:>11}" for head in heads))
    for row in rows:
        print(*(f"{value:>11.1f}" if isinstance(value, float) else f"{value:>11}" for value in row.values()))


if __name__ == "__main__":
    main()
