# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trees of fields: whose a field is, what is left without one, and what two states differ in."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.objects.managed_fields import (
    changes,
    given_up,
    owned,
    owners,
    project,
    settled,
    union,
    without,
)

REPLICAS = ("f:spec", "f:replicas")


def entry(manager: str, fields: dict[str, Any] | None, operation: str = "Apply", **more: Any) -> dict[str, Any]:
    return {"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsV1": fields, **more}


def obj(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "v1", "metadata": {"name": "x", "managedFields": list(entries)}, "spec": {"replicas": 1}}


def test_what_a_manager_wrote_of_the_status_is_none_of_what_it_applied():
    status = entry("us", {"f:status": {}}, subresource="status")
    assert owned(obj(status), "us") is None
    assert owned(obj(status, entry("us", {"f:spec": {}})), "us") == {"f:spec": {}}


def test_the_owners_of_a_field_are_all_whose_trees_have_it():
    ours = entry("us", {"f:spec": {"f:replicas": {}, "f:template": {}}})
    scaler = entry("scaler", {"f:spec": {"f:replicas": {}}}, "Update")
    others = [
        entry("a", None),
        entry("b", {"f:spec": {"f:template": {}}}),
        entry("c", {"f:status": {"f:replicas": {}}}),
    ]
    assert owners(obj(ours, *others, scaler), REPLICAS) == [ours, scaler]
    assert owners({"metadata": {}}, REPLICAS) == owners({}, REPLICAS) == []


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ({"f:spec": {"f:replicas": {}, "f:template": {}}}, {"f:spec": {"f:template": {}}}),
        ({"f:spec": {"f:replicas": {}}, "f:data": {}}, {"f:data": {}}),
        ({"f:spec": {"f:template": {}}}, {"f:spec": {"f:template": {}}}),
        ({"f:data": {"f:replicas": {}}}, {"f:data": {"f:replicas": {}}}),
        (None, {}),
    ],
    ids=str,
)
def test_without_a_field_its_manager_has_all_others(fields, kept):
    others = [entry("us", {"f:spec": {"f:replicas": {}}}, "Update"), entry("they", {"f:spec": {"f:replicas": {}}})]
    before = obj(entry("us", fields), *others)
    unchanged = copy.deepcopy(before)
    assert without(before, "us", REPLICAS) == obj(entry("us", kept), *others)
    assert before == unchanged


CONTAINER, FINALIZER, PORT = 'k:{"name":"a"}', 'v:"keep"', 'k:{"port":80,"protocol":"TCP"}'


def test_a_state_is_cut_down_to_the_fields_and_items_of_a_tree():
    state = {
        "metadata": {"finalizers": ["other", "keep"], "labels": {"a": "1"}},
        "spec": {"containers": [{"name": "b", "image": "2"}, {"name": "a", "image": "1", "tty": True}]},
    }
    items = {CONTAINER: {".": {}, "f:image": {}}}
    tree = {"f:metadata": {"f:finalizers": {FINALIZER: {}}}, "f:spec": {"f:containers": items}}
    assert project(state, tree) == {"metadata": {"finalizers": ["keep"]}, "spec": {"containers": [{"image": "1"}]}}
    assert project("text", items) == "text"
    assert project([{"port": 80}, "text"], {PORT: {}, CONTAINER: {}}) == []


def test_both_trees_fields_are_in_their_union():
    one = {"f:a": {"f:x": {}, "f:y": {"f:z": {}}}, "f:b": {"f:x": {}}}
    other = {"f:a": {"f:y": {"f:w": {}}}, "f:c": {"f:x": {}}}
    both = {"f:a": {"f:x": {}, "f:y": {"f:z": {}, "f:w": {}}}, "f:b": {"f:x": {}}, "f:c": {"f:x": {}}}
    assert union(one, other) == union(other, one) == both


ITEM = {".": {}, "f:image": {}, "f:name": {}}


