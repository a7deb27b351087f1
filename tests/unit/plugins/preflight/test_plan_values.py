# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An option's value for a plan: typed, refused by its name, and without secrets."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.plugin_utils.plan_values import check, check_header, without_secrets


def test_a_text_for_a_list_stays_one_and_numbers_become_some():
    assert check("a", "x,y", {"type": "list", "elements": "str"}) == ("x,y", [])
    assert check("a", ["x"], {"type": "list", "elements": "str"}) == (["x"], [])
    assert check("a", "9", {"type": "int"}) == (9, [])
    assert check("a", "yes", {"type": "bool"}) == (True, [])


def test_every_error_names_its_option_once():
    (error,) = check("count", "many", {"type": "int"})[1]
    assert error.count("count") == 1
    (error,) = check("limits", {"lest": 1}, {"type": "dict", "options": {"least": {"type": "int"}}})[1]
    assert error.startswith("limits.lest. Supported parameters include: least")
    (error,) = check("ports", [1, "x"], {"type": "list", "elements": "int"})[1]
    assert "ports" in error


def test_suboptions_that_nobody_gave_are_not_added():
    spec = {"type": "dict", "options": {"a": {"type": "int"}, "b": {"type": "int"}, "c": {"type": "int", "default": 7}}}
    assert check("x", {"a": "1"}, spec) == ({"a": 1, "c": 7}, [])
    assert check("x", {"a": None}, spec) == ({"a": None, "c": 7}, [])
    nested = {"type": "dict", "options": {"in": spec}}
    assert check("x", {"in": {"a": 1, "b": None}}, nested) == ({"in": {"a": 1, "b": None, "c": 7}}, [])
    listed = {"type": "list", "elements": "dict", "options": spec["options"]}
    assert check("x", [{"a": 1}, {"b": "2"}], listed) == ([{"a": 1, "c": 7}, {"b": 2, "c": 7}], [])


def test_an_argument_spec_decides_over_a_keys_name():
    spec = {"type": "dict", "options": {"key": {"type": "str"}, "api_key": {"type": "str"}, "pin": {"no_log": True}}}
    value = {"key": "a", "api_key": "b", "pin": "c"}
    assert without_secrets(value, spec) == {"key": "a", "api_key": "b", "pin": "(hidden)"}
    assert without_secrets({"taints": [{"key": "nvidia.com/gpu"}]}) == {"taints": [{"key": "nvidia.com/gpu"}]}
    assert without_secrets({"api_key": "", "service_account_contents": {"private_key": "x"}}) == {
        "api_key": "",
        "service_account_contents": "(hidden)",
    }


@pytest.mark.parametrize(
    ("value", "spec", "told"),
    [
        ("many", {"type": "int"}, 'a: "many" is not accepted; it takes a whole number'),
        ("1.x", {"type": "float"}, 'a: "1.x" is not accepted; it takes a number'),
        ("perhaps", {"type": "bool"}, 'a: "perhaps" is not accepted; it takes true or false'),
        ("größe", {"type": "dict"}, 'a: "größe" is not accepted; it takes a mapping'),
        ({"b": 1}, {"type": "list"}, 'a: {"b": 1} is not accepted; it takes a list'),
        (None, {"type": "int", "required": True}, "a: null is not accepted; it takes a whole number"),
        ("12x", {"type": "bytes"}, 'a: "12x" is not accepted; it takes bytes'),
        # Neither as the option itself nor inside another one.
        ("hunter2", {"type": "int", "no_log": True}, "a: (hidden) is not accepted; it takes a whole number"),
        ({"b": "hunter2"}, {"type": "int", "no_log": True}, "a: (hidden) is not accepted; it takes a whole number"),
        ({"token": "hunter2"}, {"type": "int"}, 'a: {"token": "(hidden)"} is not accepted; it takes a whole number'),
        ("hunter2", {"choices": ["b"], "no_log": True}, "value of a must be one of: b, got: ********"),
    ],
    ids=str,
)
def test_a_value_of_another_kind_is_told_by_its_option_and_without_secrets(value, spec, told):
    assert check("a", value, spec) == (value, [told])


def test_a_secret_beside_what_is_wrong_is_hidden():
    (error,) = check("a", ["hunter2"], {"type": "list", "elements": "dict", "no_log": True})[1]
    assert "'a'" in error and "hunter2" not in error
    spec = {"type": "dict", "options": {"pin": {"type": "str", "no_log": True}, "n": {"choices": ["b"]}}}
    (error,) = check("a", {"pin": "hunter2", "n": "is hunter2"}, spec)[1]
    assert "hunter2" not in error and "********" in error


def test_a_long_value_is_cut():
    (error,) = check("a", "x" * 1000, {"type": "int"})[1]
    assert len(error) < 400 and error.endswith("is not accepted; it takes a whole number")


@pytest.mark.parametrize("value", ["sk-abc_DEF~!", "", None, 0])
def test_a_secret_for_a_header_may_have_what_a_header_may(value):
    assert check_header("key", value) == []


@pytest.mark.parametrize("value", ["a b", "a\n", "\tb", "schlüssel", "\x7f"])
def test_a_secret_that_no_header_can_hold_is_refused_and_hidden(value):
    assert check_header("key", value) == [
        "key: (hidden) is not accepted; it takes visible characters of ASCII, without spaces and line breaks, because "
        "clients send it in a header"
    ]


@pytest.mark.parametrize(
    "name",
    [
        "token",
        "HF_TOKEN",
        "x-token",
        "password",
        "passwd",
        "client_secret",
        "file_contents",
        "credential",
        "credentials",
    ]
    + ["api_key", "ssh-key", "apikey", "APIKEY", "apiKey_token"],
)
@pytest.mark.parametrize("value", ["hunter2", {"in": "it"}], ids=str)
def test_what_a_key_calls_a_secret_is_hidden(name, value):
    assert without_secrets([{"b": ({name: value},)}]) == [{"b": [{name: "(hidden)"}]}]


@pytest.mark.parametrize(
    ("name", "value"),
    [("max_tokens", "9"), ("tokenizer", "t"), ("key", "k"), ("monkey", "m"), ("secret_name", "s"), ("token", 9)]
    + [("token", ""), ("password", None), ("token", {}), (7, "x")],
)
def test_what_is_none_is_shown(name, value):
    assert without_secrets({name: value}) == {name: value}


def test_suboptions_decide_at_any_depth_and_credentials_of_urls_are_hidden():
    inner = {"pin": {"no_log": True}, "api_key": {}, "url": {}}
    spec: dict[str, Any] = {"type": "list", "options": {"in": {"type": "dict", "options": inner}}}
    value = [{"in": {"pin": 1234, "api_key": "shown", "url": "https://me:hunter2@host/x"}, "out": {"token": "t"}}]
    assert without_secrets(value, spec) == [
        {"in": {"pin": "(hidden)", "api_key": "shown", "url": "https://***@host/x"}, "out": {"token": "(hidden)"}}
    ]
    assert without_secrets(None) is None
