# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting by watch: which requests it takes, and that nothing is lost when a watch ends, breaks or grows too old."""

from __future__ import annotations

import time

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.core.errors import DeadlineExceeded, HttpError
from ansible_collections.llmops.gke.plugins.module_utils.http.session import HttpSession
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.client.api import KubernetesApi
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.client.resources import EVENT, ObjectRef, builtin
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.wait import watch
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.wait.informer import Informer
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.wait.readiness import has_condition
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.wait.wait import WaitFailed, until_gone, until_ready
from tests.unit.fake_http import FakeServer, Reply
from tests.unit.plugins.kubernetes.k8s_support import Collection, event, watch_reply

CLAIMS, EVENTS = "/api/v1/namespaces/ns/persistentvolumeclaims", "/api/v1/namespaces/ns/events"
KIND = builtin("v1", "PersistentVolumeClaim")
NO_EVENTS = ("GET", EVENTS)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(watch, "_POLL_SECONDS", 0.01)


def claim(phase, version, name="c", uid="u"):
    metadata = {"name": name, "namespace": "ns", "uid": uid, "resourceVersion": str(version)}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "status": {"phase": phase}}


def bookmark(version):
    return "BOOKMARK", {"kind": "PersistentVolumeClaim", "metadata": {"resourceVersion": str(version)}}


def ready(server, *claims, seconds=5.0, predicate=None, wait=until_ready):
    api = KubernetesApi(HttpSession(server.url, "the Kubernetes API", Deadline(seconds)))
    refs = {ObjectRef(KIND, "ns", each["metadata"]["name"]): each for each in claims or [claim("Pending", 1)]}
    if wait is until_gone:
        return until_gone(api, {ref: each["metadata"]["uid"] for ref, each in refs.items()}, api.http.deadline, print)
    more = [predicate] if predicate else []
    return until_ready(api, refs, api.http.deadline, print, *more)


def asked(server, path=CLAIMS):
    """The queries of the requests for a collection: what each watch went on from, or that it was a list."""
    calls = [call for call in server.calls() if call.startswith(f"GET {path}?")]
    return [
        "list" if "watch=" not in call else call.partition("resourceVersion=")[2].partition("&")[0] for call in calls
    ]


def test_what_is_ready_costs_nothing():
    with FakeServer({}) as server:
        ready(server, claim("Bound", 1))
        assert server.calls() == []


def test_one_object_is_listed_and_watched_by_its_name():
    pending = claim("Pending", 1)
    routes = {
        ("GET", CLAIMS): Collection([pending], [("MODIFIED", claim("Bound", 5))]),
        NO_EVENTS: Collection([]),
    }
    with FakeServer(routes) as server:
        seen = ready(server, pending)
        assert [call for call in server.calls() if CLAIMS in call] == [
            f"GET {CLAIMS}?limit=500&fieldSelector=metadata.name%3Dc",
            f"GET {CLAIMS}?watch=true&resourceVersion=1&allowWatchBookmarks=true&timeoutSeconds=4"
            "&fieldSelector=metadata.name%3Dc",
        ]
    assert next(iter(seen.values()))["metadata"]["resourceVersion"] == "5"


def test_several_objects_of_a_kind_share_one_watch():
    one, two = claim("Pending", 1, "a"), claim("Pending", 1, "b")
    bound = [("MODIFIED", claim("Bound", 2, "a")), ("MODIFIED", claim("Bound", 3, "b"))]
    with FakeServer({("GET", CLAIMS): Collection([one, two], bound), NO_EVENTS: Collection([])}) as server:
        ready(server, one, two)
        assert asked(server) == ["list", "1"]
        assert "fieldSelector" not in " ".join(server.calls())


def test_a_watch_goes_on_where_the_last_one_ended_or_broke():
    pending = claim("Pending", 1)
    collection = Collection(
        [pending],
        [bookmark(7)],
        watch_reply(("MODIFIED", claim("Pending", 8)), broken=True),
        Reply(lost=True),
        Reply(503, {"kind": "Status", "message": "being upgraded"}),
        [("MODIFIED", claim("Bound", 9))],
    )
    with FakeServer({("GET", CLAIMS): collection, NO_EVENTS: Collection([])}) as server:
        ready(server, pending)
        assert asked(server) == ["list", "1", "7", "8", "8", "8"]


