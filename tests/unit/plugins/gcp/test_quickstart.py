# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""GKE Inference Quickstart: what is sent, what is read of its answers, and what stands beside its manifests."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.core.result import Result, silent
from ansible_collections.llmops.gke.plugins.module_utils.engines.serving.gke_inference_quickstart_info import (
    ARGUMENT_SPEC,
    run,
)
from ansible_collections.llmops.gke.plugins.module_utils.google.quickstart.profiles import (
    Figures,
    Targets,
    read_profile,
    read_targets,
)
from ansible_collections.llmops.gke.plugins.module_utils.serving import registry
from ansible_collections.llmops.gke.plugins.module_utils.workflows.manifest_comparison import differences
from tests.unit.fake_http import FakeServer, Reply

MODEL = "google/gemma-2-9b-it"
PROFILES, BENCHMARKS, MANIFESTS = "/v1/profiles:fetch", "/v1/benchmarkingData:fetch", "/v1/optimizedManifest:generate"


def asked(url: str, **given: Any) -> Result:
    place = {"project": "demo-project", "access_token": "t", "gke_recommender_api_endpoint": url}
    validated = ArgumentSpecValidator(ARGUMENT_SPEC).validate({**place, **given})
    assert not validated.error_messages, validated.error_messages
    return run(validated.validated_parameters, False, silent)


def profile(instance: str = "g2-standard-12", server: str = "vllm", gpus: int = 1, **stats: Any) -> dict[str, Any]:
    """As the API writes it, with an amount whose whole dollars are 0 and so left out."""
    figures = {
        "queriesPerSecond": 6.09,
        "outputTokensPerSecond": 1059,
        "ntpotMilliseconds": 104,
        "ttftMilliseconds": 602,
        "cost": [
            {
                "costPerMillionOutputTokens": {"nanos": 77847577},
                "costPerMillionInputTokens": {"units": "1", "nanos": 500000000},
                "pricingModel": "spot",
                "outputInputCostRatio": 4.0,
            }
        ],
        **stats,
    }
    return {
        "modelServerInfo": {"model": MODEL, "modelServer": server, "modelServerVersion": "v0.11.2"},
        "acceleratorType": "nvidia-l4",
        "instanceType": instance,
        "resourcesUsed": {"acceleratorCount": gpus},
        "performanceStats": [figures],
    }


def test_profiles_are_asked_for_by_pages_with_the_targets_as_the_api_names_them():
    answers = [
        Reply(200, {"profile": [profile()], "nextPageToken": "next"}),
        Reply(200, {"profile": [profile("g2-standard-24", gpus=2)]}),
    ]
    with FakeServer(answers) as server:
        targets = {"ttft_milliseconds": 700, "cost_per_million_output_tokens": 2.75, "requests_per_second": 9}
        values = asked(server.url, model=MODEL, targets=targets, pricing_model="spot").values
        sent = [request.body for request in server.requests]
    assert server.calls() == [f"POST {PROFILES}", f"POST {PROFILES}"]
    wanted = {"pricingModel": "spot", "costPerMillionOutputTokens": {"units": "2", "nanos": 750000000}}
    first = {"model": MODEL, "performanceRequirements": {"targetTtftMilliseconds": 700, "targetCost": wanted}}
    assert sent == [first, {**first, "pageToken": "next"}]
    assert values["unknown"] is None
    one, two = values["profiles"]
    assert (one["accelerator_count"], two["instance_type"]) == (1, "g2-standard-24")
    assert one["figures"] == [
        {
            "queries_per_second": 6.09,
            "output_tokens_per_second": 1059,
            "ntpot_milliseconds": 104,
            "ttft_milliseconds": 602,
            "cost_per_million_output_tokens": 0.077848,
            "cost_per_million_input_tokens": 1.5,
            "pricing_model": "spot",
        }
    ]


def test_lists_of_names():
    answers = {
        ("GET", "/v1/models:fetch"): {"models": [MODEL]},
        ("GET", f"/v1/modelServers:fetch?model={MODEL.replace('/', '%2F')}"): {"modelServers": ["vllm"]},
    }
    with FakeServer(answers) as server:
        values = asked(server.url, gather=["models", "model_servers"], model=MODEL).values
    assert (values["models"], values["model_servers"]) == ([MODEL], ["vllm"])


