# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cost has one meaning in every summary: the cluster with a host's own node pools, and those of others apart."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.workflows.summary.costs.of_cluster import of_cluster
from ansible_collections.llmops.gke.plugins.module_utils.workflows.summary.summary import summarise
from tests.unit.plugins.summary.summary_facts import POD, POOLS, PRICE, host, verified

SYSTEM, GPU = POOLS
OTHERS = {**GPU, "name": "pool-b"}
THERE = {"name": "c", "status": "RUNNING", "nodePools": [*POOLS, OTHERS]}
ASLEEP = {"start": {"asleep": True}}


def node(pool: str, machine: str, **labels: str) -> dict[str, Any]:
    given = {"cloud.google.com/gke-nodepool": pool, "node.kubernetes.io/instance-type": machine}
    given |= {f"cloud.google.com/{name.replace('_', '-')}": value for name, value in labels.items()}
    return {"kind": "Node", "metadata": {"name": "n", "labels": given}, "status": {}}


SYSTEM_NODE, GPU_NODE = node("default-pool", "n1-standard-4"), node("gpu", "g2-standard-12")
NODES = [SYSTEM_NODE, GPU_NODE, node("pool-b", "g2-standard-12")]


def told(*hosts: Any) -> tuple[str, dict[str, Any]]:
    lines, data = summarise(hosts, 100)
    return " ".join(" ".join(lines).split()), data


def status(nodes: list[dict[str, Any]], cluster: Any = THERE, *, exists: bool = True, name: str = "one", **given: Any):
    seen = {"status_objects": nodes, "status_differences": [], **given}
    return host(name, "status", variables=seen, status_cluster={"clusters": [cluster]},
                status_in_cluster={"exists": exists})  # fmt: skip


def deployed(name: str = "one", **given: Any) -> Any:
    results = {"gke_cluster_result": {"cluster": THERE}, "preflight_checked": {"price": PRICE}}
    return host(name, verify_result=verified(), **{**results, **given})


def torn_down() -> Any:
    return host(playbook="teardown", check=True, variables={"teardown_keeps_cluster": True},
                teardown_clusters={"clusters": [THERE]})  # fmt: skip


@pytest.mark.parametrize(
    ("one", "hour", "beside"),
    [
        (deployed(), 1.77, 1.06),
        (deployed(preflight_checked={}), 1.77, 1.06),
        (host(failed=True, gke_cluster_result={"cluster": THERE}, preflight_checked={"price": PRICE}), 1.77, 1.06),
        (status(NODES), 1.36, 1.06),
        (torn_down(), 1.77, 1.06),
    ],
)
def test_every_playbook_counts_the_cluster_and_the_hosts_own_pools(one, hour, beside):
    text, data = told(one)
    cost = data["llmops_summary"]["one"]["cost"]
    assert (cost["hour"], cost["beside"]) == (hour, {"node_pools": ["pool-b"], "hour": beside})
    assert f"about {hour} USD an hour" in text
    assert f"for the cluster and this host's node pools; node pool pool-b of others: about {beside} more" in text


def test_a_cluster_without_pools_of_others_is_told_without_them():
    text, data = told(host(verify_result=verified(), preflight_checked={"price": PRICE}))
    assert "of others" not in text and data["llmops_summary"]["one"]["cost"]["beside"] is None


def test_what_a_failed_deployment_made_is_paid_for_and_nothing_else():
    only = {"cluster": {**THERE, "nodePools": [SYSTEM]}}
    _text, data = told(host(failed=True, gke_cluster_result=only, preflight_checked={"price": PRICE}))
    assert data["llmops_summary"]["one"]["cost"]["hour"] == of_cluster([SYSTEM], {})["hour"] == 0.71


@pytest.mark.parametrize(
    ("nodes", "hour", "words"),
    [
        ([], 0.10, "without nodes, of which there are none now"),
        ([SYSTEM_NODE], 0.30, "with the one node there is now"),
        ([SYSTEM_NODE] * 3 + [GPU_NODE] * 2, 2.82, "with the 5 nodes there are now"),
        ([node("gpu", "g2-standard-16")], 1.30, "with the one node"),
        ([node("gpu", "g2-standard-12", gke_spot="true")], 0.70, "with the one node"),
        ([node("gpu", "g2-standard-12", gke_preemptible="true")], 0.70, "with the one node"),
        ([node("gpu", "")], 1.16, "with the one node"),
        ([node("elsewhere", "n1-standard-4")], 0.10, "without nodes"),
    ],
)
def test_status_prices_each_node_by_its_own_labels(nodes, hour, words):
    text, data = told(status(nodes, {**THERE, "nodePools": POOLS}))
    assert data["llmops_summary"]["one"]["cost"]["hour"] == hour
    assert f"about {hour:.2f} USD an hour {words}" in text


