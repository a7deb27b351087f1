# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engines: what they send, in which order, and what comes of it; against a scripted server."""

from __future__ import annotations

import json

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import DeadlineExceeded, InvalidOption, LlmopsError
from ansible_collections.llmops.gke.plugins.module_utils.core.result import silent
from ansible_collections.llmops.gke.plugins.module_utils.engines.serving.llm_latency import measure_latency
from ansible_collections.llmops.gke.plugins.module_utils.engines.serving.tgi_generate import run as run_generate
from ansible_collections.llmops.gke.plugins.module_utils.serving.expectations import ExpectationFailed
from ansible_collections.llmops.gke.plugins.module_utils.serving.options import SAMPLING
from ansible_collections.llmops.gke.plugins.module_utils.serving.thresholds import ThresholdBreached
from tests.unit.fake_http import FakeServer, Reply

HELLO = [{"role": "user", "content": "hi"}]
INFO = {"model_id": "mistralai/Mistral-7B-Instruct-v0.1", "version": "3.3.7"}
ANSWER = {
    "generated_text": " Purr.",
    "details": {"finish_reason": "eos_token", "generated_tokens": 3},
}


def stream(tokens: int | None = 2) -> Reply:
    details = None if tokens is None else {"generated_tokens": tokens, "finish_reason": "length"}
    events = [{"index": 1, "details": None}, {"index": 2, "generated_text": "ab", "details": details}]
    return Reply(
        200,
        headers={"Content-Type": "text/event-stream"},
        lines=[f"data: {json.dumps(event)}\n\n".encode() for event in events],
    )


def tgi(**routes):
    return FakeServer(
        {
            ("GET", "/health"): "",
            ("GET", "/info"): INFO,
            ("GET", "/metrics"): routes.get("metrics", ""),
            ("POST", "/generate"): Reply(200, ANSWER, {"x-compute-time": "0.000001"}),
            ("POST", "/generate_stream"): lambda _request: routes.get("stream", stream)(),
        }
    )


def generate(url, check=False, **options):
    base = {"url": url, "api_key": None, "inputs": "hi", "parameters": None, "route": "/generate", "expect": None}
    return run_generate({**base, "messages": None, "stream": False, "timeout": 5, **options}, check, silent)


def latency(url, check=False, **options):
    base = {**dict.fromkeys(SAMPLING), "engine": "tgi", "url": url, "api_key": None, "prompt": "hi"}
    base |= {"warmup": 1, "samples": 2, "thresholds": None, "enforce": True, "timeout": 5}
    return measure_latency({**base, **options}, check, silent)


def test_generate_asks_once_and_for_the_details():
    with tgi() as server:
        result = generate(server.url, parameters={"top_k": 3, "seed": None})
        assert server.requests == [("POST", "/generate", {"inputs": "hi", "parameters": {"top_k": 3, "details": True}})]
    values = result.values
    assert (values["generated_text"], values["generated_tokens"], values["finish_reason"]) == (" Purr.", 3, "eos_token")
    assert values["seconds_per_token"] == pytest.approx(values["seconds"] / 3, abs=1e-6)
    assert result.changed is False
    assert result.http_requests == 1


def test_generate_without_parameters_samples_as_the_server_would():
    with tgi() as server:
        generate(server.url)
        assert server.requests[0].body["parameters"] == {"do_sample": True, "details": True}


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        ({"minimum_tokens": 4}, "3 tokens, at least 4 expected"),
        ({"finish_reason": "length"}, "finish_reason eos_token, length expected"),
        ({"pattern": "Meow"}, "no match of 'Meow' in ' Purr.'"),
    ],
)
def test_an_answer_that_is_not_what_was_expected_fails(expect, message):
    with tgi() as server, pytest.raises(ExpectationFailed, match=message):
        generate(server.url, expect=expect)


def test_an_answer_that_is_what_was_expected():
    with tgi() as server:
        generate(server.url, expect={"minimum_tokens": 3, "finish_reason": "eos_token", "pattern": r"Pu+rr\."})


@pytest.mark.parametrize(
    "options",
    [
        {"inputs": ""},
        {"parameters": {"temperature": 0.0}},
        {"expect": {"pattern": "("}},
        {"expect": {"finish_reason": "length"}, "parameters": {"details": False}},
        {"expect": {"status": 204}},
        {"expect": {"status": 422, "pattern": "x"}},
        {"stream": True, "parameters": {"decoder_input_details": True}},
        {"inputs": None, "messages": []},
        {"inputs": None, "messages": HELLO, "parameters": {"top_k": 3}},
        {"inputs": None, "messages": HELLO, "parameters": {"do_sample": False, "temperature": 0.5}},
        {"inputs": None, "messages": HELLO, "parameters": {"top_p": 1.0}},
    ],
)
def test_bad_input_is_refused_before_any_request(options):
    with tgi() as server, pytest.raises(InvalidOption):
        generate(server.url, **options)
    assert server.requests == []


