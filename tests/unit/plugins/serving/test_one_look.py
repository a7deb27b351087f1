# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API server is asked of a model's pods: each thing once a task, whatever the task makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.workflows.verification import NotServing
from tests.unit.fake_http import FakeServer

from . import test_pod_starts, test_start_info
from .test_pod_starts import EXPORTER, PODS, WATCHED, node, pod
from .test_start_info import deployment
from .test_verify import GOLDEN, SERVICE, Deployed
from .test_verify_requests import GATEWAY

DEPLOYMENTS = "GET /apis/apps/v1/namespaces/golden/deployments"
EVENTS = f"GET {GOLDEN}/events"
SELECTED = f"GET {PODS}"
METRICS = "GET /api/v1/namespaces/metrics/pods/dcgm:9400/proxy/metrics"


def of_pod(name: str = "mistral-1", on: str = "node-1") -> tuple[str, str]:
    return f"GET /api/v1/nodes/{on}", f"GET {PODS}/{name}/log"


NODE, LOG = of_pod()
LOOK = [f"GET {SERVICE}", DEPLOYMENTS, SELECTED, NODE, EVENTS, LOG]
OF_PODS = [call for call in LOOK if call != DEPLOYMENTS]
MEASURE = ["GET /health", "GET /info", "GET /metrics", "POST /generate_stream"]


def bare(calls: Sequence[str]) -> list[str]:
    return [call.partition("?")[0] for call in calls]


@pytest.fixture
def deployed() -> Deployed:
    return Deployed()


def asked(deployed: Deployed, **given: Any) -> list[str]:
    deployed.verify(**given)
    return bare(deployed.calls)


def test_one_look_serves_to_find_the_model_and_to_tell_of_its_cold_start(deployed, monkeypatch):
    def pause(_deadline: Deadline, _seconds: float, waiting_for: str, _last_seen: str = "") -> None:
        pytest.fail(f"waited to {waiting_for}: what was seen before that may be out of date")

    monkeypatch.setattr(Deadline, "pause", pause)
    calls = asked(deployed)
    first = calls.index(MEASURE[0])
    assert calls[:first] == LOOK
    assert calls[first:][: len(MEASURE)] == MEASURE
    assert not [call for call in calls[first:] if "/api" in call]


def test_who_is_not_ready_is_refused_by_the_same_look_and_not_waited_for(deployed):
    deployed.routes["GET", PODS] = {"metadata": {}, "items": [pod(ready="False")]}
    with pytest.raises(NotServing):
        deployed.verify()
    assert bare(deployed.calls) == LOOK


def test_behind_a_gateway_the_service_is_read_as_well(deployed):
    spec = {"listeners": [{"protocol": "HTTP", "port": 8000}]}
    deployed.routes["GET", GATEWAY] = {"metadata": {"name": "front"}, "spec": spec}
    assert asked(deployed, gateway="front", check=True) == [f"GET {GATEWAY}", *LOOK]


def test_check_mode_looks_as_often(deployed):
    assert asked(deployed, check=True) == [*LOOK, *MEASURE[:2], *MEASURE[:2]]


def test_at_an_address_that_is_given_no_deployment_is_looked_for(deployed):
    with FakeServer(deployed.routes) as elsewhere:
        calls = asked(deployed, url=elsewhere.url)
    assert calls == OF_PODS


def test_each_of_several_pods_is_asked_once(deployed):
    second = pod("mistral-2", creationTimestamp="2026-01-01T12:00:01Z")
    third = pod("mistral-3", creationTimestamp="2026-01-01T12:00:02Z")
    third["spec"]["nodeName"] = "node-2"
    deployed.routes["GET", PODS] = {"metadata": {}, "items": [third, second, pod()]}
    deployed.routes["GET", "/api/v1/nodes/node-2"] = node("2026-01-01T12:00:49Z")
    for name in ("mistral-2", "mistral-3"):
        deployed.routes["GET", f"{PODS}/{name}/log"] = test_pod_starts.LOG
    calls = asked(deployed)
    of_second, of_third = of_pod("mistral-2"), of_pod("mistral-3", "node-2")
    assert calls[: calls.index(MEASURE[0])] == [*LOOK, of_second[1], *of_third]


def test_gpus_are_read_beside_the_measurement_and_once_more_for_the_report(deployed):
    gpu_node = node("2026-01-01T11:00:00Z")
    gpu_node["metadata"]["name"] = "node-1"
    gpu_node["status"]["allocatable"] = {"nvidia.com/gpu": "1"}
    labels = 'gpu="0",UUID="GPU-1",modelName="NVIDIA L4"'
    names = ("DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_DEV_FB_USED", "DCGM_FI_DEV_POWER_USAGE")
    deployed.routes |= WATCHED | {
        ("GET", METRICS.removeprefix("GET ")): "".join(f"{name}{{{labels}}} 97\n" for name in names),
        ("GET", "/api/v1/nodes"): {"metadata": {}, "items": [gpu_node]},
        ("GET", "/api/v1/pods"): {"metadata": {}, "items": [EXPORTER]},
    }
    calls = [call for call in asked(deployed, gpu_metrics=True) if "/api" in call]
    # While the model is measured, an exporter is read as often as there is time for.
    kinds = [call for call, _times in groupby(calls)]
    watched, reported = ["GET /api/v1/pods", METRICS], ["GET /api/v1/nodes", "GET /api/v1/pods", METRICS]
    assert kinds == [*LOOK, *watched, *reported]


def test_the_modules_alone_ask_what_they_need():
    assert bare(test_start_info.told([deployment(1)], [pod()])[1]) == LOOK
    assert [call for call in bare(test_pod_starts.measure([pod()])[1]) if "/api" in call] == OF_PODS
