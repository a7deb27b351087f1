# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks that create, update and delete, with what must be there before: run undisturbed, killed, and through faults."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from queue import SimpleQueue
from typing import Any, TypeVar

from ansible_collections.llmops.gke.plugins.module_utils.core.result import Result
from tests.contract.gke.playground import Playground

Task = tuple[str, dict[str, Any]]
"""A module (cluster, node_pool) and its options, less where and of which cluster."""

# Zonal clusters: every worker has a zone of its own, so that faults can be aimed at it.
ZONES = [f"us-{place}" for place in ("central1-a", "central1-b", "central1-c", "east1-b", "east1-c", "west1-a")]

Point = TypeVar("Point")
Outcome = TypeVar("Outcome")


def _pool(name: str, nodes: int = 1, **fields: Any) -> dict[str, Any]:
    return {"name": name, "initial_node_count": nodes, "config": {"machine_type": "n1-standard-4"}, **fields}


def _scaled(most: int) -> dict[str, Any]:
    return {"enabled": True, "min_node_count": 1, "max_node_count": most}


_CLUSTER: Task = ("cluster", {"node_pools": [_pool("first"), _pool("second", nodes=2)]})
_POOL: Task = ("node_pool", _pool("third", autoscaling=_scaled(2)))
_FIXED_POOL: Task = ("node_pool", _pool("third"))


@dataclass(frozen=True)
class Scenario:
    """before: tasks that are run first, undisturbed. task: the one that is looked at."""

    name: str
    before: tuple[Task, ...]
    task: Task


SCENARIOS = (
    Scenario("create a cluster with two pools", (), _CLUSTER),
    Scenario(
        "update a cluster in three fields",
        (_CLUSTER,),
        (
            "cluster",
            {
                "release_channel": {"channel": "RAPID"},
                "addons_config": {"gcs_fuse_csi_driver_config": {"enabled": True}},
                "resource_labels": {"team": "serving"},
            },
        ),
    ),
    Scenario("delete a cluster", (_CLUSTER,), ("cluster", {"state": "absent"})),
    Scenario("create a pool", (_CLUSTER,), _POOL),
    Scenario(
        "update a pool in three fields",
        (_CLUSTER, _POOL),
        (
            "node_pool",
            _pool(
                "third",
                autoscaling=_scaled(3),
                upgrade_settings={"max_surge": 2},
                config={"machine_type": "n1-standard-4", "labels": {"team": "serving"}},
            ),
        ),
    ),
    Scenario("resize a pool", (_CLUSTER, _FIXED_POOL), ("node_pool", _pool("third", nodes=2))),
    Scenario("delete a pool", (_CLUSTER, _POOL), ("node_pool", {"name": "third", "state": "absent"})),
)


class Stage:
    """Where scenarios are played: on each call another cluster, in whichever zone is free."""

    def __init__(self, cloud: Playground) -> None:
        self.cloud = cloud
        self._numbers = count(1)
        self._lock = threading.Lock()
        self.zones: SimpleQueue[str] = SimpleQueue()
        for zone in ZONES:
            self.zones.put(zone)

    def name(self) -> str:
        """The name of a cluster that was never there."""
        with self._lock:
            return f"point-{next(self._numbers)}-x"

    @staticmethod
    def placed(task: Task, zone: str, name: str) -> Task:
        """The task with its place filled in."""
        module, fields = task
        who = {"name": name} if module == "cluster" else {"cluster": name}
        return module, {"location": zone, **fields, **who}

    def play(self, task: Task, zone: str, name: str, **options: Any) -> Result:
        """Run a task's engine here, to its end; options: further ones. Raises what it raises."""
        module, fields = self.placed(task, zone, name)
        return self.cloud.run(module, **fields, **options)

    def each(
        self, points: Iterable[Point], play: Callable[[Point, str, str], Outcome], workers: int = len(ZONES)
    ) -> list[Outcome]:
        """Play every point, several at a time: ``play(point, zone, cluster name)``. Raises the first failure."""

        def one(point: Point) -> Outcome:
            zone = self.zones.get()
            try:
                return play(point, zone, self.name())
            finally:
                self.zones.put(zone)

        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(one, points))

    def undisturbed(self, scenario: Scenario) -> tuple[dict[str, Any] | None, list[str], list[str]]:
        """What a run that nothing disturbs ends in, the requests that it makes, and the operations it takes."""
        zone, name = self.zones.get(), self.name()
        try:
            for task in scenario.before:
                self.play(task, zone, name)
            calls, begun = len(self.cloud.calls(zone)), len(self.cloud.begun(zone, name))
            assert self.play(scenario.task, zone, name).changed
            made = self.cloud.calls(zone)[calls:], self.cloud.begun(zone, name)[begun:]
            return self.cloud.state(zone, name), *made
        finally:
            self.zones.put(zone)
