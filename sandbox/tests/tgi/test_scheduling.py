# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests in time: the order of events, the cold start, the batch, overload. Times are never held to a figure."""

from __future__ import annotations

import asyncio
import json

import pytest

from llmops_gke_sandbox.workloads.llm import batch
from llmops_gke_sandbox.workloads.llm.timing import (
    GPUS,
    kv_bytes_per_token,
    model_timing,
    overrides,
    tokens_that_fit,
    weight_bytes,
)
from llmops_gke_sandbox.workloads.tgi import Timing
from llmops_gke_sandbox.workloads.tgi.settings import QUANTIZATIONS

FP16 = 14_483_464_192
MISTRAL = {"num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "hidden_size": 4096}


def body(tokens=3, **parameters):
    return {"inputs": "hi", "parameters": {"max_new_tokens": tokens, **parameters}}


async def post(client, tokens=3):
    async with client.post("/generate", json=body(tokens)) as answer:
        return answer.status, await answer.json()


@pytest.fixture
def due(monkeypatch):
    """The moments at which tokens are due, in order; nothing waits for them."""
    moments: list[float] = []

    async def note(moment: float) -> None:
        moments.append(moment)

    monkeypatch.setattr(batch, "_sleep_until", note)
    return moments


async def test_every_token_has_its_moment_and_only_the_first_request_is_cold(serve, due):
    async with serve(Timing(ttft=0.5, itl=0.25, cold=2.0)) as client:
        await post(client)
        await post(client)
        cold, hot = client.server.inference.served
    assert [moment - cold.begun for moment in due[:3]] == pytest.approx([2.5, 2.75, 3.0])
    assert [moment - hot.begun for moment in due[3:]] == pytest.approx([0.5, 0.75, 1.0])


async def test_an_event_of_several_tokens_is_due_when_its_last_token_is(serve, due):
    async with serve(Timing(ttft=0.5, itl=0.25, tokens_per_event=4)) as client:
        await post(client, tokens=10)
        (served,) = client.server.inference.served
    assert [moment - served.begun for moment in due] == pytest.approx([0.5, 1.5, 2.0])


async def test_more_than_the_permitted_requests_are_refused_at_once(serve):
    async with serve(Timing(ttft=0.1), max_concurrent_requests=2) as client:
        answers = await asyncio.gather(*(post(client) for _ in range(3)))
    assert sorted(status for status, _answer in answers) == [200, 200, 429]
    refused = next(answer for status, answer in answers if status == 429)
    assert refused == {"error": "Model is overloaded", "error_type": "overloaded"}


async def test_overload_comes_before_validation_and_inside_a_stream(serve):
    async with serve(overloaded=lambda: True) as client:
        async with client.post("/generate", json=body(top_k=0)) as answer:
            assert answer.status == 429
        async with client.post("/generate_stream", json=body()) as answer:
            assert answer.status == 200
            assert '"error_type":"overloaded"' in await answer.text()


async def test_a_full_batch_lets_requests_wait(serve):
    async with serve(Timing(ttft=0.02), capacity=8) as client:
        await asyncio.gather(*(post(client, tokens=5) for _ in range(3)))
        served = list(client.server.inference.served)
    for before, after in zip(served, served[1:], strict=False):
        assert after.begun >= before.end


async def test_a_request_longer_than_the_batch_runs_alone(serve):
    async with serve(capacity=2) as client:
        assert (await post(client, tokens=50))[0] == 200


async def test_a_client_that_leaves_makes_room(serve):
    async with serve(Timing(ttft=0.01, itl=0.02), capacity=30, max_concurrent_requests=1) as client:
        async with client.post("/generate_stream", json=body(tokens=20)) as answer:
            await answer.content.readline()
        for _ in range(200):
            status, _answer = await post(client)
            if status == 200:
                break
            await asyncio.sleep(0.01)
        assert status == 200


def test_an_l4_decodes_mistral_at_the_floor_of_its_bandwidth():
    timing = model_timing(GPUS["nvidia-l4"], fp16_bytes=FP16, quantize=None, shards=1, kv_bytes=131_072, speed=1)
    assert timing.itl == pytest.approx(0.0483, abs=0.0005)
    assert timing.step(1000) - timing.step(0) == pytest.approx(131_072_000 / 300e9)
    assert timing.first_token(100) > timing.first_token(1)


def test_the_clock_divides_and_bitsandbytes_is_slower_than_fp16():
    l4 = {"fp16_bytes": FP16, "shards": 1, "kv_bytes": 131_072}
    life = model_timing(GPUS["nvidia-l4"], quantize=None, speed=1, **l4)
    quick = model_timing(GPUS["nvidia-l4"], quantize=None, speed=50, **l4)
    nf4 = model_timing(GPUS["nvidia-l4"], quantize="bitsandbytes-nf4", speed=1, **l4)
    assert quick.itl == pytest.approx(life.itl / 50)
    assert quick.cold == pytest.approx(life.cold / 50)
    assert nf4.itl > life.itl


def test_the_memory_of_an_l4():
    assert kv_bytes_per_token(MISTRAL) == 131_072
    assert tokens_that_fit(GPUS["nvidia-l4"], 1, 0.9, FP16, 131_072) == pytest.approx(55_300, abs=300)
    assert tokens_that_fit(GPUS["nvidia-l4"], 1, 0.9, 26e9, 131_072) < 1
    assert weight_bytes(FP16, "bitsandbytes-nf4") == pytest.approx(4.45e9, rel=0.01)


@pytest.mark.parametrize("quantize", QUANTIZATIONS)
def test_every_quantisation_has_a_size_and_a_speed(quantize):
    assert 0 < weight_bytes(FP16, quantize) < FP16


def test_a_test_dictates_what_a_client_sees():
    env = {
        "SANDBOX_TGI_TTFT_MS": "50",
        "SANDBOX_TGI_ITL_MS": "10",
        "SANDBOX_TGI_COLD_MS": "2000",
        "SANDBOX_TGI_TOKENS_PER_EVENT": "4",
        "SANDBOX_TGI_SPACE_AFTER_DATA": "false",
    }
    timing = Timing(**overrides(env, "TGI"))
    assert (timing.first_token(1000), timing.step(1000), timing.cold) == (0.05, 0.01, 2.0)
    assert (timing.tokens_per_event, timing.space_after_data) == (4, False)
    assert overrides({}, "TGI") == {}


async def test_a_stream_says_through_a_silence_that_it_lives(serve):
    async with (
        serve(Timing(ttft=0.05, keep_alive=0.01)) as client,
        client.post("/generate_stream", json=body(2)) as answer,
    ):
        lines = (await answer.text()).splitlines()
    assert lines[0] == ":"
    assert sum(line.startswith("data:") for line in lines) == 2


async def test_tokens_without_text_come_and_count(serve):
    async with (
        serve(Timing(empty_every=2)) as client,
        client.post("/generate_stream", json=body(4, details=True)) as answer,
    ):
        events = [json.loads(line[5:]) for line in (await answer.text()).splitlines() if line]
    assert [bool(event["token"]["text"]) for event in events] == [True, False, True, False]
    assert events[-1]["details"]["generated_tokens"] == 4
