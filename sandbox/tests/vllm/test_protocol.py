# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What vLLM's clients see beyond the recordings: keys, ends of streams, stop strings, log probabilities, the cache."""

from __future__ import annotations

import asyncio
import json

import pytest

from llmops_gke_sandbox.workloads.vllm import Timing

TEXT = {"prompt": "Hi", "max_tokens": 40, "temperature": 0}
CHAT = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 40, "temperature": 0}


async def post(client, body, path="/v1/completions", **headers):
    async with client.post(path, json=body, headers=headers) as answer:
        return answer.status, await answer.json()


async def events(client, body, path="/v1/completions"):
    async with client.post(path, json={**body, "stream": True}) as answer:
        assert answer.status == 200
        lines = [line.removeprefix("data: ") for line in (await answer.text()).splitlines() if line]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


async def gauge(client, name):
    async with client.get("/metrics") as answer:
        lines = (await answer.text()).splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"vllm:{name}{{"))


async def test_a_key_guards_v1_and_nothing_else(serve):
    async with serve(keys=("sk-canary",)) as client:
        assert await post(client, TEXT) == (401, {"error": "Unauthorized"})
        assert (await post(client, TEXT, Authorization="Bearer SK-CANARY"))[0] == 401
        assert (await post(client, TEXT, Authorization="Bearer sk-canary"))[0] == 200
        assert (await post(client, TEXT, "/invocations"))[1]["object"] == "text_completion"
        assert (await post(client, CHAT, "/invocations"))[1]["object"] == "chat.completion"
        for path in ("/health", "/ping", "/version", "/metrics", "/load"):
            async with client.get(path) as answer:
                assert answer.status == 200, path
        async with client.get("/v1/models") as answer:
            assert answer.status == 401


async def test_version_and_what_is_not_there(serve):
    async with serve(version="0.26.0") as client:
        async with client.get("/version") as answer:
            assert await answer.json() == {"version": "0.26.0"}
        async with client.get("/v1/completions") as answer:
            assert (answer.status, await answer.json()) == (405, {"detail": "Method Not Allowed"})
        async with client.get("/info") as answer:
            assert (answer.status, await answer.json()) == (404, {"detail": "Not Found"})
        status, body = await post(client, {**TEXT, "suffix": "x"})
        assert (status, body["error"]["message"]) == (501, "not simulated: suffix")


async def test_a_stop_string_is_cut_off_and_no_part_of_it_is_streamed(serve):
    async with serve() as client:
        whole = (await post(client, TEXT))[1]["choices"][0]["text"]
        stop = whole[15:23]
        (choice,) = (await post(client, {**TEXT, "stop": [stop]}))[1]["choices"]
        came = await events(client, {**TEXT, "stop": stop})
        kept = (await post(client, {**TEXT, "stop": stop, "include_stop_str_in_output": True}))[1]["choices"][0]
    text = whole[: whole.index(stop)]
    assert (choice["text"], choice["finish_reason"], choice["stop_reason"]) == (text, "stop", stop)
    assert "".join(event["choices"][0]["text"] for event in came) == text
    assert came[-1]["choices"][0]["stop_reason"] == stop
    assert kept["text"] == text + stop


async def test_the_models_own_end_counts_as_a_token_and_may_be_passed_over(serve):
    long = {**CHAT, "max_tokens": 900, "stream_options": {"include_usage": True}}
    async with serve() as client:
        *came, usage = await events(client, long, "/v1/chat/completions")
        last = came[-1]["choices"][0]
        assert (last["finish_reason"], last["stop_reason"], last["delta"]) == ("stop", None, {"content": ""})
        assert usage["usage"]["completion_tokens"] == len(came) - 1, "the first event opens the chat"
        *came, usage = await events(client, {**long, "ignore_eos": True}, "/v1/chat/completions")
        assert usage["usage"]["completion_tokens"] == 900
        assert came[-1]["choices"][0]["finish_reason"] == "length"


async def test_characters_of_several_tokens_come_with_their_last_one(serve):
    async with serve() as client:
        for seed in range(50):
            came = await events(client, {**TEXT, "temperature": 1, "seed": seed, "max_tokens": 300})
            texts = [event["choices"][0]["text"] for event in came]
            if where := [number for number, text in enumerate(texts) if "🐱" in text]:
                break
    (where,) = where
    assert texts[where - 3 : where] == ["", "", ""]


