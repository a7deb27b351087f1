# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every rule of preflight, with values that hold and values that break it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from working_copy import ROOT

from ansible_collections.llmops.gke.plugins.module_utils.core.rules import Rule
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.deployment import (
    Deployment,
    read_deployment,
)
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.rules.evaluation import check
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.rules.table import (
    check_rules,
    places_hold,
    rules_of,
)
from tests.unit.preflight_plans import SERIES, deployment_plan

from .rule_cases import BREAKS, HOLDS

ROLES = ("llmops", "preflight", "gke_cluster", "gpu_nodepool", "dcgm_exporter", "model_server", "tgi_mistral", "verify")
POOL = {
    "name": "gpu",
    "locations": ["us-central1-a"],
    "initial_node_count": 1,
    "autoscaling": {"enabled": True, "min_node_count": 1, "max_node_count": 2},
    "config": {
        "machine_type": "g2-standard-12",
        "accelerators": [{"accelerator_type": "nvidia-l4", "accelerator_count": 1}],
    },
}
MODEL = {"replicas": {"least": 1, "most": 2}, "shards": 1, "metrics_adapter": "stackdriver"}


def deployment(
    changes: dict[str, Any] | None = None,
    *,
    pools: tuple[dict[str, Any], ...] = (POOL,),
    model: Any = "the usual",
    roles: tuple[str, ...] = ROLES,
    **parts: Any,
) -> Deployment:
    """A host whose roles are all in the play, with values that hold but for the changes."""
    return read_deployment(
        deployment_plan(*pools, model=MODEL if model == "the usual" else model, roles=roles, options=changes, **parts)
    )


def pool(**config: Any) -> dict[str, Any]:
    return {**POOL, "config": {**POOL["config"], **config}}


def gpus(kind: str, count: int) -> dict[str, Any]:
    return {"accelerators": [{"accelerator_type": kind, "accelerator_count": count}]}


def texts(here: Deployment) -> list[str]:
    return [finding.text for finding in check_rules(here, [])]


@pytest.mark.parametrize("changes", HOLDS, ids=str)
def test_values_that_hold(changes):
    assert texts(deployment(changes)) == []


@pytest.mark.parametrize(
    ("changes", "told"), BREAKS, ids=[f"{number}-{told[:40]}" for number, (_changes, told) in enumerate(BREAKS)]
)
def test_a_broken_rule_names_the_variable_and_what_is_accepted(changes, told):
    (text,) = texts(deployment(changes))
    assert text.startswith(told)
    assert "cannot be evaluated" not in text


def test_zones_of_the_deployment_are_told_once():
    zones = ["europe-west4-a"]
    (text,) = texts(
        deployment(dict.fromkeys(("llmops_zones", "gke_cluster_locations", "gpu_nodepool_locations"), zones))
    )
    assert text == (
        'llmops_zones: ["europe-west4-a"] is not accepted; it takes a list of different zones of us-central1 that have '
        "the GPU, such as [us-central1-a]"
    )


T4 = ("nvidia-tesla-t4", 1)


def test_a_gpu_that_no_pool_has():
    assert texts(deployment(pools=(pool(**gpus(*T4)),))) == [
        'llmops_accelerator_type: "nvidia-l4" is not accepted; it takes a GPU that a node pool of the play has (gpu '
        "has 1 "
        "nvidia-tesla-t4), or the pods fit no node"
    ]
    assert texts(deployment(pools=(pool(**gpus(*T4)), POOL))) == []


def test_more_gpus_for_a_replica_than_a_node_has():
    two = {"replicas": {"least": 1, "most": 1}, "shards": 2}
    assert texts(deployment({"llmops_gpus_per_replica": 2, "tgi_mistral_num_shard": 2}, model=two)) == [
        "llmops_gpus_per_replica: 2 is not accepted; it takes at most the GPUs of a node (gpu has 1 nvidia-l4), "
        "because a "
        "pod is on one node"
    ]
    assert texts(deployment({"llmops_gpus_per_replica": 2}, pools=(pool(**gpus("nvidia-l4", 2)),), model=two)) == []


