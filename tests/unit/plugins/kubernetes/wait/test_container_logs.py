# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What logs that cannot be read cost a wait: asked for once, never waited for long, and not at all where they are not
needed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.core.errors import DeadlineExceeded
from ansible_collections.llmops.gke.plugins.module_utils.http.session import HttpSession
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.client.api import KubernetesApi
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.client.resources import ObjectRef, builtin
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.wait import container_logs
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.wait.wait import WaitFailed, until_ready
from tests.unit.fake_http import FakeServer, Reply
from tests.unit.plugins.kubernetes.k8s_support import Collection, owned_by

PODS, SETS = "/api/v1/namespaces/ns/pods", "/apis/apps/v1/namespaces/ns/replicasets"
JOBS, EVENTS = "/apis/batch/v1/namespaces/ns/jobs", "/api/v1/namespaces/ns/events"
DEPLOYMENTS = "/apis/apps/v1/namespaces/ns/deployments"
BROKEN = Reply(500, {"kind": "Status", "status": "Failure", "message": "dial tcp: connection refused", "code": 500})


def pod(name: str, reason: str, owner: str = "set", restarts: int = 1) -> dict[str, Any]:
    metadata = {
        "name": name,
        "namespace": "ns",
        "uid": name,
        "resourceVersion": "3",
        "ownerReferences": owned_by(owner),
    }
    ended = {"terminated": {"exitCode": 3, "reason": "Error"}}
    state = {"waiting": {"reason": reason}} if reason else ended
    container = {"name": "app", "restartCount": restarts, "state": state, "lastState": ended if reason else {}}
    status = {"phase": "Running", "containerStatuses": [container]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": status}


def crashed(name: str, restarts: int = 1) -> dict[str, Any]:
    return pod(name, "CrashLoopBackOff", restarts=restarts)


HOPELESS = pod("z", "InvalidImageName", restarts=0)
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "m", "namespace": "ns", "uid": "d", "resourceVersion": "2", "generation": 1},
    "spec": {"replicas": 5},
    "status": {"observedGeneration": 1, "replicas": 5, "updatedReplicas": 5},
}
SET = {
    "apiVersion": "apps/v1",
    "kind": "ReplicaSet",
    "metadata": {"name": "m-1", "namespace": "ns", "uid": "set", "resourceVersion": "2"}
    | {"ownerReferences": owned_by("d")},
}
FAILED = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "too often"}
JOB = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "m", "namespace": "ns", "uid": "set", "resourceVersion": "2"},
    "status": {"conditions": [FAILED]},
}


class Cluster(FakeServer):
    """Answers lists, and every log by ``log``."""

    def __init__(self, obj: dict[str, Any], pods: list[dict[str, Any]], log: Callable[[Any], Any]) -> None:
        kinds = {DEPLOYMENTS: [DEPLOYMENT], JOBS: [JOB], SETS: [SET], PODS: pods, EVENTS: []}
        self._lists = {path: Collection(items) for path, items in kinds.items()}
        self._log, self._obj = log, obj
        super().__init__(self._reply)

    def _reply(self, request: Any) -> Any:
        path = request.path.partition("?")[0]
        return self._log(request) if path.endswith("/log") else self._lists[path](request)

    def wait(self, seconds: float = 20) -> None:
        api = KubernetesApi(HttpSession(self.url, "the Kubernetes API", Deadline(seconds)))
        self.told: list[str] = []
        version, kind = self._obj["apiVersion"], self._obj["kind"]
        ref = ObjectRef(builtin(version, kind), "ns", "m")
        until_ready(api, {ref: self._obj}, api.http.deadline, self.told.append)

    @property
    def logs(self) -> list[str]:
        """The logs that were asked for."""
        return sorted(call.rpartition("/pods/")[2] for call in self.calls() if "/log?" in call)


def test_so_is_a_container_beside_one_that_crashed():
    both = crashed("z")
    both["status"]["containerStatuses"] += [{**HOPELESS["status"]["containerStatuses"][0], "name": "side"}]
    with (
        Cluster(DEPLOYMENT, [both], broken) as cluster,
        pytest.raises(WaitFailed, match="container side of pod z: InvalidImageName"),
    ):
        cluster.wait()
    assert cluster.logs == []


def broken(_request: Any) -> Reply:
    return BROKEN


@pytest.mark.parametrize("beside", [0, 1, 4])
def test_a_hopeless_pod_is_told_without_any_log_of_those_that_crashed_beside_it(beside):
    pods = [*(crashed(f"c{number}") for number in range(beside)), HOPELESS]
    with (
        Cluster(DEPLOYMENT, pods, broken) as cluster,
        pytest.raises(WaitFailed, match="container app of pod z: InvalidImageName"),
    ):
        cluster.wait()
    assert cluster.logs == []


def test_a_log_that_cannot_be_read_is_asked_for_once_and_never_again():
    with (
        Cluster(DEPLOYMENT, [crashed("c1"), crashed("c2")], broken) as cluster,
        pytest.raises(DeadlineExceeded, match="ended with exit code 3"),
    ):
        cluster.wait(1.5)
    assert len(cluster.logs) == len(set(cluster.logs)) == 4, "of the former and of the present run"


def test_a_failed_job_is_told_though_no_log_can_be_read():
    with (
        Cluster(JOB, [pod(f"p{number}", "", restarts=0) for number in range(3)], broken) as cluster,
        pytest.raises(WaitFailed, match="BackoffLimitExceeded: too often; container app of pod p0 ended"),
    ):
        cluster.wait()
    assert len(cluster.logs) == len(set(cluster.logs)) == 6


@pytest.fixture
def stuck() -> Iterator[Callable[[Any], Reply]]:
    """A log that does not come before the test is over."""
    over = threading.Event()

    def answer(_request: Any) -> Reply:
        over.wait(10)
        return Reply(200, "late")

    yield answer
    over.set()


def test_all_logs_together_are_waited_for_no_longer_than_they_are_worth(monkeypatch, stuck):
    monkeypatch.setattr(container_logs, "PATIENCE", 0.2)
    with (
        Cluster(JOB, [pod(f"p{number}", "", restarts=0) for number in range(5)], stuck) as cluster,
        pytest.raises(WaitFailed, match="pod p4 ended with exit code 3"),
    ):
        cluster.wait()


def test_a_log_that_comes_late_is_told_once_it_is_there(monkeypatch):
    monkeypatch.setattr(container_logs, "PATIENCE", 0.0)
    come = threading.Event()

    def slow(_request: Any) -> Reply:
        come.wait(5)
        return Reply(200, "OSError: [Errno 28] No space left on device")

    with Cluster(DEPLOYMENT, [crashed("c1")], slow) as cluster:
        threading.Timer(0.3, come.set).start()
        with pytest.raises(WaitFailed, match="the disk is full"):
            cluster.wait()
    assert any("ended with exit code 3" in line for line in cluster.told), "what is known is told first"
