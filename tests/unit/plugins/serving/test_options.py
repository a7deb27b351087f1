# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation and argument specs say the same; general options reach an engine under its own names."""

from __future__ import annotations

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.llmops.gke.plugins.doc_fragments import tgi
from ansible_collections.llmops.gke.plugins.doc_fragments.llm import ModuleDocFragment
from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.serving.options import (
    ENGINE,
    MESSAGES,
    SAMPLING,
    SERVER,
    read_request,
)
from ansible_collections.llmops.gke.plugins.module_utils.serving.tgi.engine import TgiEngine
from ansible_collections.llmops.gke.plugins.module_utils.serving.tgi.parameters import ARGUMENT_SPEC, own_parameters
from ansible_collections.llmops.gke.plugins.modules import tgi_generate

FRAGMENTS = {"ENGINE": ENGINE, "SERVER": SERVER, "SAMPLING": SAMPLING, "MESSAGES": MESSAGES}


def types(documented: dict) -> dict[str, str]:
    return {name: entry["type"] for name, entry in documented.items()}


@pytest.mark.parametrize("name", FRAGMENTS)
def test_a_fragment_documents_its_options_with_their_types(name):
    documented = yaml.safe_load(getattr(ModuleDocFragment, name))["options"]
    assert types(documented) == types(FRAGMENTS[name])


def test_every_engine_is_a_documented_choice():
    for fragment in (ModuleDocFragment.ENGINE, ModuleDocFragment.WORKLOAD):
        assert yaml.safe_load(fragment)["options"]["engine"]["choices"] == ENGINE["engine"]["choices"]


def test_tgi_generate_documents_every_parameter_with_its_type():
    documented = yaml.safe_load(tgi.ModuleDocFragment.DOCUMENTATION)["options"]["parameters"]["suboptions"]
    assert types(documented) == types(ARGUMENT_SPEC)


def test_the_key_is_hidden_and_token_counts_are_not():
    arguments = {"url": "http://h", "inputs": "hi", "api_key": "sk-canary", "parameters": {"max_new_tokens": 4711}}
    validated = ArgumentSpecValidator(dict(tgi_generate.SPEC.argument_spec)).validate(arguments)
    assert validated.errors.messages == []
    assert validated._no_log_values == {"sk-canary"}


def read(streaming: bool = False, **options):
    return read_request({**dict.fromkeys(SAMPLING), "prompt": "hi", **options}, TgiEngine(), streaming=streaming)


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        ({}, None),
        (
            {"max_tokens": 9, "temperature": 0.5, "stop": ["a"], "seed": 1},
            {"max_new_tokens": 9} | {"temperature": 0.5, "stop": ["a"], "seed": 1},
        ),
        ({"temperature": 0}, {"do_sample": False}),
        ({"top_p": 1, "top_k": 0}, None),
        ({"top_p": 0.9, "top_k": 3}, {"top_p": 0.9, "top_k": 3}),
        (
            {"parameters": {"repetition_penalty": "1.03", "watermark": "true", "seed": None}},
            {"repetition_penalty": 1.03, "watermark": True},
        ),
    ],
)
def test_general_options_have_tgi_s_names_and_its_types(options, sent):
    assert own_parameters(read(**options)) == sent


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"max_tokens": 0}, "max_tokens: 0 .*`max_new_tokens` must be strictly positive"),
        ({"top_p": 1.5}, "top_p: 1.5 .*`top_p` must be"),
        ({"temperature": -1.0}, "temperature: -1.0 .*strictly positive"),
        ({"parameters": {"top_p": 1.5}}, r"parameters\.top_p: 1.5 .*`top_p` must be"),
        ({"parameters": {"top_pp": 1}}, r"parameters\.top_pp: 1 .* only these names: best_of, temperature"),
        ({"parameters": {"top_k": "many"}}, "parameters: .*top_k"),
        (
            {"max_tokens": 1, "parameters": {"max_new_tokens": 2}},
            r"max_tokens: 1 .*no parameters\.max_new_tokens beside",
        ),
        ({"prompt": ""}, "prompt: '' .*cannot be empty"),
        ({"streaming": True, "parameters": {"best_of": 2, "do_sample": True}}, r"parameters\.best_of: 2 .*streaming"),
        ({"prompt": None, "messages": []}, "messages: .*at least one message"),
        ({"prompt": None, "messages": [{}], "top_k": 3}, "top_k: 3 .*with messages only"),
    ],
)
def test_a_refused_value_names_the_option_that_it_came_from(options, named):
    with pytest.raises(InvalidOption, match=f"^{named}"):
        read(**options)
