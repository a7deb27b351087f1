# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""llm_verify: one task from the model's Service to its report."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.llmops.gke.plugins.module_utils.core import deadline
from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.serving.expectations import ExpectationFailed
from ansible_collections.llmops.gke.plugins.module_utils.workflows.verification import AnotherModel, NotServing
from ansible_collections.llmops.gke.plugins.modules.llm_verify import SPEC
from tests.unit.fake_http import FakeServer, Reply
from tests.unit.plugins.kubernetes.k8s_support import kubeconfig, not_found

from .test_pod_starts import EVENT, LOG, PODS, asked, node, pod
from .test_start_info import deployment

GOLDEN = "/api/v1/namespaces/golden"
SERVICE = f"{GOLDEN}/services/mistral"


FORMAT = {"weights_bytes": 14, "kv_tokens": 9, "longest_context": 8, "concurrency": []}
FIT = {"fits": True, "format": "fp16", "gpu_bytes": 24, "usable_bytes": 20, "formats": {"fp16": FORMAT}}
KNOWN = {"fit": FIT, "fit_reason": None, "shape": None, "parameters": 7, "kv_bytes_per_token": 1}


class Deployed:
    """A cluster and its model, both played by one server. calls: of the last run."""

    def __init__(self) -> None:
        self.routes: dict[tuple[str, str], Any] = {
            ("GET", "/health"): "",
            ("GET", "/info"): {"model_id": "org/model", "max_total_tokens": 4096},
            ("GET", "/metrics"): "",
            ("POST", "/generate"): {"generated_text": "Purr.", "details": {"generated_tokens": 3}},
            ("POST", "/generate_stream"): lambda _request: Reply(200, lines=[EVENT]),
            ("GET", "/apis/apps/v1/namespaces/golden/deployments"): {"metadata": {}, "items": [deployment(1)]},
            ("GET", PODS): {"metadata": {}, "items": [pod()]},
            ("GET", f"{PODS}/mistral-1/log"): LOG,
            ("GET", "/api/v1/nodes/node-1"): node("2026-01-01T11:00:00Z"),
            ("GET", f"{GOLDEN}/events"): {"metadata": {}, "items": [asked("2026-01-01T12:00:08Z")]},
        }
        self.service: Reply | None = None
        self.calls: list[str] = []
        self.lines: list[str] = []

    def verify(self, *, check: bool = False, **given: Any) -> dict[str, Any]:
        with FakeServer(self.routes) as server:
            port = int(server.url.rpartition(":")[2])
            self.routes["GET", SERVICE] = self.service or {
                "metadata": {"name": "mistral", "labels": {"team": "cats"}},
                "spec": {"selector": {"app": "m"}, "ports": [{"port": port}]},
                "status": {"loadBalancer": {"ingress": [{"ip": "127.0.0.1"}]}},
            }
            asked = {} if "messages" in given else {"prompt": "hi"}
            options = {**asked, "samples": 1, "warmup": 0, "service": "mistral", **given}
            options["kubeconfig"] = kubeconfig(server.url)
            validated = ArgumentSpecValidator(dict(SPEC.argument_spec), **SPEC.rules).validate(options)
            assert not validated.error_messages
            try:
                return SPEC.run(validated.validated_parameters, check, self.lines.append).to_dict()
            finally:
                self.calls = server.calls()


@pytest.fixture
def deployed() -> Deployed:
    return Deployed()


def test_a_model_is_found_measured_asked_and_reported(deployed, tmp_path):
    page = tmp_path / "report.html"
    found = deployed.verify(model="org/model", report={"path": str(page), "title": "The cat"})
    assert found["url"].startswith("http://127.0.0.1:")
    assert found["labels"] == {"team": "cats"}
    assert found["start"]["ready"] == 1
    assert found["latency"]["hot"]["ttft_seconds"]["n"] == 1
    assert found["latency"]["pods"][0]["pod"] == "mistral-1"
    assert (found["answer"]["generated_text"], found["answer"]["generated_tokens"]) == ("Purr.", 3)
    # In a fleet, what the server tells of each token is most of what the controller handles.
    assert "details" not in found["answer"]
    assert found["report"]["written"] == [str(page), str(tmp_path / "report.json")]
    assert json.loads((tmp_path / "report.json").read_text())["title"] == "The cat"
    assert "The cat" in page.read_text()
    assert found["changed"] is False
    assert found["http_requests"] == len(deployed.calls)


def test_the_first_request_to_the_model_is_a_measured_one(deployed):
    deployed.verify(latency_parameters={"max_new_tokens": 2}, parameters={"max_new_tokens": 5})
    posts = [call for call in deployed.calls if call.startswith("POST")]
    assert (posts[0], posts[-1]) == ("POST /generate_stream", "POST /generate")


def test_check_mode_asks_for_health_and_model_alone(deployed, tmp_path):
    page = tmp_path / "report.html"
    found = deployed.verify(check=True, model="org/model", report={"path": str(page)})
    assert found["latency"]["model"] == "org/model"
    assert not [call for call in deployed.calls if call.startswith("POST")]
    assert "report" not in found and not page.exists()


def test_another_model_is_refused_and_not_reported(deployed, tmp_path):
    page = tmp_path / "report.html"
    with pytest.raises(AnotherModel):
        deployed.verify(model="org/mine", report={"path": str(page)})
    assert not page.exists()


def test_too_short_an_answer_fails_and_no_report_is_written(deployed, tmp_path):
    page = tmp_path / "report.html"
    with pytest.raises(ExpectationFailed, match="at least 9 expected"):
        deployed.verify(minimum_tokens=9, report={"path": str(page)})
    assert not page.exists()


