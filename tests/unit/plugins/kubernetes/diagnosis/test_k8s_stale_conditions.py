# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What went wrong before a task may have been mended since: it is told, but only what happens again ends a wait."""

from __future__ import annotations

import copy
import threading
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.wait.wait import WaitFailed
from ansible_collections.llmops.gke.plugins.modules.k8s_apply import SPEC
from tests.unit.fake_http import FakeServer, Reply, Request
from tests.unit.plugins.kubernetes.k8s_support import (
    DEPLOYMENT_PATH,
    Collection,
    event,
    golden,
    owned_by,
    run,
    watch_reply,
)

MANIFEST, CREATED = golden("apply_deployment", "apply creates")
UID = CREATED.body["metadata"]["uid"]
REFUSAL = 'Error creating: pods "mistral-7b-" is forbidden: exceeded quota: gpus'
REFUSED = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": REFUSAL}
LATE = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "has timed out"}
GATED = "GatedRepoError: 403 Client Error"


def deployment(*conditions: dict[str, Any], available: int = 0, version: str = "5") -> dict[str, Any]:
    """The Deployment, whose controller has seen it."""
    obj = copy.deepcopy(CREATED.body)
    obj["metadata"]["resourceVersion"] = version
    obj["status"] = {
        "observedGeneration": obj["metadata"]["generation"],
        **dict.fromkeys(("replicas", "updatedReplicas"), 1),
        "availableReplicas": available,
        "conditions": list(conditions),
    }
    return obj


READY = deployment(available=1, version="9")


def owned(kind: str, name: str, owner: str, **more: Any) -> dict[str, Any]:
    version = {"Pod": "v1"}.get(kind, "apps/v1")
    metadata = {"name": name, "namespace": "golden", "uid": name, "resourceVersion": "3"}
    return {"apiVersion": version, "kind": kind, "metadata": {**metadata, "ownerReferences": owned_by(owner)}, **more}


SET = owned("ReplicaSet", "set", UID)


def crashed(name: str = "pod", restarts: int = 4, version: str = "3") -> dict[str, Any]:
    state = {"waiting": {"reason": "CrashLoopBackOff"}}
    last = {"terminated": {"exitCode": 1, "reason": "Error"}}
    container = {"name": "tgi", "restartCount": restarts, "state": state, "lastState": last}
    pod = owned("Pod", name, "set", status={"phase": "Running", "containerStatuses": [container]})
    pod["metadata"]["resourceVersion"] = version
    return pod


