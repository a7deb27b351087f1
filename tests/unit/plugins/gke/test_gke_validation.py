# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input to the GKE modules is refused in one line that names the option, before any request."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.core.result import silent
from ansible_collections.llmops.gke.plugins.module_utils.engines.gke import (
    gke_cluster,
    gke_cluster_info,
    gke_kubeconfig,
    gke_node_pool,
)
from ansible_collections.llmops.gke.plugins.module_utils.engines.gke.gke_cluster import ARGUMENT_SPEC as CLUSTER
from ansible_collections.llmops.gke.plugins.module_utils.engines.gke.gke_cluster_info import (
    ARGUMENT_SPEC as CLUSTER_INFO,
)
from ansible_collections.llmops.gke.plugins.module_utils.engines.gke.gke_kubeconfig import ARGUMENT_SPEC as KUBECONFIG
from ansible_collections.llmops.gke.plugins.module_utils.engines.gke.gke_node_pool import ARGUMENT_SPEC as NODE_POOL
from ansible_collections.llmops.gke.plugins.module_utils.google.machine_types import MACHINE_TYPES
from tests.unit.fake_http import FakeServer
from tests.unit.plugins.gke.gke_support import CLUSTER_PATH, NOT_FOUND, POOL_PATH, options, running

G2 = "g2-standard-12"


def l4(count: int = 1, kind: str = "nvidia-l4") -> list[dict[str, Any]]:
    return [{"accelerator_type": kind, "accelerator_count": count}]


def ssd(count: int) -> dict[str, Any]:
    return {"local_ssd_count": count}


