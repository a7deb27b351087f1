# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify's requests, which come last of all, must not be longer than the model's server will take."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.deployment import read_deployment
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.findings import Finding
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.rules.request_length import check_requests
from tests.unit.preflight_plans import deployment_plan

TEN_WORDS = "one two three four five six seven eight nine ten"
VERIFY = {
    "verify_prompt": TEN_WORDS,
    "verify_messages": [],
    "verify_parameters": {"max_tokens": 400, "temperature": 0.5},
    "verify_latency_samples": 20,
    "verify_latency_tokens": 64,
}


def found(engine: str, planned: dict[str, Any], roles: tuple[str, ...] = ("llmops", "verify"), /, **options: Any):
    options = {"llmops_engine": engine, **VERIFY, **options}
    plan = deployment_plan(model={"replicas": {"least": 1, "most": 1}}, roles=roles, options=options)
    plan["plans"][engine] = {"engine": engine, **planned}
    plan["variables"][engine] = {"context": f"{engine}_length", "environment": "env", "arguments": "extra"}
    findings: list[Finding] = list(check_requests(read_deployment(plan), "model"))
    return findings


@pytest.mark.parametrize(
    ("planned", "options"),
    [
        ({"context": 410}, {}),
        ({"context": "410"}, {}),
        ({"context": 0}, {"verify_parameters": {"max_tokens": 10**6}}),
        ({}, {"verify_parameters": {"max_tokens": 10**6}}),
        ({"context": 100, "arguments": ["--max-model-len=1k"]}, {}),
        ({"context": 100, "arguments": ["--max-model-len", "auto"]}, {}),
        ({"context": 74}, {"verify_parameters": {}}),
        ({"context": 74}, {"verify_parameters": {"max_tokens": None}}),
        ({"context": 74}, {"verify_parameters": {"max_tokens": "many"}}),
        ({"context": 74}, {"verify_parameters": {"max_tokens": True}}),
        ({"context": 74}, {"verify_parameters": "none"}),
        ({"context": 20}, {"verify_parameters": {}, "verify_latency_samples": 0}),
        ({"context": 101}, {"verify_parameters": {"max_tokens": 100}, "verify_prompt": "", "verify_messages": None}),
    ],
    ids=str,
)
def test_what_may_fit_is_let_pass(planned, options):
    assert found("vllm", planned, **options) == []


def test_an_answer_that_leaves_its_prompt_no_room_is_refused():
    (finding,) = found("vllm", {"context": 400})
    assert finding.text == (
        "model: verify_parameters.max_tokens: 400 tokens of an answer leave its prompt none of the 400 that "
        "vllm_length allows, so the server would refuse verify's request; set less, or more for vllm_length"
    )
    assert (finding.severity, finding.variable) == ("error", "verify_parameters")


def test_one_that_does_so_with_each_word_of_the_prompt_a_token_is_warned_of():
    (finding,) = found("vllm", {"context": 409})
    assert finding.message == (
        "verify_parameters.max_tokens: 400 tokens of an answer and a prompt of 10 words are more than the 409 tokens "
        "that vllm_length allows, so the server is likely to refuse verify's request"
    )
    assert finding.severity == "warning"


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "system", "content": "one two"}, {"role": "user", "content": "three four five"}],
        [{"role": "user", "content": [{"type": "text", "text": "one two three four five"}, {"type": "image_url"}]}],
        [{"role": "user", "content": "one two three four five"}, {"role": "user"}, "odd", {"content": [7]}],
    ],
    ids=str,
)
def test_the_words_of_a_chat_are_those_of_its_messages(messages):
    assert found("vllm", {"context": 405}, verify_messages=messages) == []
    (finding,) = found("vllm", {"context": 404}, verify_messages=messages)
    assert "a prompt of 5 words" in finding.message


def test_the_measured_requests_are_shorter_and_held_to_the_same():
    first, second = found("vllm", {"context": 64})
    assert (first.variable, second.variable) == ("verify_parameters", "verify_latency_tokens")
    assert second.message.startswith("verify_latency_tokens: 64 tokens of an answer leave its prompt none of the 64")


def test_the_measured_requests_are_looked_at_where_the_others_fit():
    (finding,) = found("vllm", {"context": 64}, verify_parameters={"max_tokens": 10})
    assert (finding.severity, finding.variable) == ("error", "verify_latency_tokens")


def test_the_setting_that_counts_is_named():
    (finding,) = found("vllm", {"context": 8000, "arguments": ["--max-model-len=400"]})
    assert finding.fix == "set less, or more for extra"


@pytest.mark.parametrize("name", ["max_new_tokens", "max_tokens"])
def test_a_server_s_own_name_of_the_parameter_counts(name):
    (finding,) = found("tgi", {"context": 400}, verify_parameters={name: 400})
    assert finding.message.startswith(f"verify_parameters.{name}: 400 tokens")
    assert found("vllm", {"context": 400}, verify_parameters={"max_new_tokens": 400}) == []


def test_a_play_without_verify_sends_none():
    assert found("vllm", {"context": 10}, ("llmops",)) == []


@pytest.mark.parametrize("engine", ["other", None])
def test_of_a_server_that_is_not_known_nothing_is_said(engine):
    plan = deployment_plan(
        model={"replicas": {"least": 1, "most": 1}},
        roles=("llmops", "verify"),
        options={**VERIFY, "llmops_engine": engine},
    )
    assert list(check_requests(read_deployment(plan), "model")) == []
