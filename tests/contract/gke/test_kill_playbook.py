# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-playbook is killed at each request of a creation, a change and a teardown that changes something, and at the
first and the last; the next run makes it good. test_kill.py does the same with the engine at every request."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.contract.gke.playground import Playground, playground
from tests.contract.gke.roles_play import RolesPlay, kill
from tests.contract.gke.scenarios import Stage


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kill-playbook")


@pytest.fixture(scope="module")
def cloud(directory: Path) -> Iterator[Playground]:
    # The playbook looks at an operation for the first time after a quarter of a second: once it is over.
    with playground(directory) as made:
        yield made


class Phase(NamedTuple):
    """A run of a cluster's life: the state that it brings about, and variables."""

    state: str
    variables: dict[str, Any]


class Undisturbed(NamedTuple):
    """What a phase ends in when nothing disturbs it, its requests, and the operations that it takes."""

    state: dict[str, Any] | None
    calls: list[str]
    operations: list[str]


CHANGED = {"gpu_nodepool_max_node_count": 3, "gke_cluster_resource_labels": {"team": "serving"}}
LIFE = (Phase("present", {}), Phase("present", CHANGED), Phase("absent", CHANGED))


@pytest.fixture(scope="module", autouse=True)
def tally(record_testsuite_property) -> Iterator[list[int]]:
    points: list[int] = []
    yield points
    record_testsuite_property("points at which a playbook was killed", sum(points))


def place(zone: str, name: str) -> dict[str, Any]:
    """The play's variables: a zonal cluster, and no kubeconfig, which all the plays would share."""
    return {"llmops_location": zone, "llmops_zones": [zone], "llmops_cluster": name, "gke_cluster_kubeconfig": ""}


def undisturbed(cloud: Playground, stage: Stage, play: RolesPlay) -> list[Undisturbed]:
    """A life of a cluster that nothing disturbs, phase by phase."""
    zone, name = stage.zones.get(), stage.name()
    phases = []
    for phase in LIFE:
        calls, begun = len(cloud.calls(zone)), len(cloud.begun(zone, name))
        play.run(phase.state, **place(zone, name), **phase.variables)
        made = cloud.calls(zone)[calls:], cloud.begun(zone, name)[begun:]
        phases.append(Undisturbed(cloud.state(zone, name), *made))
    stage.zones.put(zone)
    return phases


def test_a_killed_playbook_is_finished_by_the_next_run(cloud: Playground, directory: Path, tally: list[int]):
    play, stage = RolesPlay(cloud, directory), Stage(cloud)
    expected = undisturbed(cloud, stage, play)
    assert [phase.operations for phase in expected] == [
        ["CREATE_CLUSTER", "CREATE_NODE_POOL"],
        ["SET_LABELS", "UPDATE_CLUSTER"],
        ["DELETE_NODE_POOL", "DELETE_CLUSTER"],
    ]

    def killed(phase: Phase, number: int, zone: str, name: str) -> bool:
        """Kill the phase's playbook while it waits for an answer; False where it ended before it got there."""
        fault = cloud.fault(
            "http", times=1, skip=number, match={"path": f".*/locations/{zone}/.*"}, drop="after", delay=300
        )
        process = play.start(phase.state, **place(zone, name), **phase.variables)
        while process.poll() is None and not cloud.struck(fault):
            time.sleep(0.01)
        reached = cloud.struck(fault)
        kill(process)
        cloud.sandbox.faults.remove(fault)
        return reached

    def life(number: int, zone: str, name: str) -> list[bool]:
        """The phases one after the other, each killed at its n-th request, if it has so many, and run again."""
        reached = []
        for phase, alone in zip(LIFE, expected, strict=True):
            begun, there = len(cloud.begun(zone, name)), number < len(alone.calls)
            reached.append(there and killed(phase, number, zone, name))
            if phase is LIFE[-1] and not there:
                break
            play.run(phase.state, **place(zone, name), **phase.variables)
            assert cloud.state(zone, name) == alone.state, (phase, number)
            # Nothing was done twice.
            assert cloud.begun(zone, name)[begun:] == alone.operations, (phase, number)
        return reached

    longest = max(len(phase.calls) for phase in expected)
    writes = {n for phase in expected for n, call in enumerate(phase.calls) if not call.startswith("GET ")}
    lives = stage.each(sorted({0, *writes, longest - 1}), life, workers=4)
    for phase, tried in zip(expected, zip(*lives, strict=True), strict=True):
        assert sum(tried) > sum(not call.startswith("GET ") for call in phase.calls), phase.calls
    assert cloud.orphans() == []
    tally.append(sum(map(sum, lives)))
