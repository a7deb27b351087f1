# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter differences: results of tasks in check mode as a list of what differs."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.llmops.gke.plugins.filter.differences import FilterModule

differences = FilterModule().filters()["differences"]
FIELD = {"field": "spec.replicas", "before": 2, "after": 1}
OTHER = {"field": "spec.paused", "before": True, "after": None}


def step(action: str, resource: str, *changes: dict) -> dict:
    return {"action": action, "resource": resource, "request": "PATCH /x", "changes": list(changes)}


@pytest.mark.parametrize(
    ("action", "changes", "state", "message"),
    [
        ("create", (), "missing", ""),
        ("delete", (), "left over", ""),
        ("update", (FIELD, OTHER), "drifted", "the inventory would update it"),
        ("drain", (), "drifted", "the inventory would drain it"),
    ],
)
def test_a_step_of_the_plan_is_a_difference(action, changes, state, message):
    assert differences([{"changed": False, "plan": [step(action, "Pod default/x", *changes)]}]) == [
        {"resource": "Pod default/x", "state": state, "changes": list(changes), "message": message}
    ]


def test_what_several_steps_do_to_one_resource_is_one_difference():
    first, second = step("update", "cluster c", FIELD), step("update", "cluster c", OTHER)
    (found,) = differences([{"plan": [first]}, {"plan": [second]}])
    assert found["changes"] == [FIELD, OTHER]
    # Labels for an object that is not there are no news beside that.
    (found,) = differences([{"plan": [step("create", "Service x")]}, {"plan": [step("update", "Service x", FIELD)]}])
    assert (found["state"], found["changes"]) == ("missing", [])


def test_what_is_deleted_and_created_again_has_drifted():
    (found,) = differences([{"plan": [step("delete", "node pool a"), step("create", "node pool a")]}])
    assert (found["state"], found["message"]) == ("drifted", "the inventory would replace it")


def test_loops_are_taken_apart_and_what_tells_nothing_is_left_out():
    loop = {"results": [{"plan": [step("create", "node pool a")]}, {"skipped": True, "plan": [step("create", "b")]}]}
    assert [one["resource"] for one in differences([loop, {}, None, {"plan": []}, {"skipped": True}])] == [
        "node pool a"
    ]


def test_a_task_that_could_not_compare_is_told_and_one_that_had_a_plan_is_compared():
    told = {"failed": False, "msg": "GKE answered 403", "error": {"kind": "http_error"}}
    planned = {"failed": True, "msg": "x", "error": {"plan": [step("update", "cluster c", FIELD)]}}
    assert differences([told, {"failed": True, "msg": "y is undefined"}, planned]) == [
        {"resource": "cluster c", "state": "drifted", "changes": [FIELD], "message": "the inventory would update it"},
        {"resource": "", "state": "unknown", "changes": [], "message": "GKE answered 403"},
        {"resource": "", "state": "unknown", "changes": [], "message": "y is undefined"},
    ]


def test_anything_but_a_list_is_refused():
    with pytest.raises(AnsibleFilterError, match="no list of results"):
        differences({"plan": []})
