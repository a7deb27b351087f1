# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engines vllm and openai against the simulated vLLM, and each engine against the server of another."""

from __future__ import annotations

import threading

import openai
import pytest
import requests

from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.core.errors import HttpError, InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.core.result import silent
from ansible_collections.llmops.gke.plugins.module_utils.engines.serving.llm_latency import measure_latency
from ansible_collections.llmops.gke.plugins.module_utils.serving import registry
from ansible_collections.llmops.gke.plugins.module_utils.serving.engine import STOP, GenerationRequest
from ansible_collections.llmops.gke.plugins.module_utils.serving.options import SAMPLING
from llmops_gke_sandbox.workloads.tgi.background import BackgroundServer as TgiBackground
from llmops_gke_sandbox.workloads.vllm import Settings, Timing
from llmops_gke_sandbox.workloads.vllm.background import BackgroundServer

KEY = "sk-sandbox"
MODEL, NAME = "mistralai/Mistral-7B-Instruct-v0.3", "mistral"
QUESTION = [{"role": "system", "content": "Be kind"}, {"role": "user", "content": "What is a secret?"}]
HI = GenerationRequest("hi", max_tokens=3)

BROKEN = [
    {"n": 0},
    {"presence_penalty": 2.1},
    {"frequency_penalty": -2.1},
    {"repetition_penalty": 0.0},
    {"temperature": -0.1},
    {"top_p": 0.0},
    {"top_p": 1.1},
    {"top_k": -2},
    {"min_p": 1.1},
    {"min_tokens": -1},
    {"max_tokens": 0},
    {"logprobs": 21},
    {"stop": list("abcde")},
    {"min_tokens": 5, "max_tokens": 4},
]
AT_THE_LIMIT = [
    {"n": 1},
    {"presence_penalty": -2.0},
    {"frequency_penalty": 2.0},
    {"repetition_penalty": 0.1},
    {"temperature": 0.0},
    {"top_p": 1.0},
    {"top_k": 0},
    {"min_p": 1.0},
    {"min_tokens": 4},
    {"logprobs": 20},
    {"stop": list("abcd")},
    {"seed": -(2**63)},
]


@pytest.fixture(scope="module")
def server():
    with BackgroundServer(settings=Settings(model=MODEL, names=(NAME,), keys=(KEY,))) as running:
        yield running


@pytest.fixture(scope="module")
def client(server):
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key=KEY, max_retries=0) as made:
        yield made


def connected(engine: str, url: str, key: str | None = None, seconds: float = 5):
    return registry.engine(engine).connect(url, key, Deadline(seconds))


def checked(given):
    """As the module's options become a request."""
    general = {name: value for name, value in given.items() if name in SAMPLING}
    own = {name: value for name, value in given.items() if name not in SAMPLING}
    registry.engine("vllm").check(GenerationRequest("hi", **general, parameters=own), streaming=False)


def posted(server, given):
    headers = {"Authorization": f"Bearer {KEY}"}
    body = {"model": NAME, "prompt": "hi", "max_tokens": 4, **given}
    return requests.post(f"{server.url}/v1/completions", json=body, headers=headers, timeout=5)


@pytest.mark.parametrize("given", BROKEN, ids=str)
def test_both_refuse_by_the_same_rule_in_the_same_words(server, given):
    with pytest.raises(InvalidOption) as refused:
        checked(given)
    words = refused.value.message.partition("what vLLM takes: ")[2]
    answer = posted(server, given)
    assert answer.status_code == 400
    assert words
    assert words in answer.json()["error"]["message"]


@pytest.mark.parametrize("given", AT_THE_LIMIT, ids=str)
def test_both_take_the_last_value_that_is_allowed(server, given):
    checked(given)
    assert posted(server, given).status_code == 200


def test_openai_s_client_lists_chats_completes_and_streams(client):
    assert [(model.id, model.owned_by) for model in client.models.list()] == [(NAME, "vllm")]
    chat = client.chat.completions.create(
        model=NAME, messages=QUESTION, max_tokens=8, seed=1, logprobs=True, top_logprobs=3
    )
    assert chat.choices[0].finish_reason == "length"
    assert [len(one.top_logprobs) for one in chat.choices[0].logprobs.content] == [3] * 8
    assert chat.usage.total_tokens == chat.usage.prompt_tokens + 8
    text = client.completions.create(model=NAME, prompt=["One", "Two"], max_tokens=4)
    assert [choice.index for choice in text.choices] == [0, 1]
    assert text.usage.completion_tokens == 8
    chunks = list(
        client.chat.completions.create(
            model=NAME, messages=QUESTION, max_tokens=400, stream=True, stream_options={"include_usage": True}
        )
    )
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage.completion_tokens == len(chunks) - 2, "the first opens it, the last has no token"


