# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access to a model, asked of the simulated Hub: each refusal names its way out."""

from __future__ import annotations

import asyncio
import threading

import pytest
from aiohttp import web

from ansible_collections.llmops.gke.plugins.module_utils.core.result import silent
from ansible_collections.llmops.gke.plugins.module_utils.engines.serving.hf_model_info import run as run_model_info
from ansible_collections.llmops.gke.plugins.module_utils.models.access import AccessDenied
from llmops_gke_sandbox.config import Config
from llmops_gke_sandbox.faults import Faults
from llmops_gke_sandbox.huggingface.http import HubApi
from llmops_gke_sandbox.huggingface.hub import Hub

MODEL = "mistralai/Mistral-7B-Instruct-v0.1"


@pytest.fixture
def faults():
    return Faults()


@pytest.fixture
def endpoint(tmp_path, faults):
    """The Hub's API in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    application = web.Application()
    application.add_routes(HubApi(Hub(Config(directory=tmp_path), faults)).routes())
    runner = web.AppRunner(application, access_log=None)

    async def start() -> str:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    yield asyncio.run_coroutine_threadsafe(start(), loop).result()
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def ask(endpoint, model=MODEL, token="hf_good"):
    options = {"endpoint": endpoint, "model": model, "token": token, "timeout": 5, "require_fit": False}
    options |= {"gpu_memory_utilization": None}
    options |= {
        "engine": "tgi",
        "machine_type": None,
        "accelerator_type": "nvidia-l4",
        "gpus": 1,
        "quantize": "",
        "context": 4096,
    }
    return run_model_info(options, False, silent)


def test_a_gated_model_with_a_good_token(endpoint):
    result = ask(endpoint)
    assert result.values["gated"] is True
    assert result.values["access"] == "granted"
    assert result.values["config"]["num_key_value_heads"] == 8
    assert result.values["revision"]
    assert result.values["tokenizer"] == {"type": "BPE", "byte_fallback": True}
    assert result.values["kv_bytes_per_token"] == 131_072
    assert result.values["fit"]["fits"] is True
    assert result.http_requests == 4


def test_a_gated_model_without_a_token(endpoint):
    with pytest.raises(AccessDenied, match="set token or HF_TOKEN") as denied:
        ask(endpoint, token=None)
    assert denied.value.fields["reason"] == "no_token"


def test_a_token_that_is_nobodys(endpoint):
    with pytest.raises(AccessDenied, match=r"does not know the token \(401\)") as denied:
        ask(endpoint, token="xx_secret")
    assert "xx_secret" not in denied.value.message


def test_terms_that_were_not_accepted(endpoint, faults):
    faults.add("model_gated", match={"model": MODEL})
    with pytest.raises(AccessDenied, match=f"visit https://huggingface.co/{MODEL} and accept them"):
        ask(endpoint)


def test_a_model_that_is_not_there(endpoint):
    with pytest.raises(AccessDenied, match="has no such model"):
        ask(endpoint, model="nobody/nothing")
