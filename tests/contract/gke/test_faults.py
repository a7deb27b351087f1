# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every fault at every write: what passes is outlived, what does not is named, and the next run makes it good."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import OperationFailed
from tests.contract.gke.playground import Playground, playground
from tests.contract.gke.scenarios import SCENARIOS, Scenario, Stage, Task

WORDS = "The moon is in the way"


@dataclass(frozen=True)
class Fault:
    """name, settings: as the sandbox takes them. code: what the failure must be known by."""

    label: str
    name: str
    settings: dict[str, Any]
    code: str = ""


def _http(label: str, **settings: Any) -> Fault:
    return Fault(label, "http", settings)


PASSING = (
    _http("429", status=429, reason="RESOURCE_EXHAUSTED"),
    _http("429 with Retry-After", status=429, retry_after=1),
    *(_http(f"{status}, nothing done", status=status) for status in (500, 502, 503, 504)),
    *(_http(f"{status}, yet done", status=status, acted=True) for status in (500, 502, 503, 504)),
    _http("connection dropped, nothing done", drop="before"),
    _http("connection dropped, yet done", drop="after"),
    Fault("token expired", "token_expired", {}),
    Fault("cluster busy", "cluster_busy", {}),
    Fault("slow operation", "slow_operation", {"factor": 3}),
)
LASTING = (
    Fault("error", "operation_error", {"code": "INTERNAL", "message": WORDS}, "INTERNAL"),
    Fault("statusMessage alone", "operation_error", {"field": "statusMessage", "message": WORDS}),
    Fault(
        "conditions alone",
        "operation_error",
        {
            "field": "nodepoolConditions",
            "message": WORDS,
            "code": "RESOURCE_EXHAUSTED",
            "condition": "GCE_STOCKOUT",
        },
        "GCE_STOCKOUT",
    ),
    Fault(
        "quota",
        "operation_error",
        {
            "field": "nodepoolConditions",
            "message": WORDS,
            "code": "RESOURCE_EXHAUSTED",
            "condition": "GCE_QUOTA_EXCEEDED",
        },
        "GCE_QUOTA_EXCEEDED",
    ),
)


class Point(NamedTuple):
    """A fault, and the number of the write that it strikes."""

    fault: Fault
    number: int


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with playground(tmp_path_factory.mktemp("faults")) as cloud:
        yield Stage(cloud)


@pytest.fixture(scope="module", autouse=True)
def tally(record_testsuite_property) -> Iterator[list[int]]:
    points: list[int] = []
    yield points
    record_testsuite_property("faults at writes", sum(points))


def aim(cloud: Playground, point: Point, zone: str, name: str) -> str:
    """Switch the point's fault on; returns its id."""
    match = {
        "http": {"service": "container", "method": "POST|PUT|DELETE", "path": f".*/locations/{zone}/.*"},
        "token_expired": {"service": "container", "method": "POST|PUT|DELETE", "path": f".*/locations/{zone}/.*"},
    }.get(point.fault.name, {"location": zone, "cluster": name})
    return cloud.fault(point.fault.name, times=1, skip=point.number, match=match, **point.fault.settings)


def made_good(stage: Stage, task: Task, zone: str, name: str) -> None:
    """What a person does after the failure: run again, with what the failure said."""
    module, fields = task
    cluster = stage.cloud.state(zone, name)
    if cluster is not None and cluster["status"] == "ERROR" and fields.get("state") != "absent":
        with pytest.raises(OperationFailed, match="is ERROR.*state: absent"):
            stage.play(task, zone, name)
        stage.play(("cluster", {"state": "absent"}), zone, name)
    elif module == "node_pool" and fields.get("state") != "absent":
        # Without being asked for, nothing is deleted.
        pools = {pool["name"]: pool["status"] for pool in (cluster or {})["nodePools"]}
        if pools.get(fields["name"]) in ("ERROR", "RUNNING_WITH_ERROR"):
            task = (module, {**fields, "repair": True})
    elif module == "cluster" and "node_pools" in fields:
        task = (module, {**fields, "node_pools": [{**pool, "repair": True} for pool in fields["node_pools"]]})
    stage.play(task, zone, name)


def writes(calls: list[str]) -> int:
    return sum(not call.startswith("GET ") for call in calls)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_what_passes_is_outlived(stage: Stage, scenario: Scenario, tally: list[int]):
    cloud = stage.cloud
    expected, calls, operations = stage.undisturbed(scenario)

    def play(point: Point, zone: str, name: str) -> None:
        for task in scenario.before:
            stage.play(task, zone, name)
        begun = len(cloud.begun(zone, name))
        fault = aim(cloud, point, zone, name)
        # A token that is given cannot be renewed; to read a key takes longer than all the rest, so not for every fault.
        key = {"service_account_file": cloud.endpoints["service_account_file"]}
        options = key if point.fault.name == "token_expired" else {}
        assert stage.play(scenario.task, zone, name, **options).changed, point
        assert cloud.struck(fault), point
        assert cloud.state(zone, name) == expected, point
        # Nothing was done twice, and nothing that another run would not have done.
        assert cloud.begun(zone, name)[begun:] == operations, point

    points = [
        Point(fault, number)
        for fault in PASSING
        for number in range(writes(calls))
        # A new cluster cannot be busy.
        if not (fault.name == "cluster_busy" and operations == ["CREATE_CLUSTER"])
    ]
    stage.each(points, play)
    assert cloud.orphans() == []
    tally.append(len(points))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_what_does_not_pass_is_named_and_the_next_run_makes_it_good(stage: Stage, scenario: Scenario, tally: list[int]):
    cloud = stage.cloud
    expected, calls, _operations = stage.undisturbed(scenario)

    def play(point: Point, zone: str, name: str) -> None:
        for task in scenario.before:
            stage.play(task, zone, name)
        fault = aim(cloud, point, zone, name)
        with pytest.raises(OperationFailed, match=WORDS) as caught:
            stage.play(scenario.task, zone, name)
        assert cloud.struck(fault), point
        assert caught.value.fields.get("code", "") == point.fault.code, point
        assert len(caught.value.fields["steps_done"]) == point.number, point
        made_good(stage, scenario.task, zone, name)
        assert cloud.state(zone, name) == expected, point

    points = [Point(fault, number) for fault in LASTING for number in range(writes(calls))]
    stage.each(points, play)
    assert cloud.orphans() == []
    tally.append(len(points))