def evicted(number: int) -> dict[str, Any]:
    told = {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."}
    return owned("Pod", f"pod-{number}", "set", status=told)


class Heard(list):
    """The lines of a task; ``awaited`` is set once one of them holds ``words``."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.awaited, self._words = threading.Event(), words

    def append(self, line: str) -> None:
        super().append(line)
        if self._words in line:
            self.awaited.set()


def waited(
    before: dict[str, Any], *told: dict[str, Any], then=(), pods=(), events=(), until: str = "", **more: Any
) -> list[str]:
    """What a task says that finds ``before``, and whose watches then tell of ``told`` and, of others, ``then``.

    then: (kind, object) pairs. pods, events: what is there when the wait begins. until: words that the task is to have
    said before it is told of ``told``.
    """
    progress = Heard(until)

    def rollout(request: Request) -> Reply:
        if "watch=true" not in request.path:
            return Reply(200, {"items": [more.get("applied", before)], "metadata": {"resourceVersion": "1"}})
        progress.awaited.wait(10)
        return watch_reply(*(("MODIFIED", obj) for obj in told))

    def watched(kind: str, *there: dict[str, Any]) -> Collection:
        return Collection(list(there), [("MODIFIED", obj) for of, obj in then if of == kind])

    routes = {
        ("GET", DEPLOYMENT_PATH): before,
        ("PATCH", DEPLOYMENT_PATH): more.get("applied", before),
        ("GET", "/apis/apps/v1/namespaces/golden/replicasets"): watched("ReplicaSet", *more.get("sets", [SET])),
        ("GET", "/api/v1/namespaces/golden/pods"): watched("Pod", *pods),
        ("GET", "/api/v1/namespaces/golden/events"): watched("Event", *events),
        ("GET", "/api/v1/namespaces/golden/pods/pod/log"): GATED,
        ("GET", "/apis/apps/v1/namespaces/golden/deployments"): rollout,
    }
    with FakeServer(routes) as server:
        run(SPEC, server.url, manifests=[more.get("manifest", MANIFEST)], wait=True, engine="tgi", progress=progress)
    return progress


def test_a_refusal_from_before_is_told_and_waited_out():
    events = [event(SET, "FailedCreate", REFUSAL)]
    told = waited(deployment(REFUSED), READY, events=events, until=REFUSAL)
    assert told[-1].endswith("ready")


def test_a_refusal_that_happens_again_ends_the_wait():
    again = event(SET, "FailedCreate", REFUSAL, count=2)
    again["metadata"]["resourceVersion"] = "8"
    with pytest.raises(WaitFailed, match="exceeded quota"):
        waited(deployment(REFUSED), events=[event(SET, "FailedCreate", REFUSAL)], then=[("Event", again)])
    with pytest.raises(WaitFailed, match="exceeded quota"):
        waited(deployment(), deployment(REFUSED, version="6"))


def test_a_refusal_of_the_former_template_says_nothing_about_the_new_one():
    """Its condition stays on the Deployment until the controller has looked at the old ReplicaSet once more."""
    before = deployment(REFUSED)
    applied = copy.deepcopy(before)
    applied["metadata"]["generation"] += 1
    applied["spec"]["template"]["spec"]["containers"][0]["image"] = "smaller"
    manifest = copy.deepcopy(MANIFEST)
    manifest["spec"]["template"]["spec"]["containers"][0]["image"] = "smaller"
    seen, ready = copy.deepcopy(applied), copy.deepcopy(applied)
    seen["status"]["observedGeneration"] = applied["metadata"]["generation"]
    ready["status"] = {**seen["status"], "availableReplicas": 1, "conditions": []}
    told = waited(before, seen, ready, applied=applied, manifest=manifest, sets=[])
    assert told[-1].endswith("ready")


def test_a_progress_deadline_that_passed_before_does_not_end_the_wait():
    told = waited(deployment(LATE), READY, until="before this task it was: ProgressDeadlineExceeded")
    assert told[-1].endswith("ready")
    with pytest.raises(WaitFailed, match="ProgressDeadlineExceeded"):
        waited(deployment(), deployment(LATE, version="6"))


def test_a_crash_loop_from_before_is_told_and_its_next_run_waited_for():
    told = waited(deployment(), READY, pods=[crashed()], until="seen before this task")
    assert any("gated" in line for line in told)
    assert told[-1].endswith("ready")
    with pytest.raises(WaitFailed, match="gated"):
        waited(deployment(), pods=[crashed()], then=[("Pod", crashed(restarts=5, version="6"))])


def test_a_try_that_begins_or_is_put_off_has_not_failed_again():
    backing_off = event(crashed(), "BackOff", "Back-off restarting failed container tgi in pod pod", count=9)
    backing_off["metadata"]["resourceVersion"] = "7"
    begun = event(crashed(), "Pulling", "Pulling image", type="Normal")
    begun["metadata"]["resourceVersion"] = "7"
    for told in (backing_off, begun):
        lines = waited(deployment(), READY, pods=[crashed()], then=[("Event", told)], until="seen before")
        assert lines[-1].endswith("ready")
    tried = event(crashed(), "Failed", 'Error: secret "mistral-demo" not found', count=9)
    tried["metadata"]["resourceVersion"] = "7"
    with pytest.raises(WaitFailed, match="gated"):
        waited(deployment(), pods=[crashed()], then=[("Event", tried)])


def test_the_pause_after_a_crash_is_no_other_crash():
    crash = {"exitCode": 1, "reason": "Error", "finishedAt": "2026-01-01T00:00:07Z"}
    ended, pausing = crashed(restarts=1), crashed(restarts=1, version="6")
    ended["status"]["containerStatuses"][0] |= {"state": {"terminated": crash}, "lastState": {}}
    pausing["status"]["containerStatuses"][0]["lastState"] = {"terminated": crash}
    lines = waited(deployment(), READY, pods=[ended], then=[("Pod", pausing)], until="seen before")
    assert lines[-1].endswith("ready")
    again = copy.deepcopy(pausing)
    again["status"]["containerStatuses"][0]["lastState"]["terminated"]["finishedAt"] = "2026-01-01T00:00:27Z"
    with pytest.raises(WaitFailed, match="gated"):
        waited(deployment(), pods=[ended], then=[("Pod", again)])


def test_evictions_from_before_do_not_end_the_wait():
    old = [evicted(number) for number in range(3)]
    assert waited(deployment(), READY, pods=old, until="was evicted")[-1].endswith("ready")
    with pytest.raises(WaitFailed, match="3 pods were evicted"):
        waited(deployment(), pods=[crashed(restarts=0)], then=[("Pod", each) for each in old])