POOL_CASES: list[tuple[dict[str, Any], str, str]] = [
    ({"project": "My Project"}, "project", "a project id"),
    ({"location": "us-central"}, "location", "a region such as us-central1"),
    ({"name": "Gpu_Pool"}, "name", "lower-case letters"),
    ({"name": "a" * 41}, "name", "1 to 40"),
    ({"cluster": "-"}, "cluster", "lower-case letters"),
    ({"locations": ["us-central1"]}, "locations", "zones of us-central1, such as us-central1-a"),
    ({"locations": ["europe-west4-a"]}, "locations", "zones of us-central1"),
    ({"version": "latest"}, "version", "a version such as 1.33"),
    ({"config": {"labels": {"release": 1.10}}}, "config.labels.release", "text, so put it in quotes"),
    ({"config": {"labels": {"team": {"a": "b"}}}}, "config.labels.team", "text"),
    ({"config": {"metadata": {"startup": ["a"]}}}, "config.metadata.startup", "text"),
    ({"expected_labels": {"release": 1.5}}, "expected_labels.release", "text"),
    (
        {"upgrade_settings": {"max_surge": 1, "blue_green_settings": {"node_pool_soak_duration": "60s"}}},
        "upgrade_settings.max_surge",
        "no value beside upgrade_settings.blue_green_settings",
    ),
    (
        {"upgrade_settings": {"strategy": "SURGE", "blue_green_settings": {"node_pool_soak_duration": "60s"}}},
        "upgrade_settings.blue_green_settings",
        "no value beside upgrade_settings.strategy",
    ),
    (
        {"upgrade_settings": {"strategy": "SHORT_LIVED", "max_surge": 1}},
        "upgrade_settings.max_surge",
        "no value beside upgrade_settings.strategy",
    ),
    (
        {"autoscaling": {"min_node_count": 1}},
        "autoscaling.enabled",
        r"true where (node_pools\[0\].)?autoscaling.min_node_count is given",
    ),
    (
        {"autoscaling": {"enabled": False, "max_node_count": 2}},
        "autoscaling.enabled",
        r"true where .*autoscaling.max_node_count is given",
    ),
    (
        {"autoscaling": {"enabled": True, "min_node_count": 3, "max_node_count": 2}},
        "autoscaling.max_node_count",
        r"3 or more \(.*autoscaling.min_node_count is 3\)",
    ),
    ({"autoscaling": {"enabled": True, "max_node_count": 0}}, "autoscaling.max_node_count", "1 or more"),
    ({"autoscaling": {"enabled": True, "min_node_count": -1}}, "autoscaling.min_node_count", "0 or more"),
    (
        {"autoscaling": {"enabled": True, "total_min_node_count": 5, "total_max_node_count": 4}},
        "autoscaling.total_max_node_count",
        "5 or more",
    ),
    (
        {"autoscaling": {"enabled": True, "min_node_count": 1, "total_max_node_count": 4}},
        "autoscaling",
        "limits of one kind",
    ),
    (
        {"initial_node_count": 3, "autoscaling": {"enabled": True, "min_node_count": 1, "max_node_count": 2}},
        "initial_node_count",
        "1 to 2",
    ),
    (
        {"initial_node_count": 0, "autoscaling": {"enabled": True, "min_node_count": 1, "max_node_count": 2}},
        "initial_node_count",
        "1 to 2",
    ),
    ({"initial_node_count": -1}, "initial_node_count", "0 or more"),
    (
        {"config": {"machine_type": "g2-standard-13"}},
        "config.machine_type",
        "one of its family: g2-standard-4, g2-standard-8",
    ),
    (
        {"config": {"machine_type": G2, "ephemeral_storage_local_ssd_config": ssd(2)}},
        "config.ephemeral_storage_local_ssd_config.local_ssd_count",
        "at most 1 with machine type g2-standard-12",
    ),
    (
        {"config": {"machine_type": G2, "accelerators": l4(2)}},
        r"config.accelerators\[0\].accelerator_count",
        "1 with machine type g2-standard-12",
    ),
    (
        {"config": {"machine_type": G2, "accelerators": l4(kind="nvidia-tesla-t4")}},
        r"config.accelerators\[0\].accelerator_type",
        "nvidia-l4 or nvidia-l4-vws with machine type g2-standard-12; machine types with nvidia-tesla-t4: N1$",
    ),
    (
        {"config": {"machine_type": "n1-standard-4", "accelerators": l4()}},
        r"config.accelerators\[0\].accelerator_type",
        "nvidia-tesla-t4, .* or nvidia-tesla-v100 with machine type n1-standard-4; machine types with nvidia-l4: g2-",
    ),
    (
        {"config": {"machine_type": "a3-highgpu-8g", "accelerators": l4(4, "nvidia-h100-80gb")}},
        r"config.accelerators\[0\].accelerator_count",
        "8 with machine type a3-highgpu-8g, .*; machine types with 4 nvidia-h100-80gb: a3-highgpu-4g$",
    ),
    (
        {"config": {"machine_type": "a2-highgpu-2g", "ephemeral_storage_local_ssd_config": ssd(1)}},
        "config.ephemeral_storage_local_ssd_config.local_ssd_count",
        "2, 4 or 8 with machine type a2-highgpu-2g, or 0",
    ),
    ({"config": {"max_run_duration": "1h"}}, "config.max_run_duration", "a number of seconds such as 90s"),
    (
        {"upgrade_settings": {"blue_green_settings": {"standard_rollout_policy": {"batch_percentage": 50.0}}}},
        "upgrade_settings.blue_green_settings.standard_rollout_policy.batch_percentage",
        "a number from 0 to 1",
    ),
    (
        {
            "upgrade_settings": {
                "blue_green_settings": {"standard_rollout_policy": {"batch_node_count": 1, "batch_percentage": 0.5}}
            }
        },
        "upgrade_settings.blue_green_settings.standard_rollout_policy.batch_percentage",
        "no value beside upgrade_settings.blue_green_settings.standard_rollout_policy.batch_node_count",
    ),
    (
        {"upgrade_settings": {"strategy": "BLUE_GREEN", "max_surge": 1}},
        "upgrade_settings.max_surge",
        "no value beside upgrade_settings.strategy",
    ),
]


@pytest.mark.parametrize(("given", "option", "accepted"), POOL_CASES, ids=lambda value: str(value)[:40])
def test_a_node_pool_is_refused_alone_and_inside_a_cluster(given: dict[str, Any], option: str, accepted: str):
    task = options(NODE_POOL, **{"cluster": "mistral", "name": "gpu", **given})
    with pytest.raises(InvalidOption, match=f"^{option}: .*{accepted}"):
        gke_node_pool.run(task, False, silent)
    if {"project", "location", "cluster"} & set(given):
        return
    inside = options(CLUSTER, name="mistral", node_pools=[{"name": "gpu", **given}])
    with pytest.raises(InvalidOption, match=rf"^node_pools\[0\].{option}: .*{accepted}"):
        gke_cluster.run(inside, False, silent)


