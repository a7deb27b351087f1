# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a workload is not ready, in words; and which reasons end the wait."""

from __future__ import annotations

import re

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.diagnosis.crash_reasons import CrashReason
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.diagnosis.objects import diagnose
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.wait.states import READY, Failed, Waiting
from tests.unit.plugins.kubernetes.k8s_support import FakeView, event, golden, owned_by

STATE = Waiting("0 of 1 replicas are available")
DEPLOYMENT = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "m", "namespace": "ns", "uid": "d"}}


def replica_set(name="new", revision=2, **status):
    metadata = {"name": f"m-{name}", "namespace": "ns", "uid": name, "ownerReferences": owned_by("d")}
    metadata["annotations"] = {"deployment.kubernetes.io/revision": str(revision)}
    return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": metadata, "status": status}


def pod(*containers, name="m-1", owner="new", conditions=(), **status):
    metadata = {"name": name, "namespace": "ns", "uid": name, "ownerReferences": owned_by(owner)}
    status = {"phase": "Pending", "conditions": list(conditions), "containerStatuses": list(containers), **status}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": status}


def waiting(reason, message="", restarts=0, last=None):
    return {
        "name": "tgi",
        "restartCount": restarts,
        "state": {"waiting": {"reason": reason, "message": message}},
        "lastState": {"terminated": last} if last else {},
    }


def told(*pods, obj=None, state=STATE, sets=None, events=(), log=(), extra=()):
    view = FakeView(Pod=pods, ReplicaSet=sets or [replica_set()], Event=events, log=log)
    return diagnose(view, obj or DEPLOYMENT, state, extra=extra), view


def test_pods_that_are_ready_or_going_or_of_an_older_template_tell_nothing():
    going = pod(waiting("InvalidImageName"), name="m-0")
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    ready = pod(conditions=[{"type": "Ready", "status": "True"}])
    older = pod(waiting("InvalidImageName"), name="o", owner="old")
    assert told(going, ready, older, sets=[replica_set(revision=10), replica_set("old", 9)])[0] == STATE


def test_a_deployment_whose_set_is_not_there_yet_is_left_as_it_is():
    assert diagnose(FakeView(), DEPLOYMENT, STATE) == STATE


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
    state, _view = told(pod(waiting(reason, message)))
    assert isinstance(state, Failed if final else Waiting)
    assert f"container tgi of pod m-1: {reason}" in state.why
    assert message in state.why


CRASHED = {"exitCode": 1, "reason": "Error"}


def test_a_crash_is_told_with_code_and_end_of_log_and_ends_the_wait_when_it_repeats():
    log = ["loading", "ValueError: no such shard"]
    state, view = told(pod(waiting("CrashLoopBackOff", restarts=1, last=CRASHED)), log=log)
    assert isinstance(state, Waiting)
    assert "exit code 1 (Error), 1 restarts; its log ends with: loading | ValueError: no such shard" in state.why
    assert view.read == [("m-1", "tgi", 1, True)]
    state, _view = told(pod(waiting("CrashLoopBackOff", restarts=2, last=CRASHED)), log=log)
    assert isinstance(state, Failed)
    assert "exit code 1 (Error), 2 restarts" in state.why


CAUSE = CrashReason(re.compile("no room for the cache"), "the cache does not fit", "lower the context")


@pytest.mark.parametrize("lines", [40, 5, 3, 0])
def test_a_cause_that_is_told_before_the_end_of_the_log_is_found(lines):
    """A program of several processes goes on about those that waited for the one that failed."""
    log = ["CUDA out of memory, trying again", "ValueError: no room for the cache", *["  waiting"] * lines]
    state, _view = told(pod(waiting("CrashLoopBackOff", restarts=1, last=CRASHED)), log=log, extra=[CAUSE])
    assert isinstance(state, Failed)
    assert "the cache does not fit: container tgi of pod m-1 ended" in state.why
    assert state.why.count("ValueError: no room for the cache") == 1
    assert state.why.count("waiting") == min(lines, 5)
    assert state.advice == CAUSE.advice


