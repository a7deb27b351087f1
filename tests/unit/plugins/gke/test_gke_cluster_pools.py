# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""gke_cluster with node pools: one task for all of them, exactly which requests, and no GPU in the create request."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import (
    ImmutableField,
    InvalidOption,
    LlmopsError,
    OperationFailed,
)
from ansible_collections.llmops.gke.plugins.module_utils.core.result import Result, silent
from ansible_collections.llmops.gke.plugins.module_utils.core.runner import with_definition
from ansible_collections.llmops.gke.plugins.module_utils.engines.gke import gke_cluster
from tests.unit.fake_http import FakeServer, Reply, google_error
from tests.unit.plugins.gke.gke_support import CLUSTER, CLUSTER_PATH, DONE, NOT_FOUND, OPERATION_PATH, PARENT, options
from tests.unit.plugins.gke.pools_cloud import (
    CLUSTERS,
    DEFAULT,
    DEFAULT_BODY,
    GPU,
    GPU_BODY,
    POOLS,
    A,
    B,
    Cloud,
    live,
)


def play(cloud: Any, check: bool = False, **given: Any) -> tuple[Result, FakeServer]:
    with FakeServer(cloud) as server:
        task = options(gke_cluster.ARGUMENT_SPEC, server.url, name=CLUSTER, compute_api_endpoint=server.url, **given)
        return gke_cluster.run(task, check, silent), server


def predicted(cloud: Cloud, **given: Any) -> Result:
    """What check mode foretells, by reading the cluster once."""
    result, server = play(cloud, check=True, **given)
    assert server.calls() == [f"GET {CLUSTER_PATH}"]
    return result


def same(foretold: Result, result: Result) -> bool:
    """Whether a run did and found what check mode had foretold."""
    plans = [[step.to_dict() for step in one.plan] for one in (foretold, result)]
    return plans[0] == plans[1] and (foretold.before, foretold.after) == (result.before, result.after)


def writes(server: FakeServer) -> list[tuple[str, Any]]:
    return [(f"{method} {path}", body) for method, path, body in server.requests if method != "GET"]


def test_gpu_pools_are_created_after_the_cluster_by_the_same_task():
    cloud = Cloud(None)
    foretold = predicted(cloud, node_pools=[GPU, DEFAULT])
    result, server = play(cloud, node_pools=[GPU, DEFAULT])
    assert server.calls() == [
        f"GET {CLUSTER_PATH}",
        f"POST {CLUSTERS}",
        f"GET {OPERATION_PATH}",
        f"GET {CLUSTER_PATH}",
        f"POST {POOLS}",
        f"GET {CLUSTER_PATH}",
    ]
    parent = PARENT.removeprefix("/v1/")
    created = {"name": CLUSTER, "nodePools": [DEFAULT_BODY]}
    assert server.requests[4].body == {"nodePool": GPU_BODY, "parent": f"{parent}/clusters/{CLUSTER}"}
    assert [step.to_dict()["request"] for step in result.plan] == [f"POST {CLUSTERS}", f"POST {POOLS}"]
    assert foretold.plan[0].payload.body["cluster"] == created
    assert same(foretold, result) and result.before is None
    assert [pool["name"] for pool in result.after["node_pools"]] == ["gpu", "default-pool"]
    assert [pool["name"] for pool in result.values["cluster"]["nodePools"]] == ["default-pool", "gpu"]
    assert [pool["name"] for pool in foretold.values["cluster"]["nodePools"]] == ["default-pool", "gpu"]
    assert (len(result.operations), result.http_requests) == (2, len(server.requests))


def test_where_nothing_differs_one_request_answers_for_the_cluster_and_all_its_pools():
    repaired = {**GPU, "name": "repaired", "repair": True, "recreate": True}
    in_order = {**GPU, "name": "in-order", "locations": [B, A], "locations_in_order": True}
    bodies = [{**GPU_BODY, "name": name} for name in ("gpu", "repaired", "in-order")]
    cloud = Cloud(live(DEFAULT_BODY, *bodies, {"name": "theirs", "initialNodeCount": 7}))
    gone = {"name": "gone", "state": "absent"}
    result, server = play(cloud, node_pools=[DEFAULT, GPU, repaired, in_order, gone])
    assert server.calls() == [f"GET {CLUSTER_PATH}"]
    assert (result.changed, result.plan, result.warnings, result.http_requests) == (False, [], [], 1)
    assert "diff" not in result.to_dict()
    assert result.values["out_of_stock"] == []


