# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client: the exact requests it sends, what it repeats and what it never repeats, and what its errors say."""

from __future__ import annotations

import json
import socket

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.core.errors import HttpError, InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.core.option_names import OptionNames
from ansible_collections.llmops.gke.plugins.module_utils.serving.client import check_url
from ansible_collections.llmops.gke.plugins.module_utils.serving.engine import GenerationRequest
from ansible_collections.llmops.gke.plugins.module_utils.serving.tgi.client import TgiClient, TgiRequest
from tests.unit.fake_http import FakeServer, Reply

OVERLOADED = {"error": "Model is overloaded", "error_type": "overloaded"}
REFUSED = {"error": "Input validation error: `top_k` must be strictly positive", "error_type": "validation"}
EVENT = b'data:{"index":1,"token":{"text":"a"},"generated_text":"a","details":{"generated_tokens":1}}\n\n'
SPEAKS_SSE = {"Content-Type": "text/event-stream"}
HI = GenerationRequest("hi")


class FakeTime:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def client(url: str, api_key: str | None = None, seconds: float = 60) -> TgiClient:
    time = FakeTime()
    return TgiClient(url, api_key, Deadline(seconds, clock=time.clock, sleep=time.sleep))


def sse(*pieces: bytes) -> Reply:
    return Reply(200, headers=SPEAKS_SSE, lines=pieces)


def test_an_object_and_a_list_are_the_same_answer():
    headers = {"x-generated-tokens": "7", "x-total-time": "12", "x-compute-time": "0.0129"}
    with FakeServer([Reply(200, {"generated_text": "a"}, headers), Reply(200, [{"generated_text": "a"}])]) as server:
        tgi = client(server.url)
        answer = tgi.generate(GenerationRequest("hi", top_k=3))
        assert (answer.text, answer.tokens, answer.server_seconds) == ("a", 7, 0.0129)
        listed = tgi.generate(TgiRequest("hi", route="/"))
        assert (listed.text, listed.tokens, listed.server_seconds) == ("a", None, None)
        assert server.requests == [
            ("POST", "/generate", {"inputs": "hi", "parameters": {"top_k": 3, "details": True}}),
            ("POST", "/", {"inputs": "hi", "parameters": {"do_sample": True, "details": True}}),
        ]
        assert tgi.sent == 2


def test_overload_and_lost_replies_are_waited_out():
    replies = [
        Reply(429, OVERLOADED),
        Reply(503, {"error": "unhealthy"}),
        Reply(lost=True),
        Reply(200, {"generated_text": "a"}),
    ]
    with FakeServer(replies) as server:
        assert client(server.url).generate(HI).text == "a"
        assert len(server.requests) == 4


def test_a_refusal_of_validation_is_never_repeated_and_carries_its_type():
    with FakeServer([Reply(422, REFUSED)]) as server, pytest.raises(HttpError, match="top_k") as refused:
        client(server.url).generate(GenerationRequest("hi", parameters={"top_k": 0}))
    assert refused.value.to_dict()["error_type"] == "validation"
    assert refused.value.status == 422
    assert len(server.requests) == 1


def test_a_server_that_stays_overloaded_fails_inside_the_deadline():
    with FakeServer({("POST", "/generate"): Reply(429, OVERLOADED)}) as server, pytest.raises(HttpError) as refused:
        client(server.url, seconds=5).generate(HI)
    assert refused.value.fields["error_type"] == "overloaded"


def test_a_stream_is_timed_event_by_event():
    with FakeServer([sse(b":\n\n", EVENT)]) as server:
        stream = client(server.url).stream(HI)
        assert (len(stream.events), stream.answer.tokens) == (1, 1)
        assert stream.events[0].at >= stream.sent
        assert server.requests == [
            ("POST", "/generate_stream", {"inputs": "hi", "parameters": {"do_sample": True, "details": True}})
        ]


def test_an_overload_that_is_told_inside_the_stream_is_waited_out():
    overloaded = b'data:{"error":"Model is overloaded","error_type":"overloaded"}\n\n'
    with FakeServer([sse(overloaded), Reply(429, OVERLOADED), Reply(lost=True), sse(EVENT)]) as server:
        assert len(client(server.url).stream(HI).events) == 1
        assert len(server.requests) == 4


