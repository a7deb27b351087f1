# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes emptied as kubectl drain does it: what is asked of the API server, in which order, and what is waited for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.core.errors import DeadlineExceeded, HttpError
from ansible_collections.llmops.gke.plugins.module_utils.http.session import HttpSession
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.apply.drain import (
    WouldBeLost,
    drain,
    pods_on,
    refuse_pods_that_would_be_lost,
)
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.client.api import KubernetesApi
from tests.unit.fake_http import FakeServer, Reply, Request

SELECTOR = "pool=gpu"
NODES = "GET /api/v1/nodes?limit=500&labelSelector=pool%3Dgpu"
PODS = "GET /api/v1/pods?limit=500"
DONE = Reply(201, {"kind": "Status", "status": "Success"})
GONE = Reply(404, {"kind": "Status", "reason": "NotFound", "message": "pods not found"})


def node(name: str, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": spec}


def pod(name: str, on: str | None = "n1", phase: str | None = "Running", **metadata: Any) -> dict[str, Any]:
    owner = {"ownerReferences": [{"kind": "ReplicaSet", "controller": True}]}
    meta = {"name": name, "namespace": "ml", "uid": f"uid-{name}", **owner, **metadata}
    return {
        "metadata": {key: value for key, value in meta.items() if value is not None},
        "spec": {"nodeName": on} if on else {},
        **({"status": {"phase": phase}} if phase else {}),
    }


def busy(*causes: str) -> Reply:
    """The API server's answer where a disruption budget allows no eviction now."""
    details = {"causes": [{"reason": "DisruptionBudget", "message": cause} for cause in causes]}
    message = "Cannot evict pod as it would violate the pod's disruption budget."
    status = {"kind": "Status", "reason": "TooManyRequests", "message": message}
    return Reply(429, status | ({"details": details} if causes else {}))


class Cluster:
    """Nodes and pods. evictions: of a pod, by name, the answers in turn; one that says 201 takes the pod away.

    slow: pods that are still there, on their way out, when the pods are listed the next time.
    """

    def __init__(self, *nodes: dict[str, Any], pods: Any = (), slow: Any = (), **evictions: list[Reply]) -> None:
        self.nodes, self.pods, self.slow = list(nodes), list(pods), set(slow)
        self.evictions, self.cordons = evictions, [Reply(200, {})]

    def __call__(self, request: Request) -> Reply:
        path = request.path.partition("?")[0]
        if path == "/api/v1/nodes":
            return Reply(200, {"items": self.nodes})
        if path == "/api/v1/pods":
            listed = list(self.pods)
            self.pods = [one for one in self.pods if "deletionTimestamp" not in one["metadata"]]
            return Reply(200, {"items": listed})
        if request.method == "PATCH":
            return self.cordons.pop(0) if len(self.cordons) > 1 else self.cordons[0]
        name = request.body["metadata"]["name"]
        answers = self.evictions.get(name, [])
        answer = answers.pop(0) if answers else DONE
        if answer.status in (201, 404):
            self._remove(name)
        return answer

    def _remove(self, name: str) -> None:
        for one in [one for one in self.pods if one["metadata"]["name"] == name]:
            self.pods.remove(one)
            if name in self.slow:
                self.pods.append({**one, "metadata": {**one["metadata"], "deletionTimestamp": "now"}})


@contextmanager
def serving(cluster: Cluster, seconds: float = 100) -> Iterator[tuple[KubernetesApi, FakeServer, list[float]]]:
    taken: list[float] = []
    deadline = Deadline(seconds, clock=lambda: sum(taken), sleep=taken.append)
    with FakeServer(cluster) as server:
        session = HttpSession(server.url, "the Kubernetes API", deadline)
        yield KubernetesApi(session), server, taken
        session.close()


def drained(cluster: Cluster, seconds: float = 100) -> tuple[FakeServer, list[str], list[float]]:
    told: list[str] = []
    with serving(cluster, seconds) as (api, server, taken):
        drain(api, SELECTOR, "drain pool gpu", told.append)
    return server, told, taken


def evict(name: str) -> str:
    return f"POST /api/v1/namespaces/ml/pods/{name}/eviction"


def test_nodes_are_cordoned_then_their_very_pods_are_evicted_until_none_is_left():
    cluster = Cluster(node("n1"), node("n2", unschedulable=True), pods=[pod("a"), pod("b", "n2"), pod("c", "other")])
    server, told, _taken = drained(cluster)
    assert server.calls() == [
        NODES,
        "PATCH /api/v1/nodes/n1",
        NODES,
        PODS,
        evict("a"),
        evict("b"),
        NODES,
        PODS,
    ]
    assert server.requests[1].body == {"spec": {"unschedulable": True}}
    assert server.headers[1]["content-type"] == "application/merge-patch+json"
    assert server.requests[4].body == {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": "a", "namespace": "ml"},
        "deleteOptions": {"preconditions": {"uid": "uid-a"}},
    }
    assert told == ["drain pool gpu: 2 pods left, waiting for ml/a to end; ml/b to end"]


def test_a_node_that_is_not_cordoned_is_told_by_name():
    cluster = Cluster(node("n1"))
    cluster.cordons = [Reply(403, {"kind": "Status", "reason": "Forbidden", "message": "no"})]
    with pytest.raises(HttpError, match=r"^cordon node n1: .* \(PATCH http"):
        drained(cluster)


def test_a_cordon_whose_reply_was_lost_is_sent_again():
    cluster = Cluster(node("n1"))
    cluster.cordons = [Reply(lost=True), Reply(200, {})]
    server, _told, _taken = drained(cluster)
    assert server.calls().count("PATCH /api/v1/nodes/n1") == 2


def test_no_node_has_no_pod_and_no_pod_is_asked_for():
    with serving(Cluster(pods=[pod("a")])) as (api, server, _taken):
        assert pods_on(api, SELECTOR) == []
        assert server.calls() == [NODES]
    server, told, _taken = drained(Cluster(pods=[pod("a", None)]))
    assert (server.calls(), told) == ([NODES, NODES], [])


@pytest.mark.parametrize(
    ("metadata", "counts"),
    [
        ({}, True),
        ({"ownerReferences": None}, True),
        ({"ownerReferences": [{"kind": "DaemonSet", "controller": True}]}, False),
        ({"ownerReferences": [{"kind": "DaemonSet", "controller": False}]}, True),
        ({"ownerReferences": [{"kind": "DaemonSet"}]}, True),
        ({"ownerReferences": [{"kind": "Job"}, {"kind": "DaemonSet", "controller": True}]}, False),
        ({"annotations": {"kubernetes.io/config.mirror": ""}}, False),
        ({"annotations": {"other": "x"}}, True),
    ],
)
def test_the_pods_that_go_with_their_node_are_left_alone(metadata: dict[str, Any], counts: bool):
    with serving(Cluster(node("n1"), pods=[pod("a", **metadata)])) as (api, _server, _taken):
        assert [one["metadata"]["name"] for one in pods_on(api, SELECTOR)] == (["a"] if counts else [])


def test_pods_of_other_nodes_and_of_none_are_not_looked_at():
    pods = [pod("here", "n2"), pod("there", "n3"), pod("pending", None)]
    with serving(Cluster(node("n1"), node("n2"), pods=pods)) as (api, _server, _taken):
        assert [one["metadata"]["name"] for one in pods_on(api, SELECTOR)] == ["here"]


ALONE = {"ownerReferences": None}


def test_pods_that_nobody_would_make_anew_are_refused_by_name():
    pods = [pod("z", **ALONE), pod("b", ownerReferences=[]), pod("kept"), pod("elsewhere", "n9", **ALONE)]
    with serving(Cluster(node("n1"), pods=pods)) as (api, server, _taken), pytest.raises(WouldBeLost) as raised:
        refuse_pods_that_would_be_lost(api, SELECTOR)
    assert raised.value.message == (
        "drain nodes pool=gpu: no controller would create ml/b, ml/z again; delete them, or use a Deployment"
    )
    assert raised.value.to_dict() == {"kind": "pods_would_be_lost", "pods": ["ml/b", "ml/z"]}
    assert server.calls() == [NODES, PODS]


@pytest.mark.parametrize(
    ("phase", "lost"),
    [("Running", True), ("Pending", True), ("Unknown", True), (None, True), ("Succeeded", False), ("Failed", False)],
)
def test_a_pod_that_has_ended_is_not_lost(phase: str | None, lost: bool):
    cluster = Cluster(node("n1"), pods=[pod("a", phase=phase, **ALONE)])
    with serving(cluster) as (api, _server, _taken):
        if lost:
            with pytest.raises(WouldBeLost, match="would create ml/a again"):
                refuse_pods_that_would_be_lost(api, SELECTOR)
        else:
            refuse_pods_that_would_be_lost(api, SELECTOR)


def test_a_pod_on_its_way_out_is_waited_for_and_not_evicted_again():
    server, told, taken = drained(Cluster(node("n1"), pods=[pod("a"), pod("b")], slow=["a"]))
    assert [call for call in server.calls() if call.startswith("POST")] == [evict("a"), evict("b")]
    assert told == [
        "drain pool gpu: 2 pods left, waiting for ml/a to end; ml/b to end",
        "drain pool gpu: 1 pods left, waiting for ml/a to end",
    ]
    assert len(taken) == 2


def test_a_budget_is_waited_for_and_told_once():
    cause = "The disruption budget mistral needs 1 healthy pods and has 1 currently"
    cluster = Cluster(node("n1"), pods=[pod("a"), pod("b")], a=[busy(cause, "and another")] * 3, b=[busy()] * 3)
    server, told, taken = drained(cluster)
    assert server.calls().count(evict("a")) == 4
    blocked = "Cannot evict pod as it would violate the pod's disruption budget."
    assert told == [
        f"drain pool gpu: 2 pods left, waiting for ml/a ({cause}; and another); ml/b ({blocked})",
        "drain pool gpu: 2 pods left, waiting for ml/a to end; ml/b to end",
    ]
    assert len(taken) == 4
    assert taken == sorted(taken)


def test_a_cause_without_words_leaves_it_to_the_servers_own():
    refusal = {"kind": "Status", "message": "Not now.", "details": {"causes": [{"reason": "DisruptionBudget"}]}}
    _server, told, _taken = drained(Cluster(node("n1"), pods=[pod("a")], a=[Reply(429, refusal)]))
    assert told[0] == "drain pool gpu: 1 pods left, waiting for ml/a (Not now.)"


def test_what_is_refused_goes_before_what_is_on_its_way():
    server, told, _taken = drained(Cluster(node("n1"), pods=[pod("a"), pod("b")], b=[busy("wait")]))
    assert told[0] == "drain pool gpu: 2 pods left, waiting for ml/b (wait)"


def test_pods_of_one_name_in_several_lists_are_told_once():
    server, told, _taken = drained(Cluster(node("n1"), pods=[pod("a"), pod("a")], a=[busy("wait"), busy("wait")]))
    assert told[0] == "drain pool gpu: 2 pods left, waiting for ml/a (wait)"


def test_the_deadline_ends_the_wait_with_what_it_was_for():
    cluster = Cluster(node("n1"), pods=[pod("a")], a=[busy("wait")] * 99)
    with pytest.raises(DeadlineExceeded) as raised:
        drained(cluster, seconds=10)
    assert raised.value.fields["waiting_for"] == "drain pool gpu"
    assert raised.value.fields["last_seen"] == "drain pool gpu: 1 pods left, waiting for ml/a (wait)"


@pytest.mark.parametrize("status", [404, 409], ids=["it is gone", "another has its name"])
def test_a_pod_that_is_not_there_any_more_is_no_refusal(status: int):
    answer = Reply(status, {"kind": "Status", "message": "not this one"})
    _server, told, _taken = drained(Cluster(node("n1"), pods=[pod("a")], a=[answer]))
    assert told == ["drain pool gpu: 1 pods left, waiting for ml/a to end"]


def test_an_eviction_that_is_forbidden_ends_it():
    refusal = Reply(403, {"kind": "Status", "reason": "Forbidden", "message": "not you"})
    with pytest.raises(HttpError, match=r"^evict pod ml/a: .* 403 Forbidden: not you \(POST http"):
        drained(Cluster(node("n1"), pods=[pod("a")], a=[refusal]))


def test_a_lost_eviction_is_not_sent_again_before_looking():
    server, told, _taken = drained(Cluster(node("n1"), pods=[pod("a")], a=[Reply(lost=True)]))
    assert server.calls()[2:] == [NODES, PODS, evict("a"), NODES, PODS, evict("a"), NODES, PODS]
    assert told[0].startswith("drain pool gpu: 1 pods left, waiting for ml/a (evict pod ml/a: ")
    assert told[0].endswith(")")
