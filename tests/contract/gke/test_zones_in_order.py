# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pool whose zones are tried in order, on the sandbox: moved, left, given up, and taken up again after a kill."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption, OperationFailed
from ansible_collections.llmops.gke.plugins.module_utils.core.result import Result
from tests.contract.gke import killed_engine
from tests.contract.gke.playground import SPECS, Playground, playground

REGION = "us-central1"
PLACE = {"location": REGION}
A, B, C = ZONES = [f"{REGION}-{letter}" for letter in "abc"]
FIRST = {"name": "first", "initial_node_count": 1, "locations": [A], "config": {"machine_type": "n1-standard-4"}}
GPU = {
    "name": "gpu",
    "initial_node_count": 1,
    "locations": ZONES,
    "locations_in_order": True,
    "config": {
        "machine_type": "g2-standard-12",
        "accelerators": [{"accelerator_type": "nvidia-l4", "accelerator_count": 1}],
    },
}
POOL = {**PLACE, "cluster": "c1", **GPU}
NO_STOCK = "does not have enough resources available to fulfill the request"


@pytest.fixture
def cloud(tmp_path) -> Iterator[Playground]:
    with playground(tmp_path) as made:
        yield made


@pytest.fixture
def cluster(cloud: Playground) -> Playground:
    """A cloud with a cluster that is to get the pool."""
    cloud.run("cluster", **PLACE, name="c1", node_pools=[FIRST])
    return cloud


def out_of_stock(cloud: Playground, *zones: str, **settings: Any) -> None:
    for zone in zones:
        cloud.fault("stockout", match={"zone": zone, "pool": "gpu"}, **settings)


def told(cloud: Playground, **given: Any) -> tuple[Result, list[str]]:
    """The result of the pool's task, and what it said of the zones meanwhile."""
    lines: list[str] = []
    result = SPECS["node_pool"].run(cloud.options("node_pool", **POOL | given), False, lines.append)
    return result, [line for line in lines if "stock" in line]


def failure(cloud: Playground, **given: Any) -> OperationFailed:
    with pytest.raises(OperationFailed) as caught:
        cloud.run("node_pool", **POOL | given)
    return caught.value


def pools(cloud: Playground) -> dict[str, list[str]]:
    """Where the cluster's pools are, by their records."""
    return {name: pool.body["locations"] for name, pool in cloud.sandbox.store.cluster(REGION, "c1").pools.items()}


def nodes(cloud: Playground) -> list[str]:
    """The zones that nodes of the pool run in, one for each node."""
    return sorted(zone for pool, zone in cloud.behind[REGION, "c1"].nodes.values() if pool == "gpu")


def begun(cloud: Playground) -> list[str]:
    """The operations on the cluster since its creation."""
    every = cloud.begun(REGION, "c1")
    return every[len(every) - every[::-1].index("CREATE_CLUSTER") :]


@pytest.mark.parametrize("where", ["pool", "operation"])
def test_the_pool_goes_to_the_next_zone_and_stays_there(cluster: Playground, where: str):
    out_of_stock(cluster, A, where=where)
    result, lines = told(cluster)
    assert nodes(cluster) == [B]
    assert begun(cluster) == ["CREATE_NODE_POOL", "DELETE_NODE_POOL", "CREATE_NODE_POOL"]
    assert lines == [f"node pool gpu: out of stock in {A}; going on in {B} (2 of 3)"]
    assert [step.action for step in result.plan] == ["create", "delete", "create"]
    assert (result.changed, result.before, result.after["locations"]) == (True, None, [B])
    assert result.warnings == [f"node pool gpu goes to {B}, because {A} is out of stock"]
    (out,) = result.values["out_of_stock"]
    assert out["zone"] == A and NO_STOCK in out["message"] and out["operation"].startswith("operation-")

    cluster.sandbox.faults.clear()
    again = cluster.run("node_pool", **POOL)
    assert (again.changed, again.warnings, again.values["out_of_stock"]) == (False, [], [])
    assert not cluster.run("node_pool", check=True, **POOL).changed
    assert nodes(cluster) == [B]
    assert cluster.orphans() == []


def test_every_request_is_counted(cluster: Playground):
    out_of_stock(cluster, A)
    before = len(cluster.sandbox.log.entries())
    result, _lines = told(cluster)
    assert result.http_requests == len(cluster.sandbox.log.entries()) - before