def test_status_does_not_take_the_inventorys_machines_for_those_that_are_there():
    """To compare, the role's task predicts the pools."""
    real = {**GPU, "config": {**GPU["config"], "machineType": "g2-standard-16"}}
    one = status([node("gpu", "g2-standard-16")], {**THERE, "nodePools": [SYSTEM, real]})
    one.results["gpu_nodepool_result"] = {"node_pools": [GPU]}
    assert told(one)[1]["llmops_summary"]["one"]["cost"]["least"] == of_cluster([SYSTEM, real], {})["least"]


def test_a_cluster_that_is_being_made_has_no_nodes_and_one_that_was_not_read_its_first_ones():
    making = {**THERE, "status": "PROVISIONING", "nodePools": POOLS}
    text, data = told(status([], making, exists=False))
    assert data["llmops_summary"]["one"]["cost"]["hour"] == 0.10
    assert "once it has the nodes that it is to have, 1.36 at the least, 3.23 at the most" in text
    text, _data = told(status([], {**making, "status": "RUNNING"}, exists=False))
    assert "about 1.77 USD an hour with the first nodes" in text


def test_a_pool_without_autoscaling_has_the_nodes_that_it_has():
    fixed = {**GPU, "autoscaling": {}}
    cost = of_cluster([fixed], {}, [GPU_NODE] * 2)
    assert cost["hour"] == cost["least"] == cost["most"] == 2.21


def test_one_host_costs_the_same_in_the_tables_of_deploy_and_status():
    names = ["one", "two", "b"]
    own = [{}, {"llmops_name": "two"}, {"llmops_name": "b", "gpu_nodepool_name": "pool-b"}]
    first = [SYSTEM_NODE] * 3 + NODES[1:]
    tables = {
        "deploy": [deployed(name, variables=given) for name, given in zip(names, own, strict=True)],
        "status": [status(first, name=name, **given) for name, given in zip(names, own, strict=True)],
    }
    for playbook, hosts in tables.items():
        text, data = told(*hosts)
        assert [data["llmops_summary"][name]["cost"]["hour"] for name in names] == [1.77] * 3
        when = "the first nodes" if playbook == "deploy" else "the nodes there are now"
        assert f"USD/h: a host's node pools and its whole cluster, with {when}; the total counts once what" in text
        assert "of others" not in text
        # A model more on the pool that two of them share takes a node more, which status has not seen.
        assert data["llmops_total"]["hour"] == (3.88 if playbook == "deploy" else 2.82)


def test_a_table_tells_once_of_the_pools_that_no_host_of_the_run_has():
    hosts = [deployed(f"h{number}", variables={"llmops_name": f"h{number}"}) for number in range(3)]
    text, data = told(*hosts)
    assert text.count("cluster c: node pool pool-b of others: about 1.06 more") == text.count("of others") == 1
    assert data["llmops_total"]["hour"] == 2.82


def test_two_hosts_whose_models_run_on_different_nodes_are_verified_at_the_cost_of_both():
    pods = [{**POD, "node": name} for name in ("n1", "n2")]
    hosts = [
        host(f"h{number}", "verify", verify_result={**verified(), "latency": {**verified()["latency"], "pods": [pod]}})
        for number, pod in enumerate([*pods, pods[0]])
    ]
    text, data = told(*hosts)
    assert data["llmops_total"]["hour"] == round(2 * data["llmops_summary"]["h0"]["cost"]["hour"], 2)
    assert "USD/h: the machines that a host's model runs on" in text


@pytest.mark.parametrize(("least", "hour", "both"), [(0, 0.30, 1.77), (1, 1.36, 2.82)])
def test_a_model_that_sleeps_goes_on_to_cost_what_is_left(least, hour, both):
    pool = {**GPU, "autoscaling": {"enabled": True, "totalMinNodeCount": least, "totalMaxNodeCount": 2}}
    there = {"cluster": {**THERE, "nodePools": [SYSTEM, pool, OTHERS]}}
    one = host(verify_result=ASLEEP, gke_cluster_result=there, variables={"llmops_replicas": 0})
    text, data = told(one)
    assert f"costs about {hour:.2f} USD an hour once its empty nodes are gone" in text
    assert ("its GPU nodes all the same" in text, "no GPU, once" in text) == (bool(least), not least)
    # Beside one that is awake, its own pool is empty.
    awake = deployed("awake", variables={"gpu_nodepool_name": "pool-b"})
    assert told(one, awake)[1]["llmops_total"]["hour"] == both
    assert data["llmops_total"]["hour"] == hour
