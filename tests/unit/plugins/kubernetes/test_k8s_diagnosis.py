# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a workload is not ready, in words; and which reasons end the wait."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.http import HttpSession
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.api import KubernetesApi
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.diagnosis import diagnose
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.waits import Failed, Waiting
from tests.unit.fake_http import FakeServer, Reply
from tests.unit.plugins.kubernetes.k8s_support import golden, not_found

STATE = Waiting("0 of 1 replicas are available")
PODS = "/api/v1/namespaces/default/pods"
SETS = "/apis/apps/v1/namespaces/default/replicasets"
LOG = f"{PODS}/m-1/log"
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "m", "namespace": "default"},
    "spec": {"selector": {"matchLabels": {"app": "m"}}},
}


def pod(*containers, name="m-1", template="new", conditions=(), **status):
    return {
        "metadata": {"name": name, "namespace": "default", "labels": {"app": "m", "pod-template-hash": template}},
        "status": {"phase": "Pending", "conditions": list(conditions), "containerStatuses": list(containers), **status},
    }


def waiting(reason, message="", restarts=0, last=None):
    return {
        "name": "tgi",
        "restartCount": restarts,
        "state": {"waiting": {"reason": reason, "message": message}},
        "lastState": {"terminated": last} if last else {},
    }


def told(*pods, obj=None, state=STATE, **routes):
    answers = {("GET", PODS): {"items": list(pods)}, **{("GET", path): answer for path, answer in routes.items()}}
    with FakeServer(answers) as server:
        found = diagnose(
            KubernetesApi(HttpSession(server.url, "the Kubernetes API", Deadline(5))), obj or DEPLOYMENT, state
        )
        return found, server.calls()


def test_no_node_fits_is_named_but_may_heal():
    pods = golden("pod_failures", "no node fits")[1].body["items"]
    state, calls = told(pods[1])
    assert isinstance(state, Waiting)
    assert "no node fits pod mistral-7b-786db85f5f-8nvf6: no nodes available to schedule pods" in state.why
    assert calls == [f"GET {PODS}?limit=500&labelSelector=app%3Dm"]


@pytest.mark.parametrize(
    ("reason", "message", "final"),
    [
        ("ContainerCreating", "", False),
        ("ErrImagePull", "not found", False),
        ("ImagePullBackOff", 'Back-off pulling image "x": ErrImagePull: x: not found', True),
        ("ImagePullBackOff", "ErrImagePull: 403 Forbidden", True),
        ("ImagePullBackOff", "ErrImagePull: dial tcp: i/o timeout", False),
        ("ImagePullBackOff", "ErrImagePull: toomanyrequests", False),
        ("InvalidImageName", "bad", True),
        ("CreateContainerConfigError", 'secret "mistral-demo" not found', True),
        ("CreateContainerError", "context deadline exceeded", False),
    ],
)
def test_waiting_containers(reason, message, final):
    state, _calls = told(pod(waiting(reason, message)))
    assert isinstance(state, Failed if final else Waiting)
    assert f"container tgi of pod m-1: {reason}" in state.why
    assert message in state.why


CRASHED = {"exitCode": 1, "reason": "Error"}


def test_a_crash_is_told_with_code_and_last_words_and_ends_the_wait_when_it_repeats():
    log = Reply(200, "loading\nValueError: no such shard\n")
    state, calls = told(pod(waiting("CrashLoopBackOff", restarts=1, last=CRASHED)), **{LOG: log})
    assert isinstance(state, Waiting)
    assert "exit code 1 (Error), 1 restarts; its last words: loading | ValueError: no such shard" in state.why
    assert calls[1] == f"GET {LOG}?container=tgi&tailLines=5&previous=true"
    state, _calls = told(pod(waiting("CrashLoopBackOff", restarts=3, last=CRASHED)), **{LOG: log})
    assert isinstance(state, Failed)


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        ("huggingface_hub.errors.GatedRepoError: 403 Client Error.", "gated"),
        ("401 Client Error: Unauthorized for url", "refuses the token"),
        ("RuntimeError: Not enough memory to handle 4096 prefill tokens.", "GPU's memory"),
        ("OSError: [Errno 28] No space left on device", "disk is full"),
    ],
)
def test_last_words_that_cannot_heal_end_the_wait_at_the_first_crash(words, meaning):
    container = {"name": "tgi", "restartCount": 0, "state": {"terminated": CRASHED}}
    state, calls = told(pod(container), **{LOG: Reply(200, words)})
    assert isinstance(state, Failed)
    assert meaning in state.why
    assert words in state.why
    assert state.advice
    assert "previous" not in calls[1]


def test_a_log_that_cannot_be_read_leaves_the_exit_code():
    ended = {**CRASHED, "reason": "OOMKilled", "exitCode": 137}
    state, _calls = told(pod(waiting("CrashLoopBackOff", restarts=4, last=ended)), **{LOG: not_found()})
    assert isinstance(state, Failed)
    assert "exit code 137 (OOMKilled)" in state.why
    assert "memory limit" in state.advice


def test_pods_of_an_older_template_tell_nothing():
    broken = pod(waiting("InvalidImageName", "old"), name="m-0", template="old")
    starting = pod(waiting("ContainerCreating"))
    sets = [
        {
            "metadata": {
                "labels": {"pod-template-hash": template},
                "annotations": {"deployment.kubernetes.io/revision": n},
            }
        }
        for template, n in (("old", "9"), ("new", "10"))
    ]
    state, calls = told(broken, starting, **{SETS: {"items": sets}})
    assert isinstance(state, Waiting)
    assert "ContainerCreating" in state.why
    assert "InvalidImageName" not in state.why
    assert len(calls) == 2


def test_ready_and_going_pods_are_passed_over():
    going = pod(waiting("InvalidImageName"))
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    ready = pod(conditions=[{"type": "Ready", "status": "True"}])
    assert told(going, ready)[0] == STATE


def test_a_running_container_that_is_not_ready_is_named():
    state, _calls = told(pod({"name": "tgi", "ready": False, "restartCount": 2, "state": {"running": {}}}))
    assert "container tgi of pod m-1 runs after 2 restarts and is not ready yet" in state.why


def test_a_progress_deadline_is_told_with_what_the_pods_say():
    fit = {"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available"}
    state, _calls = told(pod(conditions=[fit]), state=Failed("ProgressDeadlineExceeded", "look"))
    assert state == Failed("ProgressDeadlineExceeded; no node fits pod m-1: 0/3 nodes are available", "look")


def test_an_eviction_is_named():
    state, _calls = told(pod(reason="Evicted", message="low on ephemeral-storage", phase="Failed"))
    assert "pod m-1 was evicted: low on ephemeral-storage" in state.why


def test_a_service_without_an_address_is_explained_by_its_newest_warning():
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "default"}}
    events = [
        {"reason": "SyncLoadBalancerFailed", "message": message, "lastTimestamp": time}
        for message, time in (("new", "2026-01-02T00:00:00Z"), ("old", "2026-01-01T00:00:00Z"))
    ]
    path = "/api/v1/namespaces/default/events"
    state, calls = told(obj=service, state=Waiting("no address"), **{path: {"items": events}})
    assert state == Waiting("no address: SyncLoadBalancerFailed: new")
    assert "involvedObject.name%3Ds%2Ctype%3DWarning" in calls[0]
