# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""hf_model_info as Ansible runs it: the token comes from the environment and goes nowhere but to the Hub."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.llmops.gke.plugins.modules import hf_model_info
from tests.unit.fake_http import FakeServer, Reply

TOKEN = "hf_canary_of_the_token"
CONFIG = "/org/model/resolve/main/config.json"
INDEX, TOKENIZER = (CONFIG.replace("config", name) for name in ("model.safetensors.index", "tokenizer"))


@pytest.fixture
def run(capsys, monkeypatch):
    def ended(head: Reply):
        routes = {
            ("GET", "/api/models/org/model"): {
                "gated": "auto",
                "sha": "abc",
                "siblings": [{"rfilename": "config.json"}],
            },
            ("HEAD", CONFIG): head,
            ("GET", CONFIG): '{"num_hidden_layers": 32}',
            ("GET", INDEX): Reply(404, ""),
            ("GET", TOKENIZER): Reply(404, ""),
        }
        with FakeServer(routes) as hub:
            monkeypatch.setenv("HF_TOKEN", TOKEN)
            monkeypatch.setenv("HF_ENDPOINT", hub.url)
            with patch_module_args({"model": "org/model"}), pytest.raises(SystemExit) as exit:
                hf_model_info.main()
            assert hub.headers[0]["authorization"] == f"Bearer {TOKEN}"
        output = capsys.readouterr().out
        assert TOKEN not in output
        return exit.value.code, json.loads(output)

    return ended


def test_a_model_that_may_be_read(run):
    code, result = run(Reply(200, ""))
    assert code == 0
    assert (result["changed"], result["gated"], result["access"]) == (False, True, "granted")
    assert result["config"] == {"num_hidden_layers": 32}
    assert (result["parameters"], result["shape"], result["fit"]) == (None, None, None)


def test_a_model_whose_terms_were_not_accepted(run):
    code, result = run(Reply(403, {"error": f"not in the authorized list, {TOKEN}"}))
    assert code == 1
    assert result["error"]["reason"] == "terms"
    assert "https://huggingface.co/org/model" in result["msg"]
