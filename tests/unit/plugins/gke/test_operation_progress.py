# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an operation is, how it is followed to its end, and which one keeps a resource busy."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.core.errors import DeadlineExceeded, HttpError
from ansible_collections.llmops.gke.plugins.module_utils.core.result import silent
from ansible_collections.llmops.gke.plugins.module_utils.gke import operations
from ansible_collections.llmops.gke.plugins.module_utils.gke.client import Place


def stages(*named: tuple[str | None, str]) -> list[dict[str, Any]]:
    return [{"status": status, **({"name": name} if name else {})} for name, status in named]


def metric(name: str, value: int) -> dict[str, Any]:
    return {"name": name, "intValue": str(value)}


@pytest.mark.parametrize(
    ("operation", "where"),
    [
        ({}, ""),
        ({"operationType": "CREATE_CLUSTER"}, "CREATE_CLUSTER"),
        ({"operationType": "CREATE_CLUSTER", "detail": "waiting"}, "waiting"),
        ({"operationType": "CREATE_CLUSTER", "detail": ""}, "CREATE_CLUSTER"),
        ({"detail": "waiting", "progress": {"stages": stages(("a", "DONE"), ("b", "RUNNING"), ("c", "PENDING"))}}, "b"),
        ({"progress": {"stages": stages(("a", "RUNNING"), (None, "RUNNING"), ("b", "RUNNING"))}}, "a, b"),
        ({"detail": "waiting", "progress": {"stages": stages(("a", "DONE"), (None, "RUNNING"))}}, "waiting"),
        ({"progress": {"metrics": [metric("A", 1), metric("A_TOTAL", 2)]}, "detail": "waiting"}, "A"),
        ({"progress": {"metrics": [metric("A", 2), metric("A_TOTAL", 2)]}, "detail": "waiting"}, "waiting"),
        (
            {"progress": {"metrics": [metric("A", 2), metric("A_TOTAL", 2), {"name": "B"}, metric("B_TOTAL", 1)]}},
            "B",
        ),
        ({"progress": {"metrics": [metric("A", 3), {"intValue": "0"}]}, "operationType": "X"}, "X"),
        ({"progress": {"metrics": [metric("A", 0)]}, "operationType": "X"}, "X"),
        (
            {"progress": {"stages": stages(("a", "RUNNING")), "metrics": [metric("A", 0), metric("A_TOTAL", 1)]}},
            "a",
        ),
    ],
)
def test_where_an_operation_is(operation: dict[str, Any], where: str):
    assert operations.stage(operation) == where


PLACE = Place("demo", "us-central1", "mistral", "gpu")


class Client:
    """GKE with operations; answers: of the one that is followed, in turn."""

    def __init__(self, *answers: Any, listed: Any = (), seconds: float = 1000) -> None:
        self.answers, self.listed, self.asked = list(answers), list(listed), []
        self.pauses: list[float] = []
        self._now = 0.0
        self.deadline = Deadline(seconds, clock=lambda: self._now, sleep=self._sleep)
        # What the task did before.
        self._now = 40.0

    def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self._now += seconds

    def operation(self, *place: str) -> dict[str, Any] | None:
        self.asked.append(place)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def operations(self, *place: str) -> list[dict[str, Any]]:
        self.asked.append(place)
        return self.listed


