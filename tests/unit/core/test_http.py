# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP session: what it repeats, what it never repeats, and what its errors say."""

from __future__ import annotations

import importlib.util
import socket
import traceback
from email.utils import formatdate
from pathlib import Path
from time import time as wall_clock

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.core.errors import HttpError, ReplyLost
from ansible_collections.llmops.gke.plugins.module_utils.http.answers import TEXT
from ansible_collections.llmops.gke.plugins.module_utils.http.replies import retry_after
from ansible_collections.llmops.gke.plugins.module_utils.http.session import HttpSession
from tests.unit.fake_http import FakeServer, Reply, google_error


class FakeTime:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


def session(url: str, time: FakeTime, seconds: float = 60.0, **kwargs) -> HttpSession:
    return HttpSession(url, "GKE", Deadline(seconds, clock=time.clock, sleep=time.sleep), **kwargs)


def test_a_read_is_repeated_through_every_transient_failure(time):
    replies = [google_error(code, "X", "later") for code in (429, 500, 502, 503, 504)] + [Reply(200, {"ok": 1})]
    with FakeServer([*replies[:5], Reply(lost=True), replies[5]]) as server:
        http = session(server.url, time)
        assert http.request("GET", "/thing", doing="read thing").body == {"ok": 1}
        assert server.calls() == ["GET /thing"] * 7
        assert http.sent == 7


def test_a_write_whose_reply_is_lost_is_never_sent_again(time):
    with FakeServer([Reply(lost=True)]) as server:
        with pytest.raises(
            ReplyLost, match=r"create thing: GKE gave no answer: Connection aborted: [A-Z][^'()]* \(POST http://"
        ):
            session(server.url, time).request("POST", "/thing", doing="create thing", json_body={})
        assert server.calls() == ["POST /thing"]


def test_a_write_that_the_server_failed_on_is_unsettled(time):
    with FakeServer([google_error(500, "INTERNAL", "oops")]) as server, pytest.raises(ReplyLost) as caught:
        session(server.url, time).request("PUT", "/thing", doing="update thing", json_body={})
    assert caught.value.status == 500


def test_a_write_that_the_server_turned_away_is_sent_again(time):
    with FakeServer([google_error(429, "RESOURCE_EXHAUSTED", "slow down"), Reply(200, {})]) as server:
        session(server.url, time).request("POST", "/thing", doing="create thing", json_body={"a": 1})
        assert [request.body for request in server.requests] == [{"a": 1}, {"a": 1}]


def test_a_repeatable_write_is_repeated(time):
    with FakeServer([Reply(lost=True), Reply(200, {})]) as server:
        session(server.url, time).request("PATCH", "/thing", doing="apply thing", json_body={}, repeatable=True)
        assert server.calls() == ["PATCH /thing"] * 2


def test_retry_after_is_honoured(time):
    turned_away = Reply(429, {"error": {"code": 429, "status": "X", "message": "m"}}, {"Retry-After": "7"})
    with FakeServer([turned_away, Reply(200, {})]) as server:
        session(server.url, time).request("GET", "/thing", doing="read thing")
    assert time.slept == [7.0]


def test_retry_after_may_be_a_date(time):
    later = formatdate(wall_clock() + 40, usegmt=True)
    turned_away = Reply(429, {"error": {"code": 429, "status": "X", "message": "m"}}, {"Retry-After": later})
    with FakeServer([turned_away, Reply(200, {})]) as server:
        session(server.url, time).request("GET", "/thing", doing="read thing")
    assert 30 < time.slept[0] <= 40


@pytest.mark.parametrize("value", ["soon", "-1", formatdate(0, usegmt=True)])
def test_a_retry_after_that_says_nothing_of_use_is_passed_over(value):
    assert retry_after(value) == 0


def test_a_service_that_answered_once_is_waited_for_until_the_deadline(time):
    outage = [Reply(lost=True)] * 20
    with FakeServer([Reply(200, {}), *outage, Reply(200, {"back": 1})]) as server:
        http = session(server.url, time, seconds=600)
        http.request("GET", "/thing", doing="read thing")
        assert http.request("GET", "/thing", doing="read thing").body == {"back": 1}
    assert time.now > 60


