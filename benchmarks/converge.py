# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a deployment costs: seconds, tasks and HTTP requests of a first and of a no-change run, by either carrier.

    PYTHONPATH=collections python -m benchmarks.converge

A fresh sandbox at its usual speed; one warm-up (a preview) so that no run pays for compiling Python files.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from tests.playbooks.playground import Sandbox


class Cost(NamedTuple):
    """Of one run: wall seconds, tasks that ran, tasks that changed something, requests by service."""

    seconds: float
    tasks: int
    changed: int
    requests: Counter[str]


def measure(sandbox: Sandbox, *arguments: str, **variables: object) -> Cost:
    """Run deploy.yml once and count what it took; raises where it fails."""
    sandbox.forget_requests()
    began = time.monotonic()
    run = sandbox.play("deploy.yml", *arguments, variables=variables)
    seconds = time.monotonic() - began
    if run.code:
        raise RuntimeError(run.output)
    tasks = len(re.findall(r"^(?:TASK|RUNNING HANDLER) ", run.output, re.MULTILINE))
    return Cost(seconds, tasks, run.recap["changed"], Counter(request["service"] for request in sandbox.requests()))


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
    print(f"{'run':<28}{'seconds':>8}{'tasks':>7}{'changed':>9}{'requests':>10}  by service")
    for name, cost in rows.items():
        services = ", ".join(f"{service} {count}" for service, count in sorted(cost.requests.items()))
        total = sum(cost.requests.values())
        print(f"{name:<28}{cost.seconds:>8.1f}{cost.tasks:>7}{cost.changed:>9}{total:>10}  {services}")


if __name__ == "__main__":
    main()