def test_each_pool_is_created_changed_or_deleted_and_the_others_are_left_alone():
    cloud = Cloud(live(DEFAULT_BODY, {"name": "old"}, {"name": "theirs", "initialNodeCount": 7}))
    given = {"node_pools": [{**DEFAULT, "initial_node_count": 3}, GPU, {"name": "old", "state": "absent"}]}
    foretold = predicted(cloud, **given)
    result, server = play(cloud, **given)
    assert [call for call, _body in writes(server)] == [
        f"POST {POOLS}/default-pool:setSize",
        f"POST {POOLS}",
        f"DELETE {POOLS}/old",
    ]
    assert server.calls().count(f"GET {CLUSTER_PATH}") == 4
    assert [(step.action, step.resource) for step in result.plan] == [
        ("update", "node pool default-pool"),
        ("create", "node pool gpu"),
        ("delete", "node pool old"),
    ]
    assert same(foretold, result) and result.changed
    assert [pool["name"] for pool in result.before["node_pools"]] == ["default-pool", "old"]
    assert [pool["name"] for pool in result.after["node_pools"]] == ["default-pool", "gpu"]
    names = [pool["name"] for pool in result.values["cluster"]["nodePools"]]
    assert names == [pool["name"] for pool in foretold.values["cluster"]["nodePools"]]
    assert names == ["default-pool", "theirs", "gpu"]
    assert not play(cloud, **given)[0].changed


def test_what_is_impossible_of_one_pool_keeps_everything_as_it_is():
    cloud = Cloud(live(DEFAULT_BODY, GPU_BODY))
    spot = {**GPU, "config": {**GPU["config"], "spot": True}}
    given = {"resource_labels": {"team": "ml"}, "node_pools": [{**DEFAULT, "initial_node_count": 3}, spot]}
    with FakeServer(cloud) as server, pytest.raises(ImmutableField, match="^node pool gpu: config.spot") as caught:
        gke_cluster.run(options(gke_cluster.ARGUMENT_SPEC, server.url, name=CLUSTER, **given), False, silent)
    assert server.calls() == [f"GET {CLUSTER_PATH}"]
    assert caught.value.fields["node_pool"] == "gpu"


def failing(cloud: Cloud, **given: Any) -> tuple[LlmopsError, FakeServer]:
    with FakeServer(cloud) as server, pytest.raises(LlmopsError) as caught:
        task = options(gke_cluster.ARGUMENT_SPEC, server.url, name=CLUSTER, compute_api_endpoint=server.url, **given)
        gke_cluster.run(task, False, silent)
    return caught.value, server


def test_a_failure_says_whose_it_is_which_steps_were_taken_and_which_were_not():
    cloud = Cloud(live(DEFAULT_BODY), A)
    last = {**DEFAULT, "name": "last"}
    error, server = failing(cloud, node_pools=[{**DEFAULT, "initial_node_count": 3}, GPU, last])
    assert "create node pool gpu: GKE failed with GCE_STOCKOUT" in error.message
    assert error.fields["node_pool"] == "gpu"
    steps = [[one["resource"] for one in error.fields[name]] for name in ("steps_done", "steps_left")]
    assert steps == [["node pool default-pool"], ["node pool last"]]
    assert error.fields["step_failed"]["resource"] == "node pool gpu"
    assert error.after_changes and error.http_requests == len(server.requests)


def test_a_stockout_after_the_creation_leaves_a_cluster_that_works():
    error, server = failing(Cloud(None, A), node_pools=[DEFAULT, GPU])
    assert [one["action"] for one in error.fields["steps_done"]] == ["create"]
    assert error.fields["steps_done"][0]["resource"] == "cluster mistral"
    assert [call for call, _body in writes(server)] == [f"POST {CLUSTERS}", f"POST {POOLS}"]


def test_a_cluster_that_fails_says_what_was_not_begun_of_its_pools():
    replies = {("GET", CLUSTER_PATH): NOT_FOUND, ("POST", CLUSTERS): google_error(403, "PERMISSION_DENIED", "No.")}
    error, _server = failing(replies, node_pools=[DEFAULT, GPU])
    assert [one["resource"] for one in error.fields["steps_left"]] == ["node pool gpu"]
    assert not error.after_changes


BROKEN = {**GPU_BODY, "status": "ERROR", "conditions": [{"code": "GCE_STOCKOUT", "message": "No L4 left."}]}


def test_a_broken_pool_fails_by_name_after_what_could_be_done():
    cloud = Cloud(live(DEFAULT_BODY, BROKEN))
    error, server = failing(cloud, node_pools=[{**DEFAULT, "initial_node_count": 3}, GPU])
    assert error.message.startswith("node pool gpu is ERROR: GKE failed with GCE_STOCKOUT: No L4 left")
    assert "repair: true" in error.message
    assert [call for call, _body in writes(server)] == [f"POST {POOLS}/default-pool:setSize"]
    assert [one["resource"] for one in error.fields["steps_done"]] == ["node pool default-pool"]
    with pytest.raises(OperationFailed, match="gpu is ERROR") as caught:
        play(cloud, check=True, node_pools=[GPU])
    assert "steps_done" not in caught.value.fields


def test_a_broken_pool_that_is_not_named_is_a_warning():
    (warning,) = play(Cloud(live(DEFAULT_BODY, BROKEN)), node_pools=[DEFAULT])[0].warnings
    assert warning.startswith("node pool gpu of cluster mistral is ERROR: GKE failed with GCE_STOCKOUT: No L4 left")
    # Of options that another task has, no variable of this one's role is to be named.
    assert "llmops.gke.gke_node_pool with repair: true" in warning
    assert "locations" not in warning


