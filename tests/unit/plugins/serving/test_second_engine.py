# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another engine than TGI passes through every general module: nothing but its own classes and a row knows it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import HttpError, InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.core.result import silent
from ansible_collections.llmops.gke.plugins.module_utils.core.runner import ModuleSpec
from ansible_collections.llmops.gke.plugins.module_utils.engines.serving import (
    hf_model_info,
    llm_generate,
    llm_latency,
    llm_scaling,
    llm_start_info,
)
from ansible_collections.llmops.gke.plugins.module_utils.engines.serving.llm_scaling import NotScaled
from ansible_collections.llmops.gke.plugins.module_utils.serving import registry
from ansible_collections.llmops.gke.plugins.module_utils.serving.options import ENGINE
from ansible_collections.llmops.gke.plugins.module_utils.serving.thresholds import ThresholdBreached
from tests.unit.fake_http import FakeServer, Reply, Request
from tests.unit.plugins.huggingface.test_memory import asked
from tests.unit.plugins.kubernetes.k8s_support import kubeconfig

from .second_engine import CHAT, COMPLETIONS, SecondEngine
from .test_pod_starts import PODS, node, pod
from .test_scaling import Cluster
from .test_start_info import GOLDEN, deployment

MODEL = {"data": [{"id": "org/model", "max_model_len": 2048}]}
METRICS = 'second:requests_total{model_name="org/model",reason="stop"} 0\nsecond:requests_total{reason="length"} 0\n'
LOG = """INFO 01-01 12:01:45 weights done
INFO 01-01 12:01:55 compile done
INFO 01-01 12:02:05 server done
"""


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setitem(registry.ENGINES, "second", SecondEngine)
    monkeypatch.setitem(ENGINE, "engine", {**ENGINE["engine"], "choices": [*registry.ENGINES]})
    for module in (llm_generate, llm_latency, llm_scaling, llm_start_info, hf_model_info):
        monkeypatch.setitem(module.SPEC.argument_spec, "engine", ENGINE["engine"])


def run(spec: ModuleSpec, check: bool = False, **given: Any) -> dict[str, Any]:
    validated = ArgumentSpecValidator(dict(spec.argument_spec), **spec.rules).validate({"engine": "second", **given})
    assert not validated.error_messages, validated.error_messages
    return spec.run(validated.validated_parameters, check, silent).to_dict()


def chunk(tokens: int, **choice: Any) -> dict[str, Any]:
    choices = [{"index": 0, "finish_reason": None, **choice}] if choice else []
    return {"choices": choices, "usage": {"prompt_tokens": 5, "completion_tokens": tokens}}


def streamed(*chunks: dict[str, Any]) -> Reply:
    lines = [f"data: {json.dumps(each)}\n\n".encode() for each in chunks]
    return Reply(200, headers={"Content-Type": "text/event-stream"}, lines=[*lines, b"data: [DONE]\n\n"])


def completion(request: Request) -> Any:
    if request.body.get("stream"):
        return streamed(chunk(1, text=""), chunk(3, text="ab"), chunk(4, text="c", finish_reason="length"), chunk(4))
    usage = {"prompt_tokens": 5, "completion_tokens": request.body["max_tokens"]}
    return {"choices": [{"text": "abc", "finish_reason": "length"}], "usage": usage}


def server(**more: Any) -> FakeServer:
    routes = {
        ("GET", "/health"): "",
        ("GET", "/v1/models"): MODEL,
        ("GET", "/metrics"): METRICS,
        ("POST", COMPLETIONS): completion,
        **more.pop("routes", {}),
    }
    return FakeServer(routes)


def test_a_prompt_goes_to_its_own_route_with_its_own_parameters():
    with server() as running:
        values = run(llm_generate.SPEC, url=running.url, prompt="hi", max_tokens=3, parameters={"min_p": "0.1"})
        assert running.requests == [("POST", COMPLETIONS, {"max_tokens": 3, "min_p": 0.1, "prompt": "hi"})]
    assert (values["generated_text"], values["generated_tokens"], values["prompt_tokens"]) == ("abc", 3, 5)
    assert (values["finish_reason"], values["ttft_seconds"]) == ("length", None)


