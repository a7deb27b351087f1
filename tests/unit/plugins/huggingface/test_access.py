# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access to a model on the Hub: the exact requests, and what is refused before any."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import HttpError, InvalidOption, LlmopsError
from ansible_collections.llmops.gke.plugins.module_utils.core.result import silent
from ansible_collections.llmops.gke.plugins.module_utils.engines.serving.hf_model_info import run as run_model_info
from ansible_collections.llmops.gke.plugins.module_utils.models.access import AccessDenied
from tests.unit.fake_http import FakeServer, Reply

MODEL = "org/model"
ABOUT, CONFIG = "/api/models/org/model", "/org/model/resolve/main/config.json"
TOKENIZER = "/org/model/resolve/main/tokenizer.json"
FILES = {"siblings": [{"rfilename": "config.json"}]}
DEFAULTS = {
    "engine": "tgi",
    "accelerator_type": None,
    "machine_type": None,
    "gpus": 1,
    "quantize": "",
    "context": 4096,
    "require_fit": False,
    "gpu_memory_utilization": None,
}


def hub(about=None, head=None, config='{"num_hidden_layers": 32}'):
    return FakeServer(
        {
            ("GET", ABOUT): about or {"id": MODEL, "gated": "auto", "sha": "abc", **FILES},
            ("HEAD", CONFIG): head or Reply(200, ""),
            ("GET", CONFIG): config,
            ("GET", CONFIG.replace("config", "model.safetensors.index")): Reply(404, ""),
            ("GET", TOKENIZER): Reply(404, ""),
        }
    )


def ask(url, **options):
    return run_model_info(
        {"endpoint": url, "model": MODEL, "token": "hf_canary", "timeout": 2, **DEFAULTS, **options}, False, silent
    )


def test_it_reads_the_page_the_right_and_the_configuration():
    with hub() as server:
        result = ask(server.url + "/")
        index = CONFIG.replace("config", "model.safetensors.index")
        calls = [f"GET {ABOUT}", f"HEAD {CONFIG}", f"GET {CONFIG}", f"GET {index}", f"GET {TOKENIZER}"]
        assert server.calls() == calls
        assert {headers["authorization"] for headers in server.headers} == {"Bearer hf_canary"}
    said = {"model": MODEL, "gated": True, "access": "granted", "revision": "abc", "config": {"num_hidden_layers": 32}}
    assert {name: result.values[name] for name in said} == said


def test_an_open_model_needs_no_token():
    with hub(about={"id": MODEL, "gated": False, **FILES}) as server:
        assert ask(server.url, token=None).values["gated"] is False
        assert "authorization" not in server.headers[0]


def test_a_gated_model_without_a_token_is_refused_before_its_files_are_asked_for():
    with hub() as server:
        with pytest.raises(AccessDenied, match="set token or HF_TOKEN"):
            ask(server.url, token=None)
        assert server.calls() == [f"GET {ABOUT}"]


@pytest.mark.parametrize(
    ("status", "reason", "words"),
    [
        (401, "bad_token", "does not know the token"),
        (403, "terms", "visit https://huggingface.co/org/model and accept"),
        (404, "not_found", "no such model"),
    ],
)
def test_each_refusal_names_its_way_out_and_never_the_token(status, reason, words):
    with hub(head=Reply(status, {"error": "no"})) as server, pytest.raises(AccessDenied, match=words) as denied:
        ask(server.url)
    assert denied.value.fields["reason"] == reason
    assert "hf_canary" not in denied.value.message


def test_a_hub_that_fails_is_no_refusal():
    with hub(head=Reply(418, "teapot")) as server, pytest.raises(HttpError, match="418"):
        ask(server.url)


def test_a_hub_that_is_not_reached_is_told_by_its_name():
    with hub() as server:
        url = server.url
    with pytest.raises(HttpError, match=f"^read {MODEL}: the Hugging Face Hub gave no answer: ") as caught:
        ask(url)
    assert f"{url}{ABOUT}" in caught.value.message


def test_a_configuration_that_is_no_json_is_told():
    with (
        hub(config="<html>") as server,
        pytest.raises(LlmopsError, match="no JSON '<html>' where an object"),
    ):
        ask(server.url)


@pytest.mark.parametrize("model", ["model", "a/b/c", "org/", "/model", "org/mo del", "org/a--b", "../x", "org/model?x"])
def test_what_is_no_model_id_is_refused_before_any_request(model):
    with hub() as server, pytest.raises(InvalidOption, match="ORGANISATION/NAME"):
        ask(server.url, model=model)
    assert server.requests == []


@pytest.mark.parametrize("endpoint", ["huggingface.co", "ftp://hub", "http://user@hub", "https://hub?x=1"])
def test_an_endpoint_that_is_no_url_is_refused(endpoint):
    with pytest.raises(InvalidOption, match="^endpoint: "):
        ask(endpoint)
