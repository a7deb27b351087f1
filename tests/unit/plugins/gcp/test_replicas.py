# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""gcp_preflight: the model's replicas against the quota of their GPUs."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.facts import POOL_SIZES
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.replicas import check_replicas

from .test_gcp_preflight import GPU_POOL, plan

SPOT_POOL = {**GPU_POOL, "name": "spot", "config": {**GPU_POOL["config"], "spot": True}}


def texts(
    limits: dict[str, float], *pools: dict[str, Any], held: int = 0, everywhere: float | None = None, **replicas: int
) -> list[tuple[str, str]]:
    facts = {
        "region_quotas": {name: {"limit": limit, "usage": held} for name, limit in limits.items()},
        "project_quotas": {} if everywhere is None else {"GPUS_ALL_REGIONS": {"limit": everywhere, "usage": held}},
        POOL_SIZES: {"gpu": held} if held else {},
    }
    wanted = {"accelerator_type": "nvidia-l4", **replicas}
    found = check_replicas(plan(*(pools or (GPU_POOL,)), replicas=wanted), facts, "PAGE")
    return [(finding.severity, finding.to_dict()["text"]) for finding in found]


def test_the_least_replicas_have_no_gpu():
    assert texts({"NVIDIA_L4_GPUS": 2}, min_replicas=2, max_replicas=4, gpus=2) == [
        (
            "error",
            "quota: 2 replicas (min_replicas) need 4 nvidia-l4, but by NVIDIA_L4_GPUS the pools can have 2, "
            "enough for 1; ask for 2 more at PAGE, or lower min_replicas",
        )
    ]


def test_the_autoscalers_last_replicas_have_no_gpu():
    ((severity, text),) = texts({"NVIDIA_L4_GPUS": 2}, min_replicas=1, max_replicas=3)
    assert severity == "warning"
    assert (
        "3 replicas (max_replicas) need 3 nvidia-l4, but by NVIDIA_L4_GPUS the pools can have 2, enough for 2" in text
    )


@pytest.mark.parametrize(("most", "fits"), [(3, True), (4, False)])
def test_what_the_pools_hold_is_theirs(most: int, fits: bool):
    assert (texts({"NVIDIA_L4_GPUS": 3}, held=2, max_replicas=most) == []) is fits


def test_spot_and_on_demand_pools_have_quotas_of_their_own():
    limits = {"NVIDIA_L4_GPUS": 1, "PREEMPTIBLE_NVIDIA_L4_GPUS": 2}
    assert texts(limits, GPU_POOL, SPOT_POOL, max_replicas=3) == []
    ((_severity, text),) = texts(limits, GPU_POOL, SPOT_POOL, max_replicas=4)
    assert "but by NVIDIA_L4_GPUS and PREEMPTIBLE_NVIDIA_L4_GPUS the pools can have 3" in text


def test_the_projects_quota_may_be_the_narrower_one():
    ((_severity, text),) = texts({"NVIDIA_L4_GPUS": 8}, everywhere=1, max_replicas=2)
    assert "but by GPUS_ALL_REGIONS the pools can have 1, enough for 1" in text


def test_another_gpu_or_no_model_is_not_looked_at():
    assert texts({}, {**GPU_POOL, "config": {"machine_type": "n2-standard-4"}}, max_replicas=9) == []
    facts: dict[str, Any] = {"region_quotas": {}, "project_quotas": {}, POOL_SIZES: {}}
    assert list(check_replicas(plan(GPU_POOL), facts, "PAGE")) == []


@pytest.mark.parametrize(("wrong", "told"), [({"gpus": 0}, "replicas.gpus"), ({"min_replicas": 2}, "max_replicas")])
def test_replicas_that_cannot_be(wrong: dict[str, int], told: str):
    with pytest.raises(InvalidOption, match=told):
        plan(GPU_POOL, replicas={"accelerator_type": "nvidia-l4", **wrong})
