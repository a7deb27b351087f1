# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations and writes through everything that may happen to them, shown with gke_node_pool and gke_cluster."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import DeadlineExceeded, HttpError, OperationFailed
from ansible_collections.llmops.gke.plugins.module_utils.core.result import Result, silent
from ansible_collections.llmops.gke.plugins.module_utils.engines.gke import gke_cluster, gke_node_pool
from ansible_collections.llmops.gke.plugins.module_utils.engines.gke.gke_cluster import ARGUMENT_SPEC as CLUSTER_SPEC
from ansible_collections.llmops.gke.plugins.module_utils.engines.gke.gke_node_pool import ARGUMENT_SPEC as NODE_POOL
from ansible_collections.llmops.gke.plugins.module_utils.gke import operations
from tests.unit.fake_http import FakeServer, Reply, google_error
from tests.unit.plugins.gke.gke_support import (
    CLUSTER,
    CLUSTER_PATH,
    DONE,
    NOT_FOUND,
    OPERATION_PATH,
    PARENT,
    POOL,
    POOL_PATH,
    busy,
    operation,
    options,
    running,
)

POOLS_PATH = f"{CLUSTER_PATH}/nodePools"
LOST = Reply(lost=True)
GATEWAY = Reply(502, "bad gateway")
CONDITION = {"code": "GCE_STOCKOUT", "canonicalCode": "RESOURCE_EXHAUSTED", "message": "No L4 in us-central1-a."}


def play(answers: Any, check: bool = False, progress: Any = silent, **given: Any) -> tuple[Result, FakeServer]:
    with FakeServer(answers) as server:
        task = options(NODE_POOL, server.url, cluster=CLUSTER, name=POOL, **given)
        return gke_node_pool.run(task, check, progress), server


@pytest.mark.parametrize(
    ("ended", "words"),
    [
        ({"error": {"code": 8, "message": "Quota."}}, "RESOURCE_EXHAUSTED: Quota; ask for more quota"),
        ({"error": {"code": 13, "message": "Oops."}}, "GKE failed with INTERNAL: Oops"),
        ({"statusMessage": "GCE_QUOTA_EXCEEDED: 0 L4."}, "GCE_QUOTA_EXCEEDED: GCE_QUOTA_EXCEEDED: 0 L4; ask for"),
        ({"nodepoolConditions": [CONDITION]}, "GCE_STOCKOUT: No L4 in us-central1-a; name other zones"),
        ({"clusterConditions": [CONDITION]}, "GCE_STOCKOUT: No L4 in us-central1-a; name other zones"),
        (
            {"clusterConditions": [{"code": "UNKNOWN", "canonicalCode": "INTERNAL"}]},
            "with INTERNAL: no reason was given",
        ),
        ({"error": {"code": 8}}, "RESOURCE_EXHAUSTED: no reason was given"),
    ],
)
def test_an_operation_that_ended_badly_is_a_failure_wherever_it_says_so(ended: dict[str, Any], words: str):
    replies = {
        ("GET", POOL_PATH): NOT_FOUND,
        ("POST", POOLS_PATH): operation(),
        ("GET", OPERATION_PATH): operation("DONE", **ended),
    }
    with pytest.raises(OperationFailed) as raised:
        play(replies)
    assert words in raised.value.message
    assert raised.value.fields["operation"] == "operation-1"


def test_harmless_conditions_are_no_failure():
    notes = [{"code": "SET_BY_OPERATOR"}, {"canonicalCode": "OK"}, {"code": "CA_EXPIRING", "canonicalCode": "UNKNOWN"}]
    assert operations.operation_failure("x", operation("DONE", nodepoolConditions=notes)) is None


def test_progress_is_told_when_it_changes_and_pauses_grow_to_five_seconds(pauses: list[float]):
    def at(stage: str) -> Reply:
        return Reply(200, operation(progress={"stages": [{"name": stage, "status": "RUNNING"}]}))

    replies = {
        ("GET", POOL_PATH): (NOT_FOUND, Reply(200, running())),
        ("POST", POOLS_PATH): operation("PENDING", operationType="CREATE_NODE_POOL"),
        ("GET", OPERATION_PATH): (*[at("instances")] * 10, at("health"), Reply(200, DONE)),
    }
    told: list[str] = []
    play(replies, progress=told.append)
    assert [line.partition(", ")[0] for line in told] == [
        "create node pool gpu: RUNNING: instances",
        "create node pool gpu: RUNNING: health",
    ]
    assert pauses[0] < 0.5
    assert 4 < max(pauses) <= 5


