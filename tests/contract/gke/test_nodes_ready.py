# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new node pool is there when its nodes are ready, and not only when GKE has ended its operation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import OperationFailed
from ansible_collections.llmops.gke.plugins.module_utils.core.result import Result, silent
from ansible_collections.llmops.gke.plugins.module_utils.engines.gke import gke_node_pools
from ansible_collections.llmops.gke.plugins.modules import gpu_metrics_exporter
from tests.contract.gke import playground as playgrounds
from tests.contract.gke.living import LOCATION, Living

FIRST = {"name": "first", "initial_node_count": 1, "config": {"machine_type": "n1-standard-4"}}
WORK = {**FIRST, "name": "work", "initial_node_count": 2, "locations": [LOCATION]}
COMPONENTS = ["SYSTEM_COMPONENTS", "DCGM"]
MONITORING = {
    "component_config": {"enable_components": COMPONENTS},
    "managed_prometheus_config": {"enabled": True},
}
ENDLESS = {"pool": 10**8, "node": 20, "cluster": 20}
"""The operation would take longer than any of these tasks may take."""
SLOW = {**ENDLESS, "pool": 2000}


@pytest.fixture
def durations() -> dict[str, float]:
    return ENDLESS


@pytest.fixture
def cloud(tmp_path: Any, monkeypatch: pytest.MonkeyPatch, durations: dict[str, float]) -> Iterator[Living]:
    monkeypatch.setitem(playgrounds.SPECS, "node_pools", gke_node_pools.SPEC)
    monkeypatch.setitem(playgrounds.SPECS, "exporter", gpu_metrics_exporter.SPEC)
    with playgrounds.quick_pauses():
        cloud = Living(tmp_path, speed=1000.0, durations=durations)
        cloud.run("cluster", location=LOCATION, name="home", node_pools=[FIRST], monitoring_config=MONITORING)
        yield cloud
        cloud.close()


def play(cloud: Living, *pools: dict[str, Any], told: Any = silent, **given: Any) -> Result:
    named = {"wait_until": "nodes_ready", **given}
    task = cloud.options("node_pools", location=LOCATION, cluster="home", node_pools=list(pools), **named)
    return gke_node_pools.SPEC.run(task, False, told)


def ready(cloud: Living) -> int:
    nodes = cloud.api.list_now("nodes", label_selector="cloud.google.com/gke-nodepool=work")
    ready = {"type": "Ready", "status": "True"}
    return sum(any(ready.items() <= each.items() for each in one["status"]["conditions"]) for one in nodes)


def test_its_nodes_are_enough_and_the_next_run_finds_nothing_to_do(cloud: Living):
    told: list[str] = []
    result = play(cloud, WORK, told=told.append)
    assert result.changed
    assert ready(cloud) == 2
    assert [pool["status"] for pool in result.values["node_pools"]] == ["PROVISIONING"]
    assert statuses(result) == ["RUNNING"]
    assert "node pool work: its nodes are ready; GKE finishes its operation meanwhile" in told
    again = play(cloud, WORK)
    assert (again.changed, again.warnings, again.plan) == (False, [], [])


def test_monitoring_that_is_as_wanted_does_not_wait_for_the_pool_either(cloud: Living):
    play(cloud, WORK)
    managed = {"location": LOCATION, "cluster": "home", "mode": "managed", "components": COMPONENTS}
    assert not cloud.run("exporter", **managed).changed


def statuses(result: Result) -> list[str]:
    return [one["status"] for one in result.operations]


@pytest.mark.parametrize("durations", [SLOW])
@pytest.mark.parametrize(
    "pool",
    [{**WORK, "locations": None}, {**WORK, "initial_node_count": 0}, {**WORK, "recreate": True}],
    ids=["GKE chooses the zones", "it is made without nodes", "it may be replaced"],
)
def test_where_nodes_say_nothing_gke_does(cloud: Living, pool: dict[str, Any]):
    assert statuses(play(cloud, pool)) == ["DONE"]


@pytest.mark.parametrize("durations", [SLOW])
@pytest.mark.parametrize(
    "given",
    [{"wait_until": "operation_done"}, {"cluster_proxy_url": "http://127.0.0.1:9"}],
    ids=["by default", "the control plane is not reached"],
)
def test_gke_says_when_it_is_there(cloud: Living, given: dict[str, Any]):
    assert statuses(play(cloud, WORK, **given)) == ["DONE"]


def test_nodes_that_do_not_come_are_told_as_ever(cloud: Living):
    cloud.fault("stockout", match={"zone": LOCATION})
    with pytest.raises(OperationFailed, match="GCE_STOCKOUT"):
        play(cloud, WORK)
