# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""llm_verify: what it fails with once all is measured and reported, beside what it has found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import LlmopsError
from ansible_collections.llmops.gke.plugins.module_utils.engines.serving import llm_scaling
from tests.unit.plugins.kubernetes.k8s_support import Collection, not_found

from .test_start_info import deployment
from .test_verify import Deployed

SCALERS = "/apis/autoscaling/v2/namespaces/golden/horizontalpodautoscalers"
EVENTS = "/api/v1/namespaces/golden/events"
NAMED = "HorizontalPodAutoscaler golden/m"


@pytest.fixture
def deployed() -> Deployed:
    return Deployed()


def scaler(status: str) -> dict[str, Any]:
    told = {"type": "ScalingActive", "status": status, "reason": "R", "message": "it said so"}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "m", "namespace": "golden", "uid": "h", "resourceVersion": "2"},
        "status": {"conditions": [told]},
    }


def is_whole(found: dict[str, Any], page: Path) -> bool:
    """Whether all is there that there is without a failure."""
    return found["report"]["written"][0] == str(page) and {"url", "start", "latency", "answer", "gpus"} < set(found)


@pytest.mark.parametrize("given", [{"thresholds": {"ttft_seconds": 1e-9}}, {"targets": {"ttft_milliseconds": 1e-6}}])
def test_a_limit_that_is_exceeded_is_a_failure_with_all_that_was_found(deployed, tmp_path, given):
    page = tmp_path / "report.html"
    found = deployed.verify(report={"path": str(page)}, autoscaler="m", **given)
    assert (found["failed"], found["error"]["kind"]) == (True, "threshold_breached")
    assert found["msg"].startswith("latency of org/model: ttft_seconds is ")
    assert [one["passed"] for one in found["error"]["thresholds"]] == [False]
    assert is_whole(found, page) and json.loads(page.with_suffix(".json").read_text())
    # What is not good enough need not scale.
    assert not [call for call in deployed.calls if SCALERS in call]


def test_a_limit_that_holds_is_none(deployed):
    assert "failed" not in deployed.verify(thresholds={"ttft_seconds": 9})


def test_an_autoscaler_is_waited_for_after_the_requests(deployed):
    deployed.routes["GET", f"{SCALERS}/m"] = scaler("False")
    deployed.routes["GET", SCALERS] = Collection([scaler("False")], [("MODIFIED", scaler("True"))])
    deployed.routes["GET", EVENTS] = Collection([])
    found = deployed.verify(autoscaler="m")
    assert "failed" not in found
    asked = [call.partition("?")[0] for call in deployed.calls]
    assert asked.index("POST /generate") < asked.index(f"GET {SCALERS}/m") < asked.index(f"GET {SCALERS}")
    assert [line for line in deployed.lines if NAMED in line] == [f"{NAMED}: R: it said so", f"{NAMED}: ready"]
    assert found["http_requests"] == len(deployed.calls)


def test_one_that_acts_already_costs_one_request(deployed):
    deployed.routes["GET", f"{SCALERS}/m"] = scaler("True")
    deployed.verify(autoscaler="m")
    assert len([call for call in deployed.calls if SCALERS in call]) == 1


def test_one_that_does_not_act_is_a_failure_with_all_that_was_found(deployed, tmp_path):
    deployed.routes["GET", f"{SCALERS}/m"] = scaler("False")
    deployed.routes["GET", SCALERS] = Collection([scaler("False")])
    page = tmp_path / "report.html"
    found = deployed.verify(autoscaler="m", report={"path": str(page)}, timeout=1)
    assert (found["failed"], found["error"]["kind"]) == (True, "deadline_exceeded")
    assert found["msg"].startswith(f"waiting for {NAMED} to be ready: not done after 1 s; last seen: {NAMED}: R: it")
    assert is_whole(found, page)


def test_one_that_is_absent_is_a_failure(deployed):
    deployed.routes["GET", f"{SCALERS}/m"] = not_found("m", "horizontalpodautoscalers")
    found = deployed.verify(autoscaler="m")
    assert (found["failed"], found["msg"]) == (True, f"there is no {NAMED}; apply it first")
    assert "latency" in found


def test_nothing_is_waited_for_in_check_mode_or_where_the_model_sleeps(deployed):
    assert "failed" not in deployed.verify(check=True, autoscaler="m")
    assert not [call for call in deployed.calls if SCALERS in call]
    deployed.routes["GET", "/apis/apps/v1/namespaces/golden/deployments"] = {"metadata": {}, "items": [deployment(0)]}
    assert "failed" not in deployed.verify(replicas=0, autoscaler="m")
    assert not [call for call in deployed.calls if SCALERS in call]


def test_a_load_that_comes_to_nothing_is_a_failure_with_all_that_was_found(deployed, tmp_path, monkeypatch):
    def run(*_given: Any) -> None:
        raise LlmopsError("it did not ask for more")

    monkeypatch.setattr(llm_scaling, "run", run)
    page = tmp_path / "report.html"
    found = deployed.verify(load={"autoscaler": "m"}, report={"path": str(page)})
    assert (found["failed"], found["msg"]) == (True, "it did not ask for more")
    assert is_whole(found, page)