def test_where_no_zone_has_stock_nothing_is_left_and_the_next_run_begins_anew(cluster: Playground):
    out_of_stock(cluster, *ZONES)
    error = failure(cluster)
    assert error.message.startswith("node pool gpu: every zone of locations is out of stock: ")
    for zone in ZONES:
        assert f"{zone}: The zone 'projects/{cluster.project}/zones/{zone}' {NO_STOCK}" in error.message
    assert "the pool was deleted" in error.message and "cluster c1 stays" in error.message
    assert "Spot machines (config.spot: true)" in error.message
    assert [one["zone"] for one in error.fields["out_of_stock"]] == ZONES
    assert error.fields["other_zones"] == []
    assert error.after_changes
    assert (list(pools(cluster)), nodes(cluster), cluster.orphans()) == (["first"], [], [])
    assert begun(cluster) == ["CREATE_NODE_POOL", "DELETE_NODE_POOL"] * 3

    cluster.sandbox.faults.clear()
    out_of_stock(cluster, A)
    result, lines = told(cluster)
    assert (nodes(cluster), len(lines), result.changed) == ([B], 1, True)
    assert begun(cluster)[-3:] == ["CREATE_NODE_POOL", "DELETE_NODE_POOL", "CREATE_NODE_POOL"]


def test_what_cannot_be_removed_at_the_end_is_named(cluster: Playground):
    out_of_stock(cluster, A)
    cluster.fault("http", status=403, reason="PERMISSION_DENIED", match={"service": "container", "method": "DELETE"})
    error = failure(cluster, locations=[A])
    assert f"the pool is left in {A} (" in error.message
    assert "delete it (state: absent), or it costs money as soon as its nodes come" in error.message
    assert list(pools(cluster)) == ["first", "gpu"]


@pytest.mark.parametrize("where", ["pool", "operation"])
def test_a_new_cluster_gets_its_pool_in_the_next_zone_by_the_same_task(cloud: Playground, where: str):
    out_of_stock(cloud, A, where=where)
    wanted = {**PLACE, "name": "c1", "node_pools": [FIRST, GPU]}
    plan = cloud.run("cluster", check=True, **wanted)
    assert [step.resource for step in plan.plan] == ["cluster c1", "node pool gpu"]
    result = cloud.run("cluster", **wanted)
    assert (pools(cloud), nodes(cloud)) == ({"first": [A], "gpu": [B]}, [B])
    assert begun(cloud) == ["CREATE_NODE_POOL", "DELETE_NODE_POOL", "CREATE_NODE_POOL"]
    assert [step.action for step in result.plan] == ["create", "create", "delete", "create"]
    assert result.warnings == [f"node pool gpu goes to {B}, because {A} is out of stock"]
    assert [(one["node_pool"], one["zone"]) for one in result.values["out_of_stock"]] == [("gpu", A)]
    again = cloud.run("cluster", **wanted)
    assert (again.changed, again.http_requests) == (False, 1)
    assert not cloud.run("node_pool", **POOL).changed


def test_where_no_zone_has_stock_the_cluster_works_without_the_pool(cloud: Playground):
    out_of_stock(cloud, *ZONES)
    with pytest.raises(OperationFailed, match="node pool gpu: every zone of locations is out of stock") as caught:
        cloud.run("cluster", **PLACE, name="c1", node_pools=[FIRST, GPU])
    assert caught.value.fields["steps_done"][0]["resource"] == "cluster c1"
    assert list(pools(cloud)) == ["first"]
    cloud.sandbox.faults.clear()
    assert cloud.run("cluster", **PLACE, name="c1", node_pools=[FIRST, GPU]).changed
    assert nodes(cloud) == [A]


def test_a_pool_that_was_made_by_the_create_request_goes_on_as_well(cloud: Playground):
    out_of_stock(cloud, A)
    made_so = {**GPU, "locations": [A], "locations_in_order": False, "create_with_cluster": True}
    with pytest.raises(OperationFailed, match="create cluster c1: GKE failed with GCE_STOCKOUT"):
        cloud.run("cluster", **PLACE, name="c1", node_pools=[FIRST, made_so])
    wanted = {**PLACE, "name": "c1", "node_pools": [FIRST, GPU]}
    plan = cloud.run("cluster", check=True, **wanted)
    result = cloud.run("cluster", **wanted)
    assert (nodes(cloud), begun(cloud)) == ([B], ["DELETE_NODE_POOL", "CREATE_NODE_POOL"])
    assert [step.to_dict() for step in plan.plan] == [step.to_dict() for step in result.plan]
    assert (result.before, result.after) == (plan.before, plan.after)


def test_a_quota_is_no_reason_to_go_on(cluster: Playground):
    cluster.fault("quota", match={"pool": "gpu"})
    error = failure(cluster)
    assert error.fields["code"] == "GCE_QUOTA_EXCEEDED"
    assert begun(cluster) == ["CREATE_NODE_POOL"]


def test_a_quota_after_a_stockout_tells_of_both(cluster: Playground):
    out_of_stock(cluster, A)
    cluster.fault("quota", match={"pool": "gpu"})
    error = failure(cluster)
    assert error.fields["code"] == "GCE_QUOTA_EXCEEDED"
    assert f"out of stock before it: {A}" in error.message
    assert [step["action"] for step in error.fields["steps_done"]] == ["create", "delete"]
    assert begun(cluster) == ["CREATE_NODE_POOL", "DELETE_NODE_POOL", "CREATE_NODE_POOL"]


