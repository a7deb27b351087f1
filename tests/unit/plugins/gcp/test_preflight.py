# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pure parts of preflight's checks, and how gcp_quota_info and gcp_zone_info read."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.core.result import silent
from ansible_collections.llmops.gke.plugins.module_utils.engines.google import (
    gcp_quota_info as quota_info,
)
from ansible_collections.llmops.gke.plugins.module_utils.engines.google import (
    gcp_zone_info as zone_info,
)
from ansible_collections.llmops.gke.plugins.module_utils.engines.google.gcp_quota_info import (
    ARGUMENT_SPEC as QUOTA_INFO,
)
from ansible_collections.llmops.gke.plugins.module_utils.engines.google.gcp_zone_info import ARGUMENT_SPEC as ZONE_INFO
from ansible_collections.llmops.gke.plugins.module_utils.google.hardware import PRICES_AS_OF
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.conflicts import check_versions
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.facts import REGION_ZONES
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.places import check_zones
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.price import estimate
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.quotas.needs import node_needs
from tests.unit.fake_http import FakeServer, Reply

from .preflight_support import GPU_POOL, plan, replicas

PROJECT = "demo-project"
G2 = {"g2-standard-12": {"us-central1-a": {"guestCpus": 12, "memoryMb": 49152}}}


def options(spec: dict[str, Any], url: str = "http://127.0.0.1:9", **given: Any) -> dict[str, Any]:
    services = ("container", "compute", "resource_manager", "service_usage", "iam", "cloud_quotas", "gke_recommender")
    ends = {f"{name}_api_endpoint": url for name in services}
    validated = ArgumentSpecValidator(spec).validate({"project": PROJECT, "access_token": "t", **ends, **given})
    assert not validated.error_messages, validated.error_messages
    return validated.validated_parameters


def test_sizes_are_counted_over_the_zones():
    (pool,) = plan(GPU_POOL).pools
    assert (pool.least, pool.start, pool.most) == (0, 2, 6)
    (fixed,) = plan({**GPU_POOL, "autoscaling": {"enabled": False}}).pools
    assert (fixed.least, fixed.start, fixed.most) == (2, 2, 2)
    total = {"enabled": True, "total_min_node_count": 3, "total_max_node_count": 4}
    (pool,) = plan({**GPU_POOL, "autoscaling": total}).pools
    assert (pool.least, pool.start, pool.most) == (3, 3, 4)


def test_of_zones_that_are_tried_in_order_one_is_counted_and_all_are_looked_at():
    (pool,) = plan({**GPU_POOL, "locations_in_order": True}).pools
    assert (pool.least, pool.start, pool.most) == (0, 1, 3)
    offered = {"machine_types": G2, "accelerator_types": {"nvidia-l4": G2["g2-standard-12"]}, REGION_ZONES: ()}
    (machine, gpu) = check_zones(plan({**GPU_POOL, "locations_in_order": True}), offered)
    assert machine.message == "pool gpu: us-central1-b has no g2-standard-12 (gpu_nodepool_locations)"
    assert gpu.message == "pool gpu: us-central1-b has no nvidia-l4 (gpu_nodepool_locations)"
    assert {machine.variable, gpu.variable} == {"gpu_nodepool_locations"}


@pytest.mark.parametrize("known", [("us-central1-a", "us-central1-c"), ()])
def test_a_zone_that_is_none_is_told_by_the_variable_that_set_it(known):
    zones = ["us-central1-z"]
    offered = {"machine_types": G2, "accelerator_types": {"nvidia-l4": G2["g2-standard-12"]}, REGION_ZONES: known}
    (first, *others) = check_zones(plan({**GPU_POOL, "locations": zones}, options={"llmops_zones": zones}), offered)
    said = "us-central1 has no zone us-central1-z" if known else "us-central1-z has no g2-standard-12"
    assert first.message == f"pool gpu: {said} (llmops_zones)"
    assert first.fix.startswith(
        "choose among the zones of us-central1 that have g2-standard-12 and nvidia-l4: us-central1-a"
    )
    # Where the region's zones could not be read, each type is told.
    assert (first.variable, len(others)) == ("llmops_zones", 0 if known else 1)


def test_a_zonal_cluster_has_its_own_zone():
    (pool,) = plan({**GPU_POOL, "locations": None}, options={"llmops_location": "us-central1-c"}).pools
    assert pool.zones == ("us-central1-c",)
    with pytest.raises(InvalidOption, match="gpu_nodepool_locations: None is not accepted"):
        plan({**GPU_POOL, "locations": None})


def test_a_pool_that_is_none_is_refused():
    with pytest.raises(InvalidOption, match="the node pools of role gpu_nodepool: 'gpu' is not accepted"):
        plan({**GPU_POOL, "config": {"accelerators": [{"accelerator_type": "nvidia-l4"}]}})


def test_what_a_node_takes():
    (pool,) = plan(GPU_POOL).pools
    assert node_needs(pool, 12, ["CPUS"]) == {
        "CPUS": 12,
        "CPUS_ALL_REGIONS": 12,
        "INSTANCES": 1,
        "SSD_TOTAL_GB": 100,
        "IN_USE_ADDRESSES": 1,
        "LOCAL_SSD_TOTAL_GB": 375,
        "NVIDIA_L4_GPUS": 1,
        "GPUS_ALL_REGIONS": 1,
    }


