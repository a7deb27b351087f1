# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the client refuses before sending, the server refuses too, in the same words: the router's."""

from __future__ import annotations

import pytest
import requests

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.serving.tgi.parameters import PARAMETERS, check_request
from llmops_gke_sandbox.workloads.tgi.background import BackgroundServer

TUTORIAL = {
    "best_of": 1,
    "decoder_input_details": False,
    "details": False,
    "do_sample": True,
    "max_new_tokens": 400,
    "repetition_penalty": 1.03,
    "return_full_text": True,
    "seed": None,
    "stop": ["EOS", "EOSTOKEN", "ENDTOKEN", "ENDOFLINE"],
    "temperature": 0.5,
    "top_k": 10,
    "top_n_tokens": 5,
    "top_p": 0.95,
    "truncate": None,
    "typical_p": 0.95,
    "watermark": True,
}

BY_RULE = [
    ({"best_of": 3, "do_sample": True}, "`best_of` must be > 0 and <= 2. Given: 3"),
    ({"best_of": 2}, "you must use sampling when `best_of` is > 1"),
    ({"best_of": 2, "top_k": 3, "seed": 1}, "`seed` must not be set when `best_of` > 1"),
    ({"temperature": 0.0}, "`temperature` must be strictly positive"),
    ({"repetition_penalty": 0.0}, "`repetition_penalty` must be strictly positive"),
    ({"frequency_penalty": 2.01}, "`frequency_penalty` must be >= -2.0 and <= 2.0"),
    ({"frequency_penalty": -2.01}, "`frequency_penalty` must be >= -2.0 and <= 2.0"),
    ({"top_p": 0.0}, "`top_p` must be > 0.0 and < 1.0"),
    ({"top_p": 1.0}, "`top_p` must be > 0.0 and < 1.0"),
    ({"typical_p": 0.0}, "`typical_p` must be > 0.0 and < 1.0"),
    ({"typical_p": 1.0}, "`typical_p` must be > 0.0 and < 1.0"),
    ({"top_k": 0}, "`top_k` must be strictly positive"),
    ({"top_k": -1}, "`top_k` must be strictly positive"),
    ({"max_new_tokens": 0}, "`max_new_tokens` must be strictly positive"),
    ({"stop": list("abcde")}, "`stop` supports up to 4 stop sequences. Given: 5"),
    ({"top_n_tokens": 6}, "`top_n_tokens` must be >= 0 and <= 5. Given: 6"),
]
BY_FRAMEWORK = [
    ({"best_of": -1}, "invalid value: integer `-1`, expected usize"),
    ({"max_new_tokens": -1}, "invalid value: integer `-1`, expected u32"),
    ({"seed": -1}, "invalid value: integer `-1`, expected u64"),
    ({"top_n_tokens": -1}, "invalid value: integer `-1`, expected u32"),
    ({"truncate": -1}, "invalid value: integer `-1`, expected usize"),
]
BY_STREAM = [
    ({"best_of": 2, "do_sample": True}, "`best_of` != 1 is not supported when streaming tokens"),
    ({"decoder_input_details": True}, "`decoder_input_details` == true is not supported when streaming tokens"),
]
AT_THE_LIMIT = [
    {"best_of": 2, "do_sample": True},
    {"temperature": 0.001},
    {"repetition_penalty": 0.001},
    {"frequency_penalty": 2.0},
    {"frequency_penalty": -2.0},
    {"top_p": 0.999},
    {"typical_p": 0.001},
    {"top_k": 1},
    {"max_new_tokens": 1},
    {"stop": list("abcd")},
    {"top_n_tokens": 0},
    {"truncate": 1},
    {"seed": 0},
]


@pytest.fixture(scope="module")
def server():
    with BackgroundServer() as running:
        yield running


def post(server, parameters, route="/generate"):
    return requests.post(server.url + route, json={"inputs": "[INST] Hi [/INST]", "parameters": parameters}, timeout=5)


@pytest.mark.parametrize(("parameters", "message"), BY_RULE)
def test_both_refuse_by_the_routers_rule(server, parameters, message):
    with pytest.raises(InvalidOption) as refused:
        check_request("hi", parameters, streaming=False)
    assert refused.value.message.endswith(message)
    answer = post(server, parameters)
    assert answer.status_code == 422
    assert answer.json() == {"error": f"Input validation error: {message}", "error_type": "validation"}


@pytest.mark.parametrize(("parameters", "message"), BY_FRAMEWORK)
def test_both_refuse_what_the_framework_refuses(server, parameters, message):
    with pytest.raises(InvalidOption) as refused:
        check_request("hi", parameters, streaming=False)
    assert refused.value.message.endswith(message)
    answer = post(server, parameters)
    assert answer.status_code == 422
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.text.endswith(message)


@pytest.mark.parametrize(("parameters", "message"), BY_STREAM)
def test_both_refuse_what_cannot_be_streamed(server, parameters, message):
    with pytest.raises(InvalidOption) as refused:
        check_request("hi", parameters, streaming=True)
    assert refused.value.message.endswith(message)
    answer = post(server, parameters, "/generate_stream")
    assert answer.status_code == 200, "a stream has begun before anything is checked"
    assert f'"error":"Input validation error: {message}"' in answer.text


def test_truncate_0_is_refused_by_both_though_only_the_server_knows_its_limit(server):
    with pytest.raises(InvalidOption, match="`truncate` must be strictly positive and less than .* Given: 0"):
        check_request("hi", {"truncate": 0}, streaming=False)
    error = post(server, {"truncate": 0}).json()["error"]
    assert error == "Input validation error: `truncate` must be strictly positive and less than 4095. Given: 0"


def test_an_empty_prompt_is_refused_by_both(server):
    with pytest.raises(InvalidOption, match="`inputs` cannot be empty"):
        check_request("", None, streaming=False)
    answer = requests.post(server.url + "/generate", json={"inputs": ""}, timeout=5)
    assert answer.json()["error"] == "Input validation error: `inputs` cannot be empty"


@pytest.mark.parametrize("parameters", AT_THE_LIMIT)
def test_both_take_the_last_value_that_is_allowed(server, parameters):
    check_request("hi", parameters, streaming=False)
    assert post(server, parameters | {"max_new_tokens": 1}).status_code == 200


def test_the_tutorials_payload_is_taken_by_both(server):
    check_request("hi", {name: value for name, value in TUTORIAL.items() if value is not None}, streaming=True)
    answer = post(server, TUTORIAL, "/")
    assert answer.status_code == 200
    assert answer.json()[0]["generated_text"].startswith("[INST] Hi [/INST]")


def test_every_parameter_with_a_range_is_tried_outside_of_it():
    ranged = {name for name, parameter in PARAMETERS.items() if parameter.message or parameter.unsigned}
    tried = {name for cases in (BY_RULE, BY_FRAMEWORK) for parameters, _message in cases for name in parameters}
    assert ranged <= tried
