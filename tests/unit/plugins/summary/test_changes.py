# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sum of what tasks did, or would do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.workflows.summary.changes import changes_of, sum_up
from ansible_collections.llmops.gke.plugins.module_utils.workflows.summary.summary import summarise
from tests.unit.plugins.summary.summary_facts import host, step


@pytest.mark.parametrize(
    ("actions", "told"),
    [
        (["create"], "+1 ~0 -0"),
        (["create", "update"], "+1 ~0 -0"),
        (["update", "update"], "+0 ~1 -0"),
        (["update", "delete"], "+0 ~0 -1"),
        (["delete", "create"], "+0 ~1 -0"),
        (["create", "delete"], "+0 ~0 -0"),
        (["wait"], "+0 ~0 -0"),
        (["drain", "delete"], "+0 ~0 -1"),
    ],
)
def test_a_resource_counts_once_by_what_became_of_it(actions, told):
    results = [{"plan": [step(action, "Service a/b")]} for action in actions]
    assert sum_up(results, check=False).short() == told


def test_the_sum_and_the_list_are_in_words():
    plan = [
        step("create", "cluster c"),
        step("update", "Deployment a/b", "w", "x", "y", "z"),
        step("delete", "Job a/j"),
    ]
    changes = sum_up([{"results": [{"plan": plan}, {"skipped": True, "plan": plan * 2}]}, "no result"], check=True)
    assert changes.sum(check=True) == "1 to create, 1 to change, 1 to remove"
    assert changes.sum(check=False) == "1 created, 1 changed, 1 removed"
    assert changes.lines() == ["+ cluster c", "~ Deployment a/b: w, x, y and 1 more", "- Job a/j"]
    assert changes.to_dict() == {"created": ["cluster c"], "changed": ["Deployment a/b"], "removed": ["Job a/j"]}


@pytest.mark.parametrize(
    ("steps", "lines"),
    [
        ([step("update", "a", "x"), step("update", "b", "v"), step("update", "a", "y", "x")], ["~ a: x, y", "~ b: v"]),
        ([step("update", "a", "x", "y", "z")], ["~ a: x, y, z"]),
        ([step("update", "a")], ["~ a"]),
        ([step("update", "a", "x"), step("delete", "a")], ["- a"]),
        ([step("delete", "a"), step("create", "a")], ["~ a"]),
    ],
)
def test_the_fields_of_what_was_changed_are_named(steps, lines):
    assert sum_up([{"plan": steps}], check=False).lines() == lines


def test_of_one_host_what_it_would_do_counts_without_what_another_did():
    error = {"plan": [step("create", "a"), step("create", "b")]}
    told = replace(host(check=True, gke_cluster_result={"failed": True, "error": error}), done_before={"a", "c"})
    assert changes_of(told).lines() == ["+ b"]
    assert changes_of(replace(told, check=False)).lines() == []


def test_all_that_failures_left_broken_is_told_with_its_status():
    pools = [{"name": name, "status": "ERROR"} for name in ("a", "b")]
    errors = [{"steps_done": [step("create", f"node pool {one['name']}")], "node_pools": [one]} for one in pools]
    results = [{"failed": True, "error": error} for error in errors]
    assert sum_up(results, check=False).lines() == ["+ node pool a (ERROR)", "+ node pool b (ERROR)"]


@pytest.mark.parametrize("told", [{"failed": True}, {"error": "no way"}, {"failed": True, "error": "no way"}])
def test_a_failure_did_nothing_of_its_plan(told):
    assert sum_up([{**told, "plan": [step("create", "a")]}], check=False).lines() == []


def test_of_a_failure_only_what_was_done_counts():
    error = {"plan": [step("create", "a"), step("create", "b")], "steps_done": [step("create", "a")], "applied": ["c"]}
    failed = {"failed": True, "error": error}
    assert sum_up([failed], check=False).to_dict() == {"created": ["a"], "changed": ["c"], "removed": []}
    told_by_both = {"failed": True, "error": {"steps_done": [step("create", "c")], "applied": ["c"]}}
    assert sum_up([told_by_both], check=False).short() == "+1 ~0 -0"
    assert sum_up([failed], check=True).to_dict() == {"created": ["a", "b"], "changed": [], "removed": []}
    assert sum_up([{"failed": True, "msg": "no"}], check=False).lines() == []


def test_a_cluster_whose_creation_failed_and_that_is_there_counts():
    pool = {"name": "default-pool", "status": "RUNNING_WITH_ERROR"}
    there = {"name": "c", "status": "RUNNING_WITH_ERROR", "nodePools": [pool]}
    error = {"step_failed": step("create", "cluster c"), "cluster": there}
    changes = sum_up([{"failed": True, "error": error}], check=False)
    assert changes.lines() == ["+ cluster c (RUNNING_WITH_ERROR)"]
    made = {**error, "cluster": {"name": "c", "status": "PROVISIONING"}}
    assert sum_up([{"failed": True, "error": made}], check=False).lines() == ["+ cluster c"]
    gone = {"step_failed": step("create", "cluster c")}
    assert sum_up([{"failed": True, "error": gone}], check=False).lines() == []
    told = host(failed=True, gke_cluster_result={"failed": True, "msg": "no stock", "error": error})
    lines = summarise([told], 80)[0]
    exists = next(number for number, line in enumerate(lines) if line.startswith("  exists"))
    assert [line.split()[-1] for line in lines[exists : exists + 2]] == ["c", "default-pool"]


def test_a_pool_that_a_failed_run_made_and_that_does_not_work_counts_with_its_status():
    broken = {"name": "gpu", "status": "RUNNING_WITH_ERROR"}
    error = {"step_failed": step("create", "node pool gpu"), "node_pools": [{"name": "a", "status": "RUNNING"}, broken]}
    changes = sum_up([{"failed": True, "error": error}], check=False)
    assert changes.lines() == ["+ node pool gpu (RUNNING_WITH_ERROR)"]
    assert changes.to_dict()["created"] == ["node pool gpu"]
    gone = {**error, "node_pools": [{"name": "a", "status": "RUNNING"}]}
    assert sum_up([{"failed": True, "error": gone}], check=False).lines() == []
    assert sum_up([{"failed": True, "error": error}], check=True).lines() == []