CHUNKED = {"Transfer-Encoding": "chunked"}


def token(text: str) -> bytes:
    return b'data:{"index":1,"token":{"text":"%b"},"generated_text":null,"details":null}\n\n' % text.encode()


def test_a_stream_that_breaks_off_before_its_first_event_is_taken_anew():
    broken = Reply(200, headers=CHUNKED, lines=[b"fff\r\n:\n\n"])
    with FakeServer([broken, sse(EVENT)]) as server:
        assert len(client(server.url).stream(HI).events) == 1
        assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (sse(token("Pur"), token("r")), "it was closed"),
        (sse(token("Pur"), token("r"), b'data:{"index":3,"tok'), "it was closed"),
        (Reply(200, headers=CHUNKED, lines=[b"fff\r\n", token("Pur"), token("r")]), "IncompleteRead"),
    ],
    ids=["closed", "closed amid an event", "amid a chunk"],
)
def test_a_stream_that_ends_without_its_last_event_is_a_failure_with_the_text_so_far(reply, why):
    with FakeServer([reply]) as server, pytest.raises(HttpError, match="ended without its last event") as cut:
        client(server.url).stream(HI)
    assert why in cut.value.message
    assert "after 2 events" in cut.value.message
    assert cut.value.fields["generated_text"] == "Purr"
    assert len(server.requests) == 1


CHAT = GenerationRequest(messages=[{"role": "user", "content": "hi"}])
DELTA = b'data: {"choices":[{"delta":{"content":"Purr"},"finish_reason":null}]}\n\n'


def test_a_chat_s_stream_ends_with_a_reason_or_the_closing_mark():
    ended = DELTA.replace(b"null", b'"length"')
    with FakeServer([sse(DELTA), sse(DELTA, b"data: [DONE]\n\n"), sse(ended)]) as server:
        with pytest.raises(HttpError, match="ended without its last event") as cut:
            client(server.url).stream(CHAT)
        assert cut.value.fields["generated_text"] == "Purr"
        for _turn in range(2):
            assert client(server.url).stream(CHAT).answer.text == "Purr"


def test_a_stream_whose_last_event_is_there_is_whole_though_its_connection_broke():
    with FakeServer([Reply(200, headers=CHUNKED, lines=[b"fff\r\n" + EVENT])]) as server:
        assert client(server.url).stream(HI).answer.text == "a"


@pytest.mark.parametrize(
    ("told", "status", "words"),
    [
        (
            b'data: {"error":{"message":"too long","type":"BadRequestError","code":400}}\n\n',
            400,
            "BadRequestError: too",
        ),
        (b'data: {"error":{"message":"CUDA"}}\n\n', 500, "CUDA"),
        (b"event: error\ndata: CUDA out of memory\n\n", 500, "CUDA out of memory"),
        (b'data: {"error":"CUDA out of memory","error_type":"generation"}\n\n', 424, "generation: CUDA"),
    ],
    ids=["OpenAI's", "bare", "text", "TGI's"],
)
def test_an_error_object_in_a_stream_is_a_failure_in_its_words_with_the_text_so_far(told, status, words):
    with FakeServer([sse(token("Purr"), told)]) as server, pytest.raises(HttpError, match=words) as failed:
        client(server.url).stream(HI)
    assert failed.value.status == status
    assert failed.value.fields["generated_text"] == "Purr"


@pytest.mark.parametrize(
    "event",
    [
        {"choices": "none"},
        {"choices": [4]},
        {"choices": [{"delta": "x", "finish_reason": "stop"}]},
        {"choices": [{"delta": {"content": 4}, "finish_reason": "stop"}]},
        {"choices": [{"finish_reason": "stop"}], "usage": [4]},
        {"choices": [{"finish_reason": "stop"}], "usage": {"completion_tokens": "many"}},
        {"generated_text": 4},
        {"generated_text": "a", "details": [4]},
        {"generated_text": "a", "details": {"generated_tokens": True}},
    ],
    ids=str,
)
def test_an_event_of_another_form_is_refused_in_one_line(event):
    sent = b"data: " + json.dumps(event).encode() + b"\n\n"
    with FakeServer([sse(sent)]) as server, pytest.raises(HttpError, match="the answer is not TGI's"):
        client(server.url).stream(CHAT if "choices" in event else HI)