def test_retries_end_at_the_deadline_with_the_servers_words(time):
    busy = FakeServer({("GET", "/thing"): google_error(503, "UNAVAILABLE", "try later")})
    with (
        busy as server,
        pytest.raises(HttpError, match="read thing: GKE answered 503 UNAVAILABLE: try later") as caught,
    ):
        session(server.url, time, seconds=3).request("GET", "/thing", doing="read thing")
    assert caught.value.to_dict()["reason"] == "UNAVAILABLE"
    assert time.now <= 3


def test_what_is_not_worth_the_deadline_is_given_up_after_its_own_patience(time):
    sick = Reply(500, {"error": {"code": 500, "message": "the node does not answer"}})
    with FakeServer({("GET", "/log"): sick}) as server, pytest.raises(HttpError, match="node does not answer"):
        session(server.url, time, seconds=600).request("GET", "/log", doing="read the log", patience=2.0)
    assert 2 <= time.now < 10


def test_a_refused_token_is_minted_anew_once(time):
    tokens = ["new", "old"]

    def authorize(fresh: bool) -> dict[str, str]:
        if fresh:
            tokens.pop()
        return {"Authorization": f"Bearer {tokens[-1]}"}

    with FakeServer([google_error(401, "UNAUTHENTICATED", "expired"), Reply(200, {})]) as server:
        session(server.url, time, authorize=authorize).request("POST", "/thing", doing="create", json_body={})
        assert [headers["authorization"] for headers in server.headers] == ["Bearer old", "Bearer new"]


def test_a_refused_token_that_cannot_be_renewed_is_not_sent_again(time):
    with FakeServer([google_error(401, "UNAUTHENTICATED", "expired")]) as server:
        http = session(server.url, time, authorize=lambda _fresh: {"Authorization": "Bearer same"})
        with pytest.raises(HttpError, match="401 UNAUTHENTICATED"):
            http.request("GET", "/thing", doing="read")
        assert server.calls() == ["GET /thing"]


def test_a_service_that_nobody_runs_is_given_up_long_before_the_deadline(time):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(HttpError, match="read thing: GKE gave no connection|no answer"):
            session(url, time, seconds=3600).request("GET", "/thing", doing="read thing")
    assert time.now < 60


def test_errors_of_kubernetes_and_tgi_are_read(time):
    status = {"kind": "Status", "reason": "NotFound", "message": 'pods "x" not found', "details": {"name": "x"}}
    tgi = {"error": "`top_p` must be > 0.0 and < 1.0", "error_type": "validation"}
    with FakeServer([Reply(404, status), Reply(422, tgi), Reply(413, "too large")]) as server:
        http = session(server.url, time)
        seen = []
        for _number in range(3):
            with pytest.raises(HttpError) as caught:
                http.request("POST", "/thing", doing="ask", json_body={})
            seen.append((caught.value.status, caught.value.reason, caught.value.server_message))
    assert seen == [
        (404, "NotFound", 'pods "x" not found'),
        (422, "validation", "`top_p` must be > 0.0 and < 1.0"),
        (413, "", "too large"),
    ]


def test_a_redirect_to_the_same_server_is_followed_with_the_token(time):
    moved = Reply(307, "", {"Location": "/new?a=1"})
    with FakeServer({("GET", "/old"): moved, ("GET", "/new"): {"ok": 1}}) as server:
        http = session(server.url, time, authorize=lambda _fresh: {"Authorization": "Bearer t"})
        assert http.request("GET", "/old", doing="read", params={"b": 2}).body == {"ok": 1}
        assert server.calls() == ["GET /old?b=2", "GET /new?a=1"]
        assert [headers["authorization"] for headers in server.headers] == ["Bearer t"] * 2


def test_files_that_are_kept_elsewhere_are_asked_for_without_the_token(time):
    with FakeServer({("GET", "/file"): {"ok": 1}}) as other:
        moved = Reply(302, "", {"Location": f"{other.url}/file"})
        with FakeServer({("GET", "/file"): moved}) as server:
            options = {"authorize": lambda _fresh: {"Authorization": "Bearer t"}}
            http = session(server.url, time, keeps_files_elsewhere=True, **options)
            assert http.request("GET", "/file", doing="read", headers={"Range": "bytes=0-9"}).body == {"ok": 1}
            with pytest.raises(HttpError, match="answered 302, a redirect to http://.* which is not followed"):
                session(server.url, time, **options).request("GET", "/file", doing="read")
    assert other.headers[0]["range"] == "bytes=0-9"
    assert "authorization" not in other.headers[0] and len(other.requests) == 1


