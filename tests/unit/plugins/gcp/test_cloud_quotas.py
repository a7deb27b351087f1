# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits of GPUs by Cloud Quotas: by their dimensions, as the API writes them, and what preflight makes of them."""

from __future__ import annotations

import math
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.core.errors import HttpError
from ansible_collections.llmops.gke.plugins.module_utils.google.accelerators import GPUS
from ansible_collections.llmops.gke.plugins.module_utils.google.apis import SERVICES, GoogleApis
from ansible_collections.llmops.gke.plugins.module_utils.google.cloud_quotas import gpu_limit, limit_of
from tests.unit.fake_http import FakeServer, Reply

from .test_preflight_gpus import H100, PAGE, pool, quota_findings, quota_texts

HERE = {"region": "us-central1", "gpu_family": "NVIDIA_H100"}
FAMILY = {"gpu_family": "NVIDIA_H100"}
EVERYWHERE = ["us-central1", "us-east4"]


def info(dimensions: dict[str, str], value: Any, locations: list[str]) -> dict[str, Any]:
    return {
        "dimensions": dimensions,
        "details": {} if value is None else {"value": value},
        "applicableLocations": locations,
    }


@pytest.mark.parametrize(
    ("infos", "limit"),
    [
        ([info(HERE, "16", ["us-central1"])], 16),
        ([info(FAMILY, "8", EVERYWHERE)], 8),
        ([info(FAMILY, "8", ["us-east4"])], None),
        ([info({**HERE, "region": "us-east4"}, "8", ["us-east4"])], None),
        # The more dimensions it names the more it is meant, in whatever order they come.
        ([info({}, None, EVERYWHERE), info(FAMILY, "8", EVERYWHERE), info(HERE, "16", ["us-central1"])], 16),
        ([info(HERE, "16", ["us-central1"]), info(FAMILY, "8", EVERYWHERE), info({}, None, EVERYWHERE)], 16),
        ([info({"gpu_family": "NVIDIA_B200"}, "8", EVERYWHERE), info({}, None, EVERYWHERE)], 0),
        # What is empty is left out, and so may be what holds it.
        ([{"dimensions": HERE}], 0),
        ([{"details": {"value": "8"}}], 8),
        ([info(HERE, "-1", ["us-central1"])], math.inf),
        ([], None),
    ],
)
def test_the_limit_is_that_of_the_most_dimensions_that_apply(infos: list[dict[str, Any]], limit: float | None):
    assert limit_of({"dimensionsInfos": infos} if infos else {}, HERE) == limit


def apis(url: str) -> GoogleApis:
    return GoogleApis(dict.fromkeys(SERVICES.values(), url) | {"access_token": "t"}, Deadline(10))


QUOTAS = "/v1/projects/p/locations/global/services/compute.googleapis.com/quotaInfos"


@pytest.mark.parametrize(
    ("gpu", "spot", "dimensions", "quota"),
    [
        ("nvidia-h100-80gb", False, HERE, "GPUS-PER-GPU-FAMILY-per-project-region"),
        ("nvidia-b200", False, {**HERE, "gpu_family": "NVIDIA_B200"}, "GPUS-PER-GPU-FAMILY-per-project-region"),
        ("nvidia-l4", False, {"region": "us-central1"}, "NVIDIA-L4-GPUS-per-project-region"),
        ("nvidia-h100-80gb", True, {"region": "us-central1"}, "PREEMPTIBLE-NVIDIA-H100-GPUS-per-project-region"),
    ],
)
def test_one_quota_is_read(gpu: str, spot: bool, dimensions: dict[str, str], quota: str):
    answer = Reply(200, {"dimensionsInfos": [info(dimensions, "4", ["us-central1"])]})
    with FakeServer([answer]) as server:
        assert gpu_limit(apis(server.url), "p", "us-central1", GPUS[gpu], spot=spot) == 4
    assert [(request.method, request.path) for request in server.requests] == [("GET", f"{QUOTAS}/{quota}")]


