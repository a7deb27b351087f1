# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wanted against what a resource has: every way in which GKE writes the same thing otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.result import Change
from ansible_collections.llmops.gke.plugins.module_utils.gke import compare
from ansible_collections.llmops.gke.plugins.module_utils.gke.fields.field import CreateOnly, Immutable, Value

from .rows import difference, item, row, taints

ON = {"key": "a", "effect": "NO_SCHEDULE"}


def part(**fields: Any) -> dict[str, Any]:
    return {"part": fields}


@pytest.mark.parametrize(
    ("kind", "want", "have"),
    [
        ("bool", True, True),
        ("int", 3, 3),
        ("int64", 3, "3"),
        ("float", 0.5, 0.5),
        ("str", "x", "x"),
        ("name", "default", "projects/p/global/networks/default"),
        ("name", "projects/p/global/networks/default", "default"),
        ("name", "https://host/p/networks/default", "projects/p/networks/default"),
        ("cidr", "/17", "10.1.0.0/17"),
        ("cidr", "10.1.0.0/17", "10.1.0.0/17"),
        ("version", "1.33", "1.33.4-gke.100"),
        ("version", "1.33.4", "1.33.4-gke.100"),
        ("duration", "90s", "90.0s"),
        ("time", "2026-01-03T02:00:00Z", "2026-01-03T03:00:00+01:00"),
        ("time", "2026-01-03T02:00:00Z", "2026-01-03T02:00:00.000000000Z"),
        ("clock", "3:00", "03:00"),
        ("clock", "03:00", "3:00"),
        ("recurrence", "FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU"),
        ("recurrence", "FREQ=WEEKLY;BYDAY=SU,SA,MO,FR,TU,TH,WE", "FREQ=DAILY"),
        ("recurrence", "FREQ=WEEKLY;BYDAY=SA,SU", "RRULE:BYDAY=SU,SA;FREQ=WEEKLY;INTERVAL=1"),
        ("recurrence", "freq=daily", "FREQ=DAILY"),
        ("recurrence", "FREQ=MONTHLY;BYDAY=-1SA,1SU", "FREQ=MONTHLY;BYDAY=1SU,-1SA"),
        ("set", ["b", "a", "b"], ["a", "b"]),
        ("map", {"a": 1, "b": None}, {"a": "1", "b": ""}),
        ("map", {"a": True, "b": False, True: "x"}, {"a": "true", "b": "false", "true": "x"}),
    ],
)
def test_two_ways_to_write_the_same_are_no_difference(kind: str, want: Any, have: Any):
    assert difference(row("part.x", kind), want, {"x": have}) == []


@pytest.mark.parametrize(
    ("kind", "want", "have", "before"),
    [
        ("bool", True, False, False),
        ("bool", False, True, True),
        ("int", 3, 4, 4),
        ("int64", 3, "4", 4),
        ("float", 0.5, 0.4, 0.4),
        ("str", "x", "X", "X"),
        ("name", "other", "projects/p/global/networks/default", "projects/p/global/networks/default"),
        ("name", "default/", "default", "default"),
        ("cidr", "/17", "10.1.0.0/16", "10.1.0.0/16"),
        ("cidr", "0.0/17", "10.0.0.0/17", "10.0.0.0/17"),
        ("version", "1.3", "1.33.4-gke.100", "1.33.4-gke.100"),
        ("version", "1.33.4-gke.1", "1.33.4-gke.100", "1.33.4-gke.100"),
        ("duration", "90s", "90.5s", "90.5s"),
        ("time", "2026-01-03T02:00:00Z", "2026-01-03T02:00:00+01:00", "2026-01-03T02:00:00+01:00"),
        ("time", "2026-01-03T02:00:00Z", "soon", "soon"),
        ("duration", "90s", "PT90S", "PT90S"),
        ("int64", 3, "many", "many"),
        ("clock", "3:00", "03:01", "03:01"),
        ("clock", "3:00", "noon", "noon"),
        ("recurrence", "FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA"),
        ("recurrence", "FREQ=WEEKLY;BYDAY=SA", "FREQ=WEEKLY;INTERVAL=2;BYDAY=SA", "FREQ=WEEKLY;INTERVAL=2;BYDAY=SA"),
        (
            "recurrence",
            "FREQ=DAILY;INTERVAL=2",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU,WE,TH,FR,SA,SU",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU,WE,TH,FR,SA,SU",
        ),
        ("set", ["a"], ["a", "b"], ["a", "b"]),
        ("set", ["a", "b"], ["b"], ["b"]),
        ("map", {"a": "1"}, {"a": "2"}, {"a": "2"}),
        ("map", {"a": "1"}, {"a": "1", "b": "2"}, {"a": "1", "b": "2"}),
    ],
)
def test_another_value_is_a_difference(kind: str, want: Any, have: Any, before: Any):
    ((was, _now),) = difference(row("part.x", kind), want, {"x": have})
    assert was == before


