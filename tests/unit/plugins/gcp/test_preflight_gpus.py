# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preflight reads the table of GPUs: quotas that Compute Engine lists or does not, shapes, prices."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.facts import POOL_SIZES, UNLISTED_LIMITS
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.findings import Finding
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.places import check_shapes
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.price import estimate
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.quotas.needs import gpu_quota, node_needs
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.quotas.quota import check_quota

from .preflight_support import plan, replicas, sizes

PAGE = "https://console.cloud.google.com/iam-admin/quotas?project=demo-project"


def pool(machine: str, gpu: str, gpus: int, *, spot: bool = False, ssds: int = 0, **changes: Any) -> dict[str, Any]:
    config = {
        "machine_type": machine,
        "accelerators": [{"accelerator_type": gpu, "accelerator_count": gpus}],
        "spot": spot,
        "disk_type": "pd-ssd",
        "ephemeral_storage_local_ssd_config": {"local_ssd_count": ssds},
    }
    return {"name": "gpu", "locations": ["us-central1-a"], "initial_node_count": 1, "config": config, **changes}


H100 = ("a3-highgpu-8g", "nvidia-h100-80gb", 8)


def quota_findings(*pools: dict[str, Any], region: dict[str, float] | None = None, **facts: Any) -> list[Finding]:
    def quotas(limits: dict[str, float]) -> dict[str, dict[str, float]]:
        return {name: {"limit": limit, "usage": 0.0} for name, limit in limits.items()}

    read = {
        "region_quotas": quotas(region or {}),
        "project_quotas": quotas(facts.get("project", {})),
        "machine_types": {},
        "clusters": [],
        POOL_SIZES: sizes(**facts.get("sizes", {})),
        UNLISTED_LIMITS: facts.get("limits", {}),
    }
    return list(check_quota(plan(*pools, model=facts.get("model"), options=facts.get("options")), read))


def quota_texts(*pools: dict[str, Any], **facts: Any) -> list[tuple[str, str]]:
    return [(finding.severity, finding.text) for finding in quota_findings(*pools, **facts)]


def test_a_quota_that_compute_engine_does_not_list_is_not_taken_for_none():
    assert quota_texts(pool(*H100)) == [
        (
            "warning",
            "quota: Compute Engine lists no quota of nvidia-h100-80gb on demand in us-central1, so whether the 8 that "
            "gpu may need are free is not known; look for GPUs per GPU family (gpu_family NVIDIA_H100) in us-central1 "
            f"at {PAGE}",
        )
    ]


def test_a_spot_quota_that_the_region_does_not_show_is_named():
    ((severity, text),) = quota_texts(pool(*H100, spot=True))
    assert severity == "warning"
    assert "lists no quota of nvidia-h100-80gb on Spot in us-central1, so whether the 8 that gpu may" in text
    assert f"; look for PREEMPTIBLE_NVIDIA_H100_GPUS in us-central1 at {PAGE}" in text


@pytest.mark.parametrize(("limit", "findings"), [(8, 0), (7, 1)])
def test_a_spot_quota_that_the_region_shows_is_counted(limit: float, findings: int):
    found = quota_texts(pool(*H100, spot=True), region={"PREEMPTIBLE_NVIDIA_H100_GPUS": limit})
    assert len(found) == findings
    assert all("the first nodes of gpu need 8, 7 of 7 are free" in text for _severity, text in found)


def test_the_quota_of_an_older_gpu_is_0_where_the_region_does_not_show_it():
    ((severity, text),) = quota_texts(pool("g2-standard-12", "nvidia-l4", 1))
    assert (severity, text.partition(", 0 of")[0]) == (
        "error",
        "quota: NVIDIA_L4_GPUS: the first nodes of gpu need 1",
    )


def test_the_quota_of_an_unknown_gpu_is_not_known():
    ((severity, text),) = quota_texts(pool("x9-odd-1", "nvidia-x1", 1))
    assert severity == "warning"
    assert text.endswith(f"look for GPUs per GPU family of nvidia-x1 in us-central1 at {PAGE}")


def test_the_projects_quota_counts_gpus_of_every_type():
    ((_warning, _text), (severity, text)) = sorted(quota_texts(pool(*H100), project={"GPUS_ALL_REGIONS": 4}))[::-1]
    assert severity == "error"
    assert "GPUS_ALL_REGIONS: the first nodes of gpu need 8, 4 of 4 are free in project demo-project" in text


def test_pools_of_one_gpu_share_a_word_and_nodes_that_are_there_need_nothing():
    grown = {"enabled": True, "min_node_count": 0, "max_node_count": 3}
    other = pool(*H100, name="other", autoscaling=grown)
    ((_severity, text),) = quota_texts(pool(*H100), other, sizes={"other": 1})
    assert "whether the 24 that gpu, other may need" in text
    assert quota_texts(pool(*H100), sizes={"gpu": 1}) == []


def test_replicas_on_gpus_without_a_listed_quota_are_held_against_the_projects():
    options = {"llmops_accelerator_type": "nvidia-h100-80gb", "llmops_gpus_per_replica": 8}
    wanted = {"model": replicas(2, 2), "options": options}
    first, *others = quota_texts(pool(*H100), **wanted)
    assert others == [] and first[0] == "warning"
    found = quota_texts(pool(*H100), **wanted, project={"GPUS_ALL_REGIONS": 8})
    assert (
        "error",
        "quota: 2 replicas (llmops_replicas) need 16 nvidia-h100-80gb, but by GPUS_ALL_REGIONS the pools can have 8, "
        f"enough for 1; ask for 8 more at {PAGE}, or lower llmops_replicas",
    ) in found


