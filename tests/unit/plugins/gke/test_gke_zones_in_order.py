# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pool whose zones are tried in order: exactly which requests, and which zones count as out of stock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption, OperationFailed
from ansible_collections.llmops.gke.plugins.module_utils.core.result import Result, silent
from ansible_collections.llmops.gke.plugins.module_utils.engines.gke import gke_node_pool
from ansible_collections.llmops.gke.plugins.module_utils.engines.gke.gke_node_pool import ARGUMENT_SPEC as NODE_POOL
from ansible_collections.llmops.gke.plugins.module_utils.gke import stockouts
from ansible_collections.llmops.gke.plugins.module_utils.gke.client import Place
from ansible_collections.llmops.gke.plugins.module_utils.workflows.node_pools import zones
from tests.unit.fake_http import Answer, FakeServer, Reply, Request
from tests.unit.plugins.gke.gke_support import (
    CLUSTER,
    CLUSTER_PATH,
    DONE,
    LOCATION,
    NOT_FOUND,
    PARENT,
    POOL,
    POOL_PATH,
    PROJECT,
    options,
    running,
)

A, B, C = ZONES = [f"{LOCATION}-{letter}" for letter in "abc"]
POOLS_PATH, OPERATIONS_PATH = f"{CLUSTER_PATH}/nodePools", f"{PARENT}/operations"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
QUOTA = {"code": "GCE_QUOTA_EXCEEDED", "message": "Quota 'NVIDIA_L4_GPUS' exceeded."}


def no_stock(zone: str) -> dict[str, Any]:
    return {
        "code": "GCE_STOCKOUT",
        "canonicalCode": "RESOURCE_EXHAUSTED",
        "message": f"Instance 'i' creation failed: The zone 'projects/p/zones/{zone}' does not have enough resources.",
    }


def group_path(zone: str) -> str:
    return f"/projects/{PROJECT}/zones/{zone}/instanceGroupManagers/grp"


def pool_in(zone: str, status: str = "RUNNING", **fields: Any) -> dict[str, Any]:
    urls = [f"https://www.googleapis.com/compute/v1{group_path(zone)}"]
    return running(status=status, locations=[zone], initialNodeCount=1, instanceGroupUrls=urls, **fields)


class Zones:
    """The answers of GKE and Compute Engine where some zones are out of stock; it keeps the pool."""

    def __init__(self, *out: str, pool: dict[str, Any] | None = None, history: tuple[dict[str, Any], ...] = ()) -> None:
        self.out, self.pool, self.history, self.actions = out, pool, list(history), {"none": 0, "creating": 1}

    def __call__(self, request: Request) -> Answer:
        method, path = request.method, request.path
        if (method, path) == ("GET", POOL_PATH):
            return self.pool or NOT_FOUND
        if (method, path) == ("GET", CLUSTER_PATH):
            return running(name=CLUSTER)
        if (method, path) == ("GET", OPERATIONS_PATH):
            return {"operations": self.history}
        if (method, path) == ("DELETE", POOL_PATH):
            self.pool = None
            return DONE
        if (method, path) == ("POST", POOLS_PATH):
            (zone,) = request.body["nodePool"]["locations"]
            conditions = [no_stock(zone)] if zone in self.out else []
            self.pool = pool_in(zone, "ERROR" if conditions else "RUNNING", conditions=conditions)
            return {**DONE, "nodepoolConditions": conditions}
        assert path in map(group_path, ZONES), request
        return {"targetSize": 1, "currentActions": self.actions}


def play(zones: Zones, check: bool = False, **given: Any) -> tuple[Result, FakeServer]:
    with FakeServer(zones) as server:
        in_order = {"locations": ZONES, "locations_in_order": True, "initial_node_count": 1}
        place = {"cluster": CLUSTER, "name": POOL, "compute_api_endpoint": server.url}
        return gke_node_pool.run(
            options(NODE_POOL, server.url, **place, **{**in_order, **given}), check, silent
        ), server


def zones_asked(server: FakeServer) -> list[str]:
    """The zone of each create request."""
    return [request.body["nodePool"]["locations"][0] for request in server.requests if request.method == "POST"]


