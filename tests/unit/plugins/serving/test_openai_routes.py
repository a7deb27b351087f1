# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenAI's routes: what is sent, what comes of whole answers, of streams with and without counts, and of failures."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.core.errors import HttpError, InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.serving import registry
from ansible_collections.llmops.gke.plugins.module_utils.serving.engine import LENGTH, STOP, GenerationRequest
from ansible_collections.llmops.gke.plugins.module_utils.serving.openai.client import OpenAiClient
from ansible_collections.llmops.gke.plugins.module_utils.serving.openai.engine import OpenAiEngine
from tests.unit.fake_http import FakeServer, Reply

MODELS, TEXT, CHAT = "/v1/models", "/v1/completions", "/v1/chat/completions"
LISTED = {"data": [{"id": "served", "owned_by": "me"}, {"id": "other", "owned_by": "me"}]}
USAGE = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
HI = GenerationRequest("hi")
HELLO = [{"role": "user", "content": "hi"}]
TALK = GenerationRequest(messages=HELLO)


def streamed(*chunks: dict, done: bool = True) -> Reply:
    lines = [f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks]
    closing = [b"data: [DONE]\n\n"] if done else []
    return Reply(200, headers={"Content-Type": "text/event-stream"}, lines=[*lines, *closing])


def piece(text: str, reason: str | None = None, count: int | None = None) -> dict:
    usage = {} if count is None else {"usage": {"completion_tokens": count}}
    return {"choices": [{"index": 0, "text": text, "finish_reason": reason}], **usage}


def server(answer) -> FakeServer:
    return FakeServer({("GET", MODELS): LISTED, ("POST", TEXT): answer, ("POST", CHAT): answer})


@pytest.fixture
def client() -> Iterator:
    made = []

    def connect(url: str, key: str | None = None) -> OpenAiClient:
        made.append(OpenAiEngine().connect(url, key, Deadline(3)))
        return made[-1]

    yield connect
    for one in made:
        one.close()


def test_a_prompt_is_sent_with_the_served_model_and_nothing_that_is_not_set(client):
    answer = {"choices": [{"text": "abc", "finish_reason": "length"}], "usage": USAGE}
    request = GenerationRequest("hi", max_tokens=4, temperature=0, stop=("x",), parameters={"n": None, "user": "me"})
    with server(answer) as asked:
        talker = client(asked.url, "sk-canary")
        got = talker.generate(request)
        talker.generate(HI)
        body = {"model": "served", "prompt": "hi", "max_tokens": 4, "temperature": 0, "stop": ["x"], "user": "me"}
        assert asked.requests == [
            ("GET", MODELS, None),
            ("POST", TEXT, body),
            ("POST", TEXT, {"model": "served", "prompt": "hi"}),
        ]
        assert {headers["authorization"] for headers in asked.headers} == {"Bearer sk-canary"}
    assert (got.text, got.tokens, got.prompt_tokens, got.finish_reason) == ("abc", 4, 3, LENGTH)
    assert got.details == {"finish_reason": "length", "usage": USAGE}


def test_the_model_is_asked_for_once_for_all_clients_of_an_engine():
    answer = {"choices": [{"text": "abc", "finish_reason": "stop"}]}
    with server(answer) as asked:
        engine = OpenAiEngine()
        for _turn in range(2):
            talker = engine.connect(asked.url, None, Deadline(3))
            got = talker.generate(HI)
            talker.close()
        assert asked.calls() == [f"GET {MODELS}", f"POST {TEXT}", f"POST {TEXT}"]
    assert (got.tokens, got.finish_reason, got.details) == (None, STOP, {"finish_reason": "stop", "usage": {}})


def test_a_chat_goes_to_its_own_route(client):
    answer = {"choices": [{"message": {"content": "abc"}, "finish_reason": "tool_calls"}], "usage": USAGE}
    with server(answer) as asked:
        got = client(asked.url).generate(TALK)
        assert asked.requests[1] == ("POST", CHAT, {"model": "served", "messages": HELLO})
    assert (got.text, got.finish_reason) == ("abc", STOP)


def test_of_several_answers_the_text_is_the_first_and_all_are_told(client):
    choices = [{"text": text, "finish_reason": "stop", "index": number} for number, text in enumerate("ab")]
    with server({"choices": choices, "usage": USAGE}) as asked:
        got = client(asked.url).generate(HI)
    assert got.text == "a"
    assert got.details["choices"] == choices


def test_events_count_by_usage_where_each_tells_it(client):
    """The first event opens the stream; a token may come without text, and several may come together."""
    opening = {"choices": [{"delta": {"role": "assistant", "content": ""}}], "usage": {"completion_tokens": 0}}
    parts = [opening, piece("", count=1), piece("ab", count=3), piece("", "length", count=4)]
    with server(streamed(*parts, {"choices": [], "usage": USAGE})) as asked:
        got = client(asked.url).stream(HI)
        assert asked.requests[1].body["stream"] is True
        assert asked.requests[1].body["stream_options"] == {"include_usage": True}
    assert [event.tokens for event in got.events] == [1, 2, 1]
    assert (got.answer.text, got.answer.tokens, got.answer.finish_reason) == ("ab", 4, LENGTH)
    assert got.answer.seconds == got.events[-1].at - got.sent


