# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests that may be longer than the model was made for: refused where the server does not start, else warned of."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.serving.vllm.arguments import tokens_of
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.deployment import read_deployment
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.findings import Finding
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.rules.request_length import check_length
from tests.unit.preflight_plans import deployment_plan

CONFIG = {"max_position_embeddings": 32768, "sliding_window": 4096}
MODEL = "mistralai/Mistral-7B-Instruct-v0.1"


def found(engine: str, config: dict[str, Any] | None = None, **planned: Any) -> list[Finding]:
    plan = deployment_plan(
        model={"replicas": {"least": 1, "most": 1}}, roles=("llmops",), options={"llmops_engine": engine}
    )
    plan["plans"][engine] = {"engine": engine, **planned}
    plan["variables"][engine] = {"context": f"{engine}_length", "environment": "env", "arguments": "extra"}
    return list(check_length(read_deployment(plan), CONFIG if config is None else config, "model"))


@pytest.mark.parametrize(
    "planned",
    [
        {},
        {"context": 0},
        {"context": "32768"},
        {"context": 40000, "arguments": ["--max-model-len=32768"]},
        {"context": 40000, "arguments": ["--max_model_len", "auto"]},
        {"context": 32768, "environment": "none", "arguments": None},
    ],
    ids=str,
)
def test_vllm_takes_what_the_model_was_made_for(planned):
    assert found("vllm", **planned) == []


def test_vllm_does_not_start_with_more():
    (finding,) = found("vllm", context=32769)
    assert finding.text == (
        f"model: vllm_length: 32769 tokens are more than the 32768 that {MODEL} was made for (max_position_embeddings "
        "in its config.json); vLLM does not start with them; set 32768 or less"
    )
    assert (finding.severity, finding.variable) == ("error", "vllm_length")


def test_a_length_among_the_other_arguments_counts_and_is_named_there():
    (finding,) = found("vllm", context=4096, arguments=["--max-model-len", "40k"])
    assert finding.message.startswith("extra: 40000 tokens are more than the 32768")
    assert finding.variable == "extra"


@pytest.mark.parametrize(("asked", "refused"), [(4096, False), (4097, True)])
def test_without_its_sliding_window_a_model_serves_no_more_than_that(asked, refused):
    findings = found("vllm", context=asked, arguments=["--disable-sliding-window"])
    said = "(sliding_window, which counts with --disable-sliding-window, in its config.json)"
    assert [said in finding.message for finding in findings] == [True] * refused


@pytest.mark.parametrize("unused", [{"sliding_window": 4096, "use_sliding_window": False}, {"sliding_window": False}])
def test_a_sliding_window_that_the_model_does_not_use_is_none(unused):
    config = {"max_position_embeddings": 32768, **unused}
    assert found("vllm", config, context=32768, arguments=["--disable-sliding-window"]) == []
    used = {"max_position_embeddings": 32768, "sliding_window": 4096, "use_sliding_window": True}
    assert len(found("vllm", used, context=32768, arguments=["--disable-sliding-window"])) == 1


@pytest.mark.parametrize(
    ("planned", "said"),
    [
        ({"environment": {"VLLM_ALLOW_LONG_MAX_MODEL_LEN": 1}}, "LONG_MAX_MODEL_LEN lets vLLM start, but "),
        (
            {"environment": {"VLLM_ALLOW_LONG_MAX_MODEL_LEN": True}},
            "VLLM_ALLOW_LONG_MAX_MODEL_LEN lets vLLM start, but ",
        ),
        ({"arguments": ["--hf-overrides={}"]}, "unless --hf-overrides changes that, vLLM does not start with them"),
        (
            {"arguments": ["--hf-overrides.rope_scaling.factor=2"]},
            "unless --hf-overrides changes that, vLLM does not start with them",
        ),
    ],
    ids=str,
)
def test_what_may_let_vllm_start_with_more_makes_it_a_warning(planned, said):
    (finding,) = found("vllm", context=40000, **planned)
    assert said in finding.message
    assert finding.severity == "warning"


def test_an_allowance_that_is_switched_off_allows_nothing():
    (finding,) = found("vllm", context=40000, environment={"VLLM_ALLOW_LONG_MAX_MODEL_LEN": 0})
    assert finding.severity == "error"


@pytest.mark.parametrize("name", ["MAX_TOTAL_TOKENS", "MAX_INPUT_TOKENS", "MAX_INPUT_LENGTH"])
def test_tgi_starts_with_more_and_that_is_a_warning(name):
    assert found("tgi", environment={name: "32768"}) == []
    (finding,) = found("tgi", environment={name: 32769})
    assert finding.message == (
        f"env.{name}: 32769 tokens are more than the 32768 that {MODEL} was made for (max_position_embeddings in its "
        "config.json); the server starts, but answers get unreliable beyond that length"
    )
    assert (finding.severity, finding.variable) == ("warning", f"env.{name}")


@pytest.mark.parametrize(
    "environment", [{"MAX_TOTAL_TOKENS": 40000, "ROPE_SCALING": "linear"}, {"MAX_TOTAL_TOKENS": "lots"}], ids=str
)
def test_what_tgi_makes_of_a_scaling_of_its_own_is_not_guessed(environment):
    assert found("tgi", environment=environment) == []


@pytest.mark.parametrize("engine", ["openai", "vllm", "tgi"])
def test_a_model_that_does_not_tell_is_not_guessed(engine):
    assert found(engine, {}, context=10**6, environment={"MAX_TOTAL_TOKENS": 10**6}) == []


@pytest.mark.parametrize(
    ("value", "tokens"),
    [("4096", 4096), ("4k", 4000), ("4K", 4096), ("1.5k", 1500), ("2M", 2 * 1024**2), ("-1", None), ("auto", None)],
)
def test_lengths_as_vllm_reads_them(value, tokens):
    assert tokens_of(value) == tokens
