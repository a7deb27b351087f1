# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pure parts: quantities, patches, the order of merged lists, sets of fields."""

from __future__ import annotations

import pytest

from llmops_gke_sandbox.kubernetes.apply import fieldsets
from llmops_gke_sandbox.kubernetes.apply.merge import merge
from llmops_gke_sandbox.kubernetes.apply.patches import PatchError, json_patch, merge_patch, strategic_merge_patch
from llmops_gke_sandbox.kubernetes.errors import ApiError
from llmops_gke_sandbox.kubernetes.quantity import QuantityError, canonical, parse
from llmops_gke_sandbox.kubernetes.schema.builtin_kinds import builtin_kinds
from llmops_gke_sandbox.kubernetes.schema.registry import Registry
from llmops_gke_sandbox.kubernetes.schema.types import type_of
from llmops_gke_sandbox.kubernetes.tables import formats

POD = type_of(Registry(builtin_kinds()).named("pods"))


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (1, "1"),
        ("1000m", "1"),
        ("0.5", "500m"),
        (1.5, "1500m"),
        ("1024Mi", "1Gi"),
        ("1.5Gi", "1536Mi"),
        ("1000", "1k"),
        ("1500", "1500"),
        ("0", "0"),
        ("0.1Gi", "107374182400m"),
        ("2e3", "2e3"),
        ("100Ki", "100Ki"),
        ("1M", "1M"),
        ("-5", "-5"),
    ],
)
def test_quantities_have_one_form(given, stored):
    assert canonical(given) == stored


@pytest.mark.parametrize("wrong", ["lots", "", "1Q", "1 Gi", "--1"])
def test_what_is_no_quantity_is_refused(wrong):
    with pytest.raises(QuantityError, match="quantities must match"):
        canonical(wrong)


def test_quantities_are_numbers():
    assert parse("2Gi") == 2 * 1024**3 and parse("250m") * 4 == 1


def test_a_merge_patch_removes_by_null():
    assert merge_patch({"a": 1, "b": {"c": 1, "d": 2}}, {"a": None, "b": {"c": None, "e": [1]}}) == {
        "b": {"d": 2, "e": [1]}
    }


@pytest.mark.parametrize(
    ("operations", "after"),
    [
        ([{"op": "add", "path": "/l/1", "value": 9}], {"l": [1, 9, 2], "m": {"a/b": 1}}),
        ([{"op": "add", "path": "/l/-", "value": 9}], {"l": [1, 2, 9], "m": {"a/b": 1}}),
        ([{"op": "remove", "path": "/m/a~1b"}], {"l": [1, 2], "m": {}}),
        ([{"op": "replace", "path": "/l/0", "value": 5}], {"l": [5, 2], "m": {"a/b": 1}}),
        ([{"op": "move", "from": "/m/a~1b", "path": "/n"}], {"l": [1, 2], "m": {}, "n": 1}),
        ([{"op": "copy", "from": "/l/1", "path": "/n"}], {"l": [1, 2], "m": {"a/b": 1}, "n": 2}),
        ([{"op": "test", "path": "/l/0", "value": 1}], {"l": [1, 2], "m": {"a/b": 1}}),
    ],
)
def test_json_patches_do_what_they_say(operations, after):
    before = {"l": [1, 2], "m": {"a/b": 1}}
    assert json_patch(before, operations) == after
    assert before == {"l": [1, 2], "m": {"a/b": 1}}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/l/0", "value": 2},
        {"op": "remove", "path": "/x"},
        {"op": "add", "path": "/l/7"},
        {"op": "replace", "path": "/x", "value": 1},
        {"op": "shout", "path": "/l"},
        {"op": "add"},
        {"op": "add", "path": "/l/7", "value": 1},
    ],
)
def test_json_patches_that_cannot_be_done_are_refused(operation):
    with pytest.raises(PatchError):
        json_patch({"l": [1]}, [operation])


def containers(*names: str) -> dict:
    return {"spec": {"containers": [{"name": name} for name in names]}}


def names_of(value: dict) -> list[str]:
    return [item["name"] for item in value["spec"]["containers"]]


@pytest.mark.parametrize(
    ("patch", "names"),
    [
        ([{"name": "b", "image": "x"}], ["b", "a", "c"]),
        ([{"name": "d"}], ["d", "a", "b", "c"]),
        ([{"name": "b", "$patch": "delete"}], ["a", "c"]),
        ([{"$patch": "replace"}, {"name": "z"}], ["z"]),
    ],
)
def test_strategic_merge_of_keyed_lists(patch, names):
    assert names_of(strategic_merge_patch(POD, containers("a", "b", "c"), {"spec": {"containers": patch}})) == names


def test_a_strategic_merge_can_give_the_order():
    order = [{"name": name} for name in ("c", "b", "a")]
    patch = {"spec": {"$setElementOrder/containers": order, "containers": [{"name": "b", "image": "x"}]}}
    assert names_of(strategic_merge_patch(POD, containers("a", "b", "c"), patch)) == ["c", "b", "a"]


def test_a_strategic_merge_removes_from_sets_and_keeps_keys():
    live = {"metadata": {"finalizers": ["a", "b"]}, "spec": {"volumes": [{"name": "v", "emptyDir": {}}]}}
    patch = {
        "metadata": {"$deleteFromPrimitiveList/finalizers": ["a"], "finalizers": ["c"]},
        "spec": {"volumes": [{"name": "v", "$retainKeys": ["name", "hostPath"], "hostPath": {"path": "/x"}}]},
    }
    merged = strategic_merge_patch(POD, live, patch)
    assert set(merged["metadata"]["finalizers"]) == {"b", "c"}
    assert merged["spec"]["volumes"] == [{"name": "v", "hostPath": {"path": "/x"}}]


def test_a_keyed_item_without_its_key_cannot_be_patched():
    with pytest.raises(ApiError, match="merge key: name"):
        strategic_merge_patch(POD, containers("a"), {"spec": {"containers": [{"image": "x"}]}})


@pytest.mark.parametrize(
    ("live", "applied", "merged"),
    [
        ("ab", "ba", "ba"),
        ("abc", "c", "abc"),
        ("abc", "ca", "bca"),
        ("", "ab", "ab"),
        ("xay", "ab", "xayb"),
        ("abcd", "dxa", "bcdxa"),
    ],
)
def test_an_apply_orders_its_own_items_and_leaves_others_in_place(live, applied, merged):
    assert "".join(names_of(merge(POD, containers(*live), containers(*applied)))) == merged


def test_fields_survive_their_written_form():
    written = {"f:spec": {".": {}, "f:a": {}, 'k:{"name":"x"}': {".": {}, "f:b": {}}}, "f:data": {'v:"y"': {}}}
    assert fieldsets.encode(fieldsets.decode(written)) == written
    path = ("f:spec", 'k:{"name":"x","port":80}', "f:b", 'v:"y"')
    assert fieldsets.shown(path) == '.spec[name="x",port=80].b[="y"]'


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (5, "5s"),
        (119, "119s"),
        (120, "2m"),
        (125, "2m5s"),
        (3600, "60m"),
        (7200 * 2, "4h"),
        (86400 * 3, "3d"),
        (86400 * 800, "2y70d"),
    ],
)
def test_durations_are_short(seconds, text):
    assert formats.duration(seconds) == text
