# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""llm_start_info: a model that sleeps, serves, or hangs on its way."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.llmops.gke.plugins.module_utils.core.result import silent
from ansible_collections.llmops.gke.plugins.modules.llm_start_info import SPEC
from tests.unit.fake_http import FakeServer, Reply
from tests.unit.plugins.kubernetes.k8s_support import kubeconfig

from .test_pod_starts import LOG, asked, node, pod

GOLDEN = "/api/v1/namespaces/golden"
NO_NODE = "0/3 nodes are available: 3 Insufficient nvidia.com/gpu. no new claims to deallocate, preemption: no."
GROWS = {
    **asked("2026-01-01T12:00:08Z"),
    "message": "pod triggered scale-up: [{https://c/zones/a/instanceGroups/gke-gpu-grp 0->1 (max: 2)}]",
}


def deployment(replicas: int, **labels: str) -> dict[str, Any]:
    template = {"metadata": {"labels": labels or {"app": "m", "pod-template-hash": "x"}}}
    return {"metadata": {"name": "mistral"}, "spec": {"replicas": replicas, "template": template}}


def told(deployments: list, pods: list, more: dict | None = None) -> tuple[dict[str, Any], list[str]]:
    routes = {
        ("GET", f"{GOLDEN}/services/mistral"): {"metadata": {"name": "mistral"}, "spec": {"selector": {"app": "m"}}},
        ("GET", "/apis/apps/v1/namespaces/golden/deployments"): {"metadata": {}, "items": deployments},
        ("GET", f"{GOLDEN}/pods"): {"metadata": {}, "items": pods},
        ("GET", f"{GOLDEN}/pods/mistral-1/log"): LOG,
        ("GET", f"{GOLDEN}/events"): {"metadata": {}, "items": [GROWS]},
        ("GET", "/api/v1/nodes/node-1"): node("2026-01-01T12:00:49Z"),
        **(more or {}),
    }
    with FakeServer(routes) as server:
        given = {"service": "mistral", "kubeconfig": kubeconfig(server.url)}
        validated = ArgumentSpecValidator(dict(SPEC.argument_spec), **SPEC.rules).validate(given)
        assert not validated.error_messages
        found = SPEC.run(validated.validated_parameters, False, silent).to_dict()
        return found, server.calls()


def test_one_that_serves_tells_where_its_time_went():
    found, _calls = told([deployment(1)], [pod()])
    assert (found["replicas"], found["ready"], found["asleep"], found["exists"]) == (1, 1, False, True)
    assert found["text"] == (
        "golden/mistral: 1 of 1 replicas serve; the newest came within 130 s: asked 8 s, machine 42 s, "
        "scheduled 10 s, image 30 s, weights 15.123 s, load 20.377 s, ready 4.5 s; its weights came from the Hugging "
        "Face Hub"
    )
    assert found["pods"][0]["phase"] is None
    assert not found["changed"]


def test_one_without_replicas_sleeps():
    found, _calls = told([deployment(0), deployment(3, app="other")], [pod(deletionTimestamp="2026-01-01T13:00:00Z")])
    assert (found["asleep"], found["pods"]) == (True, [])
    assert found["text"] == "golden/mistral sleeps: 0 replicas are asked for, so nothing answers"


def waiting(*conditions: dict, **changes: Any) -> dict[str, Any]:
    made = pod(ready="False")
    made["status"] |= {"conditions": list(conditions), **changes}
    return made


def test_one_that_waits_for_its_machine_says_so():
    refused = {"type": "PodScheduled", "status": "False", "message": NO_NODE}
    hanging = waiting(refused, containerStatuses=[])
    del hanging["spec"]["nodeName"]
    found, calls = told([deployment(1)], [hanging])
    assert not [call for call in calls if "/log" in call or "/nodes/" in call]
    (one,) = found["pods"]
    assert (one["phase"], one["node"], one["refused"]) == ("machine", None, [])
    assert one["stages"] == [{"name": "asked", "seconds": 8.0}]
    assert found["text"].startswith("golden/mistral: 0 of 1 replicas serve; pod mistral-1 is in the phase machine for ")
    assert " s after asked 8 s: no node fits pod mistral-1: of 3 nodes, 3 Insufficient nvidia.com/gpu" in found["text"]
    assert "a pool grows for it ([{gke-gpu-grp 0->1 (max: 2)}])" in found["text"]


def test_why_a_machine_could_not_be_had_is_told_while_another_is_tried():
    refused = {"type": "PodScheduled", "status": "False", "message": NO_NODE}
    hanging = waiting(refused, containerStatuses=[])
    del hanging["spec"]["nodeName"]
    failed = {**GROWS, "reason": "FailedScaleUp", "message": "GCE out of resources", "lastTimestamp": "2026-01-01"}
    again = {**GROWS, "lastTimestamp": "2026-01-02"}
    events = {("GET", f"{GOLDEN}/events"): {"metadata": {}, "items": [failed, again]}}
    found, _calls = told([deployment(1)], [hanging], events)
    assert "0->1 (max: 2)}]); earlier the autoscaler said: GCE out of resources" in found["text"]
    assert found["pods"][0]["refused"] == ["GCE out of resources"]


SCHEDULED = {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-01-01T12:01:00Z"}


@pytest.mark.parametrize(
    ("state", "log", "phase", "why"),
    [
        (
            {"waiting": {"reason": "ImagePullBackOff", "message": "no such tag"}},
            "",
            "image",
            "no such tag; correct the",
        ),
        ({"running": {"startedAt": "2026-01-01T12:01:30Z"}}, "", "weights", "runs and is not ready yet"),
        ({"running": {"startedAt": "2026-01-01T12:01:30Z"}}, LOG.partition("Connected")[0], "load", "runs and is not"),
        ({"running": {"startedAt": "2026-01-01T12:01:30Z"}}, LOG, "ready", "runs and is not ready yet"),
    ],
)
def test_one_that_hangs_says_in_which_phase_and_why(state, log, phase, why):
    statuses = [{"name": "tgi", "restartCount": 0, "state": state}]
    hanging = waiting(SCHEDULED, containerStatuses=statuses)
    found, _calls = told([deployment(1)], [hanging], {("GET", f"{GOLDEN}/pods/mistral-1/log"): log})
    assert found["pods"][0]["phase"] == phase
    assert f"pod mistral-1 is in the phase {phase} for " in found["text"]
    assert why in found["text"]


def test_pods_that_ended_with_their_node_are_history():
    found, _calls = told([deployment(1)], [waiting(SCHEDULED, phase="Failed", reason="Terminated")])
    assert (found["ready"], found["pods"]) == (0, [])
    assert found["text"] == "golden/mistral: 0 of 1 replicas serve; there is no pod yet"


NO_DEPLOYMENT = "there is no Deployment whose pods the Service golden/mistral selects (app=m)"


@pytest.mark.parametrize(
    ("deployments", "more", "text"),
    [
        ([], {}, NO_DEPLOYMENT),
        ([deployment(1, app="other")], {}, NO_DEPLOYMENT),
        ([], {("GET", f"{GOLDEN}/services/mistral"): Reply(404, {})}, "there is no Service golden/mistral"),
    ],
)
def test_what_is_not_there_is_no_error(deployments, more, text):
    found, _calls = told(deployments, [], more)
    assert (found["exists"], found["asleep"], found["text"]) == (False, False, text)


def test_pods_without_a_deployment_serve_all_the_same():
    found, _calls = told([], [pod()])
    assert (found["exists"], found["ready"], found["selector"]) == (False, 1, {"app": "m"})
    assert found["pods"][0]["pod"] == "mistral-1"