@pytest.mark.parametrize(("most", "room"), [(2, True), (3, False)])
def test_replicas_that_the_pools_can_hold(most, room):
    found = texts(deployment(model={**MODEL, "replicas": {"least": 1, "most": most}}))
    assert found == (
        []
        if room
        else [
            "model_server_hpa_max_replicas: 3 is not accepted; it takes replicas that the play's node pools can "
            "hold: 2 at "
            "most (by nodes at most, zones and GPUs of a node), where each needs 1 GPU"
        ]
    )


@pytest.mark.parametrize(
    ("pools", "needs", "room"),
    [
        # Two nodes of three GPUs hold one replica of two GPUs each.
        ((pool(**gpus("nvidia-l4", 3)),), 2, 2),
        # Two zones, and a second pool with the same GPU; a third has another.
        (({**POOL, "locations": ["us-central1-a", "us-central1-b"]}, {**POOL, "name": "b"}, pool(**gpus(*T4))), 1, 6),
    ],
)
def test_the_room_is_counted_by_node(pools, needs, room):
    for most in (room, room + 1):
        model = {"replicas": {"least": 1, "most": most}, "shards": needs}
        found = texts(deployment({"llmops_gpus_per_replica": needs}, pools=pools, model=model))
        assert len(found) == most - room, found


@pytest.mark.parametrize("parts", [{"pools": ()}, {"model": None}, {"pools": (pool(accelerators=[]),)}])
def test_gpu_nodes_or_a_model_of_somebody_else_are_not_compared(parts):
    assert texts(deployment({"llmops_gpus_per_replica": 1, "llmops_accelerator_type": "nvidia-b200"}, **parts)) == []


def test_shards_unlike_the_gpus_of_a_pod():
    assert texts(deployment(model={**MODEL, "shards": 2})) == [
        "tgi_mistral_num_shard: 2 is not accepted; it takes the value of llmops_gpus_per_replica (1), because each "
        "GPU of "
        "a pod holds one shard of the model"
    ]


def test_the_series_of_an_autoscaler_are_counted_too():
    model = {**MODEL, "gpu_series": ["DCGM_FI_DEV_GPU_UTIL"]}
    (text,) = texts(deployment(model=model))
    assert text.startswith("dcgm_exporter_counters: [[") and f"{SERIES[0]}, DCGM_FI_DEV_GPU_UTIL, {SERIES[1]}" in text


def test_rules_of_an_engine_are_those_of_the_deployments_own():
    assert len(rules_of(deployment({"llmops_engine": "unheard-of"}))) < len(rules_of(deployment()))


def test_the_least_gpus_of_a_replica():
    model = {**MODEL, "shards": 0}
    assert "llmops_gpus_per_replica: 0 is not accepted; it takes 1 or more" in texts(
        deployment({"llmops_gpus_per_replica": 0}, model=model)
    )


@pytest.mark.parametrize(
    ("cluster", "findings"),
    [
        ({}, 1),
        ({"network_config": {"datapath_provider": "LEGACY_DATAPATH"}}, 1),
        ({"network_config": {"datapath_provider": "ADVANCED_DATAPATH"}}, 0),
        ({"network_policy": {"enabled": True}}, 0),
        # Of somebody else's cluster nothing is known.
        (None, 0),
    ],
)
def test_a_network_policy_wants_a_cluster_that_enforces_it(cluster, findings):
    assert len(texts(deployment({"model_server_network_policy": True}, cluster=cluster))) == findings


def test_every_rule_is_broken_by_a_case():
    broken = {
        rule
        for here in (
            *(deployment(changes) for changes, _told in BREAKS),
            deployment({"llmops_engine": "vllm"}),
            deployment({"llmops_zones": []}),
            deployment({"llmops_gpus_per_replica": 0}),
            deployment(pools=(pool(**gpus(*T4)),)),
            deployment({"llmops_gpus_per_replica": 2}),
            deployment(model={**MODEL, "replicas": {"least": 9, "most": 9}, "shards": 2}),
            deployment({"model_server_data_volume": "host_path"}, model={**MODEL, "user": 2000}),
            deployment({"model_server_network_policy": True}, cluster={}),
            deployment({"llmops_weights": "bucket"}, cluster={}),
            deployment({"llmops_weights": "disk"}),
        )
        for rule in rules_of(here)
        if check(rule, here)
    }
    assert [rule.reads for rule in rules_of(deployment()) if rule not in broken] == []


