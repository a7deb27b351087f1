# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every rule of preflight, with values that hold and values that break it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from working_copy import ROOT

from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.deployment import (
    Deployment,
    read_deployment,
)
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.rules.rule import Rule
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.rules.table import (
    RULES,
    check_rules,
    places_hold,
)
from tests.unit.preflight_plans import SERIES, deployment_plan

ROLES = ("llmops", "preflight", "gke_cluster", "gpu_nodepool", "dcgm_exporter", "tgi_mistral", "verify")
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
    model: dict[str, Any] | None = MODEL,
    roles: tuple[str, ...] = ROLES,
    **parts: Any,
) -> Deployment:
    """A host whose roles are all in the play, with values that hold but for the changes."""
    return read_deployment(deployment_plan(*pools, model=model, roles=roles, options=changes, **parts))


def pool(**config: Any) -> dict[str, Any]:
    return {**POOL, "config": {**POOL["config"], **config}}


def gpus(kind: str, count: int) -> dict[str, Any]:
    return {"accelerators": [{"accelerator_type": kind, "accelerator_count": count}]}


def texts(here: Deployment) -> list[str]:
    return [finding.text for finding in check_rules(here, [])]


# Values that break a rule: what is told, from the variable on.
BREAKS: list[tuple[dict[str, Any], str]] = [
    ({"llmops_project": "My Project"}, 'llmops_project: "My Project" is not accepted; it takes the project\'s id'),
    ({"llmops_project": ""}, 'llmops_project: "" is not accepted; it takes the project\'s id'),
    ({"llmops_location": "us"}, 'llmops_location: "us" is not accepted; it takes a region such as us-central1'),
    ({"gke_cluster_locations": []}, "gke_cluster_locations: [] is not accepted; it takes a list of different zones"),
    (
        {"gpu_nodepool_locations": ["europe-west4-a"]},
        'gpu_nodepool_locations: ["europe-west4-a"] is not accepted; it takes a list of different zones of '
        "us-central1, "
        "such as [us-central1-a]",
    ),
    (
        {"gpu_nodepool_locations": "us-central1-b"},
        'gpu_nodepool_locations: "us-central1-b" is not accepted; it takes a list of different zones',
    ),
    (
        {"gpu_nodepool_locations": ["us-central1-b", "us-central1-b"]},
        'gpu_nodepool_locations: ["us-central1-b", "us-central1-b"] is not accepted',
    ),
    ({"llmops_replicas": -1}, "llmops_replicas: -1 is not accepted; it takes 0 or more"),
    ({"llmops_service_port": 0}, "llmops_service_port: 0 is not accepted; it takes 1 or more"),
    ({"llmops_namespace": "Mine"}, 'llmops_namespace: "Mine" is not accepted; it takes a name of 1 to 63'),
    ({"llmops_name": "a" * 64}, "llmops_name: "),
    ({"llmops_service_name": "7b"}, 'llmops_service_name: "7b" is not accepted; it takes a name of 1 to 63'),
    ({"llmops_hpa_name": "My HPA"}, 'llmops_hpa_name: "My HPA" is not accepted; it takes a name of lower-case letters'),
    ({"llmops_secret_name": "a_b"}, 'llmops_secret_name: "a_b" is not accepted'),
    (
        {"gpu_nodepool_on_demand_fallback": True, "llmops_spot": True, "gpu_nodepool_on_demand_name": "gpu"},
        'gpu_nodepool_on_demand_name: "gpu" is not accepted; it takes 1 to 40 lower-case letters',
    ),
    (
        {"gpu_nodepool_on_demand_fallback": True, "llmops_spot": True, "gpu_nodepool_on_demand_name": "default-pool"},
        'gpu_nodepool_on_demand_name: "default-pool" is not accepted',
    ),
    (
        {"gpu_nodepool_on_demand_fallback": True, "llmops_spot": True, "gpu_nodepool_on_demand_name": "a" * 41},
        "gpu_nodepool_on_demand_name: ",
    ),
    (
        {"gpu_nodepool_on_demand_fallback": True},
        "gpu_nodepool_on_demand_fallback: true is not accepted; it takes true only with llmops_spot",
    ),
    (
        {
            "gpu_nodepool_on_demand_fallback": True,
            "llmops_spot": True,
            "gpu_nodepool_autoscaling_enabled": False,
        },
        "gpu_nodepool_on_demand_fallback: true is not accepted",
    ),
    (
        {"gpu_nodepool_on_demand_fallback": True, "llmops_spot": True, "gpu_nodepool_locations_in_order": True},
        "gpu_nodepool_locations_in_order: true is not accepted; it takes false with gpu_nodepool_on_demand_fallback",
    ),
    (
        {"gpu_nodepool_min_node_count": 3},
        "gpu_nodepool_min_node_count: 3 is not accepted; it takes at most gpu_nodepool_max_node_count (2)",
    ),
    ({"gpu_nodepool_min_node_count": -1}, "gpu_nodepool_min_node_count: -1 is not accepted; it takes 0 or more"),
    (
        {"gke_cluster_pool_min_node_count": 6},
        "gke_cluster_pool_min_node_count: 6 is not accepted; it takes at most gke_cluster_pool_max_node_count (5)",
    ),
    ({"gpu_nodepool_timeout": 0}, "gpu_nodepool_timeout: 0 is not accepted; it takes 1 or more"),
    ({"gke_cluster_timeout": 0}, "gke_cluster_timeout: 0 is not accepted; it takes 1 or more"),
    ({"tgi_mistral_num_shard": 0}, "tgi_mistral_num_shard: 0 is not accepted; it takes 1 or more"),
    ({"tgi_mistral_timeout": 0}, "tgi_mistral_timeout: 0 is not accepted; it takes 1 or more"),
    ({"tgi_mistral_hpa_timeout": 0}, "tgi_mistral_hpa_timeout: 0 is not accepted; it takes 1 or more"),
    (
        {"tgi_mistral_hpa_min_replicas": 3},
        "tgi_mistral_hpa_min_replicas: 3 is not accepted; it takes at most tgi_mistral_hpa_max_replicas (2)",
    ),
    ({"tgi_mistral_hpa_min_replicas": 0}, "tgi_mistral_hpa_min_replicas: 0 is not accepted; it takes 1 at least"),
    ({"tgi_mistral_hpa_signals": []}, "tgi_mistral_hpa_signals: [] is not accepted; it takes at least one signal"),
    (
        {"tgi_mistral_hpa_signals": [{"signal": "tgi_queue_size", "target": 0}]},
        'tgi_mistral_hpa_signals: [{"signal": "tgi_queue_size", "target": 0}] is not accepted',
    ),
    (
        {"tgi_mistral_hpa_signals": [{"signal": "tgi_queue_size", "target": 1}] * 2},
        "tgi_mistral_hpa_signals: ",
    ),
    (
        {"llmops_gpu_metrics": "managed", "tgi_mistral_hpa_signals": [{"signal": "gpu_utilization", "target": 80}]},
        'tgi_mistral_hpa_signals: [{"signal": "gpu_utilization", "target": 80}] is not accepted; it takes at least one '
        "signal, each once, with a target of 1 or more; gpu_utilization needs llmops_gpu_metrics daemonset (managed)",
    ),
    (
        {"tgi_mistral_hpa_behavior": {"scaleDown": {"stabilizationWindowSeconds": 3601}}},
        'tgi_mistral_hpa_behavior: {"scaleDown": {"stabilizationWindowSeconds": 3601}} is not accepted; it takes '
        "stabilizationWindowSeconds of 0 to 3600, and policies whose value is above 0 and periodSeconds 1 to 1800",
    ),
    (
        {"tgi_mistral_hpa_behavior": {"scaleUp": {"policies": [{"value": 0, "periodSeconds": 60}]}}},
        "tgi_mistral_hpa_behavior: ",
    ),
    (
        {"tgi_mistral_hpa_behavior": {"scaleUp": {"policies": [{"value": 1, "periodSeconds": 1801}]}}},
        "tgi_mistral_hpa_behavior: ",
    ),
    (
        {"tgi_mistral_hpa_behavior": {"scaleUp": {"policies": [{"value": 1, "periodSeconds": 0}]}}},
        "tgi_mistral_hpa_behavior: ",
    ),
    (
        {"tgi_mistral_hpa_adapter": "prometheus"},
        'tgi_mistral_hpa_prometheus_url: "" is not accepted; it takes the URL of the Prometheus',
    ),
    (
        {"tgi_mistral_hpa_adapter": "prometheus", "tgi_mistral_hpa_prometheus_url": "http://***@prometheus:9090"},
        'tgi_mistral_hpa_prometheus_url: "http://***@prometheus:9090" is not accepted',
    ),
    (
        {"tgi_mistral_hpa_prometheus_labels": {"cluster": 'x"} or vector(1)'}},
        "tgi_mistral_hpa_prometheus_labels: ",
    ),
    ({"tgi_mistral_hpa_prometheus_labels": {"a-b": "c"}}, "tgi_mistral_hpa_prometheus_labels: "),
    ({"tgi_mistral_image": ""}, 'tgi_mistral_image: "" is not accepted; it takes an image, by tag or by digest'),
    ({"tgi_mistral_hpa_adapter_image": "a b"}, 'tgi_mistral_hpa_adapter_image: "a b" is not accepted'),
    ({"tgi_mistral_hpa_prometheus_adapter_image": ""}, "tgi_mistral_hpa_prometheus_adapter_image: "),
    (
        {"llmops_gpu_metrics": "managed", "dcgm_exporter_components": ["SYSTEM_COMPONENTS"]},
        'dcgm_exporter_components: ["SYSTEM_COMPONENTS"] is not accepted; it takes a list with DCGM in it',
    ),
    (
        {"dcgm_exporter_counters": [["DCGM_FI_DEV_FB_USED", "gauge", "Help."]]},
        'dcgm_exporter_counters: [["DCGM_FI_DEV_FB_USED", "gauge", "Help."]] is not accepted; it takes a list of '
        "[field "
        "of DCGM, type, help], with every field that is needed: DCGM_FI_DEV_FB_USED, DCGM_FI_DEV_POWER_USAGE (",
    ),
    ({"dcgm_exporter_counters": ["DCGM_FI_DEV_FB_USED"]}, "dcgm_exporter_counters: "),
    ({"dcgm_exporter_counters": [[name, "gauge"] for name in SERIES]}, "dcgm_exporter_counters: "),
    (
        {"tgi_mistral_hpa_signals": [{"signal": "gpu_utilization", "target": 80}]},
        "dcgm_exporter_counters: ",
    ),
    ({"dcgm_exporter_timeout": 0}, "dcgm_exporter_timeout: 0 is not accepted; it takes 1 or more"),
    ({"dcgm_exporter_namespace": "Gpu Metrics"}, 'dcgm_exporter_namespace: "Gpu Metrics" is not accepted'),
    ({"dcgm_exporter_image": ":1"}, 'dcgm_exporter_image: ":1" is not accepted; it takes an image'),
    ({"dcgm_exporter_interval": "soon"}, 'dcgm_exporter_interval: "soon" is not accepted; it takes a duration such as'),
    ({"verify_timeout": 0}, "verify_timeout: 0 is not accepted; it takes 1 or more"),
    ({"verify_load_clients": 0}, "verify_load_clients: 0 is not accepted; it takes 1 or more"),
    ({"verify_load_timeout": 0}, "verify_load_timeout: 0 is not accepted; it takes 1 or more"),
    # One of two that is wrong is enough.
    (
        {
            "tgi_mistral_hpa_signals": [
                {"signal": "tgi_queue_size", "target": 1},
                {"signal": "tgi_batch_current_size", "target": 0},
            ]
        },
        "tgi_mistral_hpa_signals: ",
    ),
    (
        {
            "tgi_mistral_hpa_behavior": {
                "scaleUp": {"stabilizationWindowSeconds": 0},
                "scaleDown": {"stabilizationWindowSeconds": -1},
            }
        },
        "tgi_mistral_hpa_behavior: ",
    ),
    (
        {
            "tgi_mistral_hpa_behavior": {
                "scaleUp": {"policies": [{"value": 1, "periodSeconds": 60}, {"value": 0, "periodSeconds": 60}]}
            }
        },
        "tgi_mistral_hpa_behavior: ",
    ),
    ({"tgi_mistral_hpa_prometheus_labels": {"a": "b", "c": "{"}}, "tgi_mistral_hpa_prometheus_labels: "),
    ({"dcgm_exporter_counters": [[name, "gauge", "Help."] for name in SERIES] + ["x"]}, "dcgm_exporter_counters: "),
]