def test_the_best_benchmark_is_the_calmest_of_what_is_asked_for():
    calm = {**profile()["performanceStats"][0], "queriesPerSecond": 0.1, "ntpotMilliseconds": 60}
    busy = profile()["performanceStats"][0]
    answer = [profile("g2-standard-24", gpus=2), {**profile(), "performanceStats": [busy, calm]}]
    with FakeServer({("POST", BENCHMARKS): {"profile": answer}}) as server:
        values = asked(
            server.url, gather=["benchmarks"], model=MODEL, model_server="vllm", gpus=1, accelerator_type="nvidia-l4"
        ).values
        (sent,) = (request.body for request in server.requests)
    assert sent == {"modelServerInfo": {"model": MODEL, "modelServer": "vllm"}, "pricingModel": "on-demand"}
    assert len(values["benchmarks"]) == 1
    assert values["best"]["ntpot_milliseconds"] == 60
    assert values["best"]["of"] == "vllm v0.11.2 on 1 x nvidia-l4 (g2-standard-12)"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Reply(200, {"profile": "all"}), "text 'all' as profile"),
        (Reply(403, {"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "no"}}), "answered 403"),
        (
            Reply(
                403,
                {
                    "error": {
                        "code": 403,
                        "status": "PERMISSION_DENIED",
                        "message": "off",
                        "details": [
                            {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "SERVICE_DISABLED"}
                        ],
                    }
                },
            ),
            "GKE Inference Quickstart is off (gcloud services enable gkerecommender.googleapis.com --project demo-pro",
        ),
    ],
)
def test_what_is_not_known_is_a_line_and_no_failure(answer: Reply, told: str):
    with FakeServer({("POST", PROFILES): answer}) as server:
        result = asked(server.url, model=MODEL)
    assert told in result.values["unknown"]
    assert "profiles" not in result.values


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "model: None is not accepted"),
        ({"gather": ["benchmarks"], "model": MODEL}, "model_server: None is not accepted"),
        ({"gather": ["manifests"], "model": MODEL, "model_server": "vllm"}, "accelerator_type: None is not accepted"),
        ({"model": MODEL, "targets": {"ttft_milliseconds": -1}}, "targets.ttft_milliseconds: -1 is not accepted"),
        ({"model": MODEL, "model_server": "ollama", "pods": [{"image": "x"}]}, "pods: 'given' is not accepted"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_any_request(given: dict[str, Any], told: str):
    with pytest.raises(InvalidOption, match=told):
        asked("http://127.0.0.1:9", **given)


@pytest.mark.parametrize(
    ("targets", "figures", "met"),
    [
        (Targets(ttft_milliseconds=100), Figures(ttft_milliseconds=100), True),
        (Targets(ttft_milliseconds=99), Figures(ttft_milliseconds=100), False),
        (Targets(ntpot_milliseconds=99), Figures(ttft_milliseconds=1), False),
        (Targets(cost=1.0), Figures(cost_per_million_output_tokens=1.01), False),
        (Targets(cost=1.0), Figures(cost_per_million_output_tokens=0.0), True),
        (Targets(), Figures(), True),
    ],
)
def test_targets_are_met_by_what_is_told_alone(targets: Targets, figures: Figures, met: bool):
    assert targets.met_by(figures) is met


def test_targets_in_words_and_without_any():
    wanted = read_targets({"ttft_milliseconds": "500", "cost_per_million_output_tokens": 2}, "t")
    assert str(wanted) == "ttft 500 ms, 2 USD a million output tokens"
    assert not read_targets({"requests_per_second": 3, "ttft_milliseconds": None}, "t")
    assert not read_targets(None, "t")
    with pytest.raises(InvalidOption, match="t.itl"):
        read_targets({"itl": 1}, "t")


def test_a_profile_of_which_google_tells_next_to_nothing():
    bare = read_profile({"modelServerInfo": {"model": "m", "modelServer": "s"}, "performanceStats": [{}]})
    assert (bare.accelerator_count, bare.model_server_version, bare.figures) == (0, None, (Figures(),))
    assert bare.best_for(Targets(ttft_milliseconds=1)) is None


DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
spec:
  template:
    spec:
      nodeSelector: {cloud.google.com/gke-accelerator: nvidia-l4}
      containers:
      - {name: side, image: proxy}
      - name: server
        image: tgi:3.3.6
        args: [--model-id=a/b, --num-shard=1, --max-total-tokens=4096]
        env:
        - {name: DTYPE, value: float16}
        - {name: HF_TOKEN, valueFrom: {secretKeyRef: {name: s, key: k}}}
        resources: {limits: {nvidia.com/gpu: "1"}}
"""
POD = {"image": "tgi:3.3.5", "gpus": 1, "accelerator_type": "nvidia-l4"}


def compared(content: str, **pod: Any) -> Any:
    first = {"kind": "Service", "content": "kind: Service\nspec: {ports: []}"}
    return differences(registry.engine("tgi"), {**POD, **pod}, [first, {"kind": "Deployment", "content": content}])


def test_what_a_pod_has_otherwise_than_googles_manifest():
    assert compared(DEPLOYMENT, settings={"NUM_SHARD": "1", "MAX_TOTAL_TOKENS": "2048"}) == [
        {"setting": "DTYPE", "ours": None, "google": "float16"},
        {"setting": "MAX_TOTAL_TOKENS", "ours": "2048", "google": "4096"},
        {"setting": "image", "ours": "tgi:3.3.5", "google": "tgi:3.3.6"},
    ]
    same = {"NUM_SHARD": "1", "MAX_TOTAL_TOKENS": "4096", "DTYPE": "float16"}
    assert compared(DEPLOYMENT, image="tgi:3.3.6", settings=same) == []


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "- 1",
        "spec: {template: {spec: 5}}",
        "spec: {template: {spec: {containers: [1]}}}",
        "spec: {template: {spec: {containers: [{env: [x], resources: {limits: {nvidia.com/gpu: 1}}}]}}}",
        "spec: {template: {spec: {containers: [{args: 5, resources: {limits: {nvidia.com/gpu: 1}}}]}}}",
        "spec: {template: {spec: {containers: [{resources: {limits: 5}}]}}}",
        "spec: {template: {spec: {containers: [{image: x}]}}}",
        "a: &a [1, 1]\nb: *a\n---\nsecond: document",
    ],
)
def test_a_manifest_of_another_form_is_compared_with_nothing(content: str):
    assert compared(content) is None