def test_a_gpu_without_a_known_family_is_not_asked_for():
    with FakeServer([]) as server:
        assert gpu_limit(apis(server.url), "p", "us-central1", GPUS["nvidia-gb200"], spot=False) is None
        assert gpu_limit(apis(server.url), "p", "us-central1", GPUS["nvidia-gb200"], spot=True) is None
    assert server.requests == []


def test_a_quota_that_the_project_does_not_have_is_not_known():
    with FakeServer([Reply(404, {"error": {"code": 404, "message": "no", "status": "NOT_FOUND"}})]) as server:
        assert gpu_limit(apis(server.url), "p", "us-central1", GPUS["nvidia-b200"], spot=False) is None


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (
            Reply(403, {"error": {"code": 403, "message": "no", "status": "PERMISSION_DENIED"}}),
            "Cloud Quotas answered 403 PERMISSION_DENIED: no",
        ),
        (
            Reply(200, {"dimensionsInfos": "many"}),
            "Cloud Quotas answered 200 with text 'many' as dimensionsInfos where an object was expected",
        ),
    ],
)
def test_a_quota_that_cannot_be_read_is_told_with_its_name(reply: Reply, told: str):
    with FakeServer([reply]) as server, pytest.raises(HttpError) as refused:
        gpu_limit(apis(server.url), "p", "us-central1", GPUS["nvidia-b200"], spot=False)
    quota = "GPUS-PER-GPU-FAMILY-per-project-region"
    asked = f"GET {server.url}{QUOTAS}/{quota}"
    assert refused.value.message == f"read the quota {quota} of project p: {told} ({asked})"


ON_DEMAND = ("nvidia-h100-80gb", False)
GROWING = {"autoscaling": {"enabled": True, "min_node_count": 0, "max_node_count": 3}}


def test_what_is_above_the_limit_is_told_and_what_is_below_is_silence():
    assert quota_texts(pool(*H100), limits={ON_DEMAND: 8.0}) == []
    assert quota_texts(pool(*H100), limits={ON_DEMAND: math.inf}) == []
    assert quota_texts(pool(*H100), limits={ON_DEMAND: 0.0}) == [
        (
            "error",
            "quota: GPUs per GPU family (gpu_family NVIDIA_H100): the first nodes of gpu need 8, the limit in "
            f"us-central1 is 0; ask for at least 8 at {PAGE}, or begin with fewer (gpu_nodepool_initial_node_count) "
            "or smaller nodes",
        )
    ]
    assert quota_texts(pool(*H100, **GROWING), limits={ON_DEMAND: 16.0}) == [
        (
            "warning",
            "quota: GPUs per GPU family (gpu_family NVIDIA_H100): the largest size of gpu needs 24, the limit "
            "in us-central1 is 16; autoscaling stops there; "
            f"ask for at least 24 at {PAGE}, or lower gpu_nodepool_max_node_count",
        )
    ]


def test_the_pools_of_a_family_share_its_limit_and_hold_what_they_have():
    pools = pool(*H100), pool(*H100, name="other", **GROWING)
    ((severity, text),) = quota_texts(*pools, limits={ON_DEMAND: 15.0})
    assert (severity, "the first nodes of gpu, other need 16, the limit in us-central1 is 15" in text) == (
        "error",
        True,
    )
    # A pool that is full grows no more, and still holds its part.
    ((severity, text),) = quota_texts(*pools, sizes={"gpu": 1, "other": 1}, limits={ON_DEMAND: 24.0})
    assert (severity, "the largest size of gpu, other needs 32" in text) == ("warning", True)
    assert quota_texts(*pools, sizes={"gpu": 1, "other": 3}, limits={ON_DEMAND: 0.0}) == []


def test_a_pool_that_is_there_begins_with_what_its_autoscaler_keeps_and_holds_what_it_has():
    there = pool(*H100, initial_node_count=2, **GROWING)
    ((severity, text),) = quota_texts(there, limits={ON_DEMAND: 15.0})
    assert (severity, "the first nodes of gpu need 16" in text) == ("error", True)
    ((severity, text),) = quota_texts(there, sizes={"gpu": 0}, limits={ON_DEMAND: 15.0})
    assert (severity, "the largest size of gpu needs 24" in text) == ("warning", True)
    ((severity, text),) = quota_texts(there, sizes={"gpu": 0}, limits={ON_DEMAND: 0.0})
    assert (severity, "the largest size of gpu needs 24" in text) == ("warning", True)
    ((severity, text),) = quota_texts(there, sizes={"gpu": 2}, limits={ON_DEMAND: 15.0})
    assert (severity, "the first nodes of gpu need 16" in text) == ("error", True)