def test_a_broken_pool_is_repaired_where_that_was_asked_for():
    cloud, given = Cloud(live(DEFAULT_BODY, BROKEN)), {"node_pools": [DEFAULT, {**GPU, "repair": True}]}
    foretold = predicted(cloud, **given)
    result, server = play(cloud, **given)
    assert [call for call, _body in writes(server)] == [f"DELETE {POOLS}/gpu", f"POST {POOLS}"]
    assert same(foretold, result)
    assert not play(cloud, **given)[0].changed


def test_zones_are_tried_in_order_once_the_cluster_is_there():
    cloud = Cloud(None, A)
    in_order = {**GPU, "locations": [A, B], "locations_in_order": True}
    result, server = play(cloud, node_pools=[DEFAULT, in_order])
    assert [call for call, _body in writes(server)] == [
        f"POST {CLUSTERS}",
        f"POST {POOLS}",
        f"DELETE {POOLS}/gpu",
        f"POST {POOLS}",
    ]
    assert [pool.get("locations") for pool in result.values["cluster"]["nodePools"]] == [None, [B]]
    (out,) = result.values["out_of_stock"]
    assert (out["node_pool"], out["zone"]) == ("gpu", A)
    assert result.http_requests == len(server.requests)
    again, server = play(cloud, node_pools=[DEFAULT, in_order])
    assert (again.changed, server.calls()) == (False, [f"GET {CLUSTER_PATH}"])


def test_a_pool_can_ask_to_be_in_the_create_request_or_out_of_it():
    pools = [DEFAULT, {**DEFAULT, "name": "later", "create_with_cluster": False}, {**GPU, "create_with_cluster": True}]
    body = predicted(Cloud(None), node_pools=pools).plan[0].payload.body
    assert [pool["name"] for pool in body["cluster"]["nodePools"]] == ["default-pool", "gpu"]


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("pools", [None, [GPU], [{**DEFAULT, "state": "absent"}]], ids=["none", "GPUs", "absent"])
def test_a_creation_without_a_pool_for_the_create_request_is_refused(pools: Any, check: bool):
    with pytest.raises(InvalidOption, match="node_pools: .*it takes at least one node pool without accelerators"):
        play(Cloud(None), check=check, node_pools=pools)


def test_a_cluster_that_lacks_the_nodes_of_a_pool_in_its_create_request_is_a_failure():
    broken = live({**DEFAULT_BODY, "status": "RUNNING_WITH_ERROR", "conditions": BROKEN["conditions"]})
    replies = {("GET", CLUSTER_PATH): (NOT_FOUND, Reply(200, broken)), ("POST", CLUSTERS): DONE}
    with pytest.raises(OperationFailed, match="pool default-pool of cluster mistral is RUNNING_WITH_ERROR") as caught:
        play(replies, node_pools=[DEFAULT])
    assert caught.value.fields["node_pool"] == "default-pool"


@pytest.mark.parametrize(("exactly", "left"), [([], {"a": "1", "b": "2"}), (["config.labels"], {"b": "2"})])
def test_the_lists_of_a_pool_are_exact_where_its_entry_says_so(exactly: list[str], left: dict[str, str]):
    cloud = Cloud(live({**DEFAULT_BODY, "config": {"labels": {"a": "1"}}}))
    pool = {"name": "default-pool", "config": {"labels": {"b": "2"}}, "exactly": exactly}
    _result, server = play(cloud, node_pools=[pool])
    assert writes(server) == [(f"PUT {POOLS}/default-pool", {"labels": {"labels": left}})]


def test_a_definition_may_hold_the_node_pools_too():
    given = {"definition": {"resource_labels": {"team": "ml"}, "node_pools": [DEFAULT, GPU]}}
    cloud = Cloud(live(DEFAULT_BODY, GPU_BODY, resourceLabels={"team": "ml"}))
    result, _server = play(cloud, **with_definition(gke_cluster.SPEC, given))
    assert (result.changed, result.after["resource_labels"]) == (False, {"team": "ml"})
    assert [pool["name"] for pool in result.after["node_pools"]] == ["default-pool", "gpu"]


def test_credentials_are_left_out_of_the_cluster():
    auth = {"clusterCaCertificate": "CA", "clientKey": "SECRET"}
    result, _server = play(Cloud(live(DEFAULT_BODY, masterAuth=auth)), node_pools=[DEFAULT])
    assert result.values["cluster"]["masterAuth"] == {"clusterCaCertificate": "CA"}
    assert "SECRET" not in str(result.to_dict())


def test_pools_are_nothing_to_a_cluster_that_is_to_be_absent():
    result, server = play(Cloud(None), state="absent", node_pools=[GPU])
    assert (result.changed, server.calls()) == (False, [f"GET {CLUSTER_PATH}"])
