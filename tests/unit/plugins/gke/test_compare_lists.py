# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps, sets and lists of objects against what a resource has: in any order, merged into what is there, or exact."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.gke import compare

from .rows import difference, disks, item, row, taints

ON = {"key": "a", "effect": "NO_SCHEDULE"}


@pytest.mark.parametrize(
    ("key", "gke"),
    [
        ("goog-gke-node-pool-provisioning-model", True),
        ("nvidia.com/gpu", True),
        ("kubernetes.io/arch", True),
        ("node.kubernetes.io/instance-type", True),
        ("topology.gke.io/zone", True),
        ("cloud.google.com/gke-nodepool", True),
        ("x.k8s.io/y", True),
        ("nvidia.com/gpu.count", False),
        ("google", False),
        ("my-goog-label", False),
        ("notkubernetes.io/arch", False),
        ("kubernetes.io", False),
        ("example.com/kubernetes.io/arch", False),
    ],
)
def test_the_keys_that_gke_sets_by_itself(key: str, gke: bool):
    assert compare.of_gke(key) is gke


LIVE_LABELS = {"a": "1", "theirs": "2", "cloud.google.com/gke-nodepool": "gpu"}


def test_of_a_map_that_is_merged_only_the_named_keys_are_looked_at():
    field = row("part.labels", "map", partial=True)
    assert difference(field, {"a": "1"}, {"labels": LIVE_LABELS}) == []
    assert difference(field, {"a": "2", "new": "3"}, {"labels": LIVE_LABELS}) == [({"a": "1"}, {"a": "2", "new": "3"})]
    assert difference(field, {}, {"labels": LIVE_LABELS}) == []


def test_of_an_exact_map_all_keys_but_gkes_own_are_looked_at():
    field = row("part.labels", "map")
    assert difference(field, {"a": "1"}, {"labels": LIVE_LABELS}) == [({"a": "1", "theirs": "2"}, {"a": "1"})]
    assert difference(field, {"a": "1", "theirs": "2"}, {"labels": LIVE_LABELS}) == []
    assert difference(field, {}, {"labels": {"cloud.google.com/gke-nodepool": "gpu"}}) == []
    named = {"cloud.google.com/gke-nodepool": "other"}
    assert difference(field, named, {"labels": {"cloud.google.com/gke-nodepool": "gpu"}}) == [
        ({"cloud.google.com/gke-nodepool": "gpu"}, named)
    ]


def test_of_a_set_that_is_merged_only_the_named_items_are_looked_at():
    field = row("part.tags", "set", partial=True)
    assert difference(field, ["b", "a"], {"tags": ["theirs", "b", "a"]}) == []
    assert difference(field, ["b", "new"], {"tags": ["theirs", "b", "a"]}) == [(["b"], ["b", "new"])]


def test_the_order_of_entries_and_what_is_not_named_of_them_is_no_difference():
    have = [{**ON, "key": "b", "value": "set by others"}, {**ON, "seconds": "7", "more": {"on": True, "off": 1}}]
    want = [{**ON, "seconds": 7, "more": {"on": True}}, {**ON, "key": "b"}]
    assert difference(taints(), want, {"taints": have}) == []
    assert difference(taints(), list(reversed(want)), {"taints": have}) == []


def test_an_entry_is_known_by_all_its_keys():
    have = [{**ON, "value": "1"}, {"key": "a", "effect": "NO_EXECUTE", "value": "2"}]
    want = [{"key": "a", "effect": "NO_EXECUTE", "value": "2"}, {**ON, "value": "1"}]
    assert difference(taints(), want, {"taints": have}) == []
    ((before, after),) = difference(taints(partial=True), [{**ON, "value": "2"}], {"taints": have})
    assert (before, after) == ([{**ON, "value": "1"}], [{**ON, "value": "2"}])


@pytest.mark.parametrize("value", [{"value": ""}, {"seconds": 0}, {"more": {"on": False}}])
def test_what_the_api_leaves_out_of_an_entry_is_its_zero_value(value: dict[str, Any]):
    assert difference(taints(), [{**ON, **value}], {"taints": [ON]}) == []


@pytest.mark.parametrize(
    ("wanted", "known"),
    [
        ({"value": "x"}, {"value": None}),
        ({"seconds": 4}, {"seconds": 0}),
        ({"more": {"on": True}}, {"more": {"on": False}}),
    ],
)
def test_a_value_that_an_entry_lacks_is_a_difference(wanted: dict[str, Any], known: dict[str, Any]):
    want = [{**ON, **wanted}]
    assert difference(taints(), want, {"taints": [ON]}) == [([{**ON, **known}], want)]


def test_an_entrys_number_is_compared_as_a_number():
    assert difference(taints(), [{**ON, "seconds": 4}], {"taints": [{**ON, "seconds": "5"}]}) == [
        ([{**ON, "seconds": 5}], [{**ON, "seconds": 4}])
    ]


def test_an_entrys_value_is_compared_as_its_kind_wants():
    field = row("part.times", "keyed", items=(item("id"), item("every", "duration")), keys=("id",))
    have = {"times": [{"id": "x", "every": "60.0s"}]}
    assert difference(field, [{"id": "x", "every": "60s"}], have) == []
    assert difference(field, [{"id": "x", "every": "61s"}], have) == [
        ([{"id": "x", "every": "60.0s"}], [{"id": "x", "every": "61s"}])
    ]


def test_entries_of_others_are_a_difference_only_where_the_list_is_exact():
    theirs = {"key": "theirs", "effect": "NO_SCHEDULE", "value": "x", "seconds": "9"}
    gkes = {"key": "nvidia.com/gpu", "effect": "NO_SCHEDULE", "value": "present"}
    have = {"taints": [gkes, theirs, ON]}
    assert difference(taints(partial=True), [ON], have) == []
    assert difference(taints(), [ON], have) == [([ON, {**theirs, "seconds": 9}], [ON])]
    assert difference(taints(), [ON], {"taints": [gkes, ON]}) == []
    assert difference(taints(), [], {"taints": [gkes]}) == []
    assert difference(taints(), [], {"taints": [ON]}) == [([ON], [])]


def test_a_map_of_objects_is_a_list_with_names():
    have = {"disks": {"b": {"sizeGb": "20"}, "a": {"sizeGb": "10", "use": {"mode": "RAW"}, "more": 1}}}
    assert difference(disks(), [{"name": "a", "size_gb": 10}, {"name": "b", "size_gb": 20}], have) == []
    ((before, after),) = difference(disks(), [{"name": "a", "size_gb": 11, "use": {"mode": "RAW"}}], have)
    assert before == [{"name": "a", "size_gb": 10, "use": {"mode": "RAW"}}, {"name": "b", "size_gb": 20}]
    assert after == [{"name": "a", "size_gb": 11, "use": {"mode": "RAW"}}]
    assert difference(disks(partial=True), [{"name": "c"}], have) == [([], [{"name": "c"}])]


def test_wanted_entries_lose_what_is_not_given():
    given = [{**ON, "value": None, "seconds": None, "more": None}, {**ON, "key": "0", "more": {"on": False}}]
    want = compare.wanted(taints(), {"part": {"taints": given}})
    assert want == [{**ON, "key": "0", "more": {"on": False}}, ON]