def test_a_pool_without_nodes_takes_nothing_of_the_limit():
    pools = pool(*H100, **GROWING), pool(*H100, name="empty", initial_node_count=0)
    assert quota_texts(*pools, limits={ON_DEMAND: 24.0}) == []


@pytest.mark.parametrize(
    ("limit", "variable"), [(0.0, "gpu_nodepool_initial_node_count"), (16.0, "gpu_nodepool_max_node_count")]
)
def test_the_variable_to_lower_is_named(limit: float, variable: str):
    (found,) = quota_findings(pool(*H100, **GROWING), limits={ON_DEMAND: limit})
    assert found.variable == variable


def test_a_limit_of_spot_counts_for_spot_alone():
    spot = {("nvidia-h100-80gb", True): 0.0}
    ((severity, text),) = quota_texts(pool(*H100, spot=True), limits=spot)
    assert severity == "error"
    assert "quota: PREEMPTIBLE_NVIDIA_H100_GPUS: the first nodes of gpu need 8, the limit in us-central1 is 0" in text
    ((severity, text),) = quota_texts(pool(*H100), limits=spot)
    assert (severity, "may need are free is not known" in text) == ("warning", True)


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (
            "SERVICE_DISABLED",
            "Cloud Quotas is off (gcloud services enable cloudquotas.googleapis.com --project demo-pr",
        ),
        ("IAM_PERMISSION_DENIED", "read the quota: Cloud Quotas answered 403"),
    ],
)
def test_what_cannot_be_read_is_not_known_and_no_failure(reason: str, told: str):
    refused = HttpError(
        "read the quota: Cloud Quotas answered 403",
        status=403,
        method="GET",
        url="http://x",
        reason="PERMISSION_DENIED",
        details=[{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}, "odd"],
    )
    ((severity, text),) = quota_texts(pool(*H100), limits={ON_DEMAND: refused})
    assert severity == "warning"
    assert f"whether the 8 that gpu may need are free is not known: {told}" in text
    assert f"; look for GPUs per GPU family (gpu_family NVIDIA_H100) in us-central1 at {PAGE}" in text


def test_replicas_are_held_against_the_limit():
    options = {"llmops_accelerator_type": "nvidia-h100-80gb", "llmops_gpus_per_replica": 8}
    planned = {
        "model": {"replicas": {"least": 2, "most": 4}},
        "options": options,
        "limits": {ON_DEMAND: 16.0},
    }
    ((severity, text),) = quota_texts(pool(*H100), **planned)
    assert severity == "warning"
    assert (
        "4 replicas (model_server_hpa_max_replicas) need 32 nvidia-h100-80gb, but by GPUs per GPU family (gpu_family "
        "NVIDIA_H100) the pools can have 16, enough for 2"
    ) in text
    # What the pool holds is a part of the limit, not beside it, even all of it.
    for nodes in (1, 2):
        assert quota_texts(pool(*H100), **planned, sizes={"gpu": nodes}) == [(severity, text)]


def test_replicas_on_spot_are_held_against_the_limit_of_spot():
    options = {"llmops_accelerator_type": "nvidia-h100-80gb", "llmops_gpus_per_replica": 8}
    found = quota_texts(
        pool(*H100, spot=True),
        model={"replicas": {"least": 2, "most": 2}},
        options=options,
        limits={("nvidia-h100-80gb", True): 8.0},
    )
    assert found == [
        (
            "error",
            "quota: 2 replicas (llmops_replicas) need 16 nvidia-h100-80gb, but by PREEMPTIBLE_NVIDIA_H100_GPUS the "
            f"pools can have 8, enough for 1; ask for 8 more at {PAGE}, or lower llmops_replicas",
        )
    ]
