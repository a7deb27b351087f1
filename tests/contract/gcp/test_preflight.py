# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every finding of llm_preflight about a project has a fault, or a state of the project, that provokes it; its "
"words are read here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from ansible_collections.llmops.gke.plugins.module_utils.core.result import Result, silent
from ansible_collections.llmops.gke.plugins.module_utils.engines.serving import llm_preflight
from ansible_collections.llmops.gke.plugins.module_utils.engines.serving.llm_preflight import ARGUMENT_SPEC
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.checks import NAMES
from tests.unit.preflight_plans import deployment_plan

from .preflight_cases import FAULTS, POOL, pool

Look = Callable[..., Result]


@pytest.fixture
def look(sandbox, options_of) -> Look:
    """Runs the engine on a plan with one pool and no model, changed by what the test gives.

    node_pools, cluster (its definition), options (of roles), model: parts of the plan. Else: an option of the module.
    """

    def run(
        node_pools: list[dict[str, Any]] | None = None,
        cluster: dict[str, Any] | None = None,
        options: dict[str, Any] | None = None,
        model: dict[str, Any] | None = None,
        **given: Any,
    ) -> Result:
        hub = {"endpoint": sandbox.endpoints["huggingface"], "token": "hf_sandbox"}
        values = {"llmops_project": sandbox.endpoints["project"], **(options or {})}
        pools = [POOL] if node_pools is None else node_pools
        plan = deployment_plan(*pools, cluster=cluster or {}, model=model, options=values)
        asked = options_of(ARGUMENT_SPEC, plan=plan, fail=False, **hub, **given)
        return llm_preflight.run(asked, False, silent)

    return run


def texts(result: Result, severity: str = "error") -> list[str]:
    """What was found, a line each, without the hint how to skip it."""
    if severity == "warning":
        return result.warnings
    return [line for line in result.values.get("msg", "").splitlines() if not line.startswith("If a check is wrong")]


def test_a_clean_project_is_only_read(sandbox, look):
    sandbox.forget_requests()
    result = look()
    assert result.values["findings"] == [] and result.warnings == []
    assert result.values["checked"] == list(NAMES)
    asked = sorted(
        (entry["service"], entry["method"], entry["path"].partition("?")[0].rpartition("/")[2])
        for entry in sandbox.requests()
        if entry["service"] != "token"
    )
    assert asked == [
        ("cloudresourcemanager", "POST", "sandbox-project:testIamPermissions"),
        ("compute", "GET", "acceleratorTypes"),
        ("compute", "GET", "machineTypes"),
        ("compute", "GET", "sandbox-project"),
        ("compute", "GET", "subnetworks"),
        ("compute", "GET", "us-central1"),
        ("container", "GET", "clusters"),
        ("container", "GET", "serverConfig"),
        ("iam", "POST", "123456789012-compute@developer.gserviceaccount.com:testIamPermissions"),
        ("serviceusage", "GET", "services:batchGet"),
    ]
    assert result.http_requests == len(asked)


@pytest.mark.parametrize("case", FAULTS)
def test_the_finding_says_what_is_wrong_and_what_to_do(look, fault, case):
    faults, changes, expected = FAULTS[case]
    for one in faults:
        fault(**one)
    found = texts(look(**changes))
    assert any(expected in text for text in found), found
    check = expected.partition(":")[0]
    if check in NAMES:
        assert not any(text.startswith(f"{check}:") for text in texts(look(**changes, skip=[check])))


def test_what_limits_only_the_autoscaler_is_a_warning(look, fault):
    fault("quota_limit", match={"metric": "NVIDIA_L4_GPUS"}, limit=1)
    result = look()
    assert texts(result) == []
    assert result.warnings == texts(result, "warning")
    assert result.warnings[0].startswith(
        "quota: NVIDIA_L4_GPUS: the largest size of gpu-pool needs 2 more, 1 of 1 are free in us-central1; autoscaling "
        "stops there; ask for at least 2 at https://console.cloud.google.com"
    )


