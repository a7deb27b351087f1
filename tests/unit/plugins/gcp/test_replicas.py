# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preflight: the model's replicas against the quota of their GPUs."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.facts import POOL_SIZES, UNLISTED_LIMITS
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.quotas.replicas import check_replicas
from tests.unit.preflight_plans import deployment_plan

from .preflight_support import GPU_POOL, plan, replicas, sizes

SPOT_POOL = {**GPU_POOL, "name": "spot", "config": {**GPU_POOL["config"], "spot": True}}


def texts(
    limits: dict[str, float],
    *pools: dict[str, Any],
    least: int = 1,
    most: int = 1,
    gpus: int = 1,
    held: int = 0,
    everywhere: float | None = None,
    others: tuple[dict[str, Any], ...] = (),
) -> list[tuple[str, str]]:
    facts = {
        "region_quotas": {name: {"limit": limit, "usage": held} for name, limit in limits.items()},
        "project_quotas": {} if everywhere is None else {"GPUS_ALL_REGIONS": {"limit": everywhere, "usage": held}},
        POOL_SIZES: sizes(gpu=held) if held else {},
        UNLISTED_LIMITS: {},
    }
    planned = plan(
        *(pools or (GPU_POOL,)), model=replicas(least, most), options={"llmops_gpus_per_replica": gpus}, others=others
    )
    return [(finding.severity, finding.text) for finding in check_replicas(planned, facts, "PAGE")]


def test_the_least_replicas_have_no_gpu():
    assert texts({"NVIDIA_L4_GPUS": 2}, least=2, most=4, gpus=2) == [
        (
            "error",
            "quota: 2 replicas (llmops_replicas) need 4 nvidia-l4, but by NVIDIA_L4_GPUS the pools can have 2, "
            "enough for 1; ask for 2 more at PAGE, or lower llmops_replicas",
        )
    ]


def test_the_autoscalers_last_replicas_have_no_gpu():
    ((severity, text),) = texts({"NVIDIA_L4_GPUS": 2}, most=3)
    assert severity == "warning"
    assert (
        "3 replicas (model_server_hpa_max_replicas) need 3 nvidia-l4, but by NVIDIA_L4_GPUS the pools can have 2, "
        "enough for 2" in text
    )


@pytest.mark.parametrize(("most", "fits"), [(3, True), (4, False)])
def test_what_the_pools_hold_is_theirs(most: int, fits: bool):
    assert (texts({"NVIDIA_L4_GPUS": 3}, held=2, most=most) == []) is fits


def test_spot_and_on_demand_pools_have_quotas_of_their_own():
    limits = {"NVIDIA_L4_GPUS": 1, "PREEMPTIBLE_NVIDIA_L4_GPUS": 2}
    assert texts(limits, GPU_POOL, SPOT_POOL, most=3) == []
    ((_severity, text),) = texts(limits, GPU_POOL, SPOT_POOL, most=4)
    assert "but by NVIDIA_L4_GPUS and PREEMPTIBLE_NVIDIA_L4_GPUS the pools can have 3" in text


def test_the_projects_quota_may_be_the_narrower_one():
    ((_severity, text),) = texts({"NVIDIA_L4_GPUS": 8}, everywhere=1, most=2)
    assert "but by GPUS_ALL_REGIONS the pools can have 1, enough for 1" in text


def test_another_gpu_or_no_model_is_not_looked_at():
    assert texts({}, {**GPU_POOL, "config": {"machine_type": "n2-standard-4"}}, most=9) == []
    facts: dict[str, Any] = {"region_quotas": {}, "project_quotas": {}, POOL_SIZES: {}, UNLISTED_LIMITS: {}}
    assert list(check_replicas(plan(GPU_POOL), facts, "PAGE")) == []


def other(host: str, least: int, **options: Any) -> dict[str, Any]:
    return deployment_plan(GPU_POOL, host=host, model=replicas(least, least), options=options)


def test_the_replicas_of_all_hosts_of_the_region_share_its_quota():
    near = (other("two", 2), other("three", 1, llmops_gpus_per_replica=2))
    ((severity, text),) = texts({"NVIDIA_L4_GPUS": 4}, others=near)
    assert severity == "error"
    assert text == (
        "quota: 4 replicas of hosts one, three and two (llmops_replicas) need 5 nvidia-l4, but by NVIDIA_L4_GPUS the "
        "pools can have 4; ask for 1 more at PAGE, or lower llmops_replicas"
    )
    assert texts({"NVIDIA_L4_GPUS": 5}, others=near) == []


@pytest.mark.parametrize(
    "options",
    [
        {"llmops_location": "europe-west4", "llmops_zones": ["europe-west4-a"]},
        {"llmops_project": "other-project"},
        {"llmops_accelerator_type": "nvidia-tesla-t4"},
    ],
)
def test_replicas_of_another_region_project_or_gpu_do_not_count(options):
    assert texts({"NVIDIA_L4_GPUS": 1}, others=(other("two", 5, **options),)) == []
