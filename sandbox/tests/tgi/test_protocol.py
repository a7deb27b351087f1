# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What TGI's clients see: routes, bodies, headers, events, metrics, refusals."""

from __future__ import annotations

import json

import pytest

from llmops_gke_sandbox.workloads.llm import tokenizer
from llmops_gke_sandbox.workloads.tgi import Timing

PROMPT = "[INST] Hi [/INST]"


def asking(**parameters):
    return {"inputs": PROMPT, "parameters": parameters}


async def events(client, body, path="/generate_stream"):
    async with client.post(path, json=body) as answer:
        assert answer.content_type == "text/event-stream"
        text = await answer.text()
    return [json.loads(line[5:]) for line in text.splitlines() if line.startswith("data:") and "[DONE]" not in line]


async def test_generate_is_an_object_and_compat_a_list_with_the_prompt(serve):
    async with serve() as client:
        async with client.post("/generate", json=asking(max_new_tokens=5)) as answer:
            body = await answer.json()
        async with client.post("/", json=asking(max_new_tokens=5)) as answer:
            listed = await answer.json()
    assert set(body) == {"generated_text"}
    assert listed == [{"generated_text": PROMPT + body["generated_text"]}]


async def test_details_tokens_top_tokens_and_prefill(serve):
    async with serve() as client:
        wanted = asking(max_new_tokens=5, details=True, decoder_input_details=True, top_n_tokens=3, seed=2, top_k=4)
        async with client.post("/generate", json=wanted) as answer:
            body = await answer.json()
            prompt_tokens = int(answer.headers["x-prompt-tokens"])
    details = body["details"]
    assert (details["finish_reason"], details["generated_tokens"], details["seed"]) == ("length", 5, 2)
    assert "".join(token["text"] for token in details["tokens"]) == body["generated_text"]
    assert [len(top) for top in details["top_tokens"]] == [3] * 5
    assert len(details["prefill"]) == prompt_tokens
    assert details["prefill"][0] == {"id": 1, "text": "<s>", "logprob": None}


async def test_the_headers_are_those_of_the_router(serve):
    async with (
        serve(Timing(ttft=0.02, itl=0.002)) as client,
        client.post("/generate", json=asking(max_new_tokens=5)) as answer,
    ):
        headers = answer.headers
    assert headers["x-compute-type"] == "gpu+optimized"
    assert headers["x-compute-characters"] == str(len(PROMPT))
    assert headers["x-generated-tokens"] == "5"
    assert float(headers["x-compute-time"]) >= 0.028
    assert headers["x-total-time"] == str(int(float(headers["x-compute-time"]) * 1000))
    for name in ("x-validation-time", "x-queue-time", "x-inference-time", "x-time-per-token"):
        assert headers[name].isdigit()
    assert headers["x-simulated"] == "llmops-gke-sandbox"


async def test_the_same_seed_says_the_same_and_sampling_without_one_does_not(serve):
    async with serve() as client:

        async def text(**parameters):
            async with client.post("/generate", json=asking(max_new_tokens=60, **parameters)) as answer:
                return (await answer.json())["generated_text"]

        assert await text() == await text(), "greedy"
        assert await text(seed=4, do_sample=True) == await text(seed=4, do_sample=True)
        assert len({await text(do_sample=True) for _ in range(6)}) > 1


async def test_generation_ends_at_a_stop_sequence_or_at_the_models_end(serve):
    async with serve() as client:
        async with client.post("/generate", json=asking(max_new_tokens=400, details=True, stop=["."])) as answer:
            stopped = await answer.json()
        async with client.post("/generate", json=asking(max_new_tokens=400, details=True)) as answer:
            whole = await answer.json()
    assert stopped["details"]["finish_reason"] == "stop_sequence"
    assert stopped["generated_text"].endswith(".")
    assert whole["details"]["finish_reason"] == "eos_token"
    last = whole["details"]["tokens"][-1]
    assert (last["text"], last["special"]) == ("</s>", True)
    assert "</s>" not in whole["generated_text"]


async def test_best_of_returns_the_likeliest_and_shows_the_others(serve):
    async with serve() as client:
        wanted = asking(best_of=2, do_sample=True, details=True, max_new_tokens=30)
        async with client.post("/generate", json=wanted) as answer:
            details = (await answer.json())["details"]
    (other,) = details["best_of_sequences"]

    def likelihood(sequence):
        return sum(token["logprob"] for token in sequence["tokens"])

    assert likelihood(details) >= likelihood(other)


async def test_a_stream_ends_with_the_text_and_its_details(serve):
    async with serve() as client:
        received = await events(client, asking(max_new_tokens=4, details=True))
    assert [event["index"] for event in received] == [1, 2, 3, 4]
    assert all(event["generated_text"] is None and event["details"] is None for event in received[:-1])
    assert received[-1]["generated_text"] == "".join(event["token"]["text"] for event in received)
    details = received[-1]["details"]
    assert (details["finish_reason"], details["generated_tokens"]) == ("length", 4)
    assert details["input_length"] > 1


async def test_compat_streams_where_the_body_says_so(serve):
    async with serve() as client:
        received = await events(client, {**asking(max_new_tokens=2), "stream": True}, "/")
    assert received[-1]["generated_text"].startswith(PROMPT)