def test_a_node_that_runs_keeps_the_pool_in_its_zone_unless_a_repair_is_asked_for(cluster: Playground):
    out_of_stock(cluster, A, available=1)
    error = failure(cluster, initial_node_count=2)
    assert "it stays where it is, because 1 of its nodes run; repair: true moves it even so" in error.message
    assert (nodes(cluster), begun(cluster)) == ([A], ["CREATE_NODE_POOL"])
    assert "1 of its nodes run" in failure(cluster, initial_node_count=2).message
    result, _lines = told(cluster, initial_node_count=2, repair=True)
    assert (result.changed, nodes(cluster)) == (True, [B, B])


def test_where_nodes_cannot_be_counted_the_pool_stays(cluster: Playground):
    out_of_stock(cluster, A)
    cluster.fault("permission_denied", match={"permission": "compute.instanceGroupManagers.get"})
    error = failure(cluster)
    assert "it stays where it is, because its nodes could not be counted: " in error.message
    assert begun(cluster) == ["CREATE_NODE_POOL"]


def test_a_pool_outside_the_list_is_drift(cluster: Playground):
    cluster.run("node_pool", **POOL | {"locations": [C], "locations_in_order": False})
    plan = cluster.run("node_pool", check=True, **POOL | {"locations": [B, A]})
    assert [(change.field, change.before, change.after) for step in plan.plan for change in step.changes] == [
        ("locations", [C], [B])
    ]
    cluster.run("node_pool", **POOL | {"locations": [B, A]})
    assert nodes(cluster) == [B]


def test_a_pool_in_all_zones_is_left_and_told(cluster: Playground):
    cluster.run("node_pool", **POOL | {"locations_in_order": False})
    result = cluster.run("node_pool", **POOL)
    assert not result.changed
    assert nodes(cluster) == ZONES
    (warning,) = result.to_dict()["warnings"]
    assert warning.startswith(f"node pool gpu has nodes in {A}, {B}, {C}, and locations_in_order takes none away")


def test_a_pool_to_be_created_without_nodes_is_refused_before_anything_is_written(cloud: Playground):
    none = {**GPU, "initial_node_count": 0}
    with pytest.raises(InvalidOption, match="locations_in_order: True is not accepted.*location_policy: ANY"):
        cloud.run("cluster", **PLACE, name="c1", node_pools=[FIRST, none])
    cloud.run("cluster", **PLACE, name="c1", node_pools=[FIRST])
    with pytest.raises(InvalidOption, match="location_policy: ANY"):
        cloud.run("node_pool", **{**POOL, **none})
    assert list(pools(cloud)) == ["first"]


WHOLE = {**PLACE, "name": "c1", "node_pools": [FIRST, GPU]}


@pytest.mark.parametrize(
    ("acted", "module", "wanted"),
    [("before", "node_pool", POOL), ("after", "node_pool", POOL), ("after", "cluster", WHOLE)],
    ids=["", "acted", "whole"],
)
def test_a_run_that_is_killed_anywhere_is_taken_up_by_the_next(tmp_path, acted: str, module: str, wanted: Any):
    """Whichever request it is killed at: a zone is asked once, and the pool ends where stock is."""
    killed_engine.prepare()
    number, reached = 0, True
    with playground(tmp_path) as cloud:
        while reached:
            # A new one of the same name: what was on the one before it counts for nothing.
            out_of_stock(cloud, A)
            if module == "node_pool":
                cloud.run("cluster", **PLACE, name="c1", node_pools=[FIRST])
            reached = _killed(cloud, number, acted, module, wanted)
            cloud.run(module, **wanted)
            assert nodes(cloud) == [B], number
            assert begun(cloud).count("CREATE_NODE_POOL") == 2, number
            again = cloud.run(module, **wanted)
            assert not again.changed, number
            cloud.sandbox.faults.clear()
            cloud.run("cluster", **PLACE, name="c1", state="absent")
            cloud.behind.clear()
            number += 1
    # Reads, the deletion and the creation of the pool, and their operations, are in every run.
    assert number > 6


def _killed(cloud: Playground, number: int, acted: str, module: str, wanted: Any) -> bool:
    """Kill a task at one of its requests to GKE; False where it ended before it got there."""
    point = {"service": "container", "path": f".*/locations/{REGION}/.*"}
    fault = cloud.fault("http", times=1, skip=number, match=point, drop=acted, delay=300)
    process = killed_engine.start(module, cloud.options(module, **wanted))
    while process.is_alive() and not cloud.struck(fault):
        time.sleep(0.002)
    reached = cloud.struck(fault)
    process.kill()
    process.join()
    cloud.sandbox.faults.remove(fault)
    return reached
