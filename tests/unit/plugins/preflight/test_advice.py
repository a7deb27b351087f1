# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets against Google's measurements: whether the chosen GPU and server reach them, and what does for how much."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.google.apis import SERVICES, GoogleApis
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.advice import advise, has_targets
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.deployment import read_deployment
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.plan import read_plan
from tests.unit.fake_http import FakeServer, google_error
from tests.unit.preflight_plans import deployment_plan

MODEL = "mistralai/Mistral-7B-Instruct-v0.1"
PROFILES, BENCHMARKS = "/v1/profiles:fetch", "/v1/benchmarkingData:fetch"
POOL = {
    "name": "gpu",
    "locations": ["us-central1-a"],
    "initial_node_count": 1,
    "config": {
        "machine_type": "g2-standard-12",
        "accelerators": [{"accelerator_type": "nvidia-l4", "accelerator_count": 1}],
    },
}
TARGETS = {"ttft_milliseconds": 200, "ntpot_milliseconds": 50}


def profile(
    gpu: str,
    instance: str,
    ttft: int,
    ntpot: int,
    *,
    server: str = "tgi",
    gpus: int = 1,
    rate: float = 2.0,
    **cost: Any,
) -> dict[str, Any]:
    stats = {"queriesPerSecond": rate, "outputTokensPerSecond": 100, "ttftMilliseconds": ttft}
    dollars = {"costPerMillionOutputTokens": {"units": "3"}, "pricingModel": "on-demand", **cost}
    return {
        "modelServerInfo": {"model": MODEL, "modelServer": server, "modelServerVersion": "3.3.5"},
        "acceleratorType": gpu,
        "instanceType": instance,
        "resourcesUsed": {"acceleratorCount": gpus},
        "performanceStats": [{**stats, "ntpotMilliseconds": ntpot, "cost": [dollars]}],
    }


L4 = profile("nvidia-l4", "g2-standard-12", 180, 45)
SLOW_L4 = profile("nvidia-l4", "g2-standard-12", 210, 82)
A100 = profile("nvidia-tesla-a100", "a2-highgpu-1g", 40, 16)
H100 = profile("nvidia-h100-80gb", "a3-highgpu-1g", 20, 8)


def advised(answers: Any, prices: dict[str, float] | None = None, **options: Any) -> tuple[dict[str, Any], list[str]]:
    here = read_deployment(
        deployment_plan(
            POOL, model={"replicas": {"least": 1, "most": 1}}, options={"llmops_targets": TARGETS, **options}
        )
    )
    assert has_targets(here)
    with FakeServer(answers) as server:
        apis = GoogleApis(dict.fromkeys(SERVICES.values(), server.url) | {"access_token": "t"}, Deadline(10))
        advice, findings = advise(apis, here, read_plan(here), prices or {})
        sent = [request.body for request in server.requests]
    assert all((one.check, one.severity, one.variable) == ("targets", "warning", "llmops_targets") for one in findings)
    assert sent[0]["performanceRequirements"]["targetCost"]["pricingModel"] in ("on-demand", "spot")
    return advice, [one.text for one in findings]


def test_the_chosen_ones_that_reach_the_targets_are_told_with_googles_figures_and_price():
    advice, findings = advised({("POST", PROFILES): {"profile": [H100, L4]}})
    assert (findings, advice["reaches"], advice["proposal"], advice["unknown"]) == ([], True, None, None)
    assert advice["text"] == (
        "ttft 200 ms, ntpot 50 ms can be reached, as Google measured it on tgi 3.3.5 on 1 x nvidia-l4 "
        "(g2-standard-12): ttft 180 ms, ntpot 45 ms, 3.00 USD a million output tokens, 2 requests/s a replica, 1 "
        "replica for 1.00 USD an hour"
    )
    assert advice["chosen"]["figures"]["ttft_milliseconds"] == 180


def test_the_plans_own_machine_comes_before_another_with_the_same_gpu():
    other = profile("nvidia-l4", "g2-standard-8", 190, 49)
    advice, _findings = advised({("POST", PROFILES): {"profile": [other, L4]}})
    assert advice["chosen"]["instance_type"] == "g2-standard-12"


