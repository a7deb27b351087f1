# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of several fields at once, lists that are to be exact, and moves that GKE does not make."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import HttpError, ImmutableField, InvalidOption
from tests.contract.gke import playground as playgrounds
from tests.contract.gke.playground import Playground

LOCATION = "us-central1"
FIRST = {"name": "first", "initial_node_count": 0, "config": {"machine_type": "e2-medium"}}
GPU_TAINT = {"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(playgrounds, "POLL_SECONDS", 0.004)
        with playgrounds.playground(tmp_path_factory.mktemp("cloud"), speed=60000.0) as made:
            made.run("cluster", location=LOCATION, name="home", locations=["us-central1-a"], node_pools=[FIRST])
            yield made


def cluster(cloud: Playground, name: str, check: bool = False, **given: Any) -> Any:
    return cloud.run("cluster", check=check, location=LOCATION, name=name, node_pools=[FIRST], **given)


def pool(cloud: Playground, name: str, check: bool = False, **given: Any) -> Any:
    return cloud.run("node_pool", check=check, location=LOCATION, cluster="home", name=name, **given)


def window(**kind: Any) -> dict[str, Any]:
    return {"maintenance_policy": {"window": kind}}


def test_all_differences_of_a_cluster_converge_in_one_run_in_a_safe_order(cloud: Playground):
    def described(version: str, channel: str, labels: dict[str, str], public: bool) -> dict[str, Any]:
        return {
            **window(daily_maintenance_window={"start_time": "01:00" if public else "02:00"}),
            "master_version": version,
            "release_channel": {"channel": channel},
            "resource_labels": labels,
            "monitoring_config": {"managed_prometheus_config": {"enabled": not public}},
            "control_plane_endpoints_config": {"ip_endpoints_config": {"enable_public_endpoint": public}},
        }

    cluster(cloud, "many", **described("1.35", "REGULAR", {"team": "a"}, True))
    wanted = described("1.36", "RAPID", {"team": "b", "stage": "live"}, False)
    foretold = cluster(cloud, "many", check=True, **wanted)
    result = cluster(cloud, "many", **wanted)
    assert [step.request.partition("/clusters/many")[2] for step in result.plan] == [
        ":setMaintenancePolicy",
        "",
        "",
        ":setResourceLabels",
        "",
        "",
    ]
    assert [[change.field for change in step.changes][0] for step in result.plan] == [
        "maintenance_policy.window.daily_maintenance_window.start_time",
        "release_channel.channel",
        "master_version",
        "resource_labels",
        "monitoring_config.managed_prometheus_config.enabled",
        "control_plane_endpoints_config.ip_endpoints_config.enable_public_endpoint",
    ]
    assert [step.to_dict() for step in foretold.plan] == [step.to_dict() for step in result.plan]
    assert result.values["cluster"]["currentMasterVersion"].startswith("1.36.")
    assert len(result.operations) == 6
    assert not cluster(cloud, "many", **wanted).changed


def test_machine_gpus_and_disk_change_in_one_request_so_that_nodes_are_made_anew_once(cloud: Playground):
    def described(machine: str, gpus: int, disk: int) -> dict[str, Any]:
        accelerators = [{"accelerator_type": "nvidia-l4", "accelerator_count": gpus}]
        return {"config": {"machine_type": machine, "accelerators": accelerators, "disk_size_gb": disk}}

    pool(cloud, "shape", **described("g2-standard-12", 1, 100))
    result = pool(cloud, "shape", **described("g2-standard-24", 2, 200))
    assert len(result.plan) == 1
    assert [change.field for change in result.plan[0].changes] == [
        "config.machine_type",
        "config.accelerators",
        "config.disk_size_gb",
    ]
    assert result.values["node_pool"]["config"]["accelerators"][0]["acceleratorCount"] == "2"


@pytest.mark.parametrize(("exactly", "left"), [([], {"a": "1", "b": "3"}), (["resource_labels"], {"b": "3"})])
def test_labels_that_are_no_longer_named_stay_or_go(cloud: Playground, exactly: list[str], left: Any):
    name = f"labels-{len(left)}"
    cluster(cloud, name, resource_labels={"a": "1", "b": "2"})
    result = cluster(cloud, name, resource_labels={"b": "3"}, exactly=exactly)
    assert result.values["cluster"]["resourceLabels"] == left
    assert not cluster(cloud, name, resource_labels={"b": "3"}, exactly=exactly).changed


def test_monitoring_components_that_are_no_longer_named_go_where_it_is_to_be_exact(cloud: Playground):
    def monitored(*components: str) -> dict[str, Any]:
        return {"monitoring_config": {"component_config": {"enable_components": list(components)}}}

    cluster(cloud, "monitored", **monitored("SYSTEM_COMPONENTS", "POD", "DCGM"))
    exact = {"exactly": ["monitoring_config.component_config.enable_components"]}
    result = cluster(cloud, "monitored", **monitored("SYSTEM_COMPONENTS", "HPA"), **exact)
    components = result.values["cluster"]["monitoringConfig"]["componentConfig"]["enableComponents"]
    assert sorted(components) == ["HPA", "SYSTEM_COMPONENTS"]
    assert not cluster(cloud, "monitored", **monitored("SYSTEM_COMPONENTS", "HPA"), **exact).changed


def test_what_gke_sets_by_itself_stays_though_a_list_is_to_be_exact(cloud: Playground):
    gpus = [{"accelerator_type": "nvidia-l4", "accelerator_count": 1}]
    config = {"machine_type": "g2-standard-8", "accelerators": gpus}
    old = {"key": "old", "value": "", "effect": "NO_SCHEDULE"}
    created = pool(cloud, "tainted", config={**config, "taints": [old], "resource_labels": {"team": "a"}})
    assert GPU_TAINT in created.values["node_pool"]["config"]["taints"]
    given = {
        "exactly": ["config.taints", "config.labels", "config.resource_labels"],
        "config": {**config, "taints": [], "labels": {}, "resource_labels": {}},
    }
    result = pool(cloud, "tainted", **given)
    after = result.values["node_pool"]["config"]
    assert after["taints"] == [GPU_TAINT]
    assert after["resourceLabels"] and all(key.startswith("goog-") for key in after["resourceLabels"])
    assert not pool(cloud, "tainted", **given).changed


def test_exactly_is_for_options_that_are_given(cloud: Playground):
    with pytest.raises(InvalidOption, match="exactly: 'config.labels'"):
        pool(cloud, "tainted", exactly=["config.labels"])


def test_a_window_of_another_kind_takes_the_first_one_s_place_and_exclusions_stay(cloud: Playground):
    exclusion = {"name": "launch", "start_time": "2026-03-01T00:00:00Z", "end_time": "2026-03-08T00:00:00Z"}
    cluster(
        cloud, "windows", **window(daily_maintenance_window={"start_time": "01:00"}, maintenance_exclusions=[exclusion])
    )
    first = {"start_time": "2026-01-03T02:00:00Z", "end_time": "2026-01-03T08:00:00Z"}
    weekly = window(recurring_window={"window": first, "recurrence": "FREQ=WEEKLY;BYDAY=SA"})
    after = cluster(cloud, "windows", **weekly).values["cluster"]["maintenancePolicy"]["window"]
    assert set(after) == {"recurringWindow", "maintenanceExclusions"}
    assert not cluster(cloud, "windows", **weekly).changed


def test_a_pool_whose_autoscaler_is_turned_off_gets_the_size_that_is_named(cloud: Playground):
    scaled = {"enabled": True, "min_node_count": 0, "max_node_count": 3}
    pool(cloud, "sized", initial_node_count=1, autoscaling=scaled)
    pool(cloud, "sized", autoscaling={**scaled, "min_node_count": 2})
    fixed = {"autoscaling": {"enabled": False}, "initial_node_count": 1}
    result = pool(cloud, "sized", **fixed)
    assert [step.request.rpartition(":")[2] for step in result.plan] == ["setAutoscaling", "setSize"]
    assert len(cloud.sandbox.store.cluster(LOCATION, "home").pools["sized"].nodes) == 1
    assert not pool(cloud, "sized", **fixed).changed


def test_provisioning_that_is_turned_off_takes_its_limits_with_it(cloud: Playground):
    limits = [{"resource_type": "cpu", "maximum": 9}, {"resource_type": "memory", "maximum": 9}]
    cluster(cloud, "napping", autoscaling={"enable_node_autoprovisioning": True, "resource_limits": limits})
    cluster(cloud, "napping", autoscaling={"autoscaling_profile": "OPTIMIZE_UTILIZATION"})
    plan = cluster(cloud, "napping", check=True, autoscaling={"enable_node_autoprovisioning": False}).plan
    assert plan[0].payload.body == {
        "update": {
            "desiredClusterAutoscaling": {
                "autoscalingProfile": "OPTIMIZE_UTILIZATION",
                "enableNodeAutoprovisioning": False,
            }
        }
    }


REFUSED: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"master_version": "1.36"}, {"master_version": "1.35"}, "back to an earlier minor version"),
    (
        {"network_config": {"enable_l4ilb_subsetting": True}},
        {"network_config": {"enable_l4ilb_subsetting": False}},
        "does not turn it off again",
    ),
]


