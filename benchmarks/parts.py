# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured, part by part: how, and which table is made of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.playbooks.playground import ROOT

from . import converge, deploy, latency, makespan, objects
from .measure import Cost, Row, rows_of
from .page.report import table

Kept = list[dict[str, Any]]


@dataclass(frozen=True)
class Sizes:
    """How much is measured. speed: of the sandbox's clock for the makespan."""

    runs: int = 5
    objects: tuple[int, ...] = (1, 10, 100)
    hosts: tuple[int, ...] = (1, 5, 50)
    samples: int = 20
    speed: float = makespan.SPEED

    @classmethod
    def quick(cls) -> Sizes:
        """Enough to see that everything works."""
        return cls(runs=1, objects=(1, 10), hosts=(1, 2), samples=5, speed=10)


@dataclass(frozen=True)
class Part:
    """measure: returns rows that JSON can keep. repeated: whether its figures are medians of ``Sizes.runs``.
    with_peers: whether the other collections take part."""

    title: str
    measure: Callable[[Path, Sizes], Kept]
    table: Callable[[Kept], str]
    repeated: bool = True
    with_peers: bool = False


def _kept(rows: Sequence[Row]) -> Kept:
    return [row.to_dict() for row in rows]


def _costs(kept: Kept) -> str:
    return table(rows_of(kept))


def _hosts(directory: Path, sizes: Sizes) -> Kept:
    """As benchmarks/fleet.py measures it."""
    file, counts = directory / "fleet.json", ",".join(map(str, sizes.hosts))
    command = [sys.executable, "-m", "benchmarks.fleet", "--hosts", counts, "--runs", str(sizes.runs)]
    subprocess.run([*command, "--json", str(file)], cwd=ROOT, check=True)
    rows = []
    for one in json.loads(file.read_text(encoding="utf-8")):
        figures = ("seconds", "processor", "memory", "tasks", "requests", "connections")
        hosts = f"{one['hosts']} {'host' if one['hosts'] == 1 else 'hosts'}"
        rows.append(Row(hosts, one["run"], "llmops.gke", Cost(**{name: one[name] for name in figures})))
    return _kept(rows)


PARTS = {
    "converge": Part(
        "The same resources by others",
        lambda directory, sizes: _kept(converge.rows(directory, sizes.runs)),
        _costs,
        with_peers=True,
    ),
    "objects": Part(
        "Kubernetes objects",
        lambda directory, sizes: _kept(objects.rows(directory, sizes.runs, sizes.objects)),
        _costs,
        with_peers=True,
    ),
    "deploy": Part("A whole deployment", lambda directory, sizes: _kept(deploy.rows(directory, sizes.runs)), _costs),
    "hosts": Part("A fleet", _hosts, _costs),
    "makespan": Part(
        "From nothing to a model that serves",
        lambda directory, sizes: [span.to_dict() for span in makespan.spans(directory, sizes.speed)],
        makespan.table,
        repeated=False,
    ),
    "latency": Part(
        "How true llm_latency is",
        lambda _directory, sizes: latency.rows(sizes.samples),
        latency.table,
        repeated=False,
    ),
}
"""By the names that ``make bench BENCH="..."`` takes."""
