# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bodies of requests, from rows of fields, options and what the resource has."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.gke import compare
from ansible_collections.llmops.gke.plugins.module_utils.gke.fields.field import Field, Immutable, Verb, keep

from .rows import PART, disks, item, row, taints

LABELS = {"a": "1", "theirs": "2", "cloud.google.com/gke-nodepool": "gpu"}
ON = {"key": "a", "effect": "NO_SCHEDULE"}
GKES = {"key": "nvidia.com/gpu", "effect": "NO_SCHEDULE", "value": "present"}
THEIRS = {"key": "theirs", "effect": "NO_SCHEDULE", "seconds": "9"}


def changed(field: Field, want: Any, have: Any) -> Any:
    """The value of a field of the resource's ``part`` in the request that changes it."""
    name = field.path.partition(".")[2]
    resource = {"part": {} if have is None else {name: have}}
    before = deepcopy(resource)
    options = {"part": {field.option.partition(".")[2]: want}}
    body = compare.change_body(field.change, [field], options, resource)
    after = compare.predicted([field], options, resource)["part"]
    assert resource == before
    if list(compare.differences([field], options, resource)):
        assert after[name] == body["part"][name]
    return body["part"][name]


@pytest.mark.parametrize(
    ("kind", "want", "sent"),
    [
        ("bool", False, False),
        ("int", 0, 0),
        ("int64", 5, "5"),
        ("float", 0.5, 0.5),
        ("str", "", ""),
        ("name", "default", "default"),
        ("version", "1.33", "1.33"),
        ("set", ["b", "a"], ["a", "b"]),
        ("map", {"b": 1, "a": None}, {"a": "", "b": "1"}),
    ],
)
def test_a_value_goes_to_the_api_in_its_own_form(kind: str, want: Any, sent: Any):
    field = row("part.x", kind)
    assert changed(field, want, None) == sent
    assert compare.create_body([field], {"part": {"x": want}}) == {"part": {"x": sent}}


def test_a_merged_map_goes_with_what_is_there():
    assert changed(row("part.x", "map", partial=True), {"a": "3", "new": ""}, LABELS) == {**LABELS, "a": "3", "new": ""}


def test_an_exact_map_goes_with_gkes_own_alone():
    sent = {"cloud.google.com/gke-nodepool": "gpu", "new": "3"}
    assert changed(row("part.x", "map"), {"new": "3"}, LABELS) == sent


def test_a_merged_set_goes_with_what_is_there():
    assert changed(row("part.x", "set", partial=True), ["c", "a"], ["b", "a"]) == ["a", "b", "c"]
    assert changed(row("part.x", "set", partial=True), ["c", "a"], None) == ["a", "c"]
    assert changed(row("part.x", "set"), ["c", "a"], ["b", "a"]) == ["a", "c"]


def test_a_merged_list_goes_with_the_entries_and_values_that_are_there():
    live = [THEIRS, {**ON, "value": "old", "more": {"on": True, "off": 1}}, GKES]
    want = [{"key": "new", "effect": "X", "seconds": 7}, {**ON, "value": "new", "more": {"on": False}}]
    mine = [
        {**ON, "value": "new", "more": {"on": False, "off": 1}},
        {"key": "new", "effect": "X", "seconds": "7"},
    ]
    assert changed(taints(partial=True), want, live) == [*mine, THEIRS, GKES]
    assert changed(taints(), want, live) == [*mine, GKES]
    assert changed(taints(), want, None) == [{**ON, "value": "new", "more": {"on": False}}, mine[1]]


def test_an_entry_is_told_from_another_by_all_its_keys():
    other = {**ON, "effect": "NO_EXECUTE", "value": "theirs"}
    assert changed(taints(partial=True), [{**ON, "value": "x"}], [other]) == [{**ON, "value": "x"}, other]


def test_a_map_of_objects_goes_as_a_map():
    live = {"a": {"sizeGb": "10", "use": {"mode": "RAW", "more": 1}}, "b": {"sizeGb": "20"}}
    want = [{"name": "c", "size_gb": 30}, {"name": "a", "size_gb": 11, "use": {"mode": "FS"}}]
    mine = {"a": {"sizeGb": "11", "use": {"mode": "FS", "more": 1}}, "c": {"sizeGb": "30"}}
    assert changed(disks(partial=True), want, live) == {**mine, "b": {"sizeGb": "20"}}
    assert changed(disks(), want, live) == mine
    assert compare.create_body([disks()], {"part": {"disks": [{"name": "a"}]}}) == {"part": {"disks": {"a": {}}}}