SEARCH_IN_A = [f"GET {POOL_PATH}", f"GET {OPERATIONS_PATH}", f"GET {POOL_PATH}", f"POST {POOLS_PATH}"]
MOVE_FROM_A = [
    f"GET {POOL_PATH}",
    f"GET {group_path(A)}",
    f"GET {POOL_PATH}",
    f"DELETE {POOL_PATH}",
    f"POST {POOLS_PATH}",
    f"GET {POOL_PATH}",
]


def test_the_first_zone_that_has_stock_gets_the_pool():
    result, server = play(Zones())
    assert server.calls() == [*SEARCH_IN_A, f"GET {POOL_PATH}"]
    assert zones_asked(server) == [A]
    assert result.changed and result.values["out_of_stock"] == []


def test_a_zone_without_stock_is_left_for_the_next():
    result, server = play(Zones(A))
    assert server.calls() == [*SEARCH_IN_A, *MOVE_FROM_A]
    assert zones_asked(server) == [A, B]
    assert [step.action for step in result.plan] == ["create", "delete", "create"]
    assert (result.before, result.after["locations"]) == (None, [B])
    assert result.http_requests == len(server.requests)


def test_a_pool_in_any_of_the_zones_is_in_place():
    result, server = play(Zones(A, pool=pool_in(C)))
    assert server.calls() == [f"GET {POOL_PATH}"] * 2
    assert not result.changed and result.warnings == []


def test_check_mode_foretells_the_move_by_reading_alone():
    broken = pool_in(A, "ERROR", conditions=[no_stock(A)])
    foretold, server = play(Zones(A, pool=broken), check=True)
    assert server.calls() == [f"GET {POOL_PATH}", f"GET {group_path(A)}", f"GET {OPERATIONS_PATH}", f"GET {POOL_PATH}"]
    result, server = play(Zones(A, pool=broken))
    assert zones_asked(server) == [B]
    assert [step.to_dict() for step in foretold.plan] == [step.to_dict() for step in result.plan]
    assert (foretold.before, foretold.after) == (result.before, result.after)
    assert (foretold.before["locations"], foretold.after["locations"]) == ([A], [B])


def test_check_mode_fails_as_the_run_would_and_removes_nothing():
    zones = Zones(pool=pool_in(A, "ERROR", conditions=[no_stock(A)]))
    with pytest.raises(OperationFailed, match="every zone of locations is out of stock.*nothing was removed"):
        play(zones, check=True, locations=[A])
    assert zones.pool is not None


def test_where_every_zone_is_out_the_pool_is_deleted_and_each_zone_named():
    zones = Zones(*ZONES)
    with pytest.raises(OperationFailed) as caught:
        play(zones, config={"spot": True})
    assert zones.pool is None
    assert [one["zone"] for one in caught.value.fields["out_of_stock"]] == ZONES
    assert f"{B}: The zone 'projects/p/zones/{B}' does not have enough resources; {C}: " in caught.value.message
    assert "on-demand machines (config.spot: false)" in caught.value.message
    done = [step["action"] for step in caught.value.fields["steps_done"]]
    assert done == ["create", "delete", "create", "delete", "create", "delete"]


@pytest.mark.parametrize(
    ("actions", "moves"),
    [({"none": 1}, False), ({"none": 0, "verifying": 1}, False), ({"none": 0, "creating": 2}, True), ({}, True)],
)
def test_only_a_pool_without_a_node_moves(actions: dict[str, int], moves: bool):
    zones = Zones(pool=pool_in(A, "ERROR", conditions=[no_stock(A)]))
    zones.actions = actions
    if moves:
        assert play(zones)[0].after["locations"] == [B]
        return
    with pytest.raises(OperationFailed, match="gpu is ERROR.*stays where it is, because 1 of its nodes run"):
        play(zones)
    assert zones.pool["locations"] == [A]


@pytest.mark.parametrize("reason", [[QUOTA], [no_stock(A), QUOTA], [{"code": "CLOUD_KMS_KEY_ERROR"}]])
def test_no_other_reason_moves_a_pool(reason: list[dict[str, Any]]):
    zones = Zones(pool=pool_in(A, "ERROR", conditions=reason))
    with pytest.raises(OperationFailed, match="gpu is ERROR"):
        play(zones)
    assert zones.pool["locations"] == [A]


