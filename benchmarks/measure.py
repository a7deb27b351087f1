# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run costs, and how runs are compared: by turns, by medians, less what an empty one costs."""

from __future__ import annotations

import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Cost:
    """Of one run, or the medians of several.

    seconds: of the wall. processor: of the run's processes. memory: MiB at their most. tasks: that ran. requests,
    connections: that reached a server. None where nobody counted.
    """

    seconds: float
    processor: float
    memory: float | None = None
    tasks: float | None = None
    requests: float | None = None
    connections: float | None = None


@dataclass(frozen=True)
class Row:
    """What was done (``what``) in which state of things (``run``) by whom (``way``), and what that cost."""

    what: str
    run: str
    way: str
    cost: Cost

    def to_dict(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return asdict(self)

    @classmethod
    def of_dict(cls, kept: Mapping[str, Any]) -> Row:
        """The row that was kept."""
        return cls(kept["what"], kept["run"], kept["way"], Cost(**kept["cost"]))


def rows_of(kept: Iterable[Mapping[str, Any]]) -> list[Row]:
    """The rows that JSON kept."""
    return [Row.of_dict(one) for one in kept]


Contender = Callable[[], Cost]
"""Runs once, and says what it cost."""


def median(costs: Sequence[Cost]) -> Cost:
    """The median of each figure; None where one run lacks it."""
    figures = {}
    for field in fields(Cost):
        values = [getattr(cost, field.name) for cost in costs]
        figures[field.name] = None if None in values else statistics.median(values)
    return Cost(**figures)


def net(cost: Cost, nothing: Cost) -> Cost:
    """The cost less the time of a run that does nothing. What is counted stays: it has no part in it."""
    seconds, processor = cost.seconds - nothing.seconds, cost.processor - nothing.processor
    return replace(cost, seconds=max(0.0, seconds), processor=max(0.0, processor))


def by_turns(contenders: Mapping[str, Contender], runs: int) -> dict[str, Cost]:
    """The medians of so many runs of each, one after the other in each round, so that what else the machine does meets
    all of them."""
    costs: dict[str, list[Cost]] = {name: [] for name in contenders}
    for _round in range(runs):
        for name, contender in contenders.items():
            costs[name].append(contender())
    return {name: median(each) for name, each in costs.items()}


def timed(
    command: Sequence[str], environment: Mapping[str, str], directory: Path, expected: int = 0
) -> tuple[Cost, str]:
    """Run a program; what it cost and what it printed. Raises RuntimeError with that where it ends otherwise."""
    used, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(
        [*command],
        cwd=directory,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    seconds, now = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != expected:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}")
    return Cost(seconds, now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime), done.stdout


def counted(cost: Cost, requests: Iterable[Mapping[str, Any]], tasks: int | None = None) -> Cost:
    """The cost with what a sandbox's log of requests tells."""
    seen = list(requests)
    connections = len({one["connection"] for one in seen})
    return replace(cost, tasks=tasks, requests=len(seen), connections=connections)