def test_the_chosen_ones_that_cannot_are_told_with_what_costs_least():
    advice, (finding,) = advised(
        {("POST", PROFILES): {"profile": [H100, A100]}, ("POST", BENCHMARKS): {"profile": [SLOW_L4]}}
    )
    assert finding == (
        "targets: tgi on 1 x nvidia-l4 cannot reach ttft 200 ms, ntpot 50 ms: at its best Google measured ttft 210 ms, "
        "ntpot 82 ms, 3.00 USD a million output tokens (g2-standard-12); what does is tgi 3.3.5 on 1 x "
        "nvidia-tesla-a100 (a2-highgpu-1g): ttft 40 ms, ntpot 16 ms, 3.00 USD a million output tokens, 2 requests/s a "
        "replica, 1 replica for 3.67 USD an hour"
    )
    assert (advice["reaches"], advice["proposal"]["instance_type"]) == (False, "a2-highgpu-1g")


def test_replicas_follow_from_the_rate_and_their_price_decides():
    many = {**TARGETS, "requests_per_second": 30.0}
    fast = profile("nvidia-h100-80gb", "a3-highgpu-1g", 20, 8, rate=30.0)
    advice, _findings = advised(
        {("POST", PROFILES): {"profile": [A100, fast]}, ("POST", BENCHMARKS): {}}, llmops_targets=many
    )
    # Fifteen A100 at 3.67 cost more than one H100 at 11.06.
    assert (advice["proposal"]["replicas"], advice["proposal"]["hour"]) == (1, 11.06)
    dear, _findings = advised(
        {("POST", PROFILES): {"profile": [A100, fast]}, ("POST", BENCHMARKS): {}},
        {"a3-highgpu-1g": 99.0},
        llmops_targets=many,
    )
    assert (dear["proposal"]["replicas"], dear["proposal"]["hour"]) == (15, 55.1)


def test_only_what_the_collection_can_deploy_is_proposed():
    tpu = profile("tpu-v6e-slice", "ct6e-standard-4t", 5, 5)
    sglang = profile("nvidia-l4", "g2-standard-12", 5, 5, server="sglang")
    advice, (finding,) = advised({("POST", PROFILES): {"profile": [tpu, sglang]}, ("POST", BENCHMARKS): {}})
    assert advice["proposal"] is None
    assert "Google measured nothing that reaches ttft 200 ms, ntpot 50 ms with mistralai/Mistral-7B" in finding


def test_figures_that_do_not_keep_the_targets_are_not_believed_to():
    advice, _findings = advised({("POST", PROFILES): {"profile": [SLOW_L4]}, ("POST", BENCHMARKS): {}})
    assert (advice["chosen"], advice["proposal"]) == (None, None)


@pytest.mark.parametrize("answer", [{}, google_error(404, "NOT_FOUND", "Not supported.")])
def test_a_model_that_google_did_not_measure_is_not_known(answer: Any):
    advice, (finding,) = advised({("POST", PROFILES): {}, ("POST", BENCHMARKS): answer})
    assert advice["reaches"] is None
    assert (
        "is not known: Google did not measure mistralai/Mistral-7B-Instruct-v0.1 with tgi on 1 x nvidia-l4" in finding
    )


def test_an_api_that_refuses_is_a_line():
    advice, (finding,) = advised({("POST", PROFILES): google_error(403, "PERMISSION_DENIED", "no")})
    assert advice["reaches"] is None
    assert "GKE Inference Quickstart answered 403 PERMISSION_DENIED" in advice["unknown"]
    assert finding.startswith(
        "targets: whether ttft 200 ms, ntpot 50 ms can be reached is not known: read what Google has"
    )


def test_spot_is_priced_as_spot():
    spot = profile("nvidia-l4", "g2-standard-12", 180, 45, pricingModel="spot")
    advice, _findings = advised({("POST", PROFILES): {"profile": [spot]}}, llmops_spot=True)
    assert advice["chosen"]["hour"] == 0.56


def test_without_targets_nothing_is_asked():
    assert not has_targets(read_deployment(deployment_plan(POOL)))
    rate_alone = {"llmops_targets": {"requests_per_second": 9}}
    assert not has_targets(read_deployment(deployment_plan(POOL, options=rate_alone)))