@pytest.mark.parametrize(
    ("gpu", "spot", "known", "metric"),
    [
        ("nvidia-l4", False, (), "NVIDIA_L4_GPUS"),
        ("nvidia-l4", True, (), "PREEMPTIBLE_NVIDIA_L4_GPUS"),
        ("nvidia-b200", True, (), None),
        ("nvidia-b200", True, ("PREEMPTIBLE_NVIDIA_B200_GPUS",), "PREEMPTIBLE_NVIDIA_B200_GPUS"),
        ("nvidia-b200", False, ("NVIDIA_B200_GPUS",), None),
        ("nvidia-x1", False, (), None),
    ],
)
def test_the_metric_that_a_pools_gpus_are_held_against(gpu: str, spot: bool, known: tuple[str, ...], metric):
    (planned,) = plan(pool("m", gpu, 1, spot=spot)).pools
    assert gpu_quota(planned, known) == metric
    needs = node_needs(planned, 1, known)
    assert needs["GPUS_ALL_REGIONS"] == 1
    assert [name for name in needs if "NVIDIA" in name] == ([metric] if metric else [])


def shape_texts(planned: dict[str, Any], offered: dict[str, Any] | None = None) -> list[str]:
    machine = planned["config"]["machine_type"]
    facts = {"machine_types": {machine: {"us-central1-a": offered}} if offered else {}}
    return [finding.text for finding in check_shapes(plan(planned), facts)]


@pytest.mark.parametrize(
    ("planned", "texts"),
    [
        (pool("g2-standard-24", "nvidia-l4", 2, ssds=2), []),
        (
            pool("g2-standard-24", "nvidia-l4", 1),
            [
                "shapes: pool gpu: g2-standard-24 cannot have 1 nvidia-l4; set gpu_nodepool_accelerator_count to 2 "
                "with "
                "machine type g2-standard-24, which has that many GPUs; machine types with 1 nvidia-l4: "
                "g2-standard-4, g2-standard-8, g2-standard-12, g2-standard-16, g2-standard-32"
            ],
        ),
        (
            pool("n1-standard-8", "nvidia-h100-80gb", 1),
            [
                "shapes: pool gpu: n1-standard-8 cannot have 1 nvidia-h100-80gb; set llmops_accelerator_type to "
                "nvidia-tesla-t4, nvidia-tesla-p4, nvidia-tesla-p100 or nvidia-tesla-v100 with machine type "
                "n1-standard-8; machine types with nvidia-h100-80gb: a3-highgpu-1g, a3-highgpu-2g, a3-highgpu-4g, "
                "a3-highgpu-8g, a3-edgegpu-8g, "
                "a3-edgegpu-8g-nolssd"
            ],
        ),
        (
            pool("a3-highgpu-8g", "nvidia-h100-80gb", 8, ssds=4),
            [
                "shapes: pool gpu: a3-highgpu-8g cannot have 4 local SSDs; set gpu_nodepool_local_ssd_count to 16 "
                "with machine type "
                "a3-highgpu-8g, which always has that many"
            ],
        ),
    ],
)
def test_a_machine_type_that_does_not_fit_names_those_that_do(planned: dict[str, Any], texts: list[str]):
    assert shape_texts(planned) == texts


def test_a_machine_type_that_the_table_lacks_is_as_compute_engine_says():
    offered = {"guestCpus": 8, "accelerators": [{"guestAcceleratorType": "nvidia-l4", "guestAcceleratorCount": 2}]}
    planned = pool("g9-standard-8", "nvidia-l4", 1)
    (text,) = shape_texts(planned, offered)
    assert text.startswith(
        "shapes: pool gpu: g9-standard-8 cannot have 1 nvidia-l4; set gpu_nodepool_accelerator_count to 2 with"
    )


def node_hour(planned: dict[str, Any], offered: dict[str, Any] | None = None) -> float:
    machines = {planned["config"]["machine_type"]: {"us-central1-a": offered} if offered else {}}
    price, findings = estimate(plan(planned), machines, {})
    assert findings == []
    return price["node_hour"]["gpu"]


def test_the_price_of_an_h100_node_holds_its_local_ssds():
    disk = 100 * 0.17 / 730
    assert node_hour(pool(*H100)) == pytest.approx(88.49 + disk, abs=1e-4)
    assert node_hour(pool(*H100, ssds=16)) == node_hour(pool(*H100))
    assert node_hour(pool(*H100, spot=True)) == pytest.approx(50.609541 + disk, abs=1e-4)


def test_local_ssds_that_are_asked_for_are_paid_for():
    disk, ssds = 100 * 0.17 / 730, 2 * 375 * 0.08 / 730
    assert node_hour(pool("g2-standard-24", "nvidia-l4", 2, ssds=2)) == pytest.approx(2.000833 + disk + ssds, abs=1e-4)
    spot = node_hour(pool("g2-standard-24", "nvidia-l4", 2, ssds=2, spot=True))
    assert spot == pytest.approx(1.124816 + disk + 0.6 * ssds, abs=1e-4)


def test_a_machine_without_a_price_is_told():
    price, (finding,) = estimate(plan(pool("a4-highgpu-8g", "nvidia-b200", 8)), {}, {})
    assert price["complete"] is False
    assert finding.message == "pool gpu: the price of a4-highgpu-8g is not known"
    assert finding.fix == "give it in US dollars an hour by llmops_prices: {a4-highgpu-8g: …}"