def test_a_chat_s_stream_is_counted_by_usage_and_not_by_text():
    opening = chunk(0, delta={"role": "assistant", "content": ""})
    pieces = (chunk(1, delta={"content": ""}), chunk(2, delta={"content": "Purr"}, finish_reason="stop"))
    chat = {("POST", CHAT): streamed(opening, *pieces, chunk(2))}
    with server(routes=chat) as running:
        values = run(
            llm_generate.SPEC,
            url=running.url,
            messages=[{"role": "user", "content": "hi"}],
            stream=True,
            expect={"finish_reason": "stop", "minimum_tokens": 2},
        )
        assert running.requests[0].body["stream_options"]["continuous_usage_stats"] is True
    assert (values["generated_text"], values["generated_tokens"]) == ("Purr", 2)
    assert values["ttft_seconds"] > 0


def test_its_refusals_have_its_own_types_and_its_rules_hold_before_sending():
    refusal = Reply(400, {"error": {"message": "too long", "type": "BadRequestError", "code": 400}})
    with server(routes={("POST", COMPLETIONS): refusal}) as running:
        values = run(llm_generate.SPEC, url=running.url, prompt="hi", expect={"status": 400})
        assert (values["error_type"], values["error_message"]) == ("BadRequestError", "too long")
        with pytest.raises(InvalidOption, match="max_tokens: 0 .*at least 1"):
            run(llm_generate.SPEC, url=running.url, prompt="hi", max_tokens=0)
        with pytest.raises(InvalidOption, match=r"parameters\.watermark: .*the second server only these names: min_p"):
            run(llm_generate.SPEC, url=running.url, prompt="hi", parameters={"watermark": True})
        assert len(running.requests) == 1


def test_another_server_than_the_engine_s_is_told():
    with (
        server(routes={("GET", "/v1/models"): {"model_id": "m"}}) as running,
        pytest.raises(HttpError, match="not the second server's: a list of models expected.* which engine serves it"),
    ):
        run(llm_latency.SPEC, url=running.url, prompt="hi")


def cluster_routes(pods: list, deployments: list | None = None) -> dict[tuple[str, str], Any]:
    return {
        ("GET", f"{GOLDEN}/services/mistral"): {"metadata": {"name": "mistral"}, "spec": {"selector": {"app": "m"}}},
        ("GET", PODS): {"metadata": {}, "items": pods},
        ("GET", f"{PODS}/mistral-1/log"): LOG,
        ("GET", "/api/v1/nodes/node-1"): node("2026-01-01T11:00:00Z"),
        ("GET", f"{GOLDEN}/events"): {"metadata": {}, "items": []},
        ("GET", "/apis/apps/v1/namespaces/golden/deployments"): {"metadata": {}, "items": deployments or []},
    }


def argued(*arguments: str) -> dict[str, Any]:
    made = pod()
    made["spec"]["containers"][1]["args"] = ["serve", *arguments]
    return made


def test_latency_counts_tokens_of_events_and_tells_phases_and_settings_by_its_arguments():
    pods = [argued("--quantization=awq", "--max-model-len=2048", "--api-key=sk-canary")]
    with server(routes=cluster_routes(pods)) as running:
        access = {"kubeconfig": kubeconfig(running.url), "service": "mistral"}
        values = run(llm_latency.SPEC, url=running.url, prompt="hi", max_tokens=4, warmup=0, samples=2, **access)
    assert (values["engine"], values["model"]) == ("second", "org/model")
    assert (values["info"]["server"], values["info"]["max_total_tokens"]) == ("the second server", 2048)
    assert values["cold"]["tokens"] == 4
    assert values["cold_reason"] == "the server had answered no request before (second:requests_total)"
    assert values["hot"]["overhead_seconds"] is None
    (one,) = values["pods"]
    assert (one["quantization"], one["settings"]) == ("awq", {"max-model-len": "2048"})
    stages = {stage["name"]: stage["seconds"] for stage in one["start_stages"]}
    assert stages == {"scheduled": 60.0, "image": 30.0, "weights": 15.0, "compile": 10.0, "server": 10.0, "ready": 5.0}
    assert set(values["phases"]) == {"weights", "compile", "server"}
    assert "sk-canary" not in json.dumps(values)


