# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""gke_node_pool's recreate: a pool is replaced within its pods' budgets, from wherever a run was cut short."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import (
    DeadlineExceeded,
    ImmutableField,
    LlmopsError,
)
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.apply import drain
from ansible_collections.llmops.gke.plugins.module_utils.workflows.node_pools import replacement
from sandbox.tests.runtime.conftest import deployment, pod
from tests.contract.gke import playground as playgrounds
from tests.contract.gke.living import LOCATION, Living
from tests.contract.out_of_time import time_ends_at

POOL, STAND_IN = "work", "work-stand-in"
FIRST = {"name": "first", "initial_node_count": 1, "config": {"machine_type": "n1-standard-4"}}
SCALED = {"enabled": True, "min_node_count": 1, "max_node_count": 3}
WORK = {"name": POOL, "initial_node_count": 2, "autoscaling": SCALED, "config": {"labels": {"for": "work"}}}
SPOT = {"name": POOL, "config": {"spot": True}}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    with playgrounds.quick_pauses(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(playgrounds, "POLL_SECONDS", 0.01)
        patch.setattr(drain, "backoff", lambda: itertools.repeat(0.02))
        cloud = Living(tmp_path_factory.mktemp("cloud"), speed=5000.0)
        cloud.run("cluster", location=LOCATION, name="home", node_pools=[FIRST])
        yield cloud
        cloud.close()


@pytest.fixture
def cloud(world: Living) -> Iterator[Living]:
    """With the pool, and three pods on it that keep two of them at any time."""
    world.pool(**WORK)
    app = deployment("web", 3)
    terms = [{"matchExpressions": [{"key": "cloud.google.com/gke-nodepool", "operator": "NotIn", "values": ["first"]}]}]
    app["spec"]["template"]["spec"]["affinity"] = {
        "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    }
    world.do("create", "deployments.apps", app)
    budget = {"metadata": {"name": "web", "namespace": "default"}}
    budget |= {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget"}
    budget["spec"] = {"minAvailable": 2, "selector": {"matchLabels": {"app": "web"}}}
    world.do("create", "poddisruptionbudgets.policy", budget)
    world.until(lambda: world.available("web", 3))
    yield world
    world.do("delete", "poddisruptionbudgets.policy", "web", "default")
    world.do("delete", "deployments.apps", "web", "default")
    world.until(lambda: not world.api.list_now("pods", "default", "app=web"))
    for name in (POOL, STAND_IN):
        world.pool(name=name, state="absent")


def kinds(result: Any) -> list[tuple[str, str]]:
    return [(step.action, step.resource.removeprefix("node pool ")) for step in result.plan]


WHOLE = [
    ("create", STAND_IN),
    ("update", POOL),
    ("drain", POOL),
    ("delete", POOL),
    ("create", POOL),
    ("update", STAND_IN),
    ("drain", STAND_IN),
    ("delete", STAND_IN),
]


def test_a_pool_is_replaced_while_its_pods_keep_serving(cloud: Living):
    with pytest.raises(ImmutableField, match="recreate: true"):
        cloud.pool(**SPOT)
    foretold = cloud.pool(**SPOT, recreate=True, check=True)
    assert kinds(foretold) == WHOLE
    fewest = [3]
    seen = cloud.api.watch("deployments.apps", "default")

    async def watch() -> None:
        async for _kind, one in seen:
            fewest.append(one["status"].get("availableReplicas", 0))

    watching = asyncio.run_coroutine_threadsafe(watch(), cloud._loop)
    result = cloud.pool(**SPOT, recreate=True)
    watching.cancel()
    assert [step.to_dict() for step in result.plan] == [step.to_dict() for step in foretold.plan]
    assert min(fewest) == 2, "the budget was used, and kept"
    body = result.values["node_pool"]
    assert body["config"]["spot"] and body["config"]["labels"] == {"for": "work"}
    assert body["autoscaling"]["maxNodeCount"] == 3
    cloud.until(lambda: cloud.available("web", 3))
    pools = {one["spec"]["nodeName"].split("-")[2] for one in cloud.api.list_now("pods", "default", "app=web")}
    assert pools == {POOL}
    assert cloud.nodes(STAND_IN) == []
    before = len(cloud.calls(LOCATION))
    assert not cloud.pool(**SPOT, recreate=True).changed
    assert cloud.calls(LOCATION)[before:] == ["GET clusters/home/nodePools"]


def test_gke_cluster_replaces_a_pool_by_the_same_steps(cloud: Living):
    wanted = {"location": LOCATION, "name": "home", "node_pools": [FIRST, {**SPOT, "recreate": True}]}
    foretold = cloud.run("cluster", check=True, **wanted)
    assert foretold.http_requests == 1
    result = cloud.run("cluster", **wanted)
    assert kinds(result) == WHOLE
    assert [step.to_dict() for step in result.plan] == [step.to_dict() for step in foretold.plan]
    assert sorted(pool["name"] for pool in result.values["cluster"]["nodePools"]) == ["first", POOL]
    again = cloud.run("cluster", **wanted)
    assert (again.changed, again.http_requests) == (False, 1)


@pytest.mark.parametrize("steps", range(1, len(WHOLE)))
def test_a_run_that_was_cut_short_is_taken_up(cloud: Living, steps: int, monkeypatch: pytest.MonkeyPatch):
    class CutShort(Exception):
        pass

    taken = []
    act = replacement.ReplacedPool.act

    def act_only_so_often(self: Any, step: Any, progress: Any) -> Any:
        if len(taken) == steps:
            raise CutShort
        taken.append(step)
        return act(self, step, progress)

    monkeypatch.setattr(replacement.ReplacedPool, "act", act_only_so_often)
    with pytest.raises(CutShort):
        cloud.pool(**SPOT, recreate=True)
    monkeypatch.undo()
    result = cloud.pool(**SPOT, recreate=True)
    assert kinds(result)[-1] == ("delete", STAND_IN)
    body = result.values["node_pool"]
    assert body["config"]["spot"] and body["autoscaling"]["maxNodeCount"] == 3
    assert sorted(cloud.sandbox.store.cluster(LOCATION, "home").pools) == ["first", POOL]
    cloud.until(lambda: cloud.available("web", 3))


@pytest.mark.parametrize("moment", ["before", "after"])
def test_no_lost_reply_makes_it_do_anything_twice(cloud: Living, moment: str):
    lost = [("POST", ".*/nodePools"), ("POST", ".*:setAutoscaling"), ("DELETE", ".*/nodePools/.*")]
    faults = [
        cloud.fault("http", times=2, match={"service": "container", "method": method, "path": path}, drop=moment)
        for method, path in lost
    ]
    begun = len(cloud.begun(LOCATION, "home"))
    result = cloud.pool(**SPOT, recreate=True)
    assert all(cloud.struck(fault) for fault in faults)
    assert cloud.begun(LOCATION, "home")[begun:] == [
        "CREATE_NODE_POOL",
        "UPDATE_CLUSTER",
        "DELETE_NODE_POOL",
        "CREATE_NODE_POOL",
        "UPDATE_CLUSTER",
        "DELETE_NODE_POOL",
    ]
    assert result.values["node_pool"]["config"]["spot"]
    assert sorted(cloud.sandbox.store.cluster(LOCATION, "home").pools) == ["first", POOL]


def test_a_budget_that_allows_nothing_is_waited_for_and_named(cloud: Living):
    cloud.do("patch", "poddisruptionbudgets.policy", "web", {"spec": {"minAvailable": 3}}, "default")
    budget = "The disruption budget web needs 3 healthy pods"
    with time_ends_at(budget) as hear, pytest.raises(DeadlineExceeded, match=rf"default/web-\S+ \({budget}"):
        cloud.pool(**SPOT, recreate=True, progress=hear)
    assert cloud.nodes(POOL) and all(one["spec"]["unschedulable"] for one in cloud.nodes(POOL))
    assert cloud.available("web", 3)


def test_a_pod_that_nothing_would_make_anew_stops_it_before_anything_is_created(cloud: Living):
    alone = pod("alone", nodeSelector={"cloud.google.com/gke-nodepool": POOL})
    cloud.do("create", "pods", alone)
    cloud.until(lambda: cloud.api.get_now("pods", "alone", "default")["spec"].get("nodeName"))
    with pytest.raises(LlmopsError, match="no controller would create default/alone again"):
        cloud.pool(**SPOT, recreate=True)
    assert STAND_IN not in cloud.sandbox.store.cluster(LOCATION, "home").pools
    cloud.do("delete", "pods", "alone", "default", grace_period=0)


def test_absent_takes_a_stand_in_along(cloud: Living):
    cloud.pool(name=STAND_IN, initial_node_count=0)
    result = cloud.pool(name=POOL, state="absent", recreate=True)
    assert kinds(result) == [("delete", POOL), ("delete", STAND_IN)]
    assert sorted(cloud.sandbox.store.cluster(LOCATION, "home").pools) == ["first"]


def test_the_stand_in_of_a_long_name_has_a_name_that_gke_takes(tmp_path: Path):
    assert len(replacement.stand_in_name("p" * 40)) == 40