def test_an_error_that_is_null_is_none():
    with FakeServer([sse(EVENT.replace(b'"index":1', b'"error":null'))]) as server:
        assert client(server.url).stream(HI).answer.text == "a"


def test_an_error_in_place_of_a_stream_is_told_in_its_words():
    with (
        FakeServer([Reply(200, {"error": "out of memory", "error_type": "generation"})]) as server,
        pytest.raises(HttpError, match="generation: out of memory"),
    ):
        client(server.url).stream(HI)


def test_what_is_no_stream_is_told_by_its_beginning():
    with FakeServer([Reply(200, "<html>sign in")]) as server, pytest.raises(HttpError, match="<html>sign in"):
        client(server.url).stream(HI)


def test_an_answer_without_an_end_does_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr("ansible_collections.llmops.gke.plugins.module_utils.serving.client.LARGEST_STREAM", 1000)
    with FakeServer([sse(*[token("Purr")] * 99)]) as server, pytest.raises(HttpError, match="more than"):
        client(server.url).stream(HI)


def test_an_address_that_does_not_answer_yet_is_tried_until_the_deadline():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        time = FakeTime()
        deadline = Deadline(60, clock=time.clock, sleep=time.sleep)
        with pytest.raises(HttpError, match="no answer"):
            TgiClient(f"http://127.0.0.1:{taken.getsockname()[1]}", None, deadline).generate(HI)
    assert time.now > 50, "a fresh load balancer needs longer than other services are given"


def test_a_failure_that_is_told_inside_the_stream_is_raised():
    failed = b'data: {"error":"Request failed during generation: CUDA","error_type":"generation"}\n\n'
    with FakeServer([sse(EVENT, failed)]) as server, pytest.raises(HttpError, match="CUDA") as refused:
        client(server.url).stream(HI)
    assert refused.value.status == 424
    assert refused.value.fields["error_type"] == "generation"


@pytest.mark.parametrize(
    ("key", "way_out"),
    [
        ("sk-canary", "llmops_api_key was refused; set it to the key that the server was started with"),
        (None, "the server asks for a key; set llmops_api_key"),
    ],
)
def test_a_key_that_is_wrong_or_missing_is_told_by_what_sets_it(key, way_out):
    with FakeServer({("POST", "/generate"): Reply(401, "")}) as server, pytest.raises(HttpError) as refused:
        client(server.url, api_key=key).generate(HI)
    assert refused.value.told(OptionNames({"api_key": "llmops_api_key"})) == (
        f"generate on {server.url}: TGI answered 401 (POST {server.url}/generate); {way_out}"
    )


def test_a_wrong_key_is_never_shown():
    with FakeServer({("POST", "/generate"): Reply(401, "")}) as server, pytest.raises(HttpError) as refused:
        client(server.url, api_key="sk-canary").generate(HI)
    assert "sk-canary" not in str(refused.value.to_dict()) + refused.value.message
    assert server.headers[0]["authorization"] == "Bearer sk-canary"


@pytest.mark.parametrize("reply", [Reply(200, "<html>welcome</html>"), Reply(200, {"status": "ok"}), Reply(200, [])])
def test_another_service_at_the_address_is_recognised(reply):
    with FakeServer({("POST", "/generate"): reply, ("GET", "/info"): reply}) as server:
        for ask in (lambda tgi: tgi.generate(HI), lambda tgi: tgi.identity()):
            with pytest.raises(HttpError, match="the answer is not TGI's"):
                ask(client(server.url))


@pytest.mark.parametrize(
    "url",
    [
        "203.0.113.10",
        "ftp://host",
        "http://",
        "http://host/generate",
        "http://host?x=1",
        "http://host:99999",
        "http://[",
    ],
)
def test_a_url_of_another_form_is_refused(url):
    with pytest.raises(InvalidOption, match=r"^url: .*http://ADDRESS\[:PORT\]"):
        check_url(url)


def test_credentials_in_a_url_are_refused_and_not_repeated():
    with pytest.raises(InvalidOption) as refused:
        check_url("http://user:canary@host")
    assert "canary" not in refused.value.message


def test_a_trailing_slash_is_taken_off():
    assert check_url("http://203.0.113.10:8080/") == "http://203.0.113.10:8080"