@pytest.mark.parametrize(
    "too_old",
    [
        Reply(410, {"kind": "Status", "reason": "Expired", "code": 410}),
        [("ERROR", {"kind": "Status", "reason": "Expired", "code": 410, "message": "too old resource version"})],
    ],
)
def test_a_version_that_is_too_old_is_answered_by_a_new_list(too_old):
    pending = claim("Pending", 1)
    collection = Collection([pending], too_old, [("MODIFIED", claim("Bound", 9))])
    with FakeServer({("GET", CLAIMS): collection, NO_EVENTS: Collection([])}) as server:
        ready(server, pending)
        assert asked(server) == ["list", "1", "list", "1"]


def test_whoever_may_not_watch_looks_again_and_again():
    forbidden = Reply(403, {"kind": "Status", "reason": "Forbidden", "message": "cannot watch", "code": 403})
    collection = Collection([claim("Pending", 1)], forbidden, forbidden)

    def answer(request):
        found = collection(request)
        if server.calls().count(server.calls()[-1]) > 1 and found.status == 200:
            collection.items = [claim("Bound", 4)]
        return found

    with FakeServer({("GET", CLAIMS): answer, NO_EVENTS: Collection([])}) as server:
        ready(server)
        assert asked(server)[:4] == ["list", "1", "list", "1"]


def test_events_that_may_not_be_read_explain_nothing_but_objects_must_be_readable():
    forbidden = Reply(403, {"kind": "Status", "reason": "Forbidden", "message": "no", "code": 403})
    bound = Collection([claim("Pending", 1)], [("MODIFIED", claim("Bound", 2))])
    with FakeServer({("GET", CLAIMS): bound, NO_EVENTS: forbidden}) as server:
        ready(server)
    with (
        FakeServer({("GET", CLAIMS): forbidden, NO_EVENTS: Collection([])}) as server,
        pytest.raises(HttpError) as error,
    ):
        ready(server)
    assert error.value.status == 403


def test_an_event_is_told_and_a_timeout_tells_what_was_seen_last(capsys):
    why = event(claim("Pending", 1), "ProvisioningFailed", 'storageclass "fast" not found')
    routes = {
        ("GET", CLAIMS): Collection([claim("Pending", 1)], []),
        NO_EVENTS: Collection([why]),
    }
    with FakeServer(routes) as server, pytest.raises(DeadlineExceeded) as error:
        ready(server, seconds=0.5)
    told = 'PersistentVolumeClaim ns/c: phase Pending: ProvisioningFailed: storageclass "fast" not found'
    assert told in capsys.readouterr().out
    assert told in error.value.message
    assert "waiting for PersistentVolumeClaim ns/c to be ready: not done after 0.5 s" in error.value.message


@pytest.mark.parametrize("change", [("DELETED", claim("Pending", 2)), ("MODIFIED", claim("Bound", 3, uid="other"))])
def test_an_object_that_is_deleted_or_made_anew_meanwhile_ends_the_wait(change):
    routes = {("GET", CLAIMS): Collection([claim("Pending", 1)], [change]), NO_EVENTS: Collection([])}
    with FakeServer(routes) as server, pytest.raises(WaitFailed, match="was deleted while it was waited for"):
        ready(server)


def test_a_condition_by_name_is_waited_for_until_it_has_status_and_reason():
    def conditioned(version, status, reason):
        found = claim("Bound", version)
        found["status"]["conditions"] = [{"type": "Resizing", "status": status, "reason": reason}]
        return found

    changes = [("MODIFIED", conditioned(2, "False", "Done")), ("MODIFIED", conditioned(3, "True", "Other"))]
    collection = Collection([claim("Bound", 1)], [*changes, ("MODIFIED", conditioned(4, "True", "Done"))])
    with FakeServer({("GET", CLAIMS): collection, NO_EVENTS: Collection([])}) as server:
        seen = ready(server, claim("Bound", 1), predicate=has_condition("Resizing", "True", "Done"))
    assert next(iter(seen.values()))["metadata"]["resourceVersion"] == "4"


