# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a deployment costs, first and again without a change, by either carrier: seconds, tasks, requests, connections.

    PYTHONPATH=collections python -m benchmarks.converge

A fresh sandbox at its usual speed; one warm-up (a preview) so that no run pays for compiling Python files.
"""

from __future__ import annotations

import re
import resource
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from tests.playbooks.playground import Sandbox


class Cost(NamedTuple):
    """Of one run: wall and processor seconds, tasks that ran, tasks that changed something, requests by service,
    connections."""

    seconds: float
    processor: float
    tasks: int
    changed: int
    requests: Counter[str]
    connections: int


def measure(sandbox: Sandbox, *arguments: str, **variables: object) -> Cost:
    """Run deploy.yml once and count what it took; raises where it fails."""
    sandbox.forget_requests()
    used, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    run = sandbox.play("deploy.yml", *arguments, variables=variables)
    seconds, now = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if run.code:
        raise RuntimeError(run.output)
    tasks = len(re.findall(r"^(?:TASK|RUNNING HANDLER) ", run.output, re.MULTILINE))
    processor = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    requests = sandbox.requests()
    services = Counter(request["service"] for request in requests)
    connections = len({request["connection"] for request in requests})
    return Cost(seconds, processor, tasks, run.recap["changed"], services, connections)


def main() -> None:
    """Measure and print a table."""
    with tempfile.TemporaryDirectory(prefix="converge-") as directory:
        sandbox = Sandbox(Path(directory) / "sandbox", speed=50)
        try:
            rows = {
                "preview of everything": measure(sandbox, "--check", "--diff"),
                "first deploy": measure(sandbox),
                "no change": measure(sandbox),
                "no change, without verify": measure(sandbox, "--skip-tags", "verify"),
                "no change, by modules": measure(sandbox, llmops_in_process=False),
            }
        finally:
            sandbox.stop()
    heads = ("seconds", "processor", "tasks", "changed", "requests", "connections")
    print(f"{'run':<28}", *(f"{head:>12}" for head in heads), "  by service")
    for name, cost in rows.items():
        services = ", ".join(f"{service} {count}" for service, count in sorted(cost.requests.items()))
        counts = (cost.tasks, cost.changed, sum(cost.requests.values()), cost.connections)
        print(
            f"{name:<28} {cost.seconds:>12.1f} {cost.processor:>12.2f}",
            *(f"{count:>12}" for count in counts),
            "",
            services,
        )


if __name__ == "__main__":
    main()
