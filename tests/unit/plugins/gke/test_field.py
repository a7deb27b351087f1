# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths into resources and options, and when two ways to write a value mean the same."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.gke.fields.equivalence import (
    as_wanted,
    in_any_case,
    instant,
    minutes,
    recurrence,
    seconds,
    text,
    version_parts,
)
from ansible_collections.llmops.gke.plugins.module_utils.gke.fields.field import Value, dig, keep, put, snake_case


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a", {"b": {"c": 0}, "list": [1]}),
        ("a.b.c", 0),
        ("a.b.x", None),
        ("a.x.c", None),
        ("a.list.0", None),
        ("a.b.c.d", None),
        ("none.x", None),
    ],
)
def test_a_value_at_a_path(path: str, found: Any):
    assert dig({"a": {"b": {"c": 0}, "list": [1]}, "none": None}, path) == found


@pytest.mark.parametrize("tree", [None, [], "text", 3])
def test_nothing_is_found_in_what_is_no_dictionary(tree: Any):
    assert dig(tree, "a") is None


def test_a_path_is_made_on_the_way_and_leaves_its_neighbours():
    tree: dict[str, Any] = {"a": {"x": 1}}
    put(tree, "a.b.c", None)
    put(tree, "a.b.d", 0)
    put(tree, "e", [])
    assert tree == {"a": {"x": 1, "b": {"c": None, "d": 0}}, "e": []}


@pytest.mark.parametrize(
    ("path", "option"),
    [
        ("diskSizeGb", "disk_size_gb"),
        ("config.gcsFuseCsiDriverConfig.enabled", "config.gcs_fuse_csi_driver_config.enabled"),
        ("Name", "name"),
        ("a.Name", "a.name"),
        ("a", "a"),
    ],
)
def test_an_options_name_is_the_paths_in_snake_case(path: str, option: str):
    assert Value(path, "str", "What it is.").option == option
    assert ".".join(map(snake_case, path.split("."))) == option


def test_an_option_may_have_a_name_of_its_own():
    assert Value("config.diskSizeGb", "int", "What it is.", option_name="config.size").option == "config.size"


def test_a_part_that_is_replaced_whole_keeps_all_it_has():
    have = {"a": 1}
    assert keep(have, {"b": 2}) is have


@pytest.mark.parametrize(("text", "value"), [("0s", 0.0), ("90s", 90.0), ("1.5s", 1.5), ("10.25s", 10.25)])
def test_a_duration_in_seconds(text: str, value: float):
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "s", "90", "1m", "-1s", "1.s", ".5s", "90s ", "1e3s", "90ss"])
def test_what_is_no_duration(text: str):
    with pytest.raises(ValueError, match=f"^{text}$"):
        seconds(text)


def test_a_time_is_the_same_moment_in_every_zone():
    moment = datetime(2026, 1, 3, 2, tzinfo=UTC)
    assert instant("2026-01-03T02:00:00Z") == instant("2026-01-03T03:00:00+01:00") == moment
    assert instant("2026-01-03T03:00:00+01:00").isoformat() == "2026-01-03T02:00:00+00:00"


@pytest.mark.parametrize("text", ["2026-01-03T02:00:00", "2026-01-03", "soon"])
def test_what_is_no_moment(text: str):
    with pytest.raises(ValueError, match=text):
        instant(text)


def test_the_numbers_of_a_version():
    assert version_parts("1.33.4-gke.100") == (1, 33, 4, 100)
    assert version_parts("1.33") == (1, 33)
    assert version_parts("latest") == ()


@pytest.mark.parametrize(
    ("kind", "have", "want", "seen"),
    [
        ("int64", "5", 5, 5),
        ("int64", 5, None, 5),
        ("name", "projects/p/networks/n", "n", "n"),
        ("name", "projects/p/networks/n", "m", "projects/p/networks/n"),
        ("name", "projects/p/networks/n", None, "projects/p/networks/n"),
        ("version", "1.33.4-gke.1", "1.33", "1.33"),
        ("version", "1.33", "1.33", "1.33"),
        ("version", "1.333", "1.33", "1.333"),
        ("cidr", "10.0.0.0/17", "/17", "/17"),
        ("cidr", "10.0.0.0/17", "/16", "10.0.0.0/17"),
        ("cidr", "10.0.0.0/17", "0.0/17", "10.0.0.0/17"),
        ("duration", "60s", "60.0s", "60.0s"),
        ("duration", "60s", "61s", "60s"),
        ("time", "2026-01-03T02:00:00Z", "2026-01-03T03:00:00+01:00", "2026-01-03T03:00:00+01:00"),
        ("str", "projects/p/n", "n", "projects/p/n"),
        ("bool", False, True, False),
    ],
)
def test_a_live_value_is_seen_in_the_options_terms(kind: str, have: Any, want: Any, seen: Any):
    assert as_wanted(Value("x", kind, "What it is."), have, want) == seen


@pytest.mark.parametrize(
    ("value", "is_text"),
    [(None, ""), (True, "true"), (False, "false"), ("True", "True"), ("", ""), (0, "0"), (7, "7"), (-1, "-1")],
)
def test_a_label_s_value_is_text(value: Any, is_text: str):
    assert text(value) == is_text


@pytest.mark.parametrize("value", [1.10, 1.0, {}, {"a": "b"}, [], ["a"], ("a",), b"a"])
def test_what_has_no_one_text_is_no_label(value: Any):
    with pytest.raises(ValueError, match=f"^{re.escape(str(value))}$"):
        text(value)


@pytest.mark.parametrize(
    ("value", "of_day"), [("0:00", 0), ("00:00", 0), ("3:05", 185), ("03:05", 185), ("23:59", 1439)]
)
def test_a_time_of_the_day(value: str, of_day: int):
    assert minutes(value) == of_day


@pytest.mark.parametrize("value", ["", "3", "180", "24:00", "3:60", "3:5", "003:00", "03:00:00", "-3:00", " 3:00"])
def test_what_is_no_time_of_the_day(value: str):
    with pytest.raises(ValueError, match=f"^{re.escape(value)}$"):
        minutes(value)


def test_the_parts_of_a_recurrence():
    assert recurrence("rrule:freq=weekly;byday=su,sa;interval=1") == {"FREQ": {"WEEKLY"}, "BYDAY": {"SA", "SU"}}
    assert recurrence("FREQ=WEEKLY;INTERVAL=2") == {"FREQ": {"WEEKLY"}, "INTERVAL": {"2"}}
    every_day = "MO,TU,WE,TH,FR,SA,SU"
    assert recurrence(f"FREQ=WEEKLY;BYDAY={every_day}") == recurrence("FREQ=DAILY") == {"FREQ": {"DAILY"}}
    assert recurrence(f"FREQ=MONTHLY;BYDAY={every_day}") != {"FREQ": {"DAILY"}}
    assert recurrence("nonsense") == {"NONSENSE": {""}}


@pytest.mark.parametrize(
    ("have", "want", "same"), [("COS", "cos", True), ("Cos", "cOS", True), ("cos", "cos", True), ("cos", "cost", False)]
)
def test_names_in_any_case(have: str, want: str, same: bool):
    assert in_any_case(have, want) is same


@pytest.mark.parametrize("have", ["x", "", None, [], {}])
@pytest.mark.parametrize("kind", ["int64", "duration", "time", "clock", "name", "version", "float"])
def test_a_live_value_of_another_form_is_seen_as_it_is(kind: str, have: Any):
    want = {"int64": 3, "float": 0.5, "time": "2026-01-03T02:00:00Z"}.get(kind, "90s")
    assert as_wanted(Value("x", kind, "What it is."), have, want) == have
