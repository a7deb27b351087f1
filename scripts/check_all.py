# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs several targets of the Makefile, a few at a time, and ends with one summary: check_all.py TARGET...

They begin in the order given: the longest first, so that none of them is left running alone at the end.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

# Each waits for a quarter of its time, for a sandbox or a deadline, so one more than there are cores keeps them busy.
SIDE_BY_SIDE = (os.cpu_count() or 1) + 1


class Outcome(NamedTuple):
    """What came of a target: its exit code, its seconds of wall time, all that it printed."""

    target: str
    code: int
    seconds: float
    output: str

    @property
    def closing_line(self) -> str:
        """The last line that says something, as the target's own runner puts it."""
        lines = [line.strip() for line in self.output.splitlines()]
        return next((line for line in reversed(lines) if line and not line.startswith("make")), "")


def run(target: str) -> Outcome:
    """Run one target to its end."""
    began = time.monotonic()
    done = subprocess.run(
        ["make", "--no-print-directory", target],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        # Without a terminal some tools colour their output all the same.
        env=os.environ | {"NO_COLOR": "1", "ANSIBLE_NOCOLOR": "1"},
    )
    return Outcome(target, done.returncode, time.monotonic() - began, done.stdout)


def main(targets: list[str]) -> int:
    """Run the targets, show the output of each when it is whole, and return 1 where one failed."""
    outcomes = []
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        for outcome in pool.map(run, targets):
            print(f"\n======== make {outcome.target} ========\n{outcome.output.rstrip()}", flush=True)
            outcomes.append(outcome)
    print("\n======== summary ========")
    for outcome in outcomes:
        verdict = "ok" if outcome.code == 0 else "FAILED"
        print(f"{outcome.target:<15}{verdict:<8}{outcome.seconds:>5.0f} s   {outcome.closing_line}")
    return max((1 for outcome in outcomes if outcome.code), default=0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
