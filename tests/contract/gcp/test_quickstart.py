# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""gke_inference_quickstart_info on the sandbox, whose answers keep the messages that Google publishes."""

from __future__ import annotations

from typing import Any

from ansible_collections.llmops.gke.plugins.module_utils.core.result import silent
from ansible_collections.llmops.gke.plugins.module_utils.engines.serving import gke_inference_quickstart_info as info
from llmops_gke_sandbox.google.discovery import gkerecommender_v1

MODEL = "mistralai/Mistral-7B-Instruct-v0.1"
ALL = ["models", "model_servers", "model_server_versions", "profiles", "benchmarks", "manifests"]
POD = {"image": "tgi:1", "gpus": 1, "accelerator_type": "nvidia-l4", "settings": {"NUM_SHARD": "1"}}


def read(options_of, **given: Any) -> dict[str, Any]:
    return info.run(options_of(info.ARGUMENT_SPEC, **given), False, silent).values


def test_everything_that_it_knows(options_of):
    place = {"accelerator_type": "nvidia-l4", "instance_type": "g2-standard-12"}
    values = read(options_of, gather=ALL, model=MODEL, model_server="tgi", pods=[POD], **place)
    assert values["unknown"] is None
    assert MODEL in values["models"] and values["model_servers"] == ["tgi", "vllm"]
    assert [one["instance_type"] for one in values["profiles"]] == ["g2-standard-12"]
    (benchmark,) = values["benchmarks"]
    assert values["best"]["ntpot_milliseconds"] == benchmark["figures"][0]["ntpot_milliseconds"] > 48
    assert [one["kind"] for one in values["manifests"]] == ["Deployment", "Service"]
    different = {one["setting"]: (one["ours"], one["google"]) for one in values["differences"]}
    assert different["MAX_TOTAL_TOKENS"] == (None, "4096")
    assert "NUM_SHARD" not in different and "image" in different


def test_targets_choose_the_machines(options_of):
    slow, fast = (
        {
            one["instance_type"]
            for one in read(options_of, model=MODEL, targets={"ntpot_milliseconds": most})["profiles"]
        }
        for most in (500, 20)
    )
    assert fast < slow and "g2-standard-12" in slow - fast


def test_what_is_sent_has_published_fields_of_published_types(sandbox, options_of, monkeypatch):
    schema, seen = gkerecommender_v1(), []
    ask = info.client.GoogleApis.ask

    def watched(apis: Any, service: str, path: str, doing: str, body: dict[str, Any], want: Any) -> Any:
        seen.append((path.removeprefix("/"), body))
        return ask(apis, service, path, doing, body, want)

    monkeypatch.setattr(info.client.GoogleApis, "ask", watched)
    targets = {"ttft_milliseconds": 900, "ntpot_milliseconds": 400, "cost_per_million_output_tokens": 99.5}
    gather = ["benchmarks", "manifests"]
    asked = {"model": MODEL, "model_server": "vllm", "accelerator_type": "nvidia-l4", "namespace": "serving"}
    values = read(options_of, gather=gather, targets=targets, **asked)
    assert [one["kind"] for one in values["manifests"]][-1] == "HorizontalPodAutoscaler"
    assert len(seen) == len(gather)
    for path, body in seen:
        method, _parts = schema.find("POST", path)
        assert schema.read(method.request, body) == body


def test_an_api_that_is_off_and_a_model_that_nobody_measured_are_lines(options_of, fault):
    assert (
        "Model a/b is not supported."
        in read(options_of, gather=["benchmarks"], model="a/b", model_server="vllm")["unknown"]
    )
    fault("service_disabled", match={"api": "gkerecommender.*"})
    assert read(options_of, model=MODEL)["unknown"].startswith("GKE Inference Quickstart is off (gcloud services")