def test_events_count_by_text_where_usage_comes_at_the_end_alone(client):
    opening = {"choices": [{"delta": {"role": "assistant", "content": ""}}], "usage": None}
    parts = [opening, piece("a"), piece(""), piece("b"), piece("", "stop"), {"choices": [], "usage": USAGE}]
    with server(streamed(*parts)) as asked:
        got = client(asked.url).stream(HI)
    assert [event.tokens for event in got.events] == [None, None]
    assert (got.answer.text, got.answer.tokens, got.answer.finish_reason) == ("ab", 4, STOP)


def test_a_stream_without_any_count(client):
    with server(streamed(piece("a"), piece("b", "stop"))) as asked:
        got = client(asked.url).stream(HI)
    assert (len(got.events), got.answer.tokens) == (2, None)


@pytest.mark.parametrize("reason", ["abort", "error", "content_filter"])
def test_an_answer_that_was_broken_off_is_a_failure_though_its_stream_ends_well(client, reason):
    with server(streamed(piece("ab", count=2), piece("", reason, count=2), {"choices": [], "usage": USAGE})) as asked:
        with pytest.raises(HttpError) as failed:
            client(asked.url).stream(HI)
        assert len(asked.requests) == 2, "it is not asked again"
    assert failed.value.fields["error_type"] == reason
    assert failed.value.fields["generated_text"] == "ab"
    assert f"answered in the stream {reason}: " in failed.value.message


def test_so_is_a_whole_one(client):
    answer = {"choices": [{"text": "ab", "finish_reason": "abort"}], "usage": USAGE}
    with server(answer) as asked, pytest.raises(HttpError, match="ended the answer before its end") as failed:
        client(asked.url).generate(HI)
    assert failed.value.status == 200


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(400, {"error": {"message": "no", "type": "BadRequestError", "param": None, "code": 400}}), "no"),
        (Reply(401, {"error": "Unauthorized"}), "asks for a key; set api_key"),
        (Reply(404, {"detail": "Not Found"}), "404 Not Found .*which engine serves it"),
        (Reply(404, {"error": {"message": "The model `x` does not exist.", "type": "NotFoundError"}}), r"exist\. \("),
        (Reply(422, {"detail": [{"loc": ["body"], "msg": "Field required"}]}), "Field required"),
        (streamed({"error": {"message": "too long", "type": "BadRequestError", "code": 400}}), "too long"),
        (streamed(), "at least one event expected"),
        (streamed({"choices": [], "usage": USAGE}), "tokens expected"),
        (streamed(piece("ab"), done=False), "ended without its last event"),
    ],
)
def test_each_form_of_a_refusal_is_told(client, reply, words):
    with server(reply) as asked, pytest.raises(HttpError, match=words):
        client(asked.url).stream(HI)


@pytest.mark.parametrize(
    ("listed", "words"),
    [
        ({"data": []}, "a model expected"),
        ({"data": [{"object": "model"}]}, "without id"),
        (Reply(404, {"detail": "Not Found"}), "which engine serves it"),
        (Reply(401, {"error": "Unauthorized"}), "asks for a key; set api_key"),
    ],
)
def test_a_server_that_lists_no_model_is_told(client, listed, words):
    with FakeServer({("GET", MODELS): listed}) as asked, pytest.raises(HttpError, match=words):
        client(asked.url).generate(HI)


def test_its_identity(client):
    with server({}) as asked:
        who = client(asked.url).identity()
    assert (who.model, who.version, who.max_total_tokens) == ("served", None, None)
    assert who.details == LISTED["data"][0]


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (GenerationRequest(""), "prompt: "),
        (GenerationRequest(messages=[]), "messages: "),
        (GenerationRequest("hi", max_tokens=0), "max_tokens: 0 .* max_tokens must be at least 1, got 0."),
        (GenerationRequest("hi", temperature=float("nan")), "temperature: nan .*nan is no finite number"),
        (GenerationRequest("hi", seed=2**63), "seed"),
        (GenerationRequest("hi", parameters={"n": 2}), r"parameters\.n: 2 .* 1 with stream"),
    ],
)
def test_what_no_server_takes_is_refused_before_it_is_sent(request_, words):
    with pytest.raises(InvalidOption, match=words):
        registry.engine("openai").check(request_, streaming=True)


def test_of_its_log_and_its_settings_nothing_is_known():
    engine = registry.engine("openai")
    assert engine.metrics is None
    assert [phase.name for phase in engine.launch_phases(["x"], None)] == list(engine.phases)
    assert engine.settings({"A": "b"}, ["--c"]).shown == {}


def test_a_chat_comes_in_deltas(client):
    parts = [{"choices": [{"delta": {"content": text}, "finish_reason": None}]} for text in ("a", "b")]
    with server(streamed(*parts, {"choices": [{"delta": {}, "finish_reason": "stop"}]})) as asked:
        got = client(asked.url).stream(TALK)
        assert asked.calls()[1] == f"POST {CHAT}"
    assert (got.answer.text, len(got.events)) == ("ab", 2)


def test_details_hold_what_else_the_server_says_of_an_answer(client):
    logprobs = {"tokens": ["a"], "token_logprobs": [-0.5]}
    choice = {"text": "a", "finish_reason": "stop", "stop_reason": "x", "logprobs": logprobs}
    with server(Reply(200, {"choices": [choice]}, {"x-request-id": "7"})) as asked:
        got = client(asked.url).generate(HI)
    assert got.details == {"finish_reason": "stop", "stop_reason": "x", "logprobs": logprobs, "usage": {}}
    assert got.headers == {"x-request-id": "7"}
    with server({"choices": [{"text": "a"}]}) as asked:
        assert client(asked.url).generate(HI).finish_reason is None