async def test_several_answers_and_the_same_seed(serve):
    async with serve() as client:
        body = {**TEXT, "temperature": 1, "seed": 3, "n": 2}
        first, again = (await post(client, body))[1], (await post(client, body))[1]
    texts = [choice["text"] for choice in first["choices"]]
    assert texts == [choice["text"] for choice in again["choices"]]
    assert texts[0] != texts[1]
    assert [choice["index"] for choice in first["choices"]] == [0, 1]
    assert first["usage"]["completion_tokens"] == 80


async def test_chat_log_probabilities(serve):
    async with serve() as client:
        body = {**CHAT, "max_tokens": 2, "logprobs": True, "top_logprobs": 3}
        (choice,) = (await post(client, body, "/v1/chat/completions"))[1]["choices"]
    content = choice["logprobs"]["content"]
    assert [len(one["top_logprobs"]) for one in content] == [3, 3]
    assert "".join(one["token"] for one in content) == choice["message"]["content"]


async def test_a_model_without_a_chat_template_refuses_chats_alone(serve):
    async with serve(chat_template=False) as client:
        status, body = await post(client, CHAT, "/v1/chat/completions")
        assert (status, body["error"]["type"]) == (400, "BadRequestError")
        assert "default chat template is no longer allowed" in body["error"]["message"]
        assert (await post(client, TEXT))[0] == 200


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"min_p": 1.5}, "min_p must be in [0, 1], got 1.5."),
        ({"frequency_penalty": -2.5}, "frequency_penalty must be in [-2, 2], got -2.5."),
        ({"min_tokens": -1}, "min_tokens must be greater than or equal to 0, got -1."),
        ({"min_tokens": 41}, "min_tokens must be less than or equal to max_tokens=40, got 41."),
        ({"temperature": "hot"}, "'loc': 'body.temperature'"),
        ({"stream": 5}, "'loc': 'body.stream'"),
        ({"prompt": ""}, None),
        ({"prompt": None}, "Either prompt or prompt_embeds must be provided and non-empty."),
    ],
)
async def test_parameters(serve, asked, words):
    async with serve() as client:
        status, body = await post(client, {**TEXT, **asked})
    assert (status == 200) == (words is None)
    assert words is None or words in body["error"]["message"]


async def test_what_waits_and_what_is_held_shows_in_the_metrics(serve):
    async with serve(Timing(ttft=0.2), max_num_seqs=1, capacity=100) as client:
        asked = [asyncio.create_task(post(client, TEXT)) for _ in range(3)]
        for _ in range(200):
            if await gauge(client, "num_requests_waiting") == 2:
                break
            await asyncio.sleep(0.01)
        assert await gauge(client, "num_requests_waiting") == 2
        assert await gauge(client, "num_requests_waiting_by_reason") == 2
        assert await gauge(client, "num_requests_running") == 1
        assert 0.3 < await gauge(client, "kv_cache_usage_perc") < 1
        assert [status for status, _body in await asyncio.gather(*asked)] == [200, 200, 200]
        assert await gauge(client, "num_requests_running") == 0
        assert await gauge(client, "kv_cache_usage_perc") == 0


async def test_more_than_may_wait_are_refused(serve):
    async with serve(Timing(ttft=0.2), max_num_seqs=1, max_queued=1) as client:
        answers = await asyncio.gather(*(post(client, TEXT) for _ in range(4)))
        statuses = sorted(status for status, _body in answers)
        assert statuses == [200, 200, 503, 503]
        assert await gauge(client, "admission_rejections_total") == 2


async def ended(serve, drain):
    """The reasons with which a stream ends whose server is stopped after its first event."""
    async with serve(Timing(ttft=0.01, itl=0.01), drain=drain) as client:
        async with client.post("/v1/completions", json={**TEXT, "stream": True}) as answer:
            await answer.content.readline()
            await client.server.stop()
            assert answer.status == 200
            lines = [line.removeprefix("data: ") for line in (await answer.text()).splitlines() if line]
        assert lines[-1] == "[DONE]"
        return [json.loads(line)["choices"][0]["finish_reason"] for line in lines[:-1]]


async def test_a_server_that_is_stopped_ends_its_streams_with_abort(serve):
    reasons = await ended(serve, 0)
    assert reasons[-1] == "abort"
    assert len(reasons) < 39


async def test_a_server_that_may_drain_ends_them_as_they_would(serve):
    reasons = await ended(serve, 30)
    assert reasons[-1] == "length"
    assert len(reasons) == 39