@pytest.mark.parametrize(
    "options",
    [
        {"thresholds": {"ttft": 1}},
        {"parameters": {"best_of": 2, "do_sample": True}},
        {"samples": 0},
        {"warmup": -1},
    ],
)
def test_bad_input_of_a_measurement_is_refused_before_any_request(options):
    with tgi() as server, pytest.raises(InvalidOption):
        latency(server.url, **options)
    assert server.requests == []


@pytest.mark.parametrize("run", [generate, latency])
def test_check_mode_looks_and_generates_nothing(run):
    with tgi() as server:
        result = run(server.url, check=True)
        assert server.calls() == ["GET /health", "GET /info"]
    assert result.values == {"reachable": True, "url": server.url, "model": INFO["model_id"]}


@pytest.mark.parametrize("run", [generate, latency])
def test_check_mode_reports_a_server_that_is_not_there(run):
    with FakeServer({("GET", "/health"): Reply(503, {"error": "unhealthy"})}) as server:
        values = run(server.url, check=True, timeout=0.3).values
    assert values["reachable"] is False
    assert "unhealthy" in values["unreachable_reason"]


def test_a_fresh_server_is_measured_cold_then_warmed_then_hot_then_the_way_there():
    with tgi() as server:
        result = latency(server.url, max_tokens=2)
        streams = ["POST /generate_stream"] * 4
        hot = [*streams[:2], "GET /metrics", *streams[2:], "GET /metrics"]
        way = [*["POST /generate"] * 5, "GET /metrics"]
        assert server.calls() == ["GET /health", "GET /info", "GET /metrics", *hot, *way]
        assert server.requests[3].body["parameters"] == {"max_new_tokens": 2, "details": True}
        assert server.requests[-2].body["parameters"] == {"max_new_tokens": 1, "details": True}
    values = result.values
    assert values["cold"]["tokens"] == 2
    assert values["hot"]["ttft_seconds"]["n"] == 2
    assert values["hot"]["overhead_seconds"]["n"] == 5
    assert values["tokens"] == {"median": 2, "min": 2, "max": 2}
    assert [len(taken) for taken in values["samples"].values()] == [2, 2, 2, 2]
    assert result.http_requests == 15


def test_a_server_that_has_answered_before_is_not_called_cold():
    with tgi(metrics="tgi_request_count 4\n") as server:
        values = latency(server.url, warmup=0).values
        assert server.calls().count("POST /generate_stream") == 2
    assert values["cold"] is None
    assert values["cold_reason"] == "the server had answered 4 requests before (tgi_request_count)"


def test_metrics_that_cannot_be_read_leave_cold_unknown():
    with tgi(metrics=Reply(404, "")) as server:
        values = latency(server.url, warmup=0).values
    assert values["cold"] is None
    assert values["cold_reason"].startswith("unknown: ")


def test_a_measurement_that_the_timeout_ends_says_how_far_it_came():
    replies = iter([stream(), stream()])
    with (
        tgi(stream=lambda: next(replies, Reply(lost=True))) as server,
        pytest.raises(DeadlineExceeded, match="after 1 of 5 samples; raise timeout") as ended,
    ):
        latency(server.url, warmup=0, samples=5, timeout=1)
    assert ended.value.fields["samples"] == 1


def test_a_stream_that_does_not_say_its_tokens_gives_no_figures():
    with (
        tgi(stream=lambda: stream(tokens=None)) as server,
        pytest.raises(LlmopsError, match="without a count of its tokens"),
    ):
        latency(server.url)


def test_tokens_that_came_too_fast_to_tell_are_not_flagged():
    with tgi(stream=lambda: stream(tokens=8)) as server:
        result = latency(server.url)
    assert result.values["tokens_per_arrival"] >= 4
    assert (result.values["buffered"], result.warnings) == (False, [])


def test_a_breached_limit_fails_with_the_figures():
    with tgi() as server, pytest.raises(ThresholdBreached) as breached:
        latency(server.url, thresholds={"ttft_seconds": 1e-9})
    assert breached.value.fields["measured"]["hot"]["ttft_seconds"]["median"] > 0
    assert breached.value.fields["thresholds"][0]["passed"] is False


def test_a_breached_limit_that_is_not_enforced_is_told():
    with tgi() as server:
        values = latency(server.url, thresholds={"ttft_seconds": 1e-9}, enforce=False).values
        assert latency(server.url, thresholds={"ttft_seconds": 9}, enforce=False).values["breach"] is None
    assert values["breach"].startswith("latency of mistralai/Mistral-7B-Instruct-v0.1: ttft_seconds is ")
    assert values["thresholds"][0]["passed"] is False