@pytest.mark.parametrize(
    ("kind", "want", "before"),
    [
        ("bool", True, False),
        ("int", 3, 0),
        ("int64", 3, 0),
        ("float", 0.5, 0.0),
        ("str", "x", None),
        ("version", "1.33", None),
        ("map", {"a": "1"}, {}),
        ("set", ["a"], []),
    ],
)
def test_what_the_api_leaves_out_is_its_zero_value(kind: str, want: Any, before: Any):
    field = row("part.x", kind)
    assert difference(field, want, {}) == [(before, want)]
    zero = "" if before is None else before
    assert difference(field, zero, {}) == []
    assert difference(field, zero, {"x": None}) == []


def test_what_a_field_has_of_its_own_where_it_is_left_out_goes_before_the_zero_value():
    enum = row("part.mode", absent="FIRST")
    assert difference(enum, "FIRST", {}) == []
    assert difference(enum, "SECOND", {}) == [("FIRST", "SECOND")]
    switch = row("part.on", "bool", absent=True)
    assert difference(switch, True, {}) == []
    assert difference(switch, False, {}) == [(True, False)]
    assert difference(switch, True, {"on": False}) == [(False, True)]


def test_a_value_that_stands_for_another_is_no_difference_the_other_way_round_it_is():
    field = row("part.mode", same=lambda have, want: (have, want) == ("ALL", "SOME"))
    assert difference(field, "SOME", {"mode": "ALL"}) == []
    assert difference(field, "ALL", {"mode": "SOME"}) == [("SOME", "ALL")]
    assert difference(field, "SOME", {}) == [(None, "SOME")]


def test_what_gke_adds_to_a_set_is_no_difference_and_may_be_named():
    field = row("part.x", "set", added=("theirs",))
    assert difference(field, ["a"], {"x": ["theirs", "a"]}) == []
    assert difference(field, ["a", "theirs"], {"x": ["theirs", "a"]}) == []
    assert difference(field, ["a", "theirs"], {"x": ["a"]}) == [(["a"], ["a", "theirs"])]
    assert difference(field, ["a"], {"x": ["theirs", "a", "b"]}) == [(["a", "b"], ["a"])]


def test_what_a_value_of_an_entry_means_where_it_is_left_out_goes_before_the_zero_value():
    values = (item("name"), Value("use.scope", "str", "What it is.", absent="ALL"))
    field = row("part.disks", "named", items=values, keys=("name",))
    assert difference(field, [{"name": "a", "use": {"scope": "ALL"}}], {"disks": {"a": {}}}) == []
    before = [{"name": "a", "use": {"scope": "ALL"}}]
    wanted = [{"name": "a", "use": {"scope": "ONE"}}]
    assert difference(field, wanted, {"disks": {"a": {"use": {}}}}) == [(before, wanted)]


def test_a_default_list_is_not_shared_between_resources():
    field = row("part.x", "set")
    first = compare.present(field, {}, ["a"])
    first.append("b")
    assert compare.present(field, {}, ["a"]) == []


@pytest.mark.parametrize("options", [{}, {"part": None}, {"part": {}}, {"part": {"x": None}}])
def test_what_is_not_named_is_no_difference(options: dict[str, Any]):
    field = row("part.x", "int")
    assert list(compare.differences([field], options, part(x=3))) == []
    assert compare.create_body([field], options) == {}
    assert compare.shown([field], options, part(x=3)) == {}


def test_differences_are_in_the_rows_order():
    fields = [row("part.b", "int"), row("a", "int"), row("part.c", "int")]
    found = list(compare.differences(fields, {"a": 1, "part": {"b": 2, "c": 3}}, part(c=3)))
    assert found == [(fields[0], Change("part.b", 0, 2)), (fields[1], Change("a", 0, 1))]