def test_the_phases_of_a_clusters_creation_are_told_as_it_goes_through_them():
    def at(configuring: int, deploying: int) -> Reply:
        figures = {"CLUSTER_CONFIGURING": configuring, "CLUSTER_CONFIGURING_TOTAL": 2}
        figures |= {"CLUSTER_DEPLOYING": deploying, "CLUSTER_DEPLOYING_TOTAL": 9}
        metrics = [{"name": name, "intValue": str(value)} for name, value in figures.items()]
        return Reply(200, operation(progress={"metrics": metrics}))

    replies = {
        ("GET", POOL_PATH): (NOT_FOUND, Reply(200, running())),
        ("POST", POOLS_PATH): operation("PENDING"),
        ("GET", OPERATION_PATH): (at(0, 0), at(1, 0), at(2, 3), Reply(200, DONE)),
    }
    told: list[str] = []
    play(replies, progress=told.append)
    assert [line.partition(", ")[0].rpartition(" ")[2] for line in told] == ["CLUSTER_CONFIGURING", "CLUSTER_DEPLOYING"]


def test_the_deadline_says_what_it_waited_for_and_what_it_saw_last():
    replies = {
        ("GET", POOL_PATH): NOT_FOUND,
        ("POST", POOLS_PATH): operation(),
        ("GET", OPERATION_PATH): operation(detail="waiting for machines"),
    }
    with pytest.raises(DeadlineExceeded, match=r"create node pool gpu \(operation-1\).*RUNNING: waiting for machines"):
        play(replies, timeout=20)


@pytest.mark.parametrize("failure", [LOST, GATEWAY], ids=["connection closed", "502"])
@pytest.mark.parametrize("acted", [True, False], ids=["the server acted", "it did not"])
def test_a_create_whose_reply_was_lost_is_settled_by_looking(failure: Reply, acted: bool):
    made = (Reply(200, running(status="PROVISIONING")), Reply(200, running()))
    replies = {
        ("GET", POOL_PATH): (NOT_FOUND, *(made if acted else (NOT_FOUND, Reply(200, running())))),
        ("POST", POOLS_PATH): (failure, Reply(200, DONE)),
        ("GET", f"{PARENT}/operations"): {"operations": [operation(target=POOL_PATH)]},
        ("GET", OPERATION_PATH): DONE,
    }
    result, server = play(replies)
    assert result.changed
    sent = [call for call in server.calls() if call.startswith("POST")]
    assert len(sent) == (1 if acted else 2)
    adopted = [f"GET {PARENT}/operations", f"GET {OPERATION_PATH}"] if acted else [f"POST {POOLS_PATH}"]
    assert server.calls()[:3] == [f"GET {POOL_PATH}", f"POST {POOLS_PATH}", f"GET {POOL_PATH}"]
    assert [call for call in server.calls()[3:] if call != f"GET {POOL_PATH}"] == adopted


def test_a_server_that_failed_on_a_write_is_given_the_time_that_it_asks_for(pauses: list[float]):
    body = {"error": {"code": 503, "status": "UNAVAILABLE", "message": "Later."}}
    replies = {
        ("GET", POOL_PATH): (NOT_FOUND, NOT_FOUND, Reply(200, running())),
        ("POST", POOLS_PATH): (Reply(503, body, {"Retry-After": "9"}), Reply(200, DONE)),
    }
    result, server = play(replies)
    assert result.changed
    assert server.calls().count(f"POST {POOLS_PATH}") == 2
    assert pauses[0] == 9


def test_a_create_that_is_there_already_is_adopted():
    replies = {
        ("GET", POOL_PATH): (NOT_FOUND, Reply(200, running())),
        ("POST", POOLS_PATH): google_error(409, "ALREADY_EXISTS", "Already exists: gpu."),
    }
    result, _server = play(replies)
    assert result.changed


def test_a_create_that_is_refused_as_existing_but_is_not_to_be_seen_fails():
    replies = {("GET", POOL_PATH): NOT_FOUND, ("POST", POOLS_PATH): google_error(409, "ALREADY_EXISTS", "Elsewhere.")}
    with pytest.raises(HttpError, match="409 ALREADY_EXISTS: Elsewhere"):
        play(replies)


def test_a_lost_create_that_failed_is_a_failure_and_not_sent_again():
    replies = {
        ("GET", POOL_PATH): (NOT_FOUND, Reply(200, running(status="ERROR", conditions=[CONDITION]))),
        ("POST", POOLS_PATH): LOST,
    }
    with pytest.raises(OperationFailed, match="GCE_STOCKOUT"):
        play(replies)


@pytest.mark.parametrize("failure", [LOST, NOT_FOUND], ids=["connection closed", "404"])
def test_a_delete_is_done_when_the_resource_is_gone(failure: Reply):
    replies = {
        ("GET", CLUSTER_PATH): running(name=CLUSTER),
        ("GET", POOL_PATH): (Reply(200, running()), NOT_FOUND),
        ("DELETE", POOL_PATH): failure,
    }
    result, server = play(replies, state="absent")
    assert result.changed
    assert server.calls().count(f"DELETE {POOL_PATH}") == 1


