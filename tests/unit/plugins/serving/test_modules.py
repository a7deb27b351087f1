# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""tgi_generate and llm_latency as Ansible runs them: options and environment in, JSON out, the key nowhere."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.llmops.gke.plugins.modules import llm_latency, tgi_generate
from tests.unit.fake_http import FakeServer, Reply

KEY = "sk-canary-of-the-key"
EVENT = b'data: {"index":1,"details":{"generated_tokens":1},"generated_text":"a"}\n\n'


@pytest.fixture
def server():
    def stream(_request):
        return Reply(200, headers={"Content-Type": "text/event-stream"}, lines=[EVENT])

    routes = {
        ("GET", "/health"): "",
        ("GET", "/info"): {"model_id": "org/model"},
        ("GET", "/metrics"): "",
        ("POST", "/generate"): {"generated_text": f" Purr {KEY}.", "details": {"generated_tokens": 3}},
        ("POST", "/generate_stream"): stream,
    }
    with FakeServer(routes) as running:
        yield running


@pytest.fixture
def run(capsys):
    def ended(module, **arguments):
        with patch_module_args(arguments), pytest.raises(SystemExit) as exit:
            module.main()
        return exit.value.code, json.loads(capsys.readouterr().out)

    return ended


def test_tgi_generate_takes_its_key_from_the_environment_and_never_shows_it(server, run, monkeypatch):
    monkeypatch.setenv("LLM_API_KEY", KEY)
    code, result = run(tgi_generate, url=server.url, inputs="hi", parameters={"max_new_tokens": 3})
    assert code == 0
    assert (result["changed"], result["generated_tokens"]) == (False, 3)
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"
    assert KEY not in json.dumps(result)


def test_tgi_generate_refuses_in_one_line_with_the_option(server, run):
    code, result = run(tgi_generate, url=server.url, inputs="hi", parameters={"top_p": 1})
    assert code == 1
    assert result["error"]["option"] == "parameters.top_p"
    assert "`top_p` must be > 0.0 and < 1.0" in result["msg"]
    assert "\n" not in result["msg"]
    assert server.requests == []


def test_llm_latency_measures_20_samples_after_3_where_nothing_else_is_said(server, run):
    code, result = run(llm_latency, url=server.url, prompt="hi")
    assert code == 0
    assert server.calls().count("POST /generate_stream") == 1 + 3 + 20
    assert result["hot"]["ttft_seconds"]["n"] == 20
    assert result["cold"]["tokens"] == 1
    assert result["model"] == "org/model"


def test_llm_latency_in_check_mode_generates_nothing(server, run):
    code, result = run(llm_latency, url=server.url, prompt="hi", _ansible_check_mode=True)
    assert (code, result["reachable"]) == (0, True)
    assert server.calls() == ["GET /health", "GET /info"]