def followed(client: Client, operation: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    told: list[str] = []
    return operations.follow(client, PLACE, operation, "create it", told.append), told


def running(detail: str, status: str = "RUNNING") -> dict[str, Any]:
    return {"name": "operation-1", "status": status, "detail": detail}


def test_an_operation_that_is_done_is_not_asked_for():
    client, done = Client(), {"name": "operation-1", "status": "DONE", "statusMessage": "Oops."}
    assert followed(client, done) == (done, [])
    assert (client.asked, client.pauses) == ([], [])


def test_an_operation_is_followed_to_its_end_and_told_of_when_it_changes():
    done = {"name": "operation-1", "status": "DONE", "error": {"code": 8}}
    client = Client(running("a"), running("a"), running("b"), running("b", "ABORTING"), done)
    ended, told = followed(client, running("", "PENDING"))
    assert ended is done
    assert client.asked == [("demo", "us-central1", "operation-1")] * 5
    begun = [sum(client.pauses[:count]) for count in (1, 3, 4)]
    assert told == [
        f"create it: RUNNING: a, {begun[0]:.0f} s",
        f"create it: RUNNING: b, {begun[1]:.0f} s",
        f"create it: ABORTING: b, {begun[2]:.0f} s",
    ]


def test_the_pauses_between_two_looks_grow():
    client = Client(*[running("a")] * 12, {"name": "operation-1", "status": "DONE"})
    followed(client, {"name": "operation-1"})
    assert client.pauses[0] < 0.3
    assert max(client.pauses) > 4
    assert len(client.pauses) == 13


def test_an_operation_that_has_come_far_enough_goes_on_alone():
    client, looks = Client(running("a", "PENDING"), running("a"), running("b"), running("c")), []
    ended = operations.follow(
        client, PLACE, running("", "PENDING"), "create it", silent, lambda: looks.append(1) or len(looks) == 2
    )
    # It is not asked about before it runs.
    assert (ended, len(looks), len(client.asked)) == (running("b"), 2, 3)


def test_one_that_has_ended_is_judged_by_its_end():
    done = {"name": "operation-1", "status": "DONE"}
    assert operations.follow(Client(done), PLACE, running("a"), "create it", silent, lambda: 1 / 0) is done


def test_an_operation_that_gke_no_longer_knows_has_ended():
    ended, told = followed(Client(None), running("a", "PENDING"))
    assert ended == running("a", "DONE")
    assert told == []


def test_an_operation_without_a_status_has_not_begun():
    client = Client(seconds=0)
    with pytest.raises(DeadlineExceeded) as raised:
        followed(client, {"name": "operation-1", "operationType": "X"})
    assert raised.value.fields["waiting_for"] == "create it (operation-1)"
    assert raised.value.fields["last_seen"] == "PENDING: X"


@pytest.mark.parametrize("status", ["DONE", "RUNNING"])
def test_only_an_operation_that_is_not_done_is_under_way(status: str):
    operation = {"name": "operation-1", "status": status, "targetLink": "https://gke/v1/x/clusters/mistral"}
    client = Client(listed=[operation])
    assert operations.running_operation(client, PLACE) == (operation if status == "RUNNING" else None)
    assert client.asked == [("demo", "us-central1")]


@pytest.mark.parametrize(
    ("target", "place", "found"),
    [
        ("https://gke/v1/x/clusters/mistral", PLACE, True),
        ("https://gke/v1/x/clusters/mistral/nodePools/gpu", PLACE, True),
        ("https://gke/v1/x/clusters/mistral/nodePools/cpu", PLACE, False),
        ("https://gke/v1/x/clusters/my-mistral", PLACE, False),
        ("https://gke/v1/x/clusters/mistral-2", PLACE, False),
        ("https://gke/v1/x/clusters/other/nodePools/gpu", PLACE, False),
        ("https://gke/v1/x/clusters/mistral", PLACE.cluster_place, True),
        ("https://gke/v1/x/clusters/mistral/nodePools/gpu", PLACE.cluster_place, False),
        (None, PLACE, False),
    ],
)
def test_the_operations_that_keep_a_resource_busy(target: str | None, place: Place, found: bool):
    operation = {"name": "operation-1", "status": "PENDING"} | ({"targetLink": target} if target else {})
    elsewhere = {"name": "operation-0", "status": "RUNNING", "targetLink": "https://gke/v1/x/clusters/other"}
    assert operations.running_operation(Client(listed=[elsewhere, operation]), place) == (operation if found else None)


def test_an_operation_without_a_status_is_under_way():
    operation = {"name": "operation-1", "targetLink": "/clusters/mistral"}
    assert operations.running_operation(Client(listed=[operation]), PLACE) is operation


BUSY = "Cluster is running incompatible operation operation-17-a0b."


@pytest.mark.parametrize(
    ("status", "reason", "message", "named"),
    [
        (400, "FAILED_PRECONDITION", BUSY, "operation-17-a0b"),
        (409, "ABORTED", BUSY, "operation-17-a0b"),
        (412, "FAILED_PRECONDITION", BUSY, "operation-17-a0b"),
        (400, "ABORTED", BUSY, "operation-17-a0b"),
        (400, "FAILED_PRECONDITION", "Not in the mood.", None),
        (400, "INVALID_ARGUMENT", BUSY, None),
        (403, "FAILED_PRECONDITION", BUSY, None),
        (500, "ABORTED", BUSY, None),
    ],
)
def test_the_operation_that_a_refusal_names(status: int, reason: str, message: str, named: str | None):
    error = HttpError("x", status=status, method="POST", url="x", reason=reason, server_message=message)
    assert operations.blocking_operation(error) == named


@pytest.mark.parametrize("ended", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_process_says_that_the_operation_goes_on(ended: type[BaseException]):
    client = Client({"name": "operation-7", "status": "RUNNING"})

    def told(_line: str) -> None:
        raise ended

    with pytest.raises(ended) as raised:
        operations.follow(
            client, PLACE, {"name": "operation-7", "status": "RUNNING"}, "GKE cluster mistral: create", told
        )
    assert raised.value.__notes__ == [
        "GKE cluster mistral: create: operation operation-7 goes on in Google; run again to pick it up, or wait for "
        "its end: gcloud container operations wait operation-7 --location us-central1 --project demo"
    ]
