# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that is killed at any of its requests is finished by the next run, as if nothing had happened."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Literal, NamedTuple

import pytest

from tests.contract.gke import killed_engine
from tests.contract.gke.playground import Playground, playground
from tests.contract.gke.scenarios import SCENARIOS, Scenario, Stage

# Longer than any test: who waits for the answer is dead by then.
_FOR_EVER = 300


class Point(NamedTuple):
    """The process is killed while it waits for the answer to its n-th request, which GKE has acted on or never does."""

    number: int
    acted: Literal["before", "after"]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    killed_engine.prepare()
    with playground(tmp_path_factory.mktemp("kill")) as cloud:
        yield Stage(cloud)


@pytest.fixture(scope="module", autouse=True)
def tally(record_testsuite_property) -> Iterator[list[int]]:
    points: list[int] = []
    yield points
    record_testsuite_property("points at which a run was killed", sum(points))


def killed(cloud: Playground, stage: Stage, scenario: Scenario, point: Point, zone: str, name: str) -> bool:
    """Begin the scenario's task and kill it at the point; False where it ended before it got there."""
    fault = cloud.fault(
        "http",
        times=1,
        skip=point.number,
        match={"service": "container", "path": f".*/locations/{zone}/.*"},
        drop=point.acted,
        delay=_FOR_EVER,
    )
    module, fields = stage.placed(scenario.task, zone, name)
    process = killed_engine.start(module, cloud.options(module, **fields))
    while process.is_alive() and not cloud.struck(fault):
        time.sleep(0.002)
    reached = cloud.struck(fault)
    process.kill()
    process.join()
    cloud.sandbox.faults.remove(fault)
    return reached


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_killed_run_is_finished_by_the_next(stage: Stage, scenario: Scenario, tally: list[int]):
    cloud = stage.cloud
    expected, calls, _begun = stage.undisturbed(scenario)
    creations = creations_of(scenario)

    def play(point: Point, zone: str, name: str) -> bool:
        for task in scenario.before:
            stage.play(task, zone, name)
        reached = killed(cloud, stage, scenario, point, zone, name)
        stage.play(scenario.task, zone, name)
        assert cloud.state(zone, name) == expected, point
        begun = cloud.begun(zone, name)
        assert sorted(one for one in begun if one.startswith("CREATE")) == creations, point
        again = stage.play(scenario.task, zone, name)
        assert (again.changed, again.http_requests) == (False, 1), point
        return reached

    points = [Point(number, acted) for number in range(len(calls)) for acted in ("before", "after")]
    tried = stage.each(points, play)
    assert cloud.orphans() == []
    # Polls may be fewer than in the first run; every other request was a point.
    polls = sum("operations/" in call for call in calls)
    assert sum(tried) >= 2 * (len(calls) - polls)
    tally.append(sum(tried))


def creations_of(scenario: Scenario) -> list[str]:
    """The operations that create, as many as there are resources and not one more."""
    kinds = {"cluster": "CREATE_CLUSTER", "node_pool": "CREATE_NODE_POOL"}
    tasks = [*scenario.before, scenario.task]
    created = {(module, fields.get("name")) for module, fields in tasks if fields.get("state") != "absent"}
    return sorted(kinds[module] for module, _name in created)
