# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pools of a cluster that another task of the play has just read: no request where there is nothing to do."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core import play_memory
from ansible_collections.llmops.gke.plugins.module_utils.core.result import Result, silent
from ansible_collections.llmops.gke.plugins.module_utils.engines.gke import gke_cluster_info, gke_node_pools
from ansible_collections.llmops.gke.plugins.module_utils.gke import client
from tests.unit.fake_http import FakeServer
from tests.unit.plugins.gke.gke_support import CLUSTER, CLUSTER_PATH, options
from tests.unit.plugins.gke.pools_cloud import GPU, GPU_BODY, POOLS, A, B, Cloud, live

READ = f"GET {CLUSTER_PATH}"
SPARE = {**GPU, "name": "spare", "locations": [B], "initial_node_count": 0}
SPARE_BODY = {**GPU_BODY, "name": "spare", "locations": [B], "initialNodeCount": 0}


@pytest.fixture(autouse=True)
def memory(monkeypatch):
    monkeypatch.setattr(play_memory, "shared", play_memory.PlayMemory())


def play(server: FakeServer, *pools: dict[str, Any], check: bool = False) -> Result:
    spec = gke_node_pools.SPEC.argument_spec
    task = options(spec, server.url, cluster=CLUSTER, compute_api_endpoint=server.url, node_pools=list(pools))
    return gke_node_pools.run(task, check, silent)


def read(server: FakeServer) -> None:
    gke_cluster_info.run(options(gke_cluster_info.SPEC.argument_spec, server.url, name=CLUSTER), False, silent)


@pytest.mark.parametrize("check", [False, True])
def test_nothing_is_asked_where_nothing_is_to_do(check):
    with FakeServer(Cloud(live(GPU_BODY, SPARE_BODY))) as server:
        read(server)
        result = play(server, GPU, {**GPU, "name": "in-order", "state": "absent"}, SPARE, check=check)
        assert server.calls() == [READ]
    assert (result.changed, result.http_requests, result.before) == (False, 0, None)
    assert [pool["name"] for pool in result.values["node_pools"]] == ["gpu", "spare"]


def test_the_result_is_that_of_a_task_that_asks():
    with FakeServer(Cloud(live(GPU_BODY, SPARE_BODY))) as server:
        asked = play(server, GPU, SPARE).to_dict()
        told = play(server, GPU, SPARE).to_dict()
        assert server.calls() == [READ]
    for unequal in ("duration", "http_requests"):
        del asked[unequal], told[unequal]
    assert told == asked


@pytest.mark.parametrize(
    "cluster",
    [
        pytest.param(live(), id="no pool"),
        pytest.param(live({**GPU_BODY, "locations": [B]}), id="another zone"),
        pytest.param(live({**GPU_BODY, "status": "ERROR"}), id="a broken pool"),
        pytest.param(live({**GPU_BODY, "status": "RECONCILING"}), id="a pool at work"),
        pytest.param({**live(GPU_BODY), "status": "RECONCILING"}, id="a cluster at work"),
    ],
)
def test_anything_else_is_looked_at_again(cluster):
    with FakeServer(Cloud(live(GPU_BODY))) as server:
        gke = client.GkeClient({"access_token": "t", "container_api_endpoint": server.url}, client.Deadline(5))
        project, location = CLUSTER_PATH.split("/")[3], CLUSTER_PATH.split("/")[5]
        gke._tell(play_memory.shared, client.Place(project, location, CLUSTER), cluster)
        result = play(server, GPU)
        assert server.calls()[0] == READ
    assert not result.changed


def test_what_this_play_has_changed_or_read_a_while_ago_is_read_again(monkeypatch):
    with FakeServer(Cloud(live(GPU_BODY))) as server:
        read(server)
        assert play(server, GPU, {**SPARE, "locations": [A]}).changed
        monkeypatch.setattr(client, "_JUST_NOW", 0.0)
        server.requests.clear()
        play(server, GPU)
        assert server.calls() == [READ]


def test_a_write_forgets_what_was_read():
    with FakeServer(Cloud(live(GPU_BODY))) as server:
        read(server)
        gke = client.GkeClient({"access_token": "t", "container_api_endpoint": server.url}, client.Deadline(5))
        place = CLUSTER_PATH.split("/")[3], CLUSTER_PATH.split("/")[5], CLUSTER
        assert gke.cluster_just_read(*place)
        gke.send(client.Call("DELETE", f"{POOLS.removeprefix('/v1/')}/gpu", "delete it"))
        assert gke.cluster_just_read(*place) is None
