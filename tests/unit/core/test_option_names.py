# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An error names options of a module; a role's task names the variables that set them."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import ImmutableField, InvalidOption, LlmopsError
from ansible_collections.llmops.gke.plugins.module_utils.core.option_names import (
    OptionNames,
    in_list,
    option,
    plain,
    turned_on,
    worded,
)

VARIABLES = {
    "repair": "gpu_nodepool_repair",
    "locations": "gpu_nodepool_locations",
    "thresholds": "verify_thresholds",
    "config.machine_type": "gpu_nodepool_machine_type",
    "config.accelerators": "gpu_nodepool_accelerators",
    "config.accelerators.accelerator_type": "llmops_accelerator_type",
    "config.labels": "gpu_nodepool_labels",
    "*": "gpu_nodepool_fields",
}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("repair", "gpu_nodepool_repair"),
        ("config.machine_type", "gpu_nodepool_machine_type"),
        ("config.accelerators[0].accelerator_type", "llmops_accelerator_type"),
        # What lies below a variable is named by the variable and the rest.
        ("thresholds.ttft_seconds", "verify_thresholds.ttft_seconds"),
        ("config.labels.example.com/team", "gpu_nodepool_labels.example.com/team"),
        ("config.accelerators[1].accelerator_count", "gpu_nodepool_accelerators[1].accelerator_count"),
        ("locations[2]", "gpu_nodepool_locations"),
        # A pool among a cluster's pools has the options of a pool.
        ("node_pools[0].config.machine_type", "gpu_nodepool_machine_type"),
        ("node_pools[0].config.disk_type", "gpu_nodepool_fields.config.disk_type"),
        ("node_pools[0].config.accelerators[1].accelerator_count", "gpu_nodepool_accelerators[1].accelerator_count"),
        ("thresholds[0][1].ttft_seconds", "verify_thresholds[0][1].ttft_seconds"),
        # What no variable sets is in the one for all other options.
        ("node_pools", "gpu_nodepool_fields.node_pools"),
        ("config.disk_type", "gpu_nodepool_fields.config.disk_type"),
    ],
)
def test_an_option_is_named_by_the_variable_that_sets_it(path, name):
    assert OptionNames(VARIABLES).of(path) == name
    assert OptionNames(VARIABLES).variable(path) == name


def test_a_failure_that_names_no_option_has_no_variable():
    assert OptionNames(VARIABLES).variable("") is None


def test_a_pools_own_variable_goes_before_the_clusters():
    names = OptionNames(
        {
            "node_pools": "gke_cluster_pool_fields",
            "node_pools.name": "gke_cluster_pool_name",
            "name": "llmops_cluster",
            "*": "gke_cluster_fields",
        }
    )
    assert names.of("node_pools[0].name") == "gke_cluster_pool_name"
    assert names.of("node_pools[0].config.disk_type") == "gke_cluster_pool_fields.config.disk_type"
    assert names.of("node_pools") == "gke_cluster_pool_fields"
    assert names.of("name") == "llmops_cluster"


def test_an_option_without_a_variable_keeps_its_name():
    assert OptionNames({}).variable("repair") is None
    assert OptionNames({"repair": "x"}).of("config.repair") == "config.repair"


def test_only_marked_options_are_renamed():
    text = f"a repair of repairs: {option('repair')}: true, or {option('config.labels')}"
    assert plain(text) == "a repair of repairs: repair: true, or config.labels"
    renamed = "a repair of repairs: gpu_nodepool_repair: true, or gpu_nodepool_labels"
    assert OptionNames(VARIABLES).render(text) == renamed


def test_plain_goes_through_structures():
    assert plain({"a": [option("x"), 1, {"b": (option("y"),)}], "c": None}) == {"a": ["x", 1, {"b": ["y"]}], "c": None}