H100 = {
    "machine_type": "a3-highgpu-1g",
    "accelerators": [{"accelerator_type": "nvidia-h100-80gb", "accelerator_count": 1}],
    "ephemeral_storage_local_ssd_config": None,
}


def test_a_gpu_whose_quota_compute_engine_does_not_list_has_its_limit_by_cloud_quotas_and_its_price(look, fault):
    planned = {"node_pools": [pool(config=H100)]}
    result = look(**planned)
    assert (texts(result), result.warnings) == ([], [])
    assert result.values["price"]["node_hour"] == {"gpu-pool": 11.0749}
    spot = look(node_pools=[pool(config={**H100, "spot": True})])
    assert (texts(spot), spot.warnings) == ([], [])
    fault("quota_limit", match={"metric": "GPUS_PER_GPU_FAMILY/NVIDIA_H100"}, limit=0)
    assert texts(look(**planned)) == [
        "quota: GPUs per GPU family (gpu_family NVIDIA_H100): the first nodes of gpu-pool need 1, the limit in "
        "us-central1 is 0; ask for at least 1 at https://console.cloud.google.com/iam-admin/quotas?project="
        "sandbox-project, or begin with fewer (gpu_nodepool_initial_node_count) or smaller nodes"
    ]


@pytest.mark.parametrize(
    ("name", "match", "why"),
    [
        (
            "service_disabled",
            {"api": "cloudquotas.*"},
            "Cloud Quotas is off (gcloud services enable cloudquotas.googleapis.com --project sandbox-project)",
        ),
        (
            "permission_denied",
            {"permission": "cloudquotas.quotas.get"},
            "read the quota GPUS-PER-GPU-FAMILY-per-project-region of project sandbox-project: Cloud Quotas answered "
            '403 PERMISSION_DENIED: Required "cloudquotas.quotas.get" permission(s) for "projects/sandbox-project".',
        ),
    ],
)
def test_a_limit_that_cannot_be_read_is_a_line_and_no_failure(look, fault, name, match, why):
    fault(name, match=match)
    result = look(node_pools=[pool(config=H100)])
    assert texts(result) == []
    (told,) = result.warnings
    assert told.startswith(
        "quota: Compute Engine lists no quota of nvidia-h100-80gb on demand in us-central1, so whether the 2 that "
        f"gpu-pool may need are free is not known: {why}"
    )
    assert told.endswith(
        "; look for GPUs per GPU family (gpu_family NVIDIA_H100) in us-central1 at "
        "https://console.cloud.google.com/iam-admin/quotas?project=sandbox-project"
    )


def test_a_machine_without_a_price_is_told_and_a_price_can_be_given(look):
    machine = {"node_pools": [pool(config={"machine_type": "n9-huge", "accelerators": []})], "skip": ["zones", "quota"]}
    result = look(**machine)
    assert texts(result, "warning") == [
        "price: pool gpu-pool: the price of n9-huge is not known; give it in US dollars an hour by llmops_prices: "
        "{n9-huge: …}"
    ]
    assert result.values["price"]["complete"] is False
    priced = look(**machine, prices={"n9-huge": 2, "local-ssd": 0, "pd-balanced": 0, "cluster": 0.5})
    assert priced.values["price"]["start"] == {"hour": 2.5, "month": 1825}
    assert priced.values["price"]["most"] == {"hour": 4.5, "month": 3285}


def test_everything_comes_in_one_run(look, fault):
    fault("service_disabled", match={"api": "logging.*"})
    fault("permission_denied", match={"permission": "container.secrets.create"})
    fault("quota_limit", match={"metric": "CPUS"}, limit=0)
    fault("not_offered", match={"zone": "us-central1-a", "type": "nvidia-l4"})
    result = look(cluster={"subnetwork": "other", "initial_cluster_version": "1.9"})
    found = {finding["check"] for finding in result.values["findings"]}
    assert found == {"apis", "permissions", "quota", "zones", "networks", "versions"}