def test_openai_s_client_is_refused(client, server):
    with pytest.raises(openai.BadRequestError, match="temperature must be non-negative, got -1.0"):
        client.chat.completions.create(model=NAME, messages=QUESTION, temperature=-1)
    with pytest.raises(openai.NotFoundError, match="Valid aliases: mistral"):
        client.completions.create(model="other", prompt="x")
    with (
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="wrong", max_retries=0) as stranger,
        pytest.raises(openai.AuthenticationError),
    ):
        stranger.chat.completions.create(model=NAME, messages=QUESTION)


@pytest.mark.parametrize("engine", ["vllm", "openai"])
def test_prompts_and_chats_whole_and_in_pieces(server, engine):
    model = connected(engine, server.url, KEY)
    model.health()
    assert model.identity().model == NAME
    for request in (HI, GenerationRequest(messages=QUESTION, max_tokens=400, temperature=0)):
        whole, stream = model.generate(request), model.stream(request)
        assert stream.answer.tokens == whole.tokens or request is HI
        assert stream.events[-1].at - stream.sent <= stream.answer.seconds + 1e-9
    assert whole.finish_reason == stream.answer.finish_reason == STOP
    assert whole.text == stream.answer.text
    model.close()


def test_a_key_is_asked_for(server):
    model = connected("vllm", server.url)
    with pytest.raises(HttpError, match="the server asks for a key; set api_key"):
        model.generate(HI)
    model.close()


@pytest.mark.parametrize("engine", ["vllm", "openai"])
def test_tokens_without_text_and_several_in_an_event_count(engine):
    """Every token is in the figures of a server that counts in each event; each arrival with text is in the others'."""
    with BackgroundServer(Timing(itl=0.001, tokens_per_event=4)) as running:
        model = connected(engine, running.url)
        stream = model.stream(GenerationRequest("hi", max_tokens=10, temperature=0))
        model.close()
    counts = [event.tokens for event in stream.events]
    assert counts == ([4, 4, 2] if engine == "vllm" else [None] * 3)
    assert stream.answer.tokens == 10


def test_latency_agrees_with_the_server_s_own_counters():
    options = {**dict.fromkeys(SAMPLING), "engine": "vllm", "api_key": None, "prompt": "hi", "max_tokens": 20}
    options |= {"warmup": 1, "samples": 3, "thresholds": None, "enforce": True, "timeout": 30}
    with BackgroundServer(Timing(ttft=0.02, itl=0.002)) as running:
        values = measure_latency({**options, "url": running.url}, False, silent).values
        served = [round(one.end - one.received, 6) for one in running.server.inference.served]
    assert values["cold_reason"] == "the server had answered no request before (vllm:request_success_total)"
    checks = values["cross_checks"]
    assert checks["streamed"]["metrics"]["tokens"] == checks["streamed"]["client"]["tokens"] == 60
    assert checks["streamed"]["metrics"]["requests"] == 3
    assert checks["single"]["replies"] is None
    assert checks["disagreements"] == []
    assert checks["streamed"]["metrics"]["mean_seconds"] == pytest.approx(sum(served[2:5]) / 3, abs=1e-5)


def test_of_a_server_whose_metrics_are_not_known_the_client_alone_tells():
    options = {**dict.fromkeys(SAMPLING), "engine": "openai", "api_key": None, "prompt": "hi", "max_tokens": 5}
    options |= {"warmup": 0, "samples": 1, "thresholds": {"ttft_seconds": 1e-9}, "enforce": False, "timeout": 30}
    with BackgroundServer(Timing()) as running:
        values = measure_latency({**options, "url": running.url}, False, silent).values
    assert values["cold"] is None
    assert values["cold_reason"].startswith("unknown: ")
    assert values["cross_checks"]["agree"] is None
    assert "the queue (how many requests wait)" in values["breach"]


def test_a_server_that_is_stopped_fails_its_stream():
    with BackgroundServer(Timing(itl=0.02)) as running:
        model = connected("vllm", running.url)
        model.identity()
        ending = threading.Timer(0.2, running.stop)
        ending.start()
        with pytest.raises(HttpError, match="abort: the server ended the answer before its end") as failed:
            model.stream(GenerationRequest("hi", max_tokens=300, parameters={"ignore_eos": True}))
        model.close()
        # Two that end it at a time would wait for each other.
        ending.join()
    assert failed.value.status == 200
    assert failed.value.fields["generated_text"]


def test_each_engine_tells_the_server_of_another(server):
    model = connected("tgi", server.url)
    for ask in (model.identity, lambda: model.generate(HI), lambda: model.stream(HI)):
        with pytest.raises(HttpError, match="404 Not Found .*the answer is not TGI's: .*which engine serves it"):
            ask()
    model.close()
    with TgiBackground() as other:
        model = connected("vllm", other.url)
        for ask in (model.identity, lambda: model.generate(HI), lambda: model.stream(HI)):
            with pytest.raises(HttpError, match="the answer is not vLLM's: .*which engine serves it"):
                ask()
        model.close()
        model = connected("openai", other.url)
        assert model.generate(HI).tokens == 3
        assert len(model.stream(HI).events) == 3
        model.close()
