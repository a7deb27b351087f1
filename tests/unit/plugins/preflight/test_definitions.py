# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules would refuse of a definition is told by preflight, by the inventory's names."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.option_names import OptionNames
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.definitions import (
    check_definitions,
    field_meant,
)
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.deployment import Deployment

POOL = {"name": "gpu", "locations": ["us-central1-a"], "initial_node_count": 1}
CLUSTER = {"locations": ["us-central1-a"], "workload_identity_config": {"workload_pool": "my-project.svc.id.goog"}}
PLACE = {"llmops_project": "my-project", "llmops_location": "us-central1", "llmops_cluster": "mistral"}
NAMES = {
    "gpu_nodepool": {"config.machine_type": "gpu_nodepool_machine_type", "*": "gpu_nodepool_fields"},
    "gke_cluster": {
        "workload_identity_config.workload_pool": "gke_cluster_workload_pool",
        "node_pools.name": "gke_cluster_pool_name",
        "*": "gke_cluster_fields",
    },
}


def findings(gpu_pool: dict[str, Any] | None = None, **cluster: Any) -> list[tuple[str | None, str]]:
    plans: dict[str, Any] = {}
    if gpu_pool is not None:
        plans["gpu_nodepool"] = {"node_pools": [{**POOL, **gpu_pool}]}
    if cluster:
        plans["gke_cluster"] = {
            "cluster": {**CLUSTER, **cluster.get("fields", {})},
            "node_pools": [{"name": "default-pool", "initial_node_count": 1, **cluster.get("own", {})}],
        }
    names = {role: OptionNames(variables) for role, variables in NAMES.items()}
    here = Deployment("host", tuple(plans), PLACE, plans, names)
    return [(finding.variable, finding.text) for finding in check_definitions(here)]


def test_definitions_that_can_be_sent_are_not_mentioned():
    assert findings({"config": {"machine_type": "g2-standard-12"}}, fields={}, own={}) == []


@pytest.mark.parametrize(
    ("pool", "variable", "words"),
    [
        ({"config": {"zzz": "x"}}, "gpu_nodepool_fields", "config.zzz is not an option; ansible-doc"),
        ({"config": {"machine_typo": "x"}}, "gpu_nodepool_fields", "did you mean config.machine_type?"),
        ({"config": {"diskSizeGb": 9}}, "gpu_nodepool_fields", "did you mean config.disk_size_gb?"),
        (
            {"disk_size_gb": 9},
            "gpu_nodepool_fields",
            "disk_size_gb is not an option; did you mean config.disk_size_gb?",
        ),
        ({"autoscaling": {"location_policy": "SOME"}}, "gpu_nodepool_fields", "location_policy"),
        ({"initial_node_count": "many"}, "gpu_nodepool_fields", "initial_node_count"),
        ({"locations": ["europe-west4-a"]}, "gpu_nodepool_fields.locations", "us-central1"),
    ],
    ids=[
        "unknown",
        "misspelt",
        "as the API spells it",
        "without its group",
        "choice",
        "type",
        "zone of another region",
    ],
)
def test_a_pool_that_would_be_refused_once_the_cluster_is_there(pool, variable, words):
    ((named, text),) = findings(pool)
    assert named is not None
    assert named.startswith(variable)
    assert text.startswith(variable)
    assert words in text


def test_the_cluster_and_its_own_pool():
    foreign = {"workload_identity_config": {"workload_pool": "other.svc.id.goog"}}
    ((named, text),) = findings(fields=foreign)
    assert named == "gke_cluster_workload_pool"
    assert text.startswith("gke_cluster_workload_pool: 'other.svc.id.goog' is not accepted")
    ((named, text),) = findings(fields={}, own={"name": "Upper"})
    assert (named, text.split(":")[0]) == ("gke_cluster_pool_name", "gke_cluster_pool_name")


def test_a_role_that_names_no_variables_is_told_by_the_options_alone():
    plans = {"somebody_s": {"node_pools": [{**POOL, "config": {"zzz": 1}}]}}
    here = Deployment("host", tuple(plans), PLACE, plans, {})
    assert [one.text for one in check_definitions(here)] == [
        "config.zzz is not an option; ansible-doc llmops.gke.gke_cluster and llmops.gke.gke_node_pool list them"
    ]


@pytest.mark.parametrize(
    ("variable", "field"),
    [
        ("gpu_nodepool_disk_size_gb", "gpu_nodepool_fields: config.disk_size_gb"),
        ("gke_cluster_description", "gke_cluster_fields: description"),
        ("gpu_nodepool_nonsense", None),
        ("verify_disk_size_gb", None),
    ],
)
def test_a_variable_that_is_none_may_be_meant_as_a_field(variable, field):
    plans = {"gpu_nodepool": {"node_pools": []}, "gke_cluster": {"cluster": {}, "node_pools": []}}
    names = {role: OptionNames(variables) for role, variables in NAMES.items()}
    assert field_meant(Deployment("host", tuple(plans), PLACE, plans, names), variable) == field