def test_a_created_resource_is_what_the_user_named_and_nothing_else():
    fields = [
        row("part.diskSizeGb", "int64"),
        row("part.not.named"),
        row("name"),
        row("part.deeper.on", "bool", Immutable("no")),
        row("status.version", "version", create_path="initialVersion"),
        row("part.size", "int", create_path="sizes.first"),
    ]
    options = {
        "name": "x",
        "status": {"version": "1.33"},
        "part": {"disk_size_gb": 1, "deeper": {"on": False}, "size": 0},
    }
    assert compare.create_body(fields, options) == {
        "name": "x",
        "initialVersion": "1.33",
        "sizes": {"first": 0},
        "part": {"diskSizeGb": "1", "deeper": {"on": False}},
    }


def test_a_prediction_has_every_difference_made_good_and_the_rest_as_it_was():
    fields = [row("part.a", "int"), row("part.b", "int64"), taints(partial=True), row("new.x")]
    resource = {"part": {"a": 1, "b": "2", "c": 3, "taints": [THEIRS]}, "status": "RUNNING"}
    before = deepcopy(resource)
    options = {"part": {"a": 1, "b": 4, "taints": [ON]}, "new": {"x": "y"}}
    assert compare.predicted(fields, options, resource) == {
        "part": {"a": 1, "b": "4", "c": 3, "taints": [ON, THEIRS]},
        "new": {"x": "y"},
        "status": "RUNNING",
    }
    assert resource == before


def test_a_prediction_leaves_what_agrees_as_the_api_writes_it():
    fields = [row("part.version", "version"), row("part.network", "name")]
    resource = {"part": {"version": "1.33.4-gke.1", "network": "projects/p/networks/n"}}
    assert compare.predicted(fields, {"part": {"version": "1.33", "network": "n"}}, resource) == resource


# What a request carries beside the differences.


def test_a_request_has_all_that_the_user_named_of_its_part_and_nothing_of_another():
    other = Verb("other", "other")
    fields = [row("part.a", "int"), row("part.b", "int"), row("part.c", "int"), row("other.d", "int", other)]
    options = {"part": {"a": 1, "b": 2}, "other": {"d": 3}}
    resource = {"part": {"a": 1, "b": 1, "c": 9}}
    assert compare.change_body(PART, fields, options, resource) == {"part": {"a": 1, "b": 2}}
    assert compare.change_body(other, fields, options, resource) == {"other": {"d": 3}}


def test_a_request_may_have_to_leave_out_what_agrees():
    verb = Verb("part", "part", only_changed=True)
    fields = [row("part.a", "int", verb), row("part.b", "int", verb), row("part.v", "version", verb)]
    options = {"part": {"a": 1, "b": 0, "v": "1.33"}}
    assert compare.change_body(verb, fields, options, {"part": {"a": 2, "v": "1.33.4-gke.1"}}) == {"part": {"a": 1}}


def test_a_part_that_is_replaced_whole_goes_along_as_it_is():
    verb = Verb("part.deep", "update.wanted", base=keep)
    fields = [row("part.deep.a", "int", verb), row("part.deep.x.y", "int", verb)]
    resource = {"part": {"deep": {"a": 1, "x": {"z": 4}, "list": [1]}, "shallow": 5}}
    before = deepcopy(resource)
    options = {"part": {"deep": {"x": {"y": 3}}}}
    body = compare.change_body(verb, fields, options, resource)
    assert body == {"update": {"wanted": {"a": 1, "x": {"y": 3, "z": 4}, "list": [1]}}}
    body["update"]["wanted"]["list"].append(2)
    assert resource == before
    assert compare.change_body(verb, fields, options, {}) == {"update": {"wanted": {"x": {"y": 3}}}}


def test_what_goes_along_is_chosen_by_what_is_there_and_what_is_asked():
    seen = []

    def base(have: Any, want: Any) -> dict[str, Any]:
        seen.append((have, want))
        return {"kept": have["kept"]}

    verb = Verb("part", "update", base=base)
    fields = [row("part.a", "int", verb), row("part.b", "int64", verb)]
    body = compare.change_body(verb, fields, {"part": {"a": 1, "b": 2}}, {"part": {"kept": 1, "gone": 2}})
    assert body == {"update": {"kept": 1, "a": 1, "b": "2"}}
    assert seen == [({"kept": 1, "gone": 2}, {"a": 1, "b": "2"})]


