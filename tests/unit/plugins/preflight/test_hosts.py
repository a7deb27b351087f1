# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hosts of a run need together, and what they would take from each other."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.deployment import read_deployment
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.facts import (
    POOL_SIZES,
    UNLISTED_LIMITS,
    PoolKey,
)
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.plan import read_plan
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.quotas.quota import check_quota
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.rules.hosts import check_hosts
from tests.unit.preflight_plans import CLUSTER, LOCATION, PROJECT, deployment_plan

PAGE = f"https://console.cloud.google.com/iam-admin/quotas?project={PROJECT}"
EUROPE = {"llmops_location": "europe-west4"}


def pool(start: int = 1, most: int = 1, name: str = "gpu", zone: str = "us-central1-a") -> dict[str, Any]:
    return {
        "name": name,
        "locations": [zone],
        "initial_node_count": start,
        "autoscaling": {"enabled": True, "min_node_count": 0, "max_node_count": most},
        "config": {
            "machine_type": "g2-standard-12",
            "accelerators": [{"accelerator_type": "nvidia-l4", "accelerator_count": 1}],
        },
    }


def host(called: str, *pools: dict[str, Any], model: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    named = {f"llmops_{option}": value for option, value in options.items()}
    return deployment_plan(*(pools or (pool(),)), host=called, model=model, options=named)


def texts(
    *hosts: dict[str, Any],
    limits: dict[str, float],
    project: dict[str, float] | None = None,
    sizes: dict[PoolKey, int] | None = None,
) -> list[str]:
    """What the check of quotas says to the first of the hosts, where these are free."""
    facts = {
        "region_quotas": {name: {"limit": limit, "usage": 0.0} for name, limit in limits.items()},
        "project_quotas": {name: {"limit": limit, "usage": 0.0} for name, limit in (project or {}).items()},
        "machine_types": {},
        "clusters": [],
        POOL_SIZES: sizes or {},
        UNLISTED_LIMITS: {},
    }
    first, *others = [read_deployment(one) for one in hosts]
    return [f"{finding.severity} {finding.text}" for finding in check_quota(read_plan(first, others), facts)]


def test_nodes_of_several_pools_are_added_up():
    found = texts(host("a", pool(2, 2, "one"), pool(3, 3, "two")), limits={"NVIDIA_L4_GPUS": 4})
    assert found == [
        "error quota: NVIDIA_L4_GPUS: the first nodes of one, two need 5, 4 of 4 are free in us-central1; ask for at "
        f"least 5 at {PAGE}, or begin with fewer (gpu_nodepool_initial_node_count) or smaller nodes"
    ]
    assert texts(host("a", pool(2, 2, "one"), pool(3, 3, "two")), limits={"NVIDIA_L4_GPUS": 5}) == []


def test_clusters_of_several_hosts_are_added_up_and_the_hosts_named():
    hosts = (host("a"), host("b", cluster="second"), host("c", pool(2, 2), cluster="third"))
    assert texts(*hosts, limits={"NVIDIA_L4_GPUS": 4}) == []
    (found,) = texts(*hosts, limits={"NVIDIA_L4_GPUS": 3})
    assert "the first nodes of gpu of hosts a, b and c need 4, 3 of 3 are free in us-central1" in found


def test_what_only_later_nodes_of_all_hosts_need_is_a_warning():
    hosts = (host("a", pool(1, 2)), host("b", pool(1, 3), cluster="second"))
    (found,) = texts(*hosts, limits={"NVIDIA_L4_GPUS": 4})
    assert found.startswith(
        "warning quota: NVIDIA_L4_GPUS: the largest size of gpu of hosts a and b needs 5 more, 4 of 4 are"
    )
    assert found.endswith(", or lower gpu_nodepool_max_node_count")


def test_the_clusters_own_pool_is_named_by_the_variables_of_that_pool():
    own = deployment_plan(host="a")
    own["plans"] = {"gke_cluster": {"cluster": {"name": CLUSTER}, "node_pools": [pool(2, 5, "default-pool")]}}
    own["variables"]["gke_cluster"] = {
        "*": "gke_cluster_fields",
        "locations": "gke_cluster_locations",
        "node_pools": "gke_cluster_pool_fields",
        "node_pools.locations": "gke_cluster_pool_locations",
        "node_pools.autoscaling.max_node_count": "gke_cluster_pool_max_node_count",
    }
    (found,) = texts(own, limits={"NVIDIA_L4_GPUS": 4})
    assert found.endswith(", or lower gke_cluster_pool_max_node_count")
    assert read_deployment(own).pool_names_of("gke_cluster").of("locations") == "gke_cluster_pool_locations"
    (found,) = texts(own, limits={"NVIDIA_L4_GPUS": 1})
    assert found.endswith("begin with fewer (gke_cluster_pool_fields.initial_node_count) or smaller nodes")


def test_hosts_of_a_run_are_told_the_same():
    # Ansible shows a warning once, if all hosts have it in the same words.
    first, second = host("a", pool(1, 2)), host("b", pool(1, 3), cluster="second")
    limits = {"NVIDIA_L4_GPUS": 4}
    assert texts(first, second, limits=limits) == texts(second, first, limits=limits)


def test_a_shared_cluster_counts_once_and_as_large_as_any_host_has_it():
    shared = (host("a", pool(1, 2)), host("b", pool(2, 3)))
    assert texts(*shared, limits={"NVIDIA_L4_GPUS": 3}) == []
    (found,) = texts(*shared, limits={"NVIDIA_L4_GPUS": 1})
    assert "the first nodes of gpu of hosts a and b need 2, 1 of 1" in found
    (found,) = texts(host("a", pool(1, 1)), host("b", pool(1, 1, name="b")), limits={"NVIDIA_L4_GPUS": 1})
    assert "the first nodes of gpu, b of hosts a and b need 2" in found


@pytest.mark.parametrize("elsewhere", [{**EUROPE, "zones": ["europe-west4-a"]}, {"project": "other-project"}])
def test_another_region_or_project_has_quotas_of_its_own(elsewhere):
    options = {name.removeprefix("llmops_"): value for name, value in elsewhere.items()}
    other = host("b", pool(9, 9, zone="europe-west4-a"), **options)
    assert texts(host("a"), other, limits={"NVIDIA_L4_GPUS": 1}) == []


def test_a_quota_of_the_project_holds_for_all_regions():
    other = host("b", pool(3, 3, zone="europe-west4-a"), location="europe-west4")
    (found,) = texts(host("a"), other, limits={"NVIDIA_L4_GPUS": 1}, project={"GPUS_ALL_REGIONS": 3})
    assert found.startswith(
        f"error quota: GPUS_ALL_REGIONS: the first nodes of gpu of hosts a and b need 4, 3 of 3 are free in project "
        f"{PROJECT}"
    )


def test_gpus_without_a_listed_quota_are_counted_by_region():
    config = {"machine_type": "a3-highgpu-1g", "accelerators": [{"accelerator_type": "nvidia-h100-80gb"}]}
    config["accelerators"][0]["accelerator_count"] = 1
    h100 = {**pool(1, 2), "config": config}
    far = {**h100, "locations": ["europe-west4-a"]}
    hosts = (host("a", h100), host("b", h100, cluster="second"), host("c", far, location="europe-west4"))
    (found,) = texts(*hosts, limits={}, sizes={(LOCATION, "second", "gpu"): 1})
    assert "so whether the 3 that gpu of hosts a and b may need are free is not known" in found


def test_nodes_that_are_there_are_those_of_their_own_cluster():
    hosts = (host("a"), host("b", cluster="second"))
    assert texts(*hosts, limits={"NVIDIA_L4_GPUS": 1}, sizes={(LOCATION, "second", "gpu"): 1}) == []
    (found,) = texts(*hosts, limits={"NVIDIA_L4_GPUS": 1}, sizes={(LOCATION, "elsewhere", "gpu"): 1})
    assert "need 2" in found


def test_a_plan_of_another_host_that_is_wrong_is_left_to_that_host():
    wrong = host("b", {"name": "gpu"}, cluster="second")
    (found,) = texts(host("a", pool(2, 2)), wrong, limits={"NVIDIA_L4_GPUS": 1})
    assert "the first nodes of gpu need 2" in found


def told(one: dict[str, Any], *others: dict[str, Any]) -> list[str]:
    return [finding.text for finding in check_hosts(read_deployment(one), [read_deployment(other) for other in others])]


SERVED = {"replicas": {"least": 1, "most": 1}}


def adapter(name: str) -> dict[str, Any]:
    return {**SERVED, "metrics_adapter": name}


def test_two_hosts_with_the_same_deployment():
    assert told(host("a", model=SERVED), host("b", model=SERVED)) == [
        f"llmops_name: hosts a and b would both have the Deployment default/mistral-7b of cluster {CLUSTER}; give "
        f"one of "
        "them another llmops_name, llmops_namespace or llmops_cluster"
    ]


def test_two_hosts_with_the_same_service():
    (text,) = told(host("a", model=SERVED, name="one"), host("b", model=SERVED))
    assert text.startswith(
        "llmops_service_name: hosts a and b would both have the Service default/mistral-7b-service of"
    )


@pytest.mark.parametrize(
    "options",
    [
        {"project": "other-project"},
        {"location": "us-central1-a"},
        {"cluster": "second"},
        {"namespace": "other"},
        {"name": "other", "service_name": "other"},
    ],
)
def test_two_hosts_that_differ_share_nothing(options):
    assert told(host("a", model=SERVED), host("b", model=SERVED, **options)) == []


def test_hosts_without_a_model_share_a_cluster_as_they_like():
    assert told(host("a"), host("b")) == told(host("a", model=SERVED), host("b")) == []


def test_two_hosts_that_want_different_adapters_on_one_cluster():
    here = host("a", model=adapter("stackdriver"))
    other = {"namespace": "other"}
    assert told(here, host("b", model=adapter("prometheus"), **other)) == [
        "model_server_hpa_adapter: host a wants stackdriver, host b wants prometheus, and the cluster mistral has one "
        "metrics adapter; set model_server_hpa_adapter to the same for both"
    ]
    for same in (
        host("b", model=adapter("stackdriver"), **other),
        host("b", model=adapter("none"), **other),
        host("b", model=SERVED, **other),
        host("b", model=adapter("prometheus"), cluster="second"),
    ):
        assert told(here, same) == []


def test_two_hosts_that_want_a_shared_pool_otherwise():
    larger = pool(1, 3)
    assert told(host("a", pool(1, 2)), host("b", larger)) == [
        "gpu_nodepool_max_node_count: host a wants 2, host b wants 3 for node pool gpu of cluster mistral; they would "
        "take turns in changing it: set it once, in variables of a group that has both hosts"
    ]
    for apart in (
        host("b", pool(1, 2)),
        # The first to come sets it, and nobody changes it then.
        host("b", pool(2, 2)),
        host("b", {**larger, "name": "other"}),
        host("b", larger, cluster="second"),
        # Who does not name a field leaves it as it is.
        host("b", {"name": "gpu", "autoscaling": {"enabled": True}}),
    ):
        assert told(host("a", pool(1, 2)), apart) == []


def test_two_hosts_that_want_a_shared_cluster_otherwise():
    def wanting(called: str, **fields: Any) -> dict[str, Any]:
        return deployment_plan(pool(), host=called, cluster={"release_channel": "REGULAR", **fields})

    (text,) = told(wanting("a"), wanting("b", release_channel="RAPID"))
    assert text.startswith("gke_cluster_fields.release_channel: host a wants REGULAR, host b wants RAPID for cluster ")
    assert told(wanting("a"), wanting("b", resource_labels={"team": "b"})) == []