def test_what_a_spot_node_without_an_address_takes():
    config = {**GPU_POOL["config"], "spot": True, "disk_type": "pd-standard", "disk_size_gb": 50}
    (pool,) = plan({**GPU_POOL, "config": config, "network_config": {"enable_private_nodes": True}}).pools
    assert node_needs(pool, 12, ["CPUS"]) == {
        "PREEMPTIBLE_CPUS": 12,
        "CPUS_ALL_REGIONS": 12,
        "INSTANCES": 1,
        "DISKS_TOTAL_GB": 50,
        "PREEMPTIBLE_LOCAL_SSD_GB": 375,
        "PREEMPTIBLE_NVIDIA_L4_GPUS": 1,
        "GPUS_ALL_REGIONS": 1,
    }


def test_a_family_with_a_quota_of_its_own():
    (pool,) = plan({"name": "p", "locations": ["us-central1-a"], "config": {"machine_type": "n2-standard-4"}}).pools
    assert node_needs(pool, 4, ["CPUS", "N2_CPUS"])["N2_CPUS"] == 4
    assert "CPUS" not in node_needs(pool, 4, ["CPUS", "N2_CPUS"])
    assert node_needs(pool, 4, ["CPUS"])["CPUS"] == 4


def test_the_price_of_the_tutorials_gpu_node():
    price, findings = estimate(plan(GPU_POOL), G2, {})
    # 12 vCPU, 48 GB and an L4 are 1.0004; 375 GB of local SSD 0.0411; 100 GB of pd-balanced 0.0137.
    assert price["node_hour"] == {"gpu": 1.0552}
    assert price["least"] == {"hour": 0.1, "month": 73}
    assert price["start"] == {"hour": 2.21, "month": 1614}
    assert price["most"] == {"hour": 6.43, "month": 4695}
    assert (findings, price["complete"], price["currency"], price["as_of"]) == ([], True, "USD", PRICES_AS_OF)


def test_spot_is_a_share_of_the_machine_and_not_of_its_disk():
    config = {**GPU_POOL["config"], "spot": True}
    price, _findings = estimate(plan({**GPU_POOL, "config": config}), G2, {"g2-standard-12": 1, "local-ssd": 0})
    assert price["node_hour"] == {"gpu": 0.6137}


def test_a_cluster_has_its_price():
    price, _findings = estimate(plan(GPU_POOL), G2, {"cluster": 0.25})
    assert price["least"] == {"hour": 0.25, "month": 182}


SPOT_POOL = {**GPU_POOL, "name": "spot", "initial_node_count": 0, "config": {**GPU_POOL["config"], "spot": True}}


@pytest.mark.parametrize(
    ("least_replicas", "least"),
    [
        # Asleep: the cluster alone. Then Spot nodes at 0.60 each up to their most, 6, and on-demand nodes at 1.06.
        (0, 0.1),
        (1, 0.7),
        (6, 3.7),
        (7, 4.76),
    ],
)
def test_the_nodes_that_the_least_replicas_bring_are_paid_for(least_replicas, least):
    on_demand = {**GPU_POOL, "initial_node_count": 0}
    price, _findings = estimate(plan(on_demand, SPOT_POOL, model=replicas(least_replicas, 9)), G2, {})
    assert (price["least"]["hour"], price["start"]["hour"]) == (least, least)


@pytest.mark.parametrize(("nodes", "behind"), [("1.34.7-gke.1", 0), ("1.33.1-gke.1", 3)])
def test_nodes_that_their_control_plane_left_behind(nodes: str, behind: int):
    cluster = {
        "name": "mistral",
        "location": "us-central1",
        "currentMasterVersion": "1.36.1-gke.1",
        "nodePools": [{"name": "gpu", "version": nodes}],
    }
    found = list(check_versions(plan(), {"server_config": {}, "clusters": [cluster]}))
    assert bool(found) == bool(behind)
    if behind:
        assert found[0].message == f"pool gpu runs {nodes}, 3 minor versions behind its control plane"
        assert found[0].fix == "upgrade the pool to 1.36.1-gke.1; GKE supports 2"


@pytest.mark.parametrize(("asked", "fine"), [("1.36", True), ("1.36.1", True), ("1.3", False), ("1.36.2", False)])
def test_a_version_or_its_beginning(asked: str, fine: bool):
    facts = {"server_config": {"validMasterVersions": ["1.36.1-gke.12"]}, "clusters": []}
    assert (list(check_versions(plan(cluster={"initial_cluster_version": asked}), facts)) == []) is fine


def test_quota_info_is_two_reads():
    region, project = f"/projects/{PROJECT}/regions/us-central1", f"/projects/{PROJECT}"
    quota = {"metric": "CPUS", "limit": 8, "usage": 3}
    with FakeServer({("GET", region): {"quotas": [quota]}, ("GET", project): {}}) as server:
        result = quota_info.run(options(QUOTA_INFO, server.url, location="us-central1-a"), False, silent)
        assert server.calls() == [f"GET {region}", f"GET {project}"]
    assert result.values["quotas"] == [
        {"metric": "CPUS", "scope": "regional", "limit": 8.0, "usage": 3.0, "available": 5.0}
    ]
    assert result.http_requests == 2


def test_zone_info_reads_every_page():
    path = f"/projects/{PROJECT}/aggregated/machineTypes"

    def page(zone: str, token: str | None) -> Reply:
        items = {f"zones/{zone}": {"machineTypes": [{"name": "g2-standard-12"}]}}
        return Reply(200, {"items": items} | ({"nextPageToken": token} if token else {}))

    with FakeServer({("GET", path): (page("us-east1-b", "more"), page("us-central1-a", None))}) as server:
        result = zone_info.run(options(ZONE_INFO, server.url, machine_type="g2-standard-12"), False, silent)
        which = "filter=name+eq+%22%28g2-standard-12%29%22"
        assert server.calls() == [f"GET {path}?{which}", f"GET {path}?{which}&pageToken=more"]
    assert result.values["zones"] == ["us-central1-a", "us-east1-b"]