@pytest.mark.parametrize(
    ("before", "after", "tree", "found"),
    [
        ({"a": 1, "b": 1}, {"a": 2, "b": 2}, {"f:a": {}}, [("a", 1, 2)]),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, {"f:a": {"f:b": {}}}, [("a.b", 1, 2)]),
        ({"a": None}, {}, {"f:a": {"f:b": {}}}, []),
        # What is there on one side only is told with its fields of the tree.
        ({}, {"a": {"b": 1, "c": 2}}, {"f:a": {"f:b": {}}}, [("a", None, {"b": 1})]),
        ({"a": {"b": 1, "c": 2}}, {}, {"f:a": {"f:b": {}}}, [("a", {"b": 1}, None)]),
        (
            {"c": [{"name": "a", "image": "1", "tty": True}]},
            {"c": [{"name": "b", "image": "2", "tty": True}, {"name": "a", "image": "3"}]},
            {"f:c": {CONTAINER: ITEM, 'k:{"name":"b"}': ITEM}},
            [("c[name=a].image", "1", "3"), ("c[name=b]", None, {"name": "b", "image": "2"})],
        ),
        (
            {"p": [{"port": 80, "protocol": "TCP", "name": "a"}]},
            {"p": [{"port": 80, "protocol": "TCP", "name": "b"}]},
            {"f:p": {PORT: {"f:name": {}}}},
            [("p[port=80,protocol=TCP].name", "a", "b")],
        ),
        ({"f": ["other"]}, {"f": ["other", "keep"]}, {"f:f": {FINALIZER: {}}}, [("f[=keep]", None, "keep")]),
        # Of another kind than before.
        ({"a": {"b": 1}}, {"a": ["b"]}, {"f:a": {"f:b": {}}}, [("a", {"b": 1}, ["b"])]),
        ({"a": ["b"]}, {"a": {"b": 1}}, {"f:a": {"f:b": {}}}, [("a", ["b"], {"b": 1})]),
        ({"a": ["b"]}, {"a": "b"}, {"f:a": {'v:"b"': {}}}, [("a", ["b"], "b")]),
    ],
    ids=str,
)
def test_two_states_differ_in_fields_of_the_tree(before, after, tree, found):
    assert [(change.field, change.before, change.after) for change in changes(before, after, tree)] == found


def test_fields_that_are_gone_are_not_given_up():
    before = {"f:a": {}, "f:c": {CONTAINER: {}, PORT: {}}, "f:z": {}}
    assert given_up({"c": [{"name": "b"}], "z": 1}, before, {}) == ["c", "z"]
    assert given_up({"c": [{"port": 80}, {"name": "b"}], "z": 1}, before, {"f:c": {}}) == ["z"]


OWN = {"f:spec": {"f:a": {"f:b": {}}}}
WHOLE = {"f:spec": {"f:a": {}}}


@pytest.mark.parametrize(
    ("wanted", "there", "tree", "same"),
    [
        pytest.param({"a": {"b": 1}}, {"a": {"b": 1}}, OWN, True, id="owned"),
        pytest.param({"a": {"b": 1}}, {"a": [1]}, OWN, False, id="a list was a mapping"),
        pytest.param({"a": [1]}, {"a": {"b": 1}}, OWN, False, id="a mapping was a list"),
        pytest.param({"a": {"b": 1}}, {"a": "b"}, OWN, False, id="text was a mapping"),
        pytest.param({"a": {"b": 1}}, {"a": [1]}, WHOLE, False, id="a list was a whole mapping"),
        pytest.param({"a": [1]}, {"a": {"b": 1}}, WHOLE, False, id="a mapping was a whole list"),
        pytest.param({"a": [1]}, {"a": [1, 2]}, WHOLE, False, id="an item more"),
        pytest.param({"a": {"b": None}}, {"a": {}}, {}, True, id="nothing in it, and nothing there"),
        pytest.param({"a": {"b": None}}, {"a": {"b": 1}}, {}, False, id="nothing in it, and a value there"),
        pytest.param({"a": []}, {"a": []}, {}, True, id="an empty list that nobody owns"),
        pytest.param({"a": []}, {"a": [1]}, {}, False, id="an empty list over items"),
        pytest.param({"a": ["keep"]}, {"a": ["x", "keep"]}, {"f:spec": {"f:a": {FINALIZER: {}}}}, True, id="of a set"),
        pytest.param({"a": ["x"]}, {"a": ["x", "keep"]}, {"f:spec": {"f:a": {FINALIZER: {}}}}, False, id="another"),
        pytest.param({"a": ["k"]}, {"a": ["k"]}, {"f:spec": {"f:a": {CONTAINER: {}}}}, False, id="text without keys"),
        pytest.param(
            {"a": [{"port": 80}]},
            {"a": [{"port": 80, "protocol": "TCP"}]},
            {"f:spec": {"f:a": {PORT: {".": {}, "f:port": {}}}}},
            True,
            id="a key by default",
        ),
        pytest.param(
            {"a": [{"port": 80}]},
            {"a": [{"port": 80}]},
            {"f:spec": {"f:a": {PORT: {".": {}, "f:port": {}}}}},
            False,
            id="no item with all keys",
        ),
    ],
)
@pytest.mark.parametrize("version", ["x.io/v1", "v1"])
def test_what_surely_changes_nothing(wanted, there, tree, same, version):
    manifest = {"apiVersion": version, "kind": "X", "metadata": {"name": "x"}}
    assert settled({**manifest, "spec": wanted}, {**manifest, "spec": there}, tree) is same
