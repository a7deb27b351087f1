# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A container with TGI: from start to a loaded model, and everything that ends it on the way."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from llmops_gke_sandbox.clock import Clock
from llmops_gke_sandbox.config import Config
from llmops_gke_sandbox.faults import Faults
from llmops_gke_sandbox.huggingface.hub import Hub
from llmops_gke_sandbox.workloads.base import ContainerContext
from llmops_gke_sandbox.workloads.tgi import TgiWorkload

MODEL = "mistralai/Mistral-7B-Instruct-v0.1"
REGISTRY = "us-docker.pkg.dev/deeplearning-platform-release/gcr.io"
IMAGE = f"{REGISTRY}/huggingface-text-generation-inference-cu124.2-4.ubuntu2204.py311"
POD = {"metadata": {"namespace": "default", "name": "mistral-7b-0"}}
NODE = {"metadata": {"labels": {"cloud.google.com/gke-accelerator": "nvidia-l4"}}}
CANARY = "hf_canary"


@pytest.fixture
async def container(tmp_path):
    """Makes started workloads and ends them after the test."""
    made = []

    async def start(image=IMAGE, faults=None, speed=2000, **env):
        faults = faults or Faults()
        context = ContainerContext(
            pod=POD,
            container={"name": "mistral-7b", "image": image},
            env={"MODEL_ID": MODEL, "HF_TOKEN": CANARY, **env},
            node=NODE,
            clock=Clock(speed),
            faults=faults,
            hub=Hub(Config(directory=tmp_path), faults),
        )
        workload = TgiWorkload(context)
        await workload.start()
        made.append(workload)
        return workload

    yield start
    for workload in made:
        await workload.stop()


async def healthy(port: int) -> bool:
    async with aiohttp.ClientSession() as client:
        try:
            async with client.get(f"http://127.0.0.1:{port}/health") as answer:
                return answer.status == 200
        except aiohttp.ClientConnectionError:
            return False


async def loaded(workload) -> None:
    for _ in range(500):
        if workload.log and workload.log[-1].endswith("Connected"):
            return
        await asyncio.sleep(0.01)
    raise AssertionError(workload.log)


async def ended(workload) -> int:
    return await asyncio.wait_for(asyncio.shield(workload.exit), 5)


async def test_the_port_is_known_at_once_and_opens_when_the_model_is_loaded(container):
    workload = await container(speed=200)
    port = workload.ports[8080]
    assert not await healthy(port)
    await loaded(workload)
    assert await healthy(port)
    assert not workload.exit.done()
    text = "\n".join(workload.log)
    for words in ("Starting check and download process", "Successfully downloaded", "Shard ready", "Connected"):
        assert words in text
    assert CANARY not in text
    await workload.stop()
    assert not await healthy(port)
    assert workload.ports == {}


async def test_it_serves_the_model_that_its_environment_names(container):
    workload = await container(MAX_INPUT_TOKENS="100", MAX_TOTAL_TOKENS="200", PORT="9000")
    await loaded(workload)
    async with (
        aiohttp.ClientSession(f"http://127.0.0.1:{workload.ports[9000]}") as client,
        client.get("/info") as answer,
    ):
        info = await answer.json()
    assert (info["model_id"], info["version"]) == (MODEL, "2.4.0")
    assert (info["max_input_tokens"], info["max_total_tokens"]) == (100, 200)


@pytest.mark.parametrize(
    ("fault", "words"),
    [("model_gated", "Cannot access gated repo"), ("bad_token", "401 Client Error: Unauthorized")],
)
async def test_a_hub_that_refuses_ends_the_download(container, fault, words):
    faults = Faults()
    faults.add(fault)
    workload = await container(faults=faults)
    assert await ended(workload) == 1
    assert words in "\n".join(workload.log)
    assert CANARY not in "\n".join(workload.log)
    assert workload.ports == {}


async def test_a_model_that_is_not_there_ends_the_download(container):
    workload = await container(MODEL_ID="nobody/nothing")
    assert await ended(workload) == 1
    assert "Repository Not Found" in "\n".join(workload.log)


async def test_an_old_router_reads_only_the_old_name_of_the_token(container):
    old = "ghcr.io/huggingface/text-generation-inference:2.0.4"
    assert await ended(await container(image=old)) == 1
    workload = await container(image=old, HUGGING_FACE_HUB_TOKEN=CANARY)
    await loaded(workload)
    assert list(workload.ports) == [80]


async def test_too_little_gpu_memory_ends_the_warm_up(container):
    faults = Faults()
    faults.add("gpu_out_of_memory", match={"container": "mistral-7b"})
    workload = await container(faults=faults)
    assert await ended(workload) == 1
    assert "Not enough memory to handle 4145 prefill tokens" in "\n".join(workload.log)


async def test_a_crash_ends_a_server_that_was_up(container):
    faults = Faults()
    faults.add("crash", exit_code=139, after=1)
    workload = await container(faults=faults)
    port = workload.ports[8080]
    assert await ended(workload) == 139
    assert not await healthy(port)


async def test_overload_strikes_as_often_as_it_is_told(container):
    faults = Faults()
    faults.add("overloaded", times=1, match={"pod": "mistral-7b-0"})
    workload = await container(faults=faults)
    await loaded(workload)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{workload.ports[8080]}") as client:
        for status in (429, 200):
            async with client.post("/generate", json={"inputs": "a", "parameters": {"max_new_tokens": 1}}) as answer:
                assert answer.status == status


async def test_slow_weights(container):
    faults = Faults()
    faults.add("slow_load", seconds=1e6)
    workload = await container(faults=faults)
    await asyncio.sleep(0.1)
    assert "Download file" in workload.log[-1]


@pytest.mark.parametrize(
    ("env", "exit_code", "words"),
    [
        ({"QUANTIZE": "bitsandbytes-nf5"}, 2, "invalid value 'bitsandbytes-nf5' for '--quantize <QUANTIZE>'"),
        ({"NUM_SHARD": "one"}, 2, "invalid value 'one' for '--num-shard <NUM_SHARD>'"),
        ({"MAX_INPUT_TOKENS": "1", "MAX_INPUT_LENGTH": "1"}, 1, "Please define only `max_input_tokens`"),
        ({"MAX_INPUT_TOKENS": "10", "MAX_TOTAL_TOKENS": "10"}, 1, "must be < `max_total_tokens`"),
        ({"QUANTIZE": "awq", "DTYPE": "float16"}, 1, "Only 1 can be set between `dtype` and `quantize`"),
        ({"SANDBOX_TGI_TTFT_MS": "soon"}, 2, "soon"),
    ],
)
async def test_the_launcher_refuses_wrong_arguments(container, env, exit_code, words):
    workload = await container(**env)
    assert await ended(workload) == exit_code
    assert words in "\n".join(workload.log)


async def test_stopping_while_it_loads_leaves_nothing(container):
    workload = await container(speed=1)
    await workload.stop()
    assert not workload.exit.done()
    assert workload.ports == {}