@pytest.mark.parametrize(("created", "asked", "reason"), REFUSED, ids=["downgrade", "subsetting"])
def test_a_move_that_gke_does_not_make_is_refused_before_anything_is_written(
    cloud: Playground, created: dict[str, Any], asked: dict[str, Any], reason: str
):
    name = f"refused-{next(iter(created)).replace('_', '-')}"
    cluster(cloud, name, **created)
    before = len(cloud.calls(LOCATION))
    with pytest.raises(ImmutableField, match=reason):
        cluster(cloud, name, **asked, resource_labels={"never": "set"})
    assert cloud.calls(LOCATION)[before:] == [f"GET clusters/{name}"]


def test_limits_that_contradict_those_of_the_pool_are_refused(cloud: Playground):
    scaled = {"enabled": True, "min_node_count": 2, "max_node_count": 3}
    pool(cloud, "limited", initial_node_count=2, autoscaling=scaled)
    with pytest.raises(ImmutableField, match="min_node_count would be 2 and max_node_count 1: name both"):
        pool(cloud, "limited", autoscaling={"enabled": True, "max_node_count": 1})


def test_upgrades_change_their_strategy_only_by_name(cloud: Playground):
    pool(cloud, "upgraded", upgrade_settings={"strategy": "BLUE_GREEN"})
    counts = {"max_surge": 1, "max_unavailable": 0}
    with pytest.raises(
        ImmutableField, match="the pool's upgrades are BLUE_GREEN: give upgrade_settings.strategy: SURGE"
    ):
        pool(cloud, "upgraded", upgrade_settings=counts)
    result = pool(cloud, "upgraded", upgrade_settings={"strategy": "SURGE", **counts})
    assert len(result.plan) == 1
    assert result.values["node_pool"]["upgradeSettings"] == {"strategy": "SURGE", "maxSurge": 1}
    assert not pool(cloud, "upgraded", upgrade_settings={"strategy": "SURGE", **counts}).changed
    assert not pool(cloud, "upgraded", upgrade_settings=counts).changed


def test_what_only_the_api_knows_is_refused_in_its_words_with_what_was_done(cloud: Playground):
    cluster(cloud, "judged", release_channel={"channel": "REGULAR"})
    with pytest.raises(HttpError, match="1.99") as raised:
        cluster(cloud, "judged", release_channel={"channel": "RAPID"}, master_version="1.99")
    assert [step["changes"][0]["field"] for step in raised.value.fields["steps_done"]] == ["release_channel.channel"]


def test_a_protected_cluster_is_not_deleted(cloud: Playground):
    cluster(cloud, "kept")
    with pytest.raises(InvalidOption, match="deletion_protection"):
        cluster(cloud, "kept", state="absent", deletion_protection=True)
    assert cluster(cloud, "kept", state="absent").changed
    assert not cluster(cloud, "kept", state="absent", deletion_protection=True).changed
