# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenAI's client works against the simulated server."""

from __future__ import annotations

import openai
import pytest

from llmops_gke_sandbox.workloads.tgi import Settings
from llmops_gke_sandbox.workloads.tgi.background import BackgroundServer

KEY = "sk-sandbox"
MODEL = "mistralai/Mistral-7B-Instruct-v0.1"
QUESTION = [{"role": "user", "content": "What is a secret in the gardens of Wonderland?"}]


@pytest.fixture(scope="module")
def server():
    with BackgroundServer(settings=Settings(model=MODEL, api_key=KEY)) as running:
        yield running


@pytest.fixture(scope="module")
def client(server):
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key=KEY, max_retries=0) as made:
        yield made


def test_models(client):
    assert [model.id for model in client.models.list()] == [MODEL]


def test_chat_with_log_probabilities(client):
    answer = client.chat.completions.create(
        model="tgi", messages=QUESTION, max_tokens=8, seed=1, logprobs=True, top_logprobs=3
    )
    choice = answer.choices[0]
    assert choice.finish_reason == "length"
    assert len(choice.logprobs.content) == 8
    assert len(choice.logprobs.content[0].top_logprobs) == 3
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + 8


def test_chat_as_a_stream_with_its_usage(client):
    stream = client.chat.completions.create(
        model="tgi", messages=QUESTION, max_tokens=400, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert chunks[-1].usage.completion_tokens == len(chunks)


def test_completions(client):
    answer = client.completions.create(model="tgi", prompt=["One", "Two"], max_tokens=4)
    assert [choice.index for choice in answer.choices] == [0, 1]
    assert answer.usage.completion_tokens == 8
    pieces = list(client.completions.create(model="tgi", prompt="One", max_tokens=4, stream=True))
    assert len(pieces) == 4


def test_a_system_role_is_refused_as_the_models_template_refuses_it(client):
    with pytest.raises(openai.UnprocessableEntityError) as refused:
        client.chat.completions.create(model="tgi", messages=[{"role": "system", "content": "Be kind"}, *QUESTION])
    body = refused.value.response.json()
    assert body["error_type"] == "template_error"
    assert "Conversation roles must alternate user/assistant" in body["error"]


def test_a_wrong_key_is_refused(server):
    with (
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="wrong", max_retries=0) as stranger,
        pytest.raises(openai.AuthenticationError),
    ):
        stranger.chat.completions.create(model="tgi", messages=QUESTION)
