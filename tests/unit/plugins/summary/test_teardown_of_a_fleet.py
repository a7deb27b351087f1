# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a teardown of some or all hosts of a cluster tells: each pool that goes, what stays and why."""

from __future__ import annotations

import json

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.workflows.summary.costs.of_cluster import of_cluster
from ansible_collections.llmops.gke.plugins.module_utils.workflows.summary.summary import summarise
from tests.unit.plugins.summary.summary_facts import POOLS, host, step

SECOND = {**POOLS[1], "name": "second"}
THERE = {"clusters": [{"name": "c", "status": "RUNNING", "nodePools": [*POOLS, SECOND]}]}
KEPT = {"teardown_keeps_cluster": True, "teardown_workloads": ["b/theirs"]}


def one(name, *gone, check=False, cluster=False, **variables):
    """A host of the cluster c; gone: the pools that its tasks removed. cluster: whether they removed that, too."""
    model = {"plan": [step("delete", f"Deployment default/{name}")]}
    pools = {"plan": [step("delete", f"node pool {pool}") for pool in gone]}
    whole = {"plan": [step("delete", "cluster c")] if cluster else []}
    results = {"model_server_result": model, "gpu_nodepool_result": pools, "gke_cluster_result": whole}
    given = {"llmops_name": name, **variables}
    return host(name, "teardown", check=check, variables=given, teardown_clusters=THERE, **results)


def told(*hosts):
    lines, data = summarise(hosts, 100)
    assert json.loads(json.dumps(data)) == data
    return " ".join(" ".join(lines).split()), data


@pytest.mark.parametrize("check", [False, True])
def test_a_kept_cluster_loses_the_pools_that_nobody_else_uses(check):
    used = [{"name": "second", "hosts": ["x"], "workloads": ["b/theirs"]}]
    text, data = told(one("a", "gpu", check=check, **KEPT, teardown_pools_in_use=used))
    would = "would be removed" if check else "removed"
    for part in (
        f"node pool gpu: {would}",
        "second stays: x of the inventory has it, and these have pods on its nodes: b/theirs",
        "default-pool stays with the cluster",
        "cluster c stays, because others run on it: b/theirs",
        "theirs as well, with -e llmops_teardown_in_use=true",
    ):
        assert part in text, part
    record = data["llmops_summary"]["a"]
    assert [(part["resource"], part["why"]) for part in record["kept"]] == [
        ("cluster c", "others run on it"),
        ("node pool default-pool", "it belongs to the cluster"),
        ("node pool second", "x of the inventory has it, and these have pods on its nodes"),
    ]
    left = ["cluster c", "node pool default-pool", *(["node pool gpu"] if check else []), "node pool second"]
    assert record["exists"] == left
    now, then = of_cluster(POOLS, {})["hour"], of_cluster(POOLS[:1], {})["hour"]
    assert record["cost"]["hour"] == data["llmops_total"]["hour"] == (now if check else then)
    assert record["cost"]["beside"] == {"node_pools": ["second"], "hour": round(now - then, 2)}
    assert ("saves about" in text) == check
    if check:
        # By the cent, each sum is rounded.
        saved = of_cluster([*POOLS, SECOND], {})["hour"] - of_cluster([POOLS[0], SECOND], {})["hour"]
        assert f"saves about {saved:.2f} USD an hour" in text


@pytest.mark.parametrize(
    ("used", "why"),
    [
        ({"hosts": ["x", "y"], "workloads": []}, "x, y of the inventory have it"),
        ({"hosts": [], "workloads": ["b/theirs"]}, "these have pods on its nodes: b/theirs"),
    ],
)
def test_a_pool_that_stays_has_its_reason(used, why):
    text, _data = told(one("a", **KEPT, teardown_pools_in_use=[{"name": "gpu", **used}]))
    assert f"gpu stays: {why}" in text


@pytest.mark.parametrize("check", [False, True])
def test_the_pools_that_go_with_a_cluster_are_listed(check):
    text, data = told(one("a", "gpu", check=check, cluster=True))
    would = "would be removed" if check else "removed"
    assert f"node pool default-pool: {would} with the cluster" in text
    assert f"node pool gpu: {would}" in text.replace("node pool default-pool", "")
    assert f"second: {would} with the cluster cluster c in" in text
    record = data["llmops_summary"]["a"]
    assert (record["cost"] is None, record["exists"] == []) == (not check, not check)
    assert ("saves about" in text, "nothing any more" in text) == (check, not check)


def test_what_another_host_of_the_run_removed_was_there():
    text, data = told(one("a", "gpu", "second", cluster=True), one("b"))
    second = text.partition("b: ")[2]
    assert "cluster c in us-central1 of p: removed" in second
    assert "gpu: removed" in second and "second: removed" in second
    assert "was not there" not in second
    assert data["llmops_summary"]["b"]["exists"] == []
    assert data["llmops_total"]["hour"] is None
    # Where nothing was left for it to do at all.
    idle = host("b", "teardown", gke_cluster_result={"plan": []}, teardown_clusters=THERE)
    text, data = told(one("a", cluster=True), idle)
    assert data["llmops_summary"]["b"]["state"] == "removed"
    assert "c in us-central1 of p: was not there" not in text


def test_another_cluster_is_another_one():
    other = one("b", llmops_cluster="d")
    text, data = told(one("a", cluster=True), other)
    assert "cluster d in us-central1 of p: was not there" in text
    assert data["llmops_summary"]["b"]["exists"] != []


@pytest.mark.parametrize("check", [False, True])
def test_a_table_lists_what_goes_and_what_stays(check):
    text, data = told(
        one("a", "gpu", check=check, cluster=True), one("b", check=check), one("d", "second", check=check)
    )
    would = "would go" if check else "gone"
    assert f"{would}: cluster c with node pools default-pool, gpu, second" in text
    assert (data["llmops_total"]["hour"] is None) == (not check)
    used = [{"name": "second", "hosts": ["x"], "workloads": []}]
    some = [one(name, "gpu", check=check, **KEPT, teardown_pools_in_use=used) for name in ("a", "b", "d")]
    text, _data = told(*some)
    assert f"{would}: node pool gpu" in text
    assert text.count("stays: cluster c (others run on it: b/theirs)") == 1
    assert text.count("stays: node pool second (x of the inventory has it)") == 1