def test_an_error_reads_as_plain_text_and_hands_its_marks_on():
    error = InvalidOption("config.machine_type", "m1", f"what {option('locations')} have")
    assert error.message == str(error) == "config.machine_type: 'm1' is not accepted; it takes what locations have"
    told = error.to_dict()
    assert (told["option"], told["accepted"]) == ("config.machine_type", "what locations have")
    assert OptionNames(VARIABLES).render(told["marked"]) == (
        "gpu_nodepool_machine_type: 'm1' is not accepted; it takes what gpu_nodepool_locations have"
    )


def test_an_immutable_field_marks_the_field_and_the_way_out():
    error = ImmutableField("node pool gpu", "config.machine_type", "a", "b", f"set {option('repair')}: true")
    assert error.message == (
        "node pool gpu: config.machine_type cannot be changed in place: it is 'a', you asked for 'b'; set repair: true"
    )
    assert "set gpu_nodepool_repair: true" in OptionNames(VARIABLES).render(error.to_dict()["marked"])
    assert error.fields["remedy"] == "set repair: true"


def test_what_is_added_keeps_the_marks_before_it():
    error = LlmopsError(f"{option('repair')} is off")
    error.add(f"; {option('locations')} too")
    assert str(error) == "repair is off; locations too"
    assert OptionNames(VARIABLES).render(error.to_dict()["marked"]) == (
        "gpu_nodepool_repair is off; gpu_nodepool_locations too"
    )


def test_an_error_that_mentions_no_option_has_no_marks():
    assert LlmopsError("no way", a=1).to_dict() == {"kind": "error", "a": 1}


def test_a_value_with_such_marks_is_not_taken_for_one():
    error = InvalidOption("repair", option("locations"), "a boolean")
    assert "gpu_nodepool_locations" not in OptionNames(VARIABLES).render(error.to_dict()["marked"])


def test_where_a_variable_sets_an_option_other_words_can_be_right():
    text = (
        f"leave it{worded('repair', ' in {}', ': {} is yours')}{worded('name', '', ' ({})')}, or {turned_on('repair')}"
    )
    assert plain(text) == "leave it in repair, or repair: true"
    known = OptionNames({"repair": "gpu_nodepool_repair", "name": "gpu_nodepool_name"})
    assert known.render(text) == (
        "leave it: gpu_nodepool_repair is yours (gpu_nodepool_name), or -e gpu_nodepool_repair=true"
    )


def test_words_without_others_for_a_variable_are_left_out_where_there_is_one():
    text = f"leave it{worded('repair', ' in {}')}"
    assert (plain(text), OptionNames(VARIABLES).render(text)) == ("leave it in repair", "leave it")


def test_what_is_said_of_one_item_of_a_list_names_its_variables():
    text = in_list(f"{option('locations')}, {turned_on('repair')}, {option('node_pools[1].name')}", "node_pools")
    assert plain(text) == "locations, repair: true, node_pools[1].name"
    cluster = {"node_pools.repair": "own_pool_repair", "node_pools.name": "own_pool_name", "*": "own_fields"}
    assert OptionNames({**cluster, "node_pools": "own_pool_fields"}).render(text) == (
        "own_pool_fields.locations, -e own_pool_repair=true, own_pool_name"
    )
    assert OptionNames(VARIABLES).render(text) == (
        "gpu_nodepool_locations, -e gpu_nodepool_repair=true, gpu_nodepool_fields.name"
    )


def test_the_names_of_two_hold_together_and_the_others_go_first():
    names = OptionNames({"name": "a_name", "repair": "a_repair"}).extended(OptionNames({"name": "b_name", "*": "b"}))
    assert [names.of(path) for path in ("name", "repair", "locations")] == ["b_name", "a_repair", "b.locations"]


@pytest.mark.parametrize(
    ("whole", "below"),
    [
        ({"node_pools": "pool_fields"}, ["pool_name", "pool_fields.repair"]),
        ({}, ["pool_name", "repair"]),
    ],
    ids=["in a variable of their own", "in none"],
)
def test_the_options_below_one_have_names_of_their_own(whole, below):
    names = OptionNames({**whole, "node_pools.name": "pool_name", "node_pools_of": "x", "repair": "y", "*": "fields"})
    assert [names.below("node_pools").of(path) for path in ("name", "repair")] == below