@pytest.mark.parametrize(
    ("given", "option", "accepted"),
    [
        (
            {"workload_identity_config": {"workload_pool": "demo-projectsvc.id.goog"}},
            "workload_identity_config.workload_pool",
            "the project's own pool: demo-project.svc.id.goog",
        ),
        ({"locations": ["us-central1"]}, "locations", "zones of us-central1"),
        ({"initial_cluster_version": "1"}, "initial_cluster_version", "a version such as 1.33"),
        (
            {"initial_cluster_version": "1.33", "master_version": "1.33"},
            "master_version",
            "no value beside initial_cluster_version",
        ),
        (
            {
                "maintenance_policy": {
                    "window": {"maintenance_exclusions": [{"name": "launch", "start_time": "2026-03-01T00:00:00"}]}
                }
            },
            r"maintenance_policy.window.maintenance_exclusions\[0\].start_time",
            "a time with its offset such as 2026-01-03T02:00:00Z",
        ),
        ({"exactly": ["resource_labels"]}, "exactly", "options that are given beside it"),
        (
            {"node_pools": [{"name": "gpu"}, {"name": "gpu"}]},
            r"node_pools\[1\].name",
            "a name that no other pool of the list has",
        ),
    ],
)
def test_a_cluster_is_refused(given: dict[str, Any], option: str, accepted: str):
    with pytest.raises(InvalidOption, match=f"^{option}: .*{accepted}"):
        gke_cluster.run(options(CLUSTER, name="mistral", **given), False, silent)


@pytest.mark.parametrize(
    ("given", "option"),
    [
        ({"location": "-", "name": "mistral"}, "location"),
        ({"location": "everywhere"}, "location"),
        ({"name": "-"}, "name"),
    ],
)
def test_a_look_is_refused(given: dict[str, Any], option: str):
    with pytest.raises(InvalidOption, match=f"^{option}: "):
        gke_cluster_info.run(options(CLUSTER_INFO, **given), False, silent)


@pytest.mark.parametrize(("given", "option"), [({"state": "absent"}, "path"), ({"name": "My"}, "name")])
def test_a_kubeconfig_is_refused(given: dict[str, Any], option: str):
    with pytest.raises(InvalidOption, match=f"^{option}: "):
        gke_kubeconfig.run(options(KUBECONFIG, **{"name": "mistral", **given}), False, silent)


@pytest.mark.parametrize("name", [name for name, machine in MACHINE_TYPES.items() if machine.gpu])
def test_a_machine_type_takes_its_own_gpus_and_as_many_ssds_as_it_can(name: str):
    machine = MACHINE_TYPES[name]
    most = machine.bundled_ssds or max(machine.local_ssds, default=0)
    config = {
        "machine_type": name,
        "accelerators": l4(machine.gpus, machine.gpu),
        "ephemeral_storage_local_ssd_config": ssd(most),
    }
    with FakeServer({("GET", POOL_PATH): NOT_FOUND, ("GET", CLUSTER_PATH): running(name="mistral")}) as server:
        task = options(NODE_POOL, server.url, cluster="mistral", name="gpu", config=config)
        assert gke_node_pool.run(task, True, silent).changed
    config["ephemeral_storage_local_ssd_config"] = ssd(most + 1)
    with pytest.raises(InvalidOption, match="local_ssd_count"):
        gke_node_pool.run(options(NODE_POOL, cluster="mistral", name="gpu", config=config), True, silent)


def test_a_machine_type_of_an_unknown_family_is_left_to_gke():
    config = {"machine_type": "c9-standard-8", "ephemeral_storage_local_ssd_config": ssd(3)}
    with FakeServer({("GET", POOL_PATH): NOT_FOUND, ("GET", CLUSTER_PATH): running(name="mistral")}) as server:
        assert gke_node_pool.run(
            options(NODE_POOL, server.url, cluster="mistral", name="gpu", config=config), True, silent
        ).changed
