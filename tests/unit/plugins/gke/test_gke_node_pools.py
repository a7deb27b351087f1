# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""gke_node_pools: several pools by one task, read by one request, and no one's failure is another's."""

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
from ansible_collections.llmops.gke.plugins.module_utils.engines.gke import gke_node_pools
from ansible_collections.llmops.gke.plugins.module_utils.gke.client import ClusterAbsent
from tests.unit.fake_http import FakeServer
from tests.unit.plugins.gke.gke_support import CLUSTER, CLUSTER_PATH, options
from tests.unit.plugins.gke.pools_cloud import GPU, GPU_BODY, POOLS, A, B, Cloud, live

SPARE = {**GPU, "name": "spare", "locations": [B], "initial_node_count": 0}
SPARE_BODY = {**GPU_BODY, "name": "spare", "locations": [B], "initialNodeCount": 0}
NO_SPARE = {"name": "spare", "state": "absent", "expected_labels": {"ours": "yes"}}


def play(cloud: Any, *pools: dict[str, Any], check: bool = False) -> tuple[Result, FakeServer]:
    with FakeServer(cloud) as server:
        spec = gke_node_pools.SPEC.argument_spec
        task = options(spec, server.url, cluster=CLUSTER, compute_api_endpoint=server.url, node_pools=list(pools))
        return gke_node_pools.run(task, check, silent), server


def failed(cloud: Any, *pools: dict[str, Any], check: bool = False) -> tuple[LlmopsError, FakeServer]:
    with FakeServer(cloud) as server:
        spec = gke_node_pools.SPEC.argument_spec
        task = options(spec, server.url, cluster=CLUSTER, compute_api_endpoint=server.url, node_pools=list(pools))
        with pytest.raises(LlmopsError) as error:
            gke_node_pools.run(task, check, silent)
        return error.value, server


def test_one_request_finds_nothing_to_do_for_all_of_them():
    result, server = play(Cloud(live(GPU_BODY, SPARE_BODY)), GPU, SPARE, {**NO_SPARE, "name": "never-there"})
    assert server.calls() == [f"GET {CLUSTER_PATH}"]
    assert not result.changed
    assert [pool["name"] for pool in result.values["node_pools"]] == ["gpu", "spare"]
    assert "diff" not in result.to_dict()


def test_check_mode_foretells_by_one_request_what_then_happens():
    def cloud() -> Cloud:
        return Cloud(live({**SPARE_BODY, "config": {**SPARE_BODY["config"], "labels": {"ours": "yes"}}}))

    foretold, looked = play(cloud(), GPU, NO_SPARE, check=True)
    result, server = play(cloud(), GPU, NO_SPARE)
    assert looked.calls() == [f"GET {CLUSTER_PATH}"]
    assert [call for call in server.calls() if not call.startswith("GET")] == [f"POST {POOLS}", f"DELETE {POOLS}/spare"]
    assert foretold.changed and result.changed
    assert [step.to_dict() for step in foretold.plan] == [step.to_dict() for step in result.plan]
    assert (foretold.before, foretold.after) == (result.before, result.after)
    assert list(result.after) == ["node pool gpu"] and list(result.before) == ["node pool spare"]
    assert [pool["name"] for pool in result.values["node_pools"]] == ["gpu"]


def test_a_pool_of_somebody_else_stays():
    result, server = play(Cloud(live(GPU_BODY, SPARE_BODY)), GPU, NO_SPARE)
    assert (result.changed, server.calls()) == (False, [f"GET {CLUSTER_PATH}"])


def test_an_absent_cluster_fails_before_a_pool_is_asked_for_and_is_a_warning_in_check_mode():
    error, server = failed(Cloud(None), NO_SPARE, GPU)
    assert isinstance(error, ClusterAbsent)
    assert error.message.startswith("create node pool gpu: cluster mistral in us-central1")
    assert server.calls() == [f"GET {CLUSTER_PATH}"]
    foretold, _server = play(Cloud(None), GPU, NO_SPARE, check=True)
    assert [step.action for step in foretold.plan] == ["create"]
    assert "does not exist; its node pools are predicted as if it did" in foretold.warnings[0]


def test_pools_of_an_absent_cluster_are_absent():
    result, _server = play(Cloud(None), NO_SPARE)
    assert (result.changed, result.warnings, result.values["node_pools"]) == (False, [], [])


def test_what_gke_cannot_do_of_the_last_pool_is_refused_before_the_first_is_made():
    other = {**SPARE, "config": {**SPARE["config"], "ephemeral_storage_local_ssd_config": {"local_ssd_count": 1}}}
    error, server = failed(Cloud(live(SPARE_BODY)), GPU, other)
    assert isinstance(error, ImmutableField)
    assert error.fields["node_pool"] == "spare"
    assert server.calls() == [f"GET {CLUSTER_PATH}"]
    told, _server = failed(Cloud(live(SPARE_BODY)), GPU, other, check=True)
    # Both: what can be done and what cannot.
    assert [step["resource"] for step in told.fields["plan"]] == ["node pool gpu", "node pool spare"]


def test_a_pool_without_stock_keeps_no_other_from_being_made():
    cloud = Cloud(live({**GPU_BODY, "name": "other", "status": "RUNNING"}), A)
    error, server = failed(cloud, GPU, SPARE)
    assert isinstance(error, OperationFailed)
    assert error.fields["node_pool"] == "gpu"
    assert server.calls().count(f"POST {POOLS}") == 2
    assert "node pool spare" in [step["resource"] for step in error.fields["steps_done"]]
    assert error.after_changes
    assert "run again with repair: true" in error.message
    # What was there is known, and a failure is printed whole.
    other, gpu, spare = error.fields["node_pools"]
    assert (gpu["status"], gpu["config"]["machineType"]) == ("ERROR", GPU_BODY["config"]["machineType"])
    assert (spare["name"], spare["status"]) == ("spare", "RUNNING") and "config" in spare
    assert other == {"name": "other", "status": "RUNNING"}


def test_two_failures_are_both_told():
    error, _server = failed(Cloud(live(), A, B), GPU, {**SPARE, "initial_node_count": 1})
    assert "zones/us-central1-a" in error.message and "zones/us-central1-b" in error.message


def test_the_zones_that_had_no_stock_are_told_by_pool():
    searching = {**GPU, "locations": [A, B], "locations_in_order": True}
    result, _server = play(Cloud(live(SPARE_BODY), A), searching, SPARE)
    assert [(one["node_pool"], one["zone"]) for one in result.values["out_of_stock"]] == [("gpu", A)]


@pytest.mark.parametrize(
    ("pools", "option"),
    [
        ([GPU, {**SPARE, "name": "Spare"}], "node_pools[1].name"),
        ([GPU, GPU], "node_pools[1].name"),
        ([{**GPU, "locations": ["europe-west4-a"]}], "node_pools[0].locations"),
    ],
)
def test_wrong_pools_are_refused_by_their_place_in_the_list(pools, option):
    error, server = failed(Cloud(live()), *pools)
    assert isinstance(error, InvalidOption)
    assert error.fields["option"] == option
    assert server.calls() == []
