# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hugging Face's own client works against the simulated server."""

from __future__ import annotations

import pytest
from huggingface_hub import InferenceClient
from huggingface_hub.errors import ValidationError

from llmops_gke_sandbox.workloads.tgi.background import BackgroundServer


@pytest.fixture(scope="module")
def client():
    with BackgroundServer() as server:
        yield InferenceClient(base_url=server.url)


def test_text_generation_with_details(client):
    answer = client.text_generation(
        "[INST] Hi [/INST]", max_new_tokens=12, seed=7, do_sample=True, details=True, return_full_text=False
    )
    assert answer.details.generated_tokens == 12
    assert answer.details.finish_reason == "length"
    assert answer.details.seed == 7
    assert answer.generated_text == "".join(token.text for token in answer.details.tokens)


def test_text_generation_as_a_stream(client):
    pieces = list(
        client.text_generation(
            "[INST] Hi [/INST]", max_new_tokens=12, stream=True, details=True, return_full_text=False
        )
    )
    assert len(pieces) == 12
    assert pieces[-1].details.generated_tokens == 12
    assert pieces[-1].generated_text == "".join(piece.token.text for piece in pieces)


def test_a_refusal_of_validation_is_recognised(client):
    with pytest.raises(ValidationError, match="`temperature` must be strictly positive"):
        client.text_generation("hi", temperature=0.0, do_sample=True)


def test_chat(client):
    messages = [{"role": "user", "content": "What is a secret in the gardens of Wonderland?"}]
    answer = client.chat_completion(messages, max_tokens=9)
    assert answer.choices[0].message.role == "assistant"
    assert answer.usage.completion_tokens == 9


def test_chat_as_a_stream(client):
    messages = [{"role": "user", "content": "Hi"}]
    chunks = list(client.chat_completion(messages, max_tokens=9, stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert chunks[-1].choices[0].finish_reason == "length"