def test_an_update_whose_reply_was_lost_is_sent_again_only_where_it_did_not_happen():
    before, after = Reply(200, running(initialNodeCount=1)), Reply(200, running(initialNodeCount=2))
    size = ("POST", f"{POOL_PATH}:setSize")
    _result, server = play({("GET", POOL_PATH): (before, after), size: LOST}, initial_node_count=2)
    assert server.calls().count(f"POST {POOL_PATH}:setSize") == 1
    replies = {("GET", POOL_PATH): (before, before, after), size: (LOST, Reply(200, DONE))}
    _result, server = play(replies, initial_node_count=2)
    assert server.calls().count(f"POST {POOL_PATH}:setSize") == 2


def test_a_busy_cluster_is_waited_for_by_the_operation_that_it_names():
    waiting_for = f"{PARENT}/operations/operation-7"
    replies = {
        ("GET", POOL_PATH): (NOT_FOUND, NOT_FOUND, Reply(200, running())),
        ("POST", POOLS_PATH): (busy(), Reply(200, DONE)),
        ("GET", waiting_for): {"name": "operation-7", "status": "DONE", "statusMessage": "not our failure"},
    }
    result, server = play(replies)
    assert result.changed
    assert server.calls() == [
        f"GET {POOL_PATH}",
        f"POST {POOLS_PATH}",
        f"GET {waiting_for}",
        f"GET {POOL_PATH}",
        f"POST {POOLS_PATH}",
        f"GET {POOL_PATH}",
    ]


@pytest.mark.parametrize("target", [POOL_PATH, CLUSTER_PATH], ids=["on the pool", "on its cluster"])
def test_an_operation_under_way_is_adopted_before_anything_is_compared(target: str):
    others = [
        operation(target=f"{CLUSTER_PATH}-other", name="operation-2"),
        operation("DONE", target=target, name="operation-3"),
    ]
    replies = {
        ("GET", POOL_PATH): (Reply(200, running(status="PROVISIONING")), Reply(200, running())),
        ("GET", f"{PARENT}/operations"): {"operations": [*others, operation(target=target)]},
        ("GET", OPERATION_PATH): DONE,
    }
    result, server = play(replies)
    assert server.calls() == [
        f"GET {POOL_PATH}",
        f"GET {PARENT}/operations",
        f"GET {OPERATION_PATH}",
        f"GET {POOL_PATH}",
    ]
    assert not result.changed
    assert result.operations == [DONE]


def test_an_adopted_create_that_fails_is_a_failure_unless_the_pool_is_to_go():
    replies = {
        ("GET", POOL_PATH): (
            Reply(200, running(status="PROVISIONING")),
            Reply(200, running(status="ERROR")),
            NOT_FOUND,
        ),
        ("GET", f"{PARENT}/operations"): {"operations": [operation(target=POOL_PATH)]},
        ("GET", OPERATION_PATH): operation("DONE", nodepoolConditions=[CONDITION]),
        ("DELETE", POOL_PATH): DONE,
    }
    with pytest.raises(OperationFailed, match="GCE_STOCKOUT"):
        play(replies)
    result, _server = play({**replies, ("GET", CLUSTER_PATH): running(name=CLUSTER)}, state="absent")
    assert result.changed


def test_without_an_operation_the_status_itself_is_watched():
    replies = {
        ("GET", POOL_PATH): (*[Reply(200, running(status="RECONCILING"))] * 2, Reply(200, running())),
        ("GET", f"{PARENT}/operations"): {},
    }
    result, server = play(replies)
    assert not result.changed
    assert server.calls().count(f"GET {POOL_PATH}") == 3


def test_check_mode_tells_of_an_operation_under_way_and_does_not_wait():
    at_work = running(status="RECONCILING", initialNodeCount=1)
    result, server = play({("GET", POOL_PATH): at_work}, check=True, initial_node_count=2)
    assert server.calls() == [f"GET {POOL_PATH}"]
    assert result.changed
    assert result.warnings == ["node pool gpu is RECONCILING: compared as it is now, not waited for"]
    replies = {("GET", POOL_PATH): running(status="STOPPING"), ("GET", CLUSTER_PATH): running(name=CLUSTER)}
    result, _server = play(replies, check=True, initial_node_count=2)
    assert [step.action for step in result.plan] == ["create"]


def test_a_cluster_under_deletion_is_gone_before_it_is_created_again():
    path = f"{PARENT}/clusters"
    stopping = running(name=CLUSTER, status="STOPPING")
    pools = [{"name": "default-pool", "status": "RUNNING", "initialNodeCount": 1}]
    replies = {
        ("GET", CLUSTER_PATH): (Reply(200, stopping), NOT_FOUND, Reply(200, running(name=CLUSTER, nodePools=pools))),
        ("GET", f"{PARENT}/operations"): {"operations": [operation()]},
        ("GET", OPERATION_PATH): DONE,
        ("POST", path): DONE,
    }
    with FakeServer(replies) as server:
        asked = [{"name": "default-pool", "initial_node_count": 1}]
        task = options(CLUSTER_SPEC, server.url, name=CLUSTER, node_pools=asked)
        result = gke_cluster.run(task, False, silent)
    assert server.calls()[-2:] == [f"POST {path}", f"GET {CLUSTER_PATH}"]
    assert len(result.operations) == 2