@pytest.mark.parametrize(
    "status_message", ["", "[ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS]: Instance 'i' creation failed"]
)
def test_compute_engines_own_word_is_understood(status_message: str):
    condition = {"code": "UNKNOWN", "canonicalCode": "RESOURCE_EXHAUSTED", "message": status_message}
    error = stockouts.pool_stockout(pool_in(A, "RUNNING_WITH_ERROR", conditions=[condition]))
    assert (error is not None) == bool(status_message)


def failed(kind: str, zone: str, minutes_ago: float, target: str = POOL_PATH) -> dict[str, Any]:
    moment = (NOW - timedelta(minutes=minutes_ago)).isoformat().replace("+00:00", "Z")
    operation = {
        "name": f"operation-{zone}",
        "operationType": kind,
        "status": "DONE",
        "targetLink": f"https://g{target}",
    }
    conditions = [no_stock(zone)] if zone else []
    return {**operation, "startTime": moment, "endTime": moment, "nodepoolConditions": conditions}


def deleted(minutes_ago: float) -> dict[str, Any]:
    return failed("DELETE_NODE_POOL", "", minutes_ago)


@pytest.mark.parametrize(
    ("history", "out"),
    [
        ([], []),
        ([failed("CREATE_NODE_POOL", A, 5), deleted(4)], [A]),
        ([deleted(1), failed("CREATE_NODE_POOL", B, 2), deleted(4), failed("CREATE_NODE_POOL", A, 5)], [B, A]),
        # Another pool's, or another cluster's.
        ([failed("CREATE_NODE_POOL", A, 5, f"{POOL_PATH}2"), deleted(4)], []),
        # It was made after that.
        ([failed("CREATE_NODE_POOL", A, 5), deleted(4), failed("CREATE_NODE_POOL", "", 3), deleted(2)], []),
        # Too long ago; what follows in the same search is not.
        ([failed("CREATE_NODE_POOL", A, 61), deleted(60)], []),
        ([failed("CREATE_NODE_POOL", A, 90), deleted(80), failed("CREATE_NODE_POOL", B, 50), deleted(40)], [B, A]),
        # A search that came to its end, and a new one that did not.
        ([failed("CREATE_NODE_POOL", zone, 30 - 5 * number) for number, zone in enumerate(ZONES)], []),
        ([failed("CREATE_NODE_POOL", zone, 30 - 5 * number) for number, zone in enumerate([*ZONES, A])], [A]),
        # What was before the cluster's creation was of another cluster of the name.
        ([failed("CREATE_NODE_POOL", A, 9), deleted(8), failed("CREATE_CLUSTER", "", 5, CLUSTER_PATH)], []),
    ],
)
def test_what_a_run_that_was_cut_short_has_found_is_read_from_its_operations(
    history: list[dict[str, Any]], out: list[str]
):
    place = Place(PROJECT, LOCATION, CLUSTER, POOL)
    assert list(stockouts.zones_found_out_of_stock(history, place, ZONES, NOW)) == out


def test_the_next_run_goes_on_where_one_was_cut_short(monkeypatch: pytest.MonkeyPatch):
    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return NOW

    monkeypatch.setattr(zones, "datetime", Clock)
    result, server = play(Zones(A, B, history=(failed("CREATE_NODE_POOL", A, 5), deleted(4))))
    assert zones_asked(server) == [B, C]
    assert [(one["zone"], one["operation"]) for one in result.values["out_of_stock"]] == [
        (A, f"operation-{A}"),
        (B, "operation-1"),
    ]


def test_without_the_switch_all_zones_are_asked_for_at_once():
    replies = {
        ("GET", POOL_PATH): (NOT_FOUND, Reply(200, running(locations=ZONES))),
        ("POST", POOLS_PATH): DONE,
    }
    with FakeServer(replies) as server:
        given = {"cluster": CLUSTER, "name": POOL, "locations": ZONES, "initial_node_count": 1}
        result = gke_node_pool.run(options(NODE_POOL, server.url, **given), False, silent)
    assert server.requests[1].body["nodePool"]["locations"] == ZONES
    assert "out_of_stock" not in result.values


def test_zones_to_be_tried_in_order_must_be_named():
    with pytest.raises(InvalidOption, match="locations_in_order.*name them in "):
        play(Zones(), locations=None)