def test_a_model_that_sleeps_as_it_is_meant_to_is_told_and_not_asked(deployed):
    deployed.routes["GET", "/apis/apps/v1/namespaces/golden/deployments"] = {"metadata": {}, "items": [deployment(0)]}
    found = deployed.verify(replicas=0, to_wake="Deploy it.")
    assert found["notes"] == [f"{found['start']['text']}. Deploy it."]
    assert "latency" not in found
    with pytest.raises(NotServing, match="Deploy it"):
        deployed.verify(replicas=1, to_wake="Deploy it.")


def test_an_address_that_is_given_is_asked_and_no_deployment_looked_for(deployed):
    deployed.service = not_found("mistral", "services")
    with FakeServer(deployed.routes) as elsewhere:
        found = deployed.verify(url=elsewhere.url)
        assert "POST /generate" in elsewhere.calls()
    assert (found["url"], found["start"], found["labels"]) == (elsewhere.url, None, {})
    assert not [call for call in deployed.calls if "deployments" in call]


def test_a_service_that_is_absent_is_a_failure_and_in_check_mode_none(deployed):
    deployed.service = not_found("mistral", "services")
    with pytest.raises(NotServing, match="there is no Service golden/mistral"):
        deployed.verify()
    assert deployed.verify(check=True)["start"]["exists"] is False


def test_a_deployment_that_is_gone_is_told_before_the_load_balancer_is_asked(deployed):
    deployed.routes["GET", "/apis/apps/v1/namespaces/golden/deployments"] = {"metadata": {}, "items": []}
    deployed.routes["GET", PODS] = {"metadata": {}, "items": [pod(deletionTimestamp="2026-01-01T13:00:00Z")]}
    with pytest.raises(NotServing) as error:
        deployed.verify(to_wake="Wake it.", to_deploy="To deploy it: deploy.yml")
    assert error.value.message == (
        "there is no Deployment whose pods the Service golden/mistral selects (app=m). To deploy it: deploy.yml"
    )
    assert not [call for call in deployed.calls if "/health" in call or call.startswith("POST")]


def test_a_long_wait_says_what_it_waits_for(deployed, monkeypatch):
    monkeypatch.setattr(deadline, "TOLD_AFTER", 0.0)
    answers = iter([Reply(503), Reply(503)])
    deployed.routes["GET", "/health"] = lambda _request: next(answers, "")
    deployed.verify()
    (line,) = [line for line in deployed.lines if line.startswith("waiting")]
    assert line.startswith("waiting to ask http://127.0.0.1:")
    assert "for its health: TGI answered 503" in line


def test_a_wrong_limit_is_refused_before_anything_is_asked(deployed):
    with pytest.raises(InvalidOption):
        deployed.verify(thresholds={"ttft": 1})
    assert deployed.calls == []


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        pytest.param({"hub_token": "hf_x"}, True, id="nothing is known"),
        pytest.param({"hub_token": "hf_x", "model_info": {"access": "granted"}}, True, id="not whether it fits"),
        pytest.param({"hub_token": "hf_x", "model_info": KNOWN}, False, id="preflight asked"),
        pytest.param({}, False, id="nobody is to ask"),
    ],
)
def test_the_hub_is_asked_where_nobody_has_and_may_fail(deployed, tmp_path, given, asked):
    with FakeServer(lambda _request: Reply(404, {"error": "no"})) as hub:
        endpoint = {"hub_endpoint": hub.url} if given else {}
        report = {"path": str(tmp_path / "r.html")}
        found = deployed.verify(**given, **endpoint, report=report)
        assert bool(hub.requests) == asked
    assert found["model"] == (given.get("model_info") or {})
    assert found["report"]["written"]


def test_gpus_that_cannot_be_read_are_no_failure(deployed):
    deployed.routes["GET", "/api/v1/nodes"] = Reply(403, {"kind": "Status", "reason": "Forbidden", "code": 403})
    deployed.routes["GET", "/api/v1/pods"] = {"metadata": {}, "items": []}
    assert deployed.verify(gpu_metrics=True)["gpus"] == []


def test_a_load_is_told_by_what_came_of_it(deployed, monkeypatch):
    from ansible_collections.llmops.gke.plugins.module_utils.core.result import Result
    from ansible_collections.llmops.gke.plugins.module_utils.engines.serving import llm_scaling

    ran: list[dict[str, Any]] = []

    def scaled(came: dict[str, Any]) -> Callable[..., Result]:
        return lambda options, _check, _progress: ran.append(options) or Result(values=came, warnings=["w"])

    load = {"autoscaler": "mistral-hpa", "clients": 2, "timeout": 5}
    monkeypatch.setattr(llm_scaling, "run", scaled({"arrived": True, "replicas": 2, "why": ""}))
    found = deployed.verify(load=load)
    assert found["notes"] == ["under load a further replica was asked for and came: 2 serve"]
    assert (found["scaling"]["replicas"], found["warnings"]) == (2, ["w"])
    monkeypatch.setattr(llm_scaling, "run", scaled({"arrived": False, "replicas": 1, "why": "no node"}))
    assert deployed.verify(load=load)["notes"] == ["under load no further replica came: no node"]
    assert "notes" not in deployed.verify(check=True, load=load)
    assert [(one["autoscaler"], one["clients"], one["max_tokens"]) for one in ran] == [("mistral-hpa", 2, 256)] * 3