def test_a_role_that_is_not_in_the_play_is_not_looked_at():
    here = deployment({"model_server_timeout": 0, "verify_timeout": 0}, roles=("llmops", "gke_cluster"), model=None)
    assert texts(here) == []


def test_a_value_that_a_rule_cannot_evaluate_is_refused():
    (text,) = texts(deployment({"gpu_nodepool_timeout": "soon"}))
    assert text.startswith("gpu_nodepool_timeout: its rule cannot be evaluated (TypeError(")
    assert text.endswith("; correct it, or the variables that it is compared with: gpu_nodepool_timeout")


def test_a_variable_that_a_role_of_the_play_no_longer_has_is_refused():
    here = deployment()
    del here.options["verify_timeout"]  # type: ignore[attr-defined]
    (text,) = texts(here)
    assert text.startswith("verify_timeout: its rule cannot be evaluated (LookupError('verify_timeout has no value'))")


def test_a_rule_reads_only_what_it_declares():
    rule = Rule("verify_timeout", ("verify_timeout",), lambda values: values["verify_load_timeout"] > 0, "1")
    finding = check(rule, deployment())
    assert finding and "does not declare that it reads verify_load_timeout" in finding.text


def test_what_a_refused_value_makes_of_the_plan_is_not_told_by_rules_that_read_it():
    here = deployment(pools=({**POOL, "initial_node_count": "three"},), errors=["x: no"], refused=["x"])
    assert [finding.text for finding in check_rules(here, [])] == ["not accepted: x: no"]


def test_what_an_argument_spec_refused_is_told_once_and_not_held_against_rules():
    refused = "gpu_nodepool_timeout: it is no number"
    here = deployment({"gpu_nodepool_timeout": "soon"}, errors=[refused], refused=["gpu_nodepool_timeout"])
    (finding,) = check_rules(here, [])
    assert (finding.text, finding.variable) == (f"not accepted: {refused}", "gpu_nodepool_timeout")


def test_a_value_of_another_type_is_told_as_a_rule_tells_it():
    refused = 'llmops_replicas: "many" is not accepted; it takes a whole number'
    assert texts(deployment(errors=[refused], refused=["llmops_replicas"])) == [refused]


def test_an_error_is_about_the_longest_option_that_it_names():
    here = deployment(errors=["llmops_name_server: no"], refused=["llmops_name", "llmops_name_server"])
    assert check_rules(here, [])[0].variable == "llmops_name_server"


def test_unknown_variables_name_the_nearest_and_can_be_allowed():
    unknown = [{"name": "tgi_mistral_replica", "nearest": "llmops_replicas"}, {"name": "verify_zzz", "nearest": None}]
    here = deployment(unknown=unknown)
    assert texts(here) == [
        "variables: tgi_mistral_replica is not a variable of this collection; did you mean llmops_replicas?",
        "variables: verify_zzz is not a variable of this collection; remove it, or give it another name",
    ]
    assert check_rules(here, [], unknown=False) == []


def test_pools_that_are_none_are_told_once():
    found = texts(
        deployment(pools=({"name": "gpu", "config": {"accelerators": [{}]}, "locations": ["us-central1-a"]},))
    )
    assert len(found) == 1 and found[0].startswith(
        "the node pools of role gpu_nodepool: 'gpu' is not accepted; it takes"
    )


@pytest.mark.parametrize(
    ("changes", "hold"),
    [
        ({}, True),
        ({"verify_timeout": 0}, True),
        ({"llmops_project": ""}, False),
        ({"llmops_zones": []}, False),
        ({"gpu_nodepool_locations": ["us-east1-b"]}, False),
    ],
)
def test_google_is_asked_only_about_places_that_can_be(changes, hold):
    assert places_hold(deployment(changes)) is hold
    assert not places_hold(deployment(refused=["llmops_location"]))


def test_every_variable_that_a_rule_reads_is_an_option_of_a_role():
    specs = [yaml.safe_load(path.read_text()) for path in ROOT.glob("roles/*/meta/argument_specs.yml")]
    known = {name for spec in specs for entry in spec["argument_specs"].values() for name in entry["options"]}
    assert {name for rule in rules_of(deployment()) for name in (*rule.reads, *rule.optional)} - known == set()
