# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""tgi_generate: streams, chats, refusals that are wanted; against a scripted server and against the sandbox's."""

from __future__ import annotations

import json

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import HttpError, InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.core.result import silent
from ansible_collections.llmops.gke.plugins.module_utils.engines.serving.tgi_generate import run as run_generate
from ansible_collections.llmops.gke.plugins.module_utils.serving.expectations import ExpectationFailed
from ansible_collections.llmops.gke.plugins.module_utils.serving.tgi.chat import chat_body, check_chat
from llmops_gke_sandbox.workloads.tgi import Settings, Timing
from llmops_gke_sandbox.workloads.tgi.background import BackgroundServer
from tests.unit.fake_http import FakeServer, Reply

HELLO = [{"role": "user", "content": "hi"}]
KEY = "sk-canary"


def generate(url, **options):
    base = {"url": url, "api_key": None, "inputs": "hi", "messages": None, "parameters": None, "route": "/generate"}
    return run_generate({**base, "stream": False, "expect": None, "timeout": 5, **options}, False, silent).values


def chat(url, **options):
    return generate(url, inputs=None, messages=HELLO, **options)


def events(*bodies: dict | str) -> Reply:
    lines = [f"data: {body if isinstance(body, str) else json.dumps(body)}\n\n".encode() for body in bodies]
    return Reply(200, headers={"Content-Type": "text/event-stream"}, lines=lines)


@pytest.fixture(scope="module")
def sandbox():
    settings = Settings(model="mistralai/Mistral-7B-Instruct-v0.1", api_key=KEY)
    with BackgroundServer(Timing(ttft=0.002, itl=0.001), settings) as server:
        yield server.url


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("ask", [generate, chat])
def test_the_same_seed_is_answered_alike_whether_streamed_or_not(sandbox, ask, stream):
    parameters = {"max_new_tokens": 400, "seed": 7, "do_sample": True}
    values = ask(sandbox, api_key=KEY, stream=stream, parameters=parameters, expect={"finish_reason": "eos_token"})
    other = ask(sandbox, api_key=KEY, stream=not stream, parameters=parameters)
    assert values["generated_text"] == other["generated_text"] != ""
    assert values["generated_tokens"] == other["generated_tokens"] > 50
    assert (values["status"], other["status"]) == (200, 200)
    assert (values["ttft_seconds"] is None, values["tpot_seconds"] is None) == (not stream, not stream)


def test_a_stream_on_the_compat_route_has_the_prompt_in_front(sandbox):
    values = generate(sandbox, api_key=KEY, stream=True, route="/", parameters={"max_new_tokens": 3})
    assert values["generated_text"].startswith("hi")
    assert values["generated_tokens"] == 3


@pytest.mark.parametrize(("route", "path", "extra"), [("/generate", "/generate_stream", {}), ("/", "/", {"stream": 1})])
def test_the_route_of_a_stream(route, path, extra):
    last = {"generated_text": "ab", "details": {"generated_tokens": 2, "finish_reason": "length"}}
    with FakeServer([events({"index": 1}, last)]) as server:
        assert generate(server.url, route=route, stream=True)["generated_text"] == "ab"
        parameters = {"do_sample": True, "details": True}
        assert server.requests == [("POST", path, {"inputs": "hi", "parameters": parameters, **extra})]


def test_a_chat_is_sent_in_openai_s_words_and_read_in_tgi_s():
    choice = {"message": {"content": "Purr."}, "finish_reason": "stop"}
    answer = {"choices": [choice], "usage": {"prompt_tokens": 4, "completion_tokens": 3}}
    parameters = {"max_new_tokens": 9, "repetition_penalty": 1.03, "do_sample": False, "top_n_tokens": 2}
    with FakeServer([Reply(200, answer, {"x-total-time": "7"})]) as server:
        values = chat(server.url, parameters=parameters)
        assert server.requests == [
            (
                "POST",
                "/v1/chat/completions",
                {
                    "model": "tgi",
                    "messages": HELLO,
                    "max_tokens": 9,
                    "presence_penalty": -0.97,
                    "temperature": 0.0,
                    "logprobs": True,
                    "top_logprobs": 2,
                },
            )
        ]
    assert values["details"] == {"finish_reason": "eos_token", "generated_tokens": 3, "prompt_tokens": 4}
    assert (values["generated_text"], values["headers"]) == ("Purr.", {"x-total-time": "7"})


def test_a_chat_s_stream_ends_with_its_usage_in_an_event_without_choices():
    pieces = [{"choices": [{"delta": {"content": text}, "finish_reason": None}]} for text in ("Pu", "rr")]
    pieces[-1]["choices"][0]["finish_reason"] = "length"
    with FakeServer([events(*pieces, {"choices": [], "usage": {"completion_tokens": 2}}, "[DONE]")]) as server:
        values = chat(server.url, stream=True)
        assert server.requests[0].body["stream_options"] == {"include_usage": True}
    assert (values["generated_text"], values["generated_tokens"], values["finish_reason"]) == ("Purr", 2, "length")


def test_a_body_that_is_no_chat_s_answer_says_that_the_server_is_not_tgi():
    with FakeServer([Reply(200, {"generated_text": "a"})]) as server, pytest.raises(HttpError, match="not TGI's"):
        chat(server.url)


@pytest.mark.parametrize("stream", [False, True])
def test_a_refusal_that_is_wanted_is_the_result(sandbox, stream):
    values = generate(sandbox, stream=stream, expect={"status": 401})
    assert values["status"] == 401
    long = generate(sandbox, api_key=KEY, inputs="hi " * 5000, stream=stream, expect={"status": 422})
    assert (long["error_type"], long["status"]) == ("validation", 422)
    assert "tokens" in long["error_message"]


def test_a_refusal_that_is_not_wanted_fails_as_does_an_answer_instead_of_one(sandbox):
    with pytest.raises(HttpError, match="401"):
        generate(sandbox, expect={"status": 422})
    with pytest.raises(ExpectationFailed, match="status 200, 401 expected"):
        generate(sandbox, api_key=KEY, parameters={"max_new_tokens": 1}, expect={"status": 401})


def test_overload_that_is_wanted_counts_once_the_timeout_has_passed():
    with FakeServer({("POST", "/generate"): Reply(429, {"error": "x", "error_type": "overloaded"})}) as server:
        values = generate(server.url, timeout=0.3, expect={"status": 429})
    assert values["error_type"] == "overloaded"


def test_the_chat_s_words_for_what_has_one():
    assert chat_body(HELLO, {"grammar": {"type": "regex", "value": "a"}, "adapter_id": "a/b", "details": False}) == {
        "model": "a/b",
        "messages": HELLO,
        "response_format": {"type": "regex", "value": "a"},
    }
    with pytest.raises(InvalidOption, match=r"parameters.truncate: 4 .*with messages only max_new_tokens"):
        check_chat(HELLO, {"truncate": 4})