def test_what_no_application_is_known_to_end_with_is_not_looked_for_before_the_end():
    log = ["CUDA out of memory, trying again", *["  waiting"] * 5]
    state, _view = told(pod(waiting("CrashLoopBackOff", restarts=1, last=CRASHED)), log=log, extra=[CAUSE])
    assert isinstance(state, Waiting)


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB", "GPU's memory"),
        ("RuntimeError: Found no NVIDIA driver on your system.", "no GPU driver"),
        ("RuntimeError: No CUDA GPUs are available", "sees no GPU"),
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("exec /usr/bin/server: exec format error", "another CPU architecture"),
    ],
)
def test_a_log_whose_end_cannot_heal_ends_the_wait_at_the_first_crash(words, meaning):
    container = {"name": "tgi", "restartCount": 0, "state": {"terminated": CRASHED}}
    state, view = told(pod(container), log=[words])
    assert isinstance(state, Failed)
    assert meaning in state.why
    assert words in state.why
    assert state.advice
    assert view.read == [("m-1", "tgi", 0, False)]


def test_what_the_application_says_is_known_only_where_the_caller_tells_it_and_comes_first():
    container = {"name": "app", "restartCount": 0, "state": {"terminated": CRASHED}}
    known = CrashReason(re.compile("licence expired|No space left"), "the licence has run out", "renew it")
    assert isinstance(told(pod(container), log=["licence expired"])[0], Waiting)
    for line in ("licence expired", "No space left on device"):
        state, _view = told(pod(container), log=[line], extra=[known])
        assert isinstance(state, Failed)
        assert "the licence has run out" in state.why
        assert state.advice == "renew it"


def test_too_little_memory_on_the_host_is_named_and_ends_the_wait_when_it_happens_again():
    ended = {"reason": "OOMKilled", "exitCode": 137}
    first, _view = told(pod({"name": "tgi", "restartCount": 0, "state": {"terminated": ended}}))
    assert isinstance(first, Waiting)
    again, _view = told(pod(waiting("CrashLoopBackOff", restarts=1, last=ended)))
    assert isinstance(again, Failed)
    assert "memory limit is not enough" in again.why
    assert "exit code 137 (OOMKilled)" in again.why


def test_a_container_that_its_probe_killed_is_told_apart_from_one_that_crashed():
    killed = pod(waiting("CrashLoopBackOff", restarts=3, last={"exitCode": 137, "reason": "Error"}))
    events = [event(killed, "Killing", "Container tgi failed startup probe, will be restarted")]
    state, _view = told(killed, events=events)
    assert isinstance(state, Failed)
    assert "failed startup probe" in state.why
    assert "startup probe more time" in state.advice


def test_a_running_container_that_is_not_ready_is_named():
    state, _view = told(pod({"name": "tgi", "ready": False, "restartCount": 2, "state": {"running": {}}}))
    assert "container tgi of pod m-1 runs after 2 restarts and is not ready yet" in state.why


@pytest.mark.parametrize(
    ("message", "final"),
    [
        ('MountVolume.SetUp failed for volume "t" : secret "mistral-demo" not found', True),
        ('MountVolume.SetUp failed for volume "t" : references non-existent secret key: HF', True),
        ('MountVolume.SetUp failed for volume "t" : failed to sync secret cache: timed out', False),
    ],
)
def test_a_volume_that_cannot_be_mounted_is_named_by_its_event(message, final):
    creating = pod(waiting("ContainerCreating"))
    state, _view = told(creating, events=[event(creating, "FailedMount", message)])
    assert isinstance(state, Failed if final else Waiting)
    assert message in state.why


def test_an_eviction_is_named_and_ends_the_wait_when_it_goes_on():
    gone = [pod(name=f"m-{n}", reason="Evicted", message="low on ephemeral-storage", phase="Failed") for n in range(3)]
    first, _view = told(gone[0])
    assert isinstance(first, Waiting)
    assert "pod m-0 was evicted: low on ephemeral-storage" in first.why
    last, _view = told(*gone)
    assert isinstance(last, Failed)
    assert "3 pods were evicted" in last.why
    assert "low on ephemeral-storage" in last.why


def test_a_pod_that_ended_with_its_node_is_named_and_its_successor_waited_for():
    gone = pod(name="m-0", reason="Terminated", message="Pod was terminated in response to imminent node shutdown.")
    state, _view = told(gone)
    assert isinstance(state, Waiting)
    assert "pod m-0 ended with its node: Pod was terminated in response to imminent node shutdown." in state.why


def test_a_progress_deadline_is_told_with_what_the_pods_say():
    fit = {"type": "PodScheduled", "status": "False", "message": "no nodes available to schedule pods"}
    state, _view = told(pod(conditions=[fit]), state=Failed("ProgressDeadlineExceeded", "look"))
    assert state == Failed(
        "ProgressDeadlineExceeded; no node fits pod m-1: no nodes available to schedule pods", "look"
    )


