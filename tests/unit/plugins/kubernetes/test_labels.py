# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels and annotations of others' objects: their form, whose they are, and what is applied."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.objects import labels

MANAGER = "llmops.gke"
KEYS = "keys of at most 63 letters, digits, '-', '_' and '.', after an optional DNS prefix and '/'"
VALUES = "nothing, or at most 63 letters, digits, '-', '_' and '.' with a letter or digit at both ends"


@pytest.mark.parametrize(
    "key",
    ["a", "A9", "a-b_c.d", "x" * 63, "example.com/a", "a/b", f"{'x' * 253}/a", "a-b.c-d/e", "1.2/3"],
)
def test_keys_that_the_api_takes(key: str):
    labels.check({key: ""}, {key: ""}, keys_only=False)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "-a",
        "a-",
        "a b",
        "x" * 64,
        "/a",
        "a/",
        "Example.com/a",
        f"{'x' * 254}/a",
        "a/b/c",
        "a..b/c",
        "-a/b",
        "a_b/c",
    ],
)
@pytest.mark.parametrize("option", ["labels", "annotations"])
@pytest.mark.parametrize("keys_only", [True, False])
def test_keys_that_the_api_refuses(option: str, key: str, keys_only: bool):
    given = {"labels": {}, "annotations": {}, option: {"fine": "x", key: "x"}}
    with pytest.raises(InvalidOption) as raised:
        labels.check(given["labels"], given["annotations"], keys_only=keys_only)
    assert raised.value.message == f"{option}: {key!r} is not accepted; it takes {KEYS}"


@pytest.mark.parametrize("option", ["labels", "annotations"])
@pytest.mark.parametrize("value", [True, 1, None, ["x"]])
def test_values_are_text(option: str, value: Any):
    given = {"labels": {}, "annotations": {}, option: {"fine": "x", "wrong": value}}
    with pytest.raises(InvalidOption) as raised:
        labels.check(given["labels"], given["annotations"], keys_only=False)
    accepted = 'text; quote it, as in "true" or "1"'
    assert raised.value.message == f"{option}.wrong: {value!r} is not accepted; it takes {accepted}"
    labels.check(given["labels"], given["annotations"], keys_only=True)


@pytest.mark.parametrize("value", ["-", "x" * 64, "a b", "a.", "_a", "ä", "https://x"])
def test_a_labels_value_has_a_form_and_an_annotations_has_none(value: str):
    with pytest.raises(InvalidOption) as raised:
        labels.check({"fine": "", "wrong": value}, {}, keys_only=False)
    assert raised.value.message == f"labels.wrong: {value!r} is not accepted; it takes {VALUES}"
    labels.check({"fine": "x" * 63}, {"wrong": value}, keys_only=False)
    labels.check({"wrong": value}, {}, keys_only=True)


def live(owned: dict[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    """A Service; owned: the fields of its metadata that MANAGER has applied."""
    entry = {
        "manager": MANAGER,
        "operation": "Apply",
        "apiVersion": "v1",
        "fieldsV1": {"f:metadata": owned} if owned is not None else {},
    }
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "x", "namespace": "ml", "uid": "u1", "resourceVersion": "7", "managedFields": [entry]}
        | metadata,
        "spec": {"type": "ClusterIP"},
    }


def owns(labels: tuple[str, ...] = (), annotations: tuple[str, ...] = ()) -> dict[str, Any]:
    sets = {"f:labels": labels, "f:annotations": annotations}
    return {field: {".": {}, **{f"f:{key}": {} for key in keys}} for field, keys in sets.items() if keys}


def test_the_keys_that_a_manager_has_applied():
    obj = live(owns(("a", "b.c/d"), ("why",)), labels={"a": "1", "theirs": "2"})
    assert labels.owned_keys(obj, MANAGER) == {"labels": {"a", "b.c/d"}, "annotations": {"why"}}


@pytest.mark.parametrize("obj", [live(), live({}), live({"f:labels": None}), live(managedFields=None)])
def test_a_manager_that_has_applied_nothing_owns_nothing(obj: dict[str, Any]):
    assert labels.owned_keys(obj, MANAGER) == {"labels": set(), "annotations": set()}
    assert labels.owned_keys(live(owns(("a",))), "another") == {"labels": set(), "annotations": set()}


def test_what_is_wanted_joins_what_was_applied_before_and_nothing_else():
    obj = live(owns(("a", "b", "gone"), ("why",)), labels={"theirs": "0", "b": "2", "a": "1"}, annotations={"why": "x"})
    before = deepcopy(obj)
    body, foreign = labels.desired(obj, {"labels": {"b": "3", "c": "4"}, "annotations": {}}, MANAGER, absent=False)
    assert body == {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "x",
            "namespace": "ml",
            "uid": "u1",
            "labels": {"a": "1", "b": "3", "c": "4"},
            "annotations": {"why": "x"},
        },
    }
    assert list(body["metadata"]["labels"]) == ["a", "b", "c"]
    assert foreign == []
    assert obj == before


def test_an_object_without_a_namespace_has_none():
    obj = live()
    del obj["metadata"]["namespace"]
    body, _foreign = labels.desired(obj, {"labels": {"a": "1"}}, MANAGER, absent=False)
    assert body["metadata"] == {"name": "x", "uid": "u1", "labels": {"a": "1"}}


def test_anothers_label_that_is_wanted_as_it_is_is_no_foreign_one():
    obj = live(labels={"theirs": "0"})
    body, foreign = labels.desired(obj, {"labels": {"theirs": "0"}}, MANAGER, absent=False)
    assert (body["metadata"]["labels"], foreign) == ({"theirs": "0"}, [])


def test_removal_gives_up_the_own_keys_and_tells_of_others():
    obj = live(
        owns(("mine", "kept"), ("note",)),
        labels={"mine": "1", "kept": "2", "theirs": "3", "untouched": "4"},
        annotations={"note": "x", "their.note": "y"},
    )
    going = {
        "labels": {"mine": None, "theirs": None, "not there": None},
        "annotations": {"note": None, "their.note": None},
    }
    body, foreign = labels.desired(obj, going, MANAGER, absent=True)
    assert body["metadata"] == {"name": "x", "namespace": "ml", "uid": "u1", "labels": {"kept": "2"}}
    assert foreign == ["labels.theirs", "annotations.their.note"]


@pytest.mark.parametrize("wanted", [{}, {"labels": None}, {"labels": {}, "annotations": None}])
@pytest.mark.parametrize("absent", [True, False])
def test_nothing_named_leaves_what_was_applied(wanted: dict[str, Any], absent: bool):
    body, foreign = labels.desired(live(owns(("a",)), labels={"a": "1"}), wanted, MANAGER, absent=absent)
    assert (body["metadata"]["labels"], foreign) == ({"a": "1"}, [])
    bare, foreign = labels.desired(live(labels=None), wanted, MANAGER, absent=absent)
    assert (bare["metadata"], foreign) == ({"name": "x", "namespace": "ml", "uid": "u1"}, [])
