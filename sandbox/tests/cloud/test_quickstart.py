# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""GKE Inference Quickstart: what its published messages say of requests and answers holds here too."""

import pytest
import yaml

from llmops_gke_sandbox.google.discovery import gkerecommender_v1

HOME = "/gkerecommender/v1"
MISTRAL = "mistralai/Mistral-7B-Instruct-v0.1"
INFO = {"model": MISTRAL, "modelServer": "vllm"}


async def ask(cloud, path, body):
    status, answer = await cloud.call("POST", f"{HOME}/{path}", body)
    assert status == 200, answer
    return answer


async def test_models_servers_and_versions_by_pages(cloud):
    first = await cloud.get(f"{HOME}/models:fetch?pageSize=2")
    rest = await cloud.get(f"{HOME}/models:fetch?pageSize=2&pageToken={first['nextPageToken']}")
    assert MISTRAL in first["models"] + rest["models"]
    assert "nextPageToken" not in rest
    assert (await cloud.get(f"{HOME}/modelServers:fetch?model={MISTRAL}"))["modelServers"] == ["tgi", "vllm"]
    versions = await cloud.get(f"{HOME}/modelServerVersions:fetch?model={MISTRAL}&modelServer=vllm")
    assert versions["modelServerVersions"] == ["v0.10.0", "v0.11.2"]


async def test_profiles_meet_what_is_asked_for(cloud):
    every = await ask(cloud, "profiles:fetch", {"model": MISTRAL})
    wanted = {"targetNtpotMilliseconds": 30, "targetTtftMilliseconds": 200}
    some = await ask(cloud, "profiles:fetch", {"model": MISTRAL, "performanceRequirements": wanted})
    assert 0 < len(some["profile"]) < len(every["profile"])
    stats = [one for profile in some["profile"] for one in profile["performanceStats"]]
    assert all(one["ntpotMilliseconds"] <= 30 and one["ttftMilliseconds"] <= 200 for one in stats)
    assert some["performanceRange"]["ntpotRange"]["max"] == max(one["ntpotMilliseconds"] for one in stats)
    cheap = {"targetCost": {"costPerMillionOutputTokens": {"units": "0", "nanos": 1}, "pricingModel": "on-demand"}}
    none = await ask(cloud, "profiles:fetch", {"model": MISTRAL, "performanceRequirements": cheap})
    assert none == {"comments": "No profile meets the requirements."}


async def test_benchmarks_go_from_few_requests_to_many(cloud):
    asked = {"modelServerInfo": INFO, "instanceType": "g2-standard-12", "pricingModel": "on-demand"}
    (profile,) = (await ask(cloud, "benchmarkingData:fetch", asked))["profile"]
    assert profile["modelServerInfo"]["modelServerVersion"] == "v0.11.2"
    rates = [one["queriesPerSecond"] for one in profile["performanceStats"]]
    assert rates == sorted(rates)
    # Slower than the weights can be read in.
    assert profile["performanceStats"][0]["ntpotMilliseconds"] > 48
    assert {one["cost"][0]["pricingModel"] for one in profile["performanceStats"]} == {"on-demand"}


async def test_manifests_are_yaml_with_an_autoscaler_for_targets(cloud):
    asked = {"modelServerInfo": INFO, "acceleratorType": "nvidia-l4", "kubernetesNamespace": "serving"}
    plain = await ask(cloud, "optimizedManifest:generate", asked)
    objects = [yaml.safe_load(one["content"]) for one in plain["kubernetesManifests"]]
    assert [one["kind"] for one in objects] == ["Deployment", "Service"]
    assert {one["metadata"]["namespace"] for one in objects} == {"serving"}
    scaled = await ask(
        cloud,
        "optimizedManifest:generate",
        asked | {"performanceRequirements": {"targetNtpotMilliseconds": 60}},
    )
    assert [one["kind"] for one in scaled["kubernetesManifests"]][-1] == "HorizontalPodAutoscaler"


@pytest.mark.parametrize(
    ("path", "body", "schema"),
    [
        ("profiles:fetch", {}, "FetchProfilesResponse"),
        ("benchmarkingData:fetch", {"modelServerInfo": INFO}, "FetchBenchmarkingDataResponse"),
        (
            "optimizedManifest:generate",
            {"modelServerInfo": INFO, "acceleratorType": "nvidia-l4"},
            "GenerateOptimizedManifestResponse",
        ),
    ],
)
async def test_answers_hold_published_fields_of_published_types_alone(cloud, path, body, schema):
    answer = await ask(cloud, path, body)
    assert gkerecommender_v1().read(schema, answer) == answer


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("profiles:fetch", {"modell": "x"}, "INVALID_ARGUMENT", 'Unknown name "modell"'),
        ("benchmarkingData:fetch", {}, "INVALID_ARGUMENT", "model_server_info.model is required"),
        ("benchmarkingData:fetch", {"modelServerInfo": {"model": "a/b", "modelServer": "x"}}, "NOT_FOUND", "a/b"),
        ("optimizedManifest:generate", {"modelServerInfo": INFO}, "INVALID_ARGUMENT", "accelerator_type is required"),
        ("models:fetch", {}, "UNIMPLEMENTED", "POST"),
    ],
)
async def test_what_it_refuses(cloud, path, body, status, words):
    error = await cloud.refused("POST", f"{HOME}/{path}", body)
    assert (error["status"], words in error["message"]) == (status, True)


async def test_an_api_that_is_off_says_so(cloud):
    cloud.faults.add("service_disabled", match={"api": "gkerecommender.*"})
    error = await cloud.refused("GET", f"{HOME}/models:fetch")
    assert (error["status"], error["details"][0]["reason"]) == ("PERMISSION_DENIED", "SERVICE_DISABLED")