def test_a_method_of_its_own_takes_the_fields_themselves_and_what_it_needs_beside():
    verb = Verb("part", "", "POST", ":setSize", along=(("etag", "deep.etag"), ("x.y", "gone")), text=("part.size",))
    fields = [row("part.size", "int", verb), row("part.count", "int", verb)]
    body = compare.change_body(verb, fields, {"part": {"size": 3, "count": 4}}, {"deep": {"etag": "e1"}})
    assert body == {"size": "3", "count": 4, "etag": "e1", "x": {"y": None}}


@pytest.mark.parametrize(
    ("root", "body", "path", "place"),
    [
        ("part", "update", "part.x.y", "update.x.y"),
        ("part.x", "update.desired", "part.x.y", "update.desired.y"),
        ("part.x", "update.desiredX", "part.x", "update.desiredX"),
        ("part", "", "part.x", "x"),
        ("part", "", "part.x.part", "x.part"),
    ],
)
def test_where_in_a_request_a_value_goes(root: str, body: str, path: str, place: str):
    assert Verb(root, body).place(path) == place


# A resource that takes the place of another.


def test_a_replacement_has_what_is_named_and_the_rest_of_the_old_one():
    fields = [
        row("part.a", "int"),
        row("part.b", "int", Immutable("no")),
        row("part.c", "int"),
        row("labels", "map"),
        row("version", "version"),
        row("networkConfig.podIpv4CidrBlock", "cidr"),
    ]
    old = {
        "part": {"a": 1, "b": 2, "unknown": 3},
        "labels": LABELS,
        "version": "1.33.4-gke.1",
        "networkConfig": {"podIpv4CidrBlock": "10.0.0.0/17"},
        "status": "RUNNING",
    }
    before = deepcopy(old)
    body = compare.replacement_body(fields, {"part": {"b": 5}}, old)
    assert body == {"part": {"a": 1, "b": 5}, "labels": {"a": "1", "theirs": "2"}}
    assert compare.replacement_body(fields, {"version": "1.34"}, old)["version"] == "1.34"
    assert old == before


def but_strategy(have: Any, _want: Any) -> dict[str, Any]:
    return {name: value for name, value in have.items() if name != "strategy"}


def test_a_replacements_part_that_is_changed_whole_is_made_as_a_change_would_make_it():
    whole = Verb("part", "update.part", base=but_strategy)
    fields = [row("part.strategy", change=whole), row("part.surge", "int", whole), row("name")]
    old = {"part": {"strategy": "SURGE", "surge": 1, "more": 2}, "name": "x"}
    changed = compare.replacement_body(fields, {"part": {"surge": 4}}, old)
    assert changed == {"part": {"surge": 4, "more": 2}, "name": "x"}
    untouched = compare.replacement_body(fields, {"name": "y"}, old)
    assert untouched == {"part": {"strategy": "SURGE", "surge": 1}, "name": "y"}


def test_all_parts_of_a_replacement_that_are_changed_whole_are_made_so():
    verbs = [Verb(name, f"update.{name}", base=but_strategy) for name in ("one", "two")]
    fields = [row(f"{verb.root}.{name}", change=verb) for verb in verbs for name in ("strategy", "surge")]
    old = {name: {"strategy": "SURGE", "surge": "1", "more": 2} for name in ("one", "two")}
    body = compare.replacement_body(fields, {"one": {"surge": "5"}, "two": {"surge": "6"}}, old)
    assert body == {"one": {"surge": "5", "more": 2}, "two": {"surge": "6", "more": 2}}


def test_a_replacements_part_without_a_place_in_the_request_is_carried_field_by_field():
    size = Verb("part", "", "POST", ":setSize", base=keep)
    fields = [row("part.size", "int", size), row("part.more", "int", size)]
    old = {"part": {"size": 1, "more": 2, "unknown": 3}}
    assert compare.replacement_body(fields, {"part": {"size": 4}}, old) == {"part": {"size": 4, "more": 2}}


@pytest.mark.parametrize("partial", [True, False])
def test_a_replacements_merged_list_leaves_out_what_gke_sets_by_itself(partial: bool):
    field = taints(partial=partial)
    old = {"part": {"taints": [GKES, ON, {"effect": "no key"}]}}
    carried = compare.replacement_body([field], {}, old)["part"]["taints"]
    assert carried == ([] if partial else [GKES]) + [ON, {"effect": "no key"}]
    named = row("part.lists", "keyed", items=(item("name"),), keys=("name",))
    old = {"part": {"lists": [{"name": "x"}]}}
    assert compare.replacement_body([named], {}, old) == old
