# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a workload waits for is told with the last event about it: of a probe, a volume claim, an autoscaler."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.diagnosis.objects import diagnose
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.wait.states import Failed, Waiting
from tests.unit.plugins.kubernetes.diagnosis.test_k8s_diagnosis import pod, told
from tests.unit.plugins.kubernetes.k8s_support import FakeView, event

RUNNING = {"name": "tgi", "ready": False, "restartCount": 0, "state": {"running": {}}}
UNHEALTHY = "Readiness probe failed: HTTP probe failed with statuscode: 503"


@pytest.mark.parametrize("probe", ["Readiness", "Startup", "Liveness"])
def test_a_probe_that_fails_is_told_with_its_last_event(probe):
    failing = pod(RUNNING)
    message = UNHEALTHY.replace("Readiness", probe)
    events = [
        event(failing, "Unhealthy", f"{probe} probe failed: connection refused", time="2026-01-01T00:00:01Z"),
        event(failing, "Unhealthy", message, time="2026-01-01T00:00:09Z"),
    ]
    state, _view = told(failing, events=events)
    assert isinstance(state, Waiting)
    assert state.why.endswith(f"container tgi of pod m-1 runs and is not ready yet; Unhealthy: {message}")


def test_a_deployment_at_its_deadline_names_the_probe_that_failed():
    failing = pod(RUNNING)
    late = Failed("ProgressDeadlineExceeded: has timed out", "look at its pods")
    state, _view = told(failing, state=late, events=[event(failing, "Unhealthy", UNHEALTHY)])
    assert isinstance(state, Failed)
    assert "ProgressDeadlineExceeded: has timed out; " in state.why
    assert UNHEALTHY in state.why


def test_the_probe_of_another_container_is_not_told():
    failing = pod(RUNNING)
    other = event(failing, "Unhealthy", UNHEALTHY)
    other["involvedObject"]["fieldPath"] = "spec.containers{sidecar}"
    assert UNHEALTHY not in told(failing, events=[other])[0].why
    other["involvedObject"]["fieldPath"] = "spec.containers{tgi}"
    assert UNHEALTHY in told(failing, events=[other])[0].why


def test_a_pod_that_waits_for_its_volume_names_the_claim():
    message = "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: none."
    scheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    pending = pod(conditions=[scheduled])
    pending["spec"] = {"volumes": [{"name": "w", "persistentVolumeClaim": {"claimName": "weights"}}, {"name": "x"}]}
    claim = {"kind": "PersistentVolumeClaim", "metadata": {"name": "weights", "namespace": "ns"}}
    events = [event(claim, "ProvisioningFailed", 'storageclass "fast" not found')]
    state, _view = told(pending, events=events)
    assert isinstance(state, Waiting)
    assert "unbound immediate" in state.why
    assert 'claim weights: ProvisioningFailed: storageclass "fast" not found' in state.why


def test_an_autoscaler_that_finds_nothing_is_told_with_its_event():
    scaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "h", "namespace": "ns"},
    }
    events = [event(scaler, "FailedGetPodsMetric", "unable to get metric queue: no custom metrics API")]
    view = FakeView(Event=events)
    state = diagnose(view, scaler, Waiting("its controller has not seen it yet"))
    assert state == Waiting("its controller has not seen it yet: FailedGetPodsMetric: " + events[0]["message"])
    assert diagnose(view, scaler, Waiting(f"FailedGetPodsMetric: {events[0]['message']}")).why.count("queue") == 1
