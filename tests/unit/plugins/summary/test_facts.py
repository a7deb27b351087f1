# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a summary reads from a host's variables and results."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.workflows.summary.facts import MADE, UNTOLD, HostFacts
from tests.unit.plugins.summary.summary_facts import host

CLUSTER = {"name": "c", "status": "RUNNING"}
ALL_MADE = {name: {"plan": [name]} for name in MADE}


def bare(playbook: str = "deploy", **given: Any) -> HostFacts:
    """A host of which no task has told anything but these results."""
    return host(playbook=playbook, **{"gke_cluster_result": None, **given})


def failed(message: Any, findings: int = 0) -> dict[str, Any]:
    return {"failed": True, "msg": message, "error": {"findings": [{}] * findings}}


@pytest.mark.parametrize(
    ("results", "error"),
    [
        ({}, UNTOLD),
        ({"verify_result": {"msg": "well"}}, UNTOLD),
        ({"verify_result": failed("")}, UNTOLD),
        ({"verify_result": failed(None)}, UNTOLD),
        ({"verify_result": {"failed": True}}, UNTOLD),
        ({"verify_result": failed("no\nway")}, "no"),
        ({"verify_result": failed("one finding", 1)}, "one finding"),
        ({"verify_result": failed("a finding", 3)}, "a finding (and 2 more, above)"),
        ({"verify_result": failed("", 3)}, UNTOLD),
        ({"model_server_result": failed("first"), "verify_result": failed("last")}, "last"),
        ({"model_server_result": failed("first"), "verify_result": {"msg": "well"}}, "first"),
    ],
)
def test_the_error_of_a_host_is_what_its_last_failure_begins_with(results, error):
    assert bare(failed=True, **results).error == error
    assert bare(**results).error == ""


@pytest.mark.parametrize(
    ("results", "cluster"),
    [
        ({}, None),
        ({"status_cluster": {"clusters": [CLUSTER, {"name": "d"}]}}, CLUSTER),
        ({"status_cluster": {"clusters": []}, "gke_cluster_result": {"cluster": CLUSTER}}, CLUSTER),
        ({"teardown_clusters": {"clusters": [CLUSTER]}, "gke_cluster_result": {"cluster": {"name": "d"}}}, CLUSTER),
        ({"gke_cluster_result": {"cluster": None, "error": {"cluster": CLUSTER}}}, CLUSTER),
        ({"gke_cluster_result": {"error": None}}, None),
        ({"gke_cluster_result": {"error": {"cluster": {}}}}, None),
    ],
)
def test_the_cluster_is_that_which_was_read_last(results, cluster):
    assert bare(**results).cluster == cluster


def pools(*names: str, **fields: Any) -> list[dict[str, Any]]:
    return [{"name": name, **fields} for name in names]


def test_of_a_pool_all_is_known_that_was_read():
    cluster = {"cluster": {**CLUSTER, "nodePools": pools("a", "b", status="OLD", version="1")}}
    told = {"error": {"node_pools": pools("b", "d", status="ERROR")}}
    found = bare(gke_cluster_result=cluster, gpu_nodepool_result=told).node_pools
    assert found == [
        {"name": "a", "status": "OLD", "version": "1"},
        {"name": "b", "status": "ERROR", "version": "1"},
        {"name": "d", "status": "ERROR"},
    ]
    assert bare(gpu_nodepool_result={"node_pools": pools("e")}).node_pools == pools("e")
    assert bare().node_pools == []
    read = {"clusters": [{**CLUSTER, "nodePools": pools("a")}]}
    wanted = {"node_pools": pools("of the inventory")}
    assert bare(playbook="status", status_cluster=read, gpu_nodepool_result=wanted).node_pools == pools("a")


@pytest.mark.parametrize(
    ("removed", "goes", "going"),
    [
        (set(), False, []),
        ({"node pool a"}, False, ["a"]),
        ({"cluster d"}, False, []),
        ({"cluster c"}, True, ["a", "b"]),
    ],
)
def test_pools_go_by_themselves_or_with_their_cluster(removed, goes, going):
    there = {"clusters": [{**CLUSTER, "nodePools": pools("a", "b")}]}
    one = replace(bare(playbook="teardown", teardown_clusters=there), removed=frozenset(removed))
    assert (one.cluster_goes, one.going) == (goes, going)
    assert [pool["name"] for pool in one.staying] == [name for name in ("a", "b") if name not in going]


def test_a_host_s_own_pools_are_those_of_its_inventory():
    there = pools("default-pool", "gpu", "gpu-on-demand", "another")
    assert bare().own(there) == there[:3]
    nameless = dict.fromkeys(("gke_cluster_pool_name", "gpu_nodepool_name", "gpu_nodepool_on_demand_name"))
    assert bare(variables=nameless).own(there) == there
    assert bare(variables={**nameless, "gpu_nodepool_name": "gpu"}).own(there) == there[1:2]


def test_what_was_made_is_told_in_the_order_of_its_making_and_of_its_removal():
    assert bare(**ALL_MADE, verify_result={"plan": []}).made == list(ALL_MADE.values())
    assert bare(playbook="teardown", **ALL_MADE).made == list(ALL_MADE.values())[::-1]
    assert bare(gpu_nodepool_result=ALL_MADE["gpu_nodepool_result"]).made == [ALL_MADE["gpu_nodepool_result"]]


def test_a_deployment_is_whole_where_no_tags_left_out_a_part():
    needed = ("gke_cluster_result", "gpu_nodepool_result", "model_server_result", "lb_labels_result")
    assert bare(**{name: {} for name in needed}).whole and bare(**ALL_MADE).whole
    for missing in needed:
        assert not bare(**{name: {} for name in MADE if name != missing}).whole


@pytest.mark.parametrize(
    ("playbook", "results", "only"),
    [
        ("deploy", ["preflight_checked"], True),
        ("deploy", ["preflight_checked", "verify_result"], False),
        ("deploy", ["preflight_checked", "gke_cluster_result"], False),
        ("deploy", [], False),
        ("verify", ["preflight_checked"], False),
    ],
)
def test_tags_may_leave_nothing_of_a_deployment_but_its_preflight(playbook, results, only):
    assert bare(playbook=playbook, **{name: {} for name in results}).only_checked is only


@pytest.mark.parametrize(
    ("result", "asleep"),
    [({}, False), ({"start": None}, False), ({"start": {"asleep": False}}, False), ({"start": {"asleep": True}}, True)],
)
def test_a_model_sleeps_where_verify_found_so(result, asleep):
    assert bare(verify_result=result).asleep is asleep


def test_variables_are_told_as_text():
    one = bare(variables={"a": None, "b": 0, "llmops_location": "here"})
    assert [one.text(name) for name in ("a", "b", "none")] == ["", "0", ""]
    assert (one.place, one.result("none")) == (("p", "here", "c"), {})
