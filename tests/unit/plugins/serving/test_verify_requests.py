# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""llm_verify: what the model is sent, by which way, and what the report holds it against."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.result import Result
from ansible_collections.llmops.gke.plugins.module_utils.engines.serving import (
    gke_inference_quickstart_info,
    llm_generate,
    llm_latency,
    llm_scaling,
    llm_verify,
)
from ansible_collections.llmops.gke.plugins.module_utils.serving.key_guard import KeyNotAsked
from ansible_collections.llmops.gke.plugins.module_utils.workflows.verification import AnotherModel

from .test_verify import GOLDEN, Deployed

GATEWAY = f"/apis/gateway.networking.k8s.io/v1{GOLDEN.removeprefix('/api/v1')}/gateways/front"
CHAT = [{"role": "user", "content": "hi"}]


@pytest.fixture
def deployed() -> Deployed:
    return Deployed()


@pytest.fixture
def sent(monkeypatch) -> dict[str, dict[str, Any]]:
    """Options by the engine that was given them."""
    found: dict[str, dict[str, Any]] = {}

    def noted(engine: Any, values: dict[str, Any]) -> Any:
        name = engine.__name__.rpartition(".")[2]
        return lambda options, _check, _progress: found.update({name: options}) or Result(values=values)

    measured = {"model": "org/model", "breach": None, "pods": []}
    monkeypatch.setattr(llm_latency, "of_pods", lambda _behind: noted(llm_latency, measured))
    monkeypatch.setattr(llm_generate, "run", noted(llm_generate, {}))
    came = {"arrived": True, "replicas": 2, "why": ""}
    monkeypatch.setattr(llm_scaling, "run", noted(llm_scaling, came))

    def forwarded(_access, wanted, run, options, check, progress) -> Result:
        return run({**options, "forwarded": wanted}, check, progress)

    monkeypatch.setattr(llm_verify, "forwarded", forwarded)
    monkeypatch.setattr(llm_verify, "through_port_forward", lambda run: run)
    return found


def test_both_requests_are_sampled_alike_and_differ_in_length(deployed, sent):
    sampling = {"temperature": 0.5, "top_p": 0.9, "top_k": 3, "stop": ["END"], "seed": 7}
    own = {"parameters": {"watermark": True, "max_new_tokens": 400}, "latency_parameters": {"watermark": True}}
    deployed.verify(messages=CHAT, latency_tokens=8, **sampling, **own)
    for engine, length, parameters in (
        ("llm_latency", 8, own["latency_parameters"]),
        ("llm_generate", None, own["parameters"]),
    ):
        asked = sent[engine]
        assert {name: asked[name] for name in sampling} == sampling
        assert (asked["max_tokens"], asked["parameters"], asked["messages"]) == (length, parameters, CHAT)


@pytest.mark.parametrize(
    ("given", "port"),
    [
        pytest.param({}, None, id="this machine"),
        pytest.param({"api_key": "sk"}, None, id="a key stays on this machine"),
        pytest.param({"port_forward": True, "service_port": 8080}, 8080, id="asked for"),
        pytest.param({"gateway": "front", "api_key": "sk", "service_port": 8080}, 8080, id="a key over plain http"),
        pytest.param({"gateway": "front", "api_key": "sk"}, 80, id="the port of no Gateway"),
        pytest.param({"gateway": "front", "api_key": "sk", "port_forward": False}, None, id="refused"),
        pytest.param({"gateway": "front"}, None, id="no key"),
        pytest.param({"url": "http://192.0.2.9", "api_key": "sk"}, None, id="an address that is given"),
    ],
)
def test_the_way_to_the_model(deployed, sent, given, port):
    spec = {"listeners": [{"protocol": "HTTP", "port": 8000}]}
    status = {"addresses": [{"value": "192.0.2.1"}]}
    deployed.routes["GET", GATEWAY] = {
        "metadata": {"name": "front", "labels": {"a": "b"}},
        "spec": spec,
        "status": status,
    }
    found = deployed.verify(load={"autoscaler": "hpa"}, **given)
    forward = {"namespace": None, "service": "mistral", "pod": None, "port": port} if port else None
    assert [sent[engine].get("forwarded") for engine in ("llm_latency", "llm_generate")] == [forward] * 2
    assert sent["llm_scaling"]["port_forward"] == forward
    if forward is None:
        assert sent["llm_scaling"]["url"] == sent["llm_generate"]["url"] == found["url"]
    if "gateway" in given:
        assert (found["url"], found["labels"]) == ("http://192.0.2.1:8000", {"a": "b"})


def test_a_key_that_nobody_asks_for_is_a_failure(deployed):
    with pytest.raises(KeyNotAsked, match="/generate"):
        deployed.verify(api_key="sk", require_key=True)


def test_the_name_that_the_server_has_for_the_model(deployed):
    assert deployed.verify(model="org/other", served_name="org/model")["latency"]["model"] == "org/model"
    with pytest.raises(AnotherModel):
        deployed.verify(model="org/model", served_name="cat")


def test_the_report_has_what_google_measured_of_the_model_and_how_it_is_reached(deployed, tmp_path, monkeypatch):
    asked: list[dict[str, Any]] = []
    measured = {"unknown": None, "best": None, "differences": []}

    def run(options: dict[str, Any], _check: bool, _progress: Any) -> Result:
        asked.append(options)
        return Result(values=measured)

    monkeypatch.setattr(gke_inference_quickstart_info, "run", run)
    written: list[dict[str, Any]] = []
    monkeypatch.setattr(llm_verify.llm_report, "run", lambda options, *_rest: written.append(options) or Result())
    spec = {"listeners": [{"protocol": "HTTP", "port": 0}]}
    status = {"addresses": [{"value": "127.0.0.1"}]}

    def front(_request: Any) -> dict[str, Any]:
        port = deployed.routes["GET", f"{GOLDEN}/services/mistral"]["spec"]["ports"][0]["port"]
        spec["listeners"][0]["port"] = port
        return {"metadata": {"name": "front"}, "spec": spec, "status": status}

    deployed.routes["GET", GATEWAY] = front
    report = {"path": str(tmp_path / "r.html"), "deployment": {"exposure": "a Gateway"}}
    deployed.verify(project="p", model="org/hub", served_name="org/model", gateway="front", report=report)
    assert [(one["model"], one["model_server"], one["project"]) for one in asked] == [("org/hub", "tgi", "p")]
    assert written[0]["benchmark"] == measured
    assert written[0]["deployment"]["exposure"] == "a Gateway, by http"
    assert json.dumps(asked[0]["pods"])
