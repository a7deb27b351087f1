# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An option's value for a plan: typed, refused by its name, and without secrets."""

from __future__ import annotations

from ansible_collections.llmops.gke.plugins.plugin_utils.plan_values import check, without_secrets


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