def test_gone_is_what_is_not_there_or_was_made_anew():
    anew = claim("Pending", 3, "b", uid="new")
    collection = Collection([claim("Bound", 1, "a"), anew], [("DELETED", claim("Bound", 2, "a"))])
    with FakeServer({("GET", CLAIMS): collection}) as server:
        ready(server, claim("Bound", 1, "a"), claim("Bound", 1, "b"), wait=until_gone)
        assert asked(server) == ["list", "1"]


def test_the_end_of_a_wait_does_not_wait_for_watches_that_are_silent():
    def silence():
        yield b""
        time.sleep(3)

    silent = Reply(200, headers={"Transfer-Encoding": "chunked"}, lines=silence())
    routes = {
        ("GET", CLAIMS): Collection([claim("Pending", 1)], [("MODIFIED", claim("Bound", 2))]),
        NO_EVENTS: Collection([], silent),
    }
    with FakeServer(routes) as server:
        began = time.monotonic()
        ready(server)
        # The server would be silent for 3 s, and a join that is not answered takes 0.5 s.
        assert time.monotonic() - began < 2


def test_a_token_that_runs_out_in_a_long_wait_is_minted_anew():
    tokens = ["old", "new"]
    collection = Collection([claim("Pending", 1)], [bookmark(5)], [("MODIFIED", claim("Bound", 9))])

    def answer(request):
        latest = max(index for index, each in enumerate(server.requests) if each == request)
        bearer = server.headers[latest]["authorization"]
        # The old token is good for the first list and the first watch.
        if bearer == "Bearer old" and len(asked(server)) > 2:
            return Reply(401, {"kind": "Status", "reason": "Unauthorized", "message": "Unauthorized", "code": 401})
        return collection(request)

    def authorize(fresh):
        if fresh and len(tokens) > 1:
            tokens.pop(0)
        return {"Authorization": f"Bearer {tokens[0]}"}

    with FakeServer({("GET", CLAIMS): answer, NO_EVENTS: Collection([])}) as server:
        session = HttpSession(server.url, "the Kubernetes API", Deadline(5), authorize=authorize)
        ref = ObjectRef(KIND, "ns", "c")
        until_ready(KubernetesApi(session), {ref: claim("Pending", 1)}, session.deadline, print)
    assert tokens == ["new"]


def test_an_event_is_new_once_it_happens_again_or_for_the_first_time():
    obj = claim("Pending", 1)
    old, again = event(obj, "Failed", "old"), event(obj, "Failed", "again", count=2)
    again["metadata"]["resourceVersion"] = "5"
    first, kept = event(obj, "Other", "first"), event(obj, "Kept", "as before")
    told = [("MODIFIED", again), ("ADDED", first)]
    with FakeServer({NO_EVENTS: Collection([old, kept], told)}) as server:
        api = KubernetesApi(HttpSession(server.url, "the Kubernetes API", Deadline(5)))
        with Informer(api) as informer:
            informer.watch_optional(EVENT, "ns")
            while len(found := informer.all(EVENT, "ns")) < 3:
                informer.wait(informer.mark, 0.05)
            assert {one["message"]: informer.is_new(one) for one in found} == {
                "again": True,
                "as before": False,
                "first": True,
            }
            assert not informer.is_new(old)
            informer.outdate(again)
            assert not informer.is_new(again)
            assert informer.is_new({**again, "metadata": {**again["metadata"], "resourceVersion": "6"}})


def test_a_watch_that_has_ended_before_one_begins_to_wait_ends_the_wait_at_once():
    refused = Reply(403, {"kind": "Status", "reason": "Forbidden", "message": "no", "code": 403})
    with FakeServer({("GET", CLAIMS): refused}) as server:
        api = KubernetesApi(HttpSession(server.url, "the Kubernetes API", Deadline(60)))
        with Informer(api) as informer:
            informer.watch([ObjectRef(KIND, "ns", "c")])
            while not informer.mark:
                time.sleep(0.01)
            began = time.monotonic()
            with pytest.raises(HttpError, match="403"):
                informer.wait(informer.mark, 30)
            assert time.monotonic() - began < 20