@pytest.mark.parametrize(
    ("message", "advice"),
    [
        (
            'Error creating: pods "m-" is forbidden: exceeded quota: gpus, requested: x=1, used: x=1, limited: x=1',
            "Quota",
        ),
        ('Error creating: admission webhook "policy.example.com" denied the request: no', "webhook"),
    ],
)
@pytest.mark.parametrize("kind", ["Deployment", "DaemonSet", "StatefulSet", "Job"])
def test_pods_that_are_not_let_in_end_the_wait(kind, message, advice):
    group = "batch/v1" if kind == "Job" else "apps/v1"
    obj = {"apiVersion": group, "kind": kind, "metadata": {"name": "m", "namespace": "ns", "uid": "d"}}
    maker = replica_set() if kind == "Deployment" else obj
    state, _view = told(obj=obj, events=[event(maker, "FailedCreate", message)])
    assert isinstance(state, Failed)
    assert message in state.why
    assert advice in state.advice
    assert told(obj=obj, events=[event(maker, "FailedCreate", "Error creating: timeout")])[0] == STATE


@pytest.mark.parametrize(
    ("policy", "news", "expected"),
    [("OrderedReady", True, Failed), ("OrderedReady", False, Waiting), ("Parallel", True, None)],
)
def test_a_stateful_set_is_held_up_by_a_broken_pod_of_its_former_template(policy, news, expected):
    metadata = {"name": "m", "namespace": "ns", "uid": "d"}
    obj = {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata, "status": {"updateRevision": "two"}}
    obj["spec"] = {"podManagementPolicy": policy}
    broken = pod(waiting("ImagePullBackOff", "x: not found"), owner="d")
    broken["metadata"]["labels"] = {"controller-revision-hash": "one"}
    state = diagnose(FakeView(Pod=[broken], news=news), obj, STATE)
    if expected is None:
        assert state == STATE
        return
    assert isinstance(state, expected)
    assert "its former template holds it up: container tgi of pod m-1: ImagePullBackOff: x: not found" in state.why
    assert expected is Waiting or "delete pod m-1" in state.advice


SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "ns", "uid": "s"}}


def test_a_service_without_an_address_is_explained_by_its_newest_warning():
    events = [
        event(SERVICE, "SyncLoadBalancerFailed", "new", time="2026-01-02T00:00:00Z"),
        event(SERVICE, "SyncLoadBalancerFailed", "old", time="2026-01-01T00:00:00Z"),
        event(SERVICE, "EnsuringLoadBalancer", "x", time="2026-01-03T00:00:00Z", type="Normal"),
    ]
    state, _view = told(obj=SERVICE, state=Waiting("no address"), events=events)
    assert state == Waiting("no address: SyncLoadBalancerFailed: new")


def test_a_quota_that_keeps_an_address_away_ends_the_wait_when_it_goes_on():
    for count, kind in ((1, Waiting), (3, Failed)):
        events = [event(SERVICE, "SyncLoadBalancerFailed", "Quota 'IN_USE_ADDRESSES' exceeded", count=count)]
        assert isinstance(told(obj=SERVICE, state=Waiting("no address"), events=events)[0], kind)
        before = FakeView(Event=events, news=False)
        assert isinstance(diagnose(before, SERVICE, Waiting("no address")), Waiting)


def test_a_claim_that_waits_for_its_first_pod_is_no_reason_to_wait():
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "c", "namespace": "ns"}}
    pending = Waiting("phase Pending")
    first = event(claim, "WaitForFirstConsumer", "waiting for first consumer", type="Normal")
    assert told(obj=claim, state=pending, events=[first])[0] == READY
    # Kubernetes itself does not call this one a warning.
    unbound = event(claim, "FailedBinding", "no persistent volumes available", type="Normal")
    assert "FailedBinding: no persistent volumes" in told(obj=claim, state=pending, events=[unbound])[0].why
    broken = event(claim, "ProvisioningFailed", 'storageclass "fast" not found')
    state, _view = told(obj=claim, state=pending, events=[broken])
    assert state == Waiting('phase Pending: ProvisioningFailed: storageclass "fast" not found')


def test_the_golden_pod_that_no_node_fits_is_named():
    found = golden("pod_failures", "no node fits")[1].body["items"][1]
    stuck = {**found, "apiVersion": "v1", "kind": "Pod"}
    state, _view = told(obj=stuck, state=Waiting("phase Pending"))
    assert isinstance(state, Waiting)
    assert f"no node fits pod {found['metadata']['name']}: no nodes available to schedule pods" in state.why