def test_a_broken_limit_points_at_its_own_queue():
    with server() as running, pytest.raises(ThresholdBreached, match=r"the queue \(second:num_requests_waiting\)"):
        run(llm_latency.SPEC, url=running.url, prompt="hi", samples=1, thresholds={"ttft_seconds": 1e-9})


def test_counters_with_labels_are_a_source_by_its_own_names():
    counts = iter(range(0, 100, 5))

    def metrics(_request: Request) -> str:
        count = next(counts)
        labels = '{model_name="org/model"}'
        return METRICS + f"second:latency_seconds_count{labels} {count}\nsecond:generation_tokens_total{labels} 0\n"

    with server(routes={("GET", "/metrics"): metrics}) as running:
        values = run(llm_latency.SPEC, url=running.url, prompt="hi", max_tokens=4, warmup=0, samples=5)
    checks = values["cross_checks"]
    assert (checks["streamed"]["metrics"]["requests"], checks["single"]["replies"]) == (5, None)
    assert "20 tokens by their answers, 0 by /metrics" in checks["disagreements"][0]


def test_its_start_is_told_in_its_own_phases():
    hanging = pod(ready="False")
    with server(routes=cluster_routes([hanging], [deployment(1)])) as running:
        logs = {("GET", f"{PODS}/mistral-1/log"): "INFO 01-01 12:01:45 weights done\n"}
        running._behaviour.update(logs)
        values = run(llm_start_info.SPEC, service="mistral", kubeconfig=kubeconfig(running.url))
    (one,) = values["pods"]
    assert one["phase"] == "compile"
    assert one["stages"][-1] == {"name": "weights", "seconds": 15.0}


class Loaded(Cluster):
    def __call__(self, request: Request) -> Any:
        if request.path == COMPLETIONS:
            self.loaded = True
            return {
                "choices": [{"text": "a", "finish_reason": "length"}],
                "usage": {"prompt_tokens": 1} | {"completion_tokens": 1},
            }
        return super().__call__(request)


def scale(cluster: Loaded, **given: Any) -> dict[str, Any]:
    with FakeServer(cluster) as running:
        access = {"kubeconfig": kubeconfig(running.url), "url": running.url, "autoscaler": "hpa", "clients": 2}
        return run(llm_scaling.SPEC, **access, **given)


def test_scaling_loads_it_by_its_own_route_and_names_its_own_signals():
    assert scale(Loaded(), timeout=20)["arrived"] is True
    signals = r"second:num_requests_waiting \(requests that wait\) or second:kv_cache_usage_perc"
    with pytest.raises(NotScaled, match=f"look at a metric of the second server: {signals}"):
        scale(Loaded(asks=False), timeout=1)


def test_what_fits_a_gpu_goes_by_its_own_rules_and_words():
    fit = asked(engine="second").values["fit"]
    assert fit["usable_bytes"] == int(fit["gpu_bytes"] * 0.92)
    reason = asked(engine="second", context=10**6).values["fit_reason"]
    assert "that the second server takes of" in reason
    assert "(--tensor-parallel-size), or ask for a shorter context (--max-model-len)" in reason


def test_an_engine_that_is_not_asked_for_is_not_imported():
    names = "hf_model_info, llm_generate, llm_latency, llm_scaling, llm_start_info"
    package = "ansible_collections.llmops.gke.plugins.module_utils.engines.serving"
    code = f"import sys; from {package} import {names}; print([name for name in sys.modules if '.serving.tgi' in name])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path)}
    )
    assert done.stdout.strip() == "[]"


def test_an_unknown_engine_is_refused_with_the_known_ones():
    with pytest.raises(InvalidOption, match="engine: 'third' .*one of tgi, vllm, openai, second"):
        registry.engine("third")