@pytest.mark.parametrize(("space", "start"), [(True, b'data: {"index":1'), (False, b'data:{"index":1')])
async def test_events_with_and_without_a_space_after_data(serve, space, start):
    async with (
        serve(Timing(space_after_data=space)) as client,
        client.post("/generate_stream", json=asking(max_new_tokens=1)) as answer,
    ):
        assert (await answer.read()).startswith(start)


async def test_events_of_several_tokens(serve):
    async with serve(Timing(tokens_per_event=4)) as client:
        received = await events(client, asking(max_new_tokens=10, details=True))
    assert len(received) == 3
    assert received[-1]["details"]["generated_tokens"] == 10
    assert received[-1]["generated_text"] == "".join(event["token"]["text"] for event in received)


def test_a_character_outside_the_vocabulary_comes_as_empty_tokens_first():
    pieces = tokenizer.encode("a🐱")
    assert [piece.text for piece in pieces] == ["<s>", "a", "", "", "", "🐱"]
    assert pieces[-1].id == 3 + "🐱".encode()[-1]


async def test_a_fresh_server_has_no_metrics_and_counts_from_its_first_request(serve):
    async with serve() as client:

        async def metrics():
            async with client.get("/metrics") as answer:
                return await answer.text()

        assert await metrics() == ""
        async with client.post("/generate", json=asking(max_new_tokens=3)):
            pass
        async with client.post("/generate", json=asking(top_k=0)):
            pass
        text = await metrics()
    for line in (
        "tgi_request_count 2",
        "tgi_request_success 1",
        'tgi_request_failure{err="validation"} 1',
        "tgi_queue_size 0",
        "tgi_batch_current_size 0",
        "tgi_request_generated_tokens_sum 3.0",
        'tgi_request_duration_bucket{le="+Inf"} 1',
    ):
        assert line in text.splitlines()


async def test_the_api_key_guards_generation_alone(serve):
    async with serve(api_key="sk-canary") as client:
        async with client.post("/generate", json=asking(max_new_tokens=1)) as answer:
            assert answer.status == 401
        for key in ("Bearer sk-canary", "bearer SK-CANARY"):
            headers = {"Authorization": key}
            async with client.post("/generate", json=asking(max_new_tokens=1), headers=headers) as answer:
                assert answer.status == 200
        for path in ("/health", "/info", "/metrics", "/v1/models", "/", "/ping"):
            async with client.get(path) as answer:
                assert answer.status == 200, path
                assert "sk-canary" not in await answer.text()


async def test_models_are_listed_from_2_3_on(serve):
    async with serve(version=(2, 2, 0)) as client, client.get("/v1/models") as answer:
        assert answer.status == 404


@pytest.mark.parametrize(
    ("body", "content_type", "status", "words"),
    [
        (b"{}", "text/plain", 415, "Expected request with `Content-Type: application/json`"),
        (b"{", "application/json", 400, "Failed to parse the request body as JSON"),
        (b"[]", "application/json", 422, "invalid type: sequence"),
        (b"{}", "application/json", 422, "missing field `inputs`"),
        (b'{"inputs": 4}', "application/json", 422, "inputs: invalid type: integer `4`, expected a string"),
        (b'{"inputs": "a", "parameters": null}', "application/json", 422, "parameters: invalid type: null"),
        (
            b'{"inputs": "a", "parameters": {"do_sample": null}}',
            "application/json",
            422,
            "parameters.do_sample: invalid type: null, expected a boolean",
        ),
        (b'{"inputs": "a", "parameters": {"stop": null}}', "application/json", 422, "expected a sequence"),
        (b'{"inputs": "a", "parameters": {"top_p": "x"}}', "application/json", 422, 'string "x", expected f32'),
    ],
)
async def test_the_framework_refuses_in_plain_text(serve, body, content_type, status, words):
    async with (
        serve() as client,
        client.post("/generate", data=body, headers={"Content-Type": content_type}) as answer,
    ):
        assert answer.status == status
        assert answer.content_type == "text/plain"
        assert words in await answer.text()


async def test_a_body_over_the_limit_is_refused(serve):
    async with serve() as client, client.post("/generate", json={"inputs": "a" * 2_100_000}) as answer:
        assert answer.status == 413


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("/generate", asking(grammar={"type": "regex", "value": "a+"}), "parameters.grammar"),
        ("/generate", asking(adapter_id="lora"), "parameters.adapter_id"),
        ("/invocations", {}, "POST /invocations"),
        ("/tokenize", {}, "POST /tokenize"),
        ("/v1/chat/completions", {"messages": [], "tools": [{}]}, "tools of /v1/chat/completions"),
    ],
)
async def test_what_is_not_simulated_is_named(serve, path, body, named):
    async with serve() as client, client.post(path, json=body) as answer:
        assert answer.status == 501
        assert (await answer.json())["error"] == f"not simulated: {named}"


async def test_the_longest_request(serve):
    async with serve(max_input_tokens=20, max_total_tokens=30) as client:

        async def refusal(inputs, **parameters):
            async with client.post("/generate", json={"inputs": inputs, "parameters": parameters}) as answer:
                return (await answer.json()).get("error", "")

        assert "`inputs` tokens + `max_new_tokens` must be <= 30" in await refusal("a", max_new_tokens=29)
        assert await refusal("a", max_new_tokens=28) == ""
        assert "`inputs` must have less than 20 tokens. Given: 21" in await refusal(" a" * 20, max_new_tokens=1)
        assert await refusal(" a" * 20, max_new_tokens=1, truncate=20) == ""
        assert "less than 20. Given: 21" in await refusal("a", truncate=21)
