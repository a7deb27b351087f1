# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Environment variables whose name is nearly one that the model server reads."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.serving.registry import engine
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.deployment import read_deployment
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.rules.misspelt import (
    check_environment,
    slip_of,
)
from tests.unit.preflight_plans import deployment_plan

REPLICAS = {"least": 1, "most": 1}


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("MAX_INPT_TOKENS", "MAX_INPUT_TOKENS"),
        ("MAX_INPUTS_TOKEN", "MAX_INPUT_TOKENS"),
        ("max_total_tokens", "MAX_TOTAL_TOKENS"),
        ("MAXTOTALTOKENS", "MAX_TOTAL_TOKENS"),
        ("QUANTISE", "QUANTIZE"),
        ("MAX_TOKENS", None),
        ("MY_OWN", None),
        ("VLLM_LOGGING_LEVEL", None),
    ],
)
def test_a_slip_is_a_letter_or_two(name, meant):
    assert slip_of(name, engine("tgi").environment) == meant


def test_a_slip_is_warned_of_by_the_variable():
    model = {"replicas": REPLICAS, "environment": {"MAX_INPT_TOKENS": 1, "MAX_INPUT_TOKENS": 1, "MY_OWN": 2}}
    (finding,) = check_environment(read_deployment(deployment_plan(model=model)), "variables")
    assert finding.text == (
        "variables: tgi_mistral_env.MAX_INPT_TOKENS: text-generation-inference is not known to read MAX_INPT_TOKENS; "
        "did you mean MAX_INPUT_TOKENS?"
    )
    assert (finding.severity, finding.variable) == ("warning", "tgi_mistral_env.MAX_INPT_TOKENS")


@pytest.mark.parametrize("name", ["openai", "unheard-of"])
def test_of_a_server_whose_variables_are_not_known_nothing_is_said(name):
    model = {"replicas": REPLICAS, "environment": {"MAX_INPT_TOKENS": 1}}
    here = read_deployment(deployment_plan(model=model, options={"llmops_engine": name}))
    assert list(check_environment(here, "variables")) == []


@pytest.mark.parametrize("environment", [None, "MAX_INPT_TOKENS=1", {}])
def test_what_is_no_mapping_has_no_names(environment):
    here = read_deployment(deployment_plan(model={"replicas": REPLICAS, "environment": environment}))
    assert list(check_environment(here, "variables")) == []