def test_headers_that_are_added_go_to_the_same_server_alone(time):
    with FakeServer({("GET", "/b"): {"ok": 1}}) as other:
        moves = {
            ("GET", "/"): Reply(307, "", {"Location": "/a"}),
            ("GET", "/a"): Reply(302, "", {"Location": f"{other.url}/b"}),
        }
        with FakeServer(moves) as server:
            http = session(server.url, time, keeps_files_elsewhere=True, repeated_headers=(("Impersonate-User", "u"),))
            assert http.request("GET", "/", doing="read").body == {"ok": 1}
    assert [headers["impersonate-user"] for headers in server.headers] == ["u"] * 2
    assert "impersonate-user" not in other.headers[0]


def test_a_write_is_never_redirected(time):
    with FakeServer({("POST", "/thing"): Reply(307, "", {"Location": "/other"})}) as server:
        with pytest.raises(HttpError, match="answered 307, a redirect to /other") as caught:
            session(server.url, time).request("POST", "/thing", doing="create thing", json_body={})
        assert server.calls() == ["POST /thing"]
    assert not isinstance(caught.value, ReplyLost)


def test_an_answer_of_another_form_is_not_asked_for_again_and_leaves_a_write_unsettled(time):
    with FakeServer({("POST", "/thing"): Reply(200, [1])}) as server:
        with pytest.raises(ReplyLost, match="GKE answered 200 with a list where an object was expected") as caught:
            session(server.url, time).request("POST", "/thing", doing="create", json_body={}, repeatable=True)
        assert server.calls() == ["POST /thing"]
    assert caught.value.kind == "unexpected_answer"


def test_loopback_is_never_reached_through_a_proxy(time, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with FakeServer([Reply(200, {})]) as server:
        assert session(server.url, time).request("GET", "/", doing="read").status == 200


def test_a_token_that_no_header_can_hold_is_not_told_and_not_tried_again(time):
    with FakeServer({}) as server:
        http = session(server.url, time, authorize=lambda _fresh: {"Authorization": "Bearer s3cr3t\ntoken"})
        with pytest.raises(HttpError, match="most likely the token") as error:
            http.request("GET", "/", doing="read")
    assert "s3cr3t" not in "".join(traceback.format_exception(error.value))
    assert http.sent == 1


def test_a_netrc_does_not_replace_the_authorization(time, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("default login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with FakeServer([Reply(200, {})]) as server:
        http = session(server.url, time, authorize=lambda _fresh: {"Authorization": "Bearer mine"})
        http.request("GET", "/", doing="read")
        assert server.headers[0]["authorization"] == "Bearer mine"


def test_the_environments_ca_bundle_does_not_overrule_the_clusters_ca(time, tmp_path, monkeypatch):
    """requests lets REQUESTS_CA_BUNDLE overrule Session.verify; a cluster's own CA must win."""
    import ssl
    import threading

    trustme = pytest.importorskip("trustme")
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "other.pem"))

    listener = socket.create_server(("127.0.0.1", 0))

    def serve_three() -> None:
        for _number in range(3):
            raw, _peer = listener.accept()
            try:
                with context.wrap_socket(raw, server_side=True) as secure:
                    secure.recv(4096)
                    secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nok")
            except ssl.SSLError:
                raw.close()

    threading.Thread(target=serve_three, daemon=True).start()
    url = f"https://127.0.0.1:{listener.getsockname()[1]}"
    assert session(url, time, verify=str(tmp_path / "ca.pem")).request("GET", "/", doing="read", want=TEXT).body == "ok"
    with pytest.raises(HttpError, match="gave no TLS connection"):
        session(url, time, verify=str(tmp_path / "other.pem")).request("GET", "/", doing="read")
    # Where the system's CAs are to vouch, those that the environment names do.
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    assert session(url, time).request("GET", "/", doing="read", want=TEXT).body == "ok"
    listener.close()


def test_the_collection_is_the_clones_own():
    """Guards against tests that pass on an installed copy instead of this tree."""
    import ansible_collections.llmops.gke as package

    here = Path(importlib.util.find_spec(package.__name__).submodule_search_locations[0]).resolve()
    assert here == Path(__file__).resolve().parents[3]