# Values at the edge of a rule that hold.
HOLDS: list[dict[str, Any]] = [
    {},
    {"llmops_project": "example.com:my-project"},
    {"llmops_location": "us-central1-a"},
    {"llmops_replicas": 0},
    {"gpu_nodepool_locations": ["us-central1-b", "us-central1-c"]},
    {"gpu_nodepool_min_node_count": 0},
    {"gpu_nodepool_min_node_count": 2},
    {"gpu_nodepool_timeout": 1},
    {"gpu_nodepool_on_demand_fallback": True, "llmops_spot": True, "gpu_nodepool_on_demand_name": "a" * 40},
    {"gpu_nodepool_on_demand_name": "gpu"},
    {"gpu_nodepool_locations_in_order": True},
    {"llmops_name": "a" * 63},
    {"llmops_hpa_name": "mistral.7b"},
    {"tgi_mistral_hpa_min_replicas": 2},
    {"tgi_mistral_hpa_signals": [{"signal": "tgi_queue_size", "target": 1}]},
    {"tgi_mistral_hpa_enabled": False, "tgi_mistral_hpa_signals": []},
    {"tgi_mistral_hpa_enabled": False, "tgi_mistral_hpa_adapter": "prometheus"},
    {"tgi_mistral_hpa_enabled": False, "tgi_mistral_hpa_signals": [{"signal": "gpu_utilization", "target": 80}]},
    {
        "tgi_mistral_hpa_behavior": {
            "scaleUp": None,
            "scaleDown": {"stabilizationWindowSeconds": 3600, "policies": None},
        }
    },
    {"tgi_mistral_hpa_behavior": {"scaleUp": {"policies": [{"value": 1, "periodSeconds": 1800}]}}},
    {"tgi_mistral_hpa_behavior": {"scaleUp": {"policies": [{"value": 1, "periodSeconds": 1}]}}},
    {
        "tgi_mistral_hpa_adapter": "prometheus",
        "tgi_mistral_hpa_prometheus_url": "http://frontend.default.svc:9090/prefix",
    },
    {"tgi_mistral_hpa_prometheus_labels": {}},
    {"llmops_gpu_metrics": "none", "dcgm_exporter_counters": [], "dcgm_exporter_components": []},
    {"dcgm_exporter_interval": "1m30s"},
]