@pytest.mark.parametrize("change", [Immutable("make another"), row("x").change])
def test_what_cannot_be_changed_is_a_difference_all_the_same(change: Any):
    assert difference(row("part.x", "int", change), 1, {"x": 2}) == [(2, 1)]


def test_what_only_says_how_the_resource_is_created_is_never_a_difference():
    fields = [row("part.x", "int", CreateOnly()), row("part.y", "int")]
    options = {"part": {"x": 1, "y": 1}}
    assert [field.path for field, _change in compare.differences(fields, options, part(x=2, y=2))] == ["part.y"]


def test_wanted_values_stay_as_they_are_even_if_they_are_nothing():
    for value in (0, False, "", 0.0):
        assert compare.wanted(row("x"), {"x": value}) == value
    assert compare.wanted(row("x", "map"), {"x": {1: 2, "a": None, "b": ""}}) == {"1": "2", "a": "", "b": ""}
    assert compare.wanted(row("x", "set"), {"x": ["b", "a", "b"]}) == ["a", "b"]
    assert compare.wanted(row("x", "set"), {"x": []}) == []


# What GKE manages by itself while a switch is on.


SWITCH = row("part.autoscaling.enabled", "bool")
NODES = row("part.nodes", "int", unless="part.autoscaling.enabled")


@pytest.mark.parametrize(
    ("wanted", "live", "found"),
    [
        # Not named: as it is now counts.
        (None, True, []),
        (None, False, [(3, 5)]),
        (None, None, [(3, 5)]),
        # Named: as it is to be counts.
        (True, False, []),
        (True, True, []),
        (False, False, [(3, 5)]),
        # It was GKE's until now, so what it says is not how many nodes were asked for.
        (False, True, [(None, 5)]),
    ],
)
def test_what_gke_manages_by_itself_is_not_compared(wanted: bool | None, live: bool | None, found: list[Any]):
    options = {"part": {"nodes": 5, "autoscaling": {"enabled": wanted}}}
    resource = part(nodes=3, autoscaling={} if live is None else {"enabled": live})
    changes = list(compare.differences([SWITCH, NODES], options, resource))
    assert [(one.before, one.after) for field, one in changes if field is NODES] == found


def test_the_same_number_is_set_again_when_gke_no_longer_manages_it():
    options = {"part": {"nodes": 3, "autoscaling": {"enabled": False}}}
    resource = part(nodes=3, autoscaling={"enabled": True})
    assert [change for _field, change in compare.differences([SWITCH, NODES], options, resource)] == [
        Change("part.autoscaling.enabled", True, False),
        Change("part.nodes", None, 3),
    ]


# Lists that are exact because the task says so.


def test_exactly_makes_the_named_lists_exact_and_leaves_the_others():
    labels, tags = row("part.labels", "map", partial=True), row("part.tags", "set", partial=True)
    size = row("part.size", "int")
    fields = [labels, tags, size]
    assert compare.rows_for(fields, {}) == tuple(fields)
    assert compare.rows_for(fields, {"exactly": None}) == tuple(fields)
    changed = compare.rows_for(fields, {"exactly": ["part.labels", "part.size"]})
    assert [field.partial for field in changed] == [False, True, False]
    assert [field.path for field in changed] == ["part.labels", "part.tags", "part.size"]


def test_only_what_is_merged_and_can_be_changed_can_be_made_exact():
    fields = [
        row("part.labels", "map", partial=True),
        row("part.tags", "set"),
        row("part.fixed", "set", Immutable("no"), partial=True),
        row("part.nodeTaints", "set", partial=True),
    ]
    assert compare.exact_choices(fields) == ["part.labels", "part.node_taints"]


def test_what_is_shown_is_what_the_user_named_in_the_options_terms():
    fields = [row("part.diskSizeGb", "int64"), row("part.version", "version"), row("part.x"), taints(partial=True)]
    options = {"part": {"disk_size_gb": 20, "version": "1.33", "taints": [ON]}}
    resource = part(diskSizeGb="10", version="1.33.4-gke.1", x="not named", taints=[{**ON, "value": "x"}])
    assert compare.shown(fields, options, resource) == {"part": {"disk_size_gb": 10, "version": "1.33", "taints": [ON]}}
