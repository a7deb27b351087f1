# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes as GKE makes them: labels, taints, room, GPUs once the driver is there."""

from __future__ import annotations

import copy

import pytest

from llmops_gke_sandbox.agents.nodes.allocatable import capacity, machine
from llmops_gke_sandbox.agents.nodes.nodes import node_object
from llmops_gke_sandbox.kubernetes.quantity import parse

from .conftest import DEFAULT_POOL, GPU_POOL, ZONE, is_ready

GPU = "nvidia.com/gpu"


async def test_a_gpu_node_has_gkes_labels_and_taint_and_later_its_gpu(world):
    await world.runtime.add_node(GPU_POOL, ZONE, "gpu-1")
    node = world.api.get_now("nodes", "gpu-1")
    assert is_ready(node)
    assert GPU not in node["status"]["allocatable"]
    assert node["spec"]["taints"] == [{"key": GPU, "value": "present", "effect": "NoSchedule"}]
    wanted = {
        "cloud.google.com/gke-nodepool": "gpu-pool",
        "cloud.google.com/gke-accelerator": "nvidia-l4",
        "cloud.google.com/gke-gpu-driver-version": "latest",
        "cloud.google.com/machine-family": "g2",
        "node.kubernetes.io/instance-type": "g2-standard-12",
        "topology.kubernetes.io/zone": "us-central1-a",
        "topology.kubernetes.io/region": "us-central1",
        "accelerator": "nvidia-gpu",
    }
    assert wanted.items() <= node["metadata"]["labels"].items()
    assert node["status"]["nodeInfo"]["kubeletVersion"] == "v1.36.0-gke.1"
    found = await world.until(
        lambda: GPU in (one := world.api.get_now("nodes", "gpu-1"))["status"]["allocatable"] and one
    )
    assert found["status"]["allocatable"][GPU] == found["status"]["capacity"][GPU] == "1"


async def test_without_a_driver_the_gpu_never_appears(world):
    pool = copy.deepcopy(GPU_POOL)
    pool["config"]["accelerators"][0]["gpuDriverInstallationConfig"] = {"gpuDriverVersion": "INSTALLATION_DISABLED"}
    await world.runtime.add_node(pool, ZONE, "bare-1")
    await world.runtime.add_node(GPU_POOL, ZONE, "gpu-1")
    await world.until(lambda: GPU in world.api.get_now("nodes", "gpu-1")["status"]["allocatable"])
    assert GPU not in world.api.get_now("nodes", "bare-1")["status"]["allocatable"]


async def test_removing_a_node_removes_its_pods_and_removing_it_again_is_fine(world):
    await world.runtime.remove_node("plain-1")
    assert world.api.get_now("nodes", "plain-1") is None
    await world.runtime.remove_node("plain-1")


async def test_nodes_have_pod_ranges_of_their_own(world):
    for number in range(2, 5):
        await world.runtime.add_node(DEFAULT_POOL, ZONE, f"plain-{number}")
    ranges = {node["spec"]["podCIDR"] for node in world.api.list_now("nodes")}
    assert len(ranges) == 4


def test_taints_and_labels_of_the_pool_are_the_nodes():
    pool = {
        "name": "p",
        "config": {
            "machineType": "e2-standard-2",
            "labels": {"team": "llm"},
            "taints": [{"key": "only", "value": "llm", "effect": "NO_EXECUTE"}],
            "gcfsConfig": {"enabled": True},
            "spot": True,
        },
    }
    node = node_object(pool, ZONE, "n", 0, "project")
    assert node["spec"]["taints"] == [{"key": "only", "value": "llm", "effect": "NoExecute"}]
    labels = node["metadata"]["labels"]
    assert labels["team"] == "llm"
    assert labels["cloud.google.com/gke-image-streaming"] == labels["cloud.google.com/gke-spot"] == "true"


@pytest.mark.parametrize("name", ["n1-standard", "n1-standard-x", "z9-standard-4", ""])
def test_an_unknown_machine_type_is_named(name):
    with pytest.raises(ValueError, match="not known to the sandbox"):
        machine(name)


def test_gke_keeps_a_part_of_the_machine_for_itself():
    full, free = capacity(machine("n1-standard-4"), disk_gb=100, local_ssds=0, max_pods=110)
    assert free["cpu"] == "3920m"
    # GKE's documentation: 25 % of the first 4 GiB, 20 % of the next 4, 10 % of the next 7, and 100 MiB.
    assert parse(full["memory"]) - parse(free["memory"]) == pytest.approx(
        (1 + 0.8 + 0.7) * 2**30 + 100 * 2**20, rel=0.01
    )
    _full, with_ssd = capacity(machine("g2-standard-12"), disk_gb=100, local_ssds=1, max_pods=110)
    assert parse(with_ssd["ephemeral-storage"]) > 250 * 2**30 > parse(free["ephemeral-storage"])