@pytest.mark.parametrize("changes", HOLDS, ids=str)
def test_values_that_hold(changes):
    assert texts(deployment(changes)) == []


@pytest.mark.parametrize(
    ("changes", "told"), BREAKS, ids=[f"{number}-{told[:40]}" for number, (_, told) in enumerate(BREAKS)]
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
            "tgi_mistral_hpa_max_replicas: 3 is not accepted; it takes replicas that the play's node pools can "
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


def test_the_least_gpus_of_a_replica():
    model = {**MODEL, "shards": 0}
    assert "llmops_gpus_per_replica: 0 is not accepted; it takes 1 or more" in texts(
        deployment({"llmops_gpus_per_replica": 0}, model=model)
    )


def test_every_rule_is_broken_by_a_case():
    broken = {
        rule
        for here in (
            *(deployment(changes) for changes, _told in BREAKS),
            deployment({"llmops_zones": []}),
            deployment({"llmops_gpus_per_replica": 0}),
            deployment(pools=(pool(**gpus(*T4)),)),
            deployment({"llmops_gpus_per_replica": 2}),
            deployment(model={**MODEL, "replicas": {"least": 9, "most": 9}, "shards": 2}),
        )
        for rule in RULES
        if rule.check(here)
    }
    assert [rule.reads for rule in RULES if rule not in broken] == []


def test_a_role_that_is_not_in_the_play_is_not_looked_at():
    here = deployment({"tgi_mistral_timeout": 0, "verify_timeout": 0}, roles=("llmops", "gke_cluster"), model=None)
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
    finding = rule.check(deployment())
    assert finding and "does not declare that it reads verify_load_timeout" in finding.text


def test_what_an_argument_spec_refused_is_told_once_and_not_held_against_rules():
    refused = "gpu_nodepool_timeout: it is no number"
    here = deployment({"gpu_nodepool_timeout": "soon"}, errors=[refused], refused=["gpu_nodepool_timeout"])
    (finding,) = check_rules(here, [])
    assert (finding.text, finding.variable) == (f"not accepted: {refused}", "gpu_nodepool_timeout")


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
    assert {name for rule in RULES for name in (*rule.reads, *rule.optional)} - known == set()