def test_what_cannot_be_read_is_told_once_whatever_hangs_on_it(look, fault):
    fault("http", match={"service": "compute"}, status=403, reason="PERMISSION_DENIED", message="No.")
    found = texts(look())
    assert len(found) == 5
    assert all("could not be checked: " in text and "No." in text for text in found)
    assert any("or turn off quota, zones and shapes by name" in text for text in found)


ZONAL = {"options": {"llmops_location": "us-central1-a"}}


def test_what_is_there_already_is_taken_into_account(sandbox, look, fault, token):
    """A cluster with a node: it is not asked for again, and a second cluster beside it is noticed."""
    parent = f"{sandbox.endpoints['container']}v1/projects/sandbox-project/locations/us-central1-a"
    gpu = {"acceleratorType": "nvidia-l4", "acceleratorCount": "1"}
    config = {"machineType": "g2-standard-12", "accelerators": [gpu]}
    body = {"name": "mistral", "nodePools": [{"name": "gpu-pool", "initialNodeCount": 1, "config": config}]}
    headers = {"Authorization": f"Bearer {token}"}
    made = requests.post(f"{parent}/clusters", json={"cluster": body}, headers=headers, timeout=10).json()
    while requests.get(f"{parent}/operations/{made['name']}", headers=headers, timeout=10).json()["status"] != "DONE":
        pass
    fault("quota_limit", match={"metric": "NVIDIA_L4_GPUS"}, limit=2)
    assert texts(look(**ZONAL)) == []
    assert look(**ZONAL).warnings == []
    (message,) = texts(look())
    assert message == (
        "names: a cluster mistral is in us-central1-a already, and us-central1 would get a second one; "
        "set llmops_location to us-central1-a if that is the one, or choose another llmops_cluster"
    )
    assert (
        look()
        .warnings[0]
        .startswith("quota: NVIDIA_L4_GPUS: the largest size of gpu-pool needs 2 more, 1 of 2 are free")
    )
    fault("slow_operation", match={"type": "DELETE_CLUSTER"}, seconds=1e6)
    requests.delete(f"{parent}/clusters/mistral", headers=headers, timeout=10).raise_for_status()
    (message,) = texts(look(**ZONAL))
    assert message.startswith("names: cluster mistral in us-central1-a is STOPPING; wait until it is gone")


def test_targets_are_held_against_googles_measurements(look, fault):
    model = {"replicas": {"least": 1, "most": 1}, "shards": 1, "quantize": "", "context": 4096}
    # Clusters that other tests left are none of its business.
    asked: dict[str, Any] = {"model": model, "skip": ["names"]}
    easy = {"llmops_targets": {"ntpot_milliseconds": 500}}
    result = look(**asked, options=easy)
    assert (texts(result), result.values["advice"]["reaches"]) == ([], True)
    assert any("targets: ntpot 500 ms can be reached, as Google measured it on tgi" in note for note in result.notes)
    hard = {"llmops_targets": {"ntpot_milliseconds": 30, "requests_per_second": 2}}
    result = look(**asked, options=hard)
    advice = result.values["advice"]
    assert texts(result) == []
    assert (advice["reaches"], advice["proposal"]["accelerator_type"]) == (False, "nvidia-tesla-a100")
    assert any(told.startswith("targets: tgi on 1 x nvidia-l4 cannot reach ntpot 30 ms") for told in result.warnings)
    assert look(**{**asked, "skip": ["names", "targets"]}, options=hard).values["advice"] is None
    fault("service_disabled", match={"api": "gkerecommender.*"})
    result = look(**asked, options=hard)
    assert result.warnings[-1] == (
        "targets: whether ntpot 30 ms can be reached is not known: GKE Inference Quickstart is off (gcloud services "
        "enable gkerecommender.googleapis.com --project sandbox-project)"
    )
