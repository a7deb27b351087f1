# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A container with vLLM: from start to a loaded model, and everything that ends it on the way."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from llmops_gke_sandbox.clock import Clock
from llmops_gke_sandbox.config import Config
from llmops_gke_sandbox.faults import Faults
from llmops_gke_sandbox.huggingface.hub import Hub
from llmops_gke_sandbox.workloads import create, find
from llmops_gke_sandbox.workloads.base import ContainerContext
from llmops_gke_sandbox.workloads.vllm import VllmWorkload

MODEL = "mistralai/Mistral-7B-Instruct-v0.1"
IMAGE = "vllm/vllm-openai:v0.26.0"
POD = {"metadata": {"namespace": "default", "name": "mistral-7b-0"}}
CANARY, KEY = "hf_canary", "sk-canary"
OTHERS = {
    "org/awq": {"parameters": 70_000_000_000, "config": {"quantization_config": {"quant_method": "awq"}}},
    "org/plain": {"parameters": 1_000_000_000, "config": {"max_position_embeddings": 2048}},
}


@pytest.fixture
async def container(tmp_path):
    """Makes started workloads and ends them after the test."""
    made = []

    async def start(*args, image=IMAGE, command=None, faults=None, speed=2000, gpu="nvidia-l4", gpus=1, **env):
        faults = faults or Faults()
        spec = {"name": "mistral-7b", "image": image, "args": list(args or ("--model", MODEL, *FITS))}
        spec["resources"] = {"limits": {"nvidia.com/gpu": gpus}}
        if command:
            spec["command"] = command
        context = ContainerContext(
            pod=POD,
            container=spec,
            env={"HF_TOKEN": CANARY, **env},
            node={"metadata": {"labels": {"cloud.google.com/gke-accelerator": gpu}}},
            clock=Clock(speed),
            faults=faults,
            hub=Hub(Config(directory=tmp_path, models=OTHERS), faults),
        )
        workload = create(context)
        await workload.start()
        made.append(workload)
        return workload

    yield start
    for workload in made:
        await workload.stop()


FITS = ("--max-model-len", "16k")


async def healthy(port: int) -> bool:
    async with aiohttp.ClientSession() as client:
        try:
            async with client.get(f"http://127.0.0.1:{port}/health") as answer:
                return answer.status == 200
        except aiohttp.ClientConnectionError:
            return False


async def loaded(workload) -> None:
    for _ in range(500):
        if workload.log and workload.log[-1].endswith("Application startup complete."):
            return
        await asyncio.sleep(0.01)
    raise AssertionError(workload.log)


async def ended(workload) -> int:
    return await asyncio.wait_for(asyncio.shield(workload.exit), 5)


async def models(port: int, **headers) -> dict:
    async with (
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client,
        client.get("/v1/models", headers=headers) as answer,
    ):
        return await answer.json()


@pytest.mark.parametrize(
    "image",
    [
        "vllm/vllm-openai:v0.32.0",
        "docker.io/vllm/vllm-openai@sha256:" + "a" * 64,
        "europe-west4-docker.pkg.dev/p/dockerhub/vllm/vllm-openai:v0.32.0-cu129",
        "us-docker.pkg.dev/vertex-ai/vertex-vision-model-garden-dockers/pytorch-vllm-serve:20260101_0916_RC01",
    ],
)
def test_its_images(image):
    assert find(image) is not None


async def test_connections_are_refused_until_it_is_ready(container):
    workload = await container(speed=300)
    port = workload.ports[8000]
    assert not await healthy(port)
    await loaded(workload)
    assert isinstance(workload, VllmWorkload)
    assert await healthy(port)
    text = "\n".join(workload.log)
    for words in (
        "Initializing a V1 LLM engine (v0.26.0)",
        "Time spent downloading weights for",
        "Loading weights took",
        "Model loading took 13.49 GiB memory",
        "torch.compile took",
        "Graph capturing finished in",
        "init engine (profile, create kv cache, warmup model) took",
        "Starting vLLM server on http://0.0.0.0:8000",
    ):
        assert words in text
    assert CANARY not in text
    await workload.stop()
    assert not await healthy(port)


async def test_it_serves_what_its_arguments_say(container):
    words = ("--port=9000", "--max_model_len", "1000", "--served-model-name", "a", "b", "--api-key", KEY)
    workload = await container(MODEL, *words, command=["vllm", "serve"])
    await loaded(workload)
    assert await models(workload.ports[9000]) == {"error": "Unauthorized"}
    listed = await models(workload.ports[9000], Authorization=f"Bearer {KEY}")
    assert [(one["id"], one["root"], one["max_model_len"]) for one in listed["data"]] == [
        ("a", MODEL, 1000),
        ("b", MODEL, 1000),
    ]
    assert KEY not in "\n".join(workload.log)


async def test_a_key_may_come_from_the_environment_and_compilation_may_be_off(container):
    workload = await container("--model", MODEL, *FITS, "--enforce-eager", VLLM_API_KEY=KEY)
    await loaded(workload)
    assert (await models(workload.ports[8000]))["error"] == "Unauthorized"
    assert "torch.compile" not in "\n".join(workload.log)


@pytest.mark.parametrize(
    ("args", "exit_code", "words"),
    [
        (("--model", MODEL, "--colour", "red"), 2, "vllm serve: error: unrecognized arguments: --colour"),
        (("--max-model-len", "long"), 2, "argument --max-model-len: invalid human_readable_int_or_auto value: 'long'"),
        (("--dtype", "fp16"), 2, "argument --dtype: invalid choice: 'fp16'"),
        (("--port",), 2, "argument --port: expected one argument"),
        (("--quantization", "q4"), 1, "Unknown quantization method: q4"),
        (("--gpu-memory-utilization", "1.5"), 1, "Input should be less than or equal to 1"),
        (("--tensor-parallel-size", "0"), 1, "Input should be greater than or equal to 1"),
    ],
)
async def test_it_refuses_wrong_arguments(container, args, exit_code, words):
    workload = await container(*args)
    assert await ended(workload) == exit_code
    assert words in "\n".join(workload.log)
    assert workload.ports == {}


async def test_a_service_of_its_name_ends_it(container):
    workload = await container(VLLM_PORT="tcp://10.0.0.1:8000")
    assert await ended(workload) == 1
    assert "appears to be a URI" in workload.log[-1]


@pytest.mark.parametrize(
    ("args", "options", "words"),
    [
        (("--model", MODEL, "--gpu-memory-utilization", "0.75"), {}, "estimated maximum model length is 1"),
        (("--model", MODEL, "--gpu-memory-utilization", "0.6"), {}, "No available memory for the cache blocks"),
        (("--model", MODEL), {"gpu": "nvidia-tesla-t4"}, "No available memory for the cache blocks"),
        (("--model", MODEL, "--dtype", "bfloat16"), {"gpu": "nvidia-tesla-t4"}, "Bfloat16 is only supported on GPUs"),
        (("--model", MODEL, "--max-model-len", "40000"), {}, "is greater than the derived max_model_len"),
        (("--model", MODEL, "-tp", "2"), {}, "World size (2) is larger than the number of available GPUs (1)"),
        (("--model", MODEL, "-tp", "3"), {"gpus": 3}, "must be divisible by tensor parallel size (3)"),
        (("--model", MODEL, "--quantization", "awq"), {}, "Cannot find the config file for awq"),
        (("--model", "org/awq", "--quantization", "gptq"), {}, "does not match the quantization method"),
        (("--model", "org/awq"), {}, "CUDA out of memory"),
        (("--model", "nobody/nothing"), {}, "Repository Not Found"),
    ],
)
async def test_a_model_that_cannot_run(container, args, options, words):
    workload = await container(*args, **options)
    assert await ended(workload) == 1
    assert words in "\n".join(workload.log)
    assert CANARY not in "\n".join(workload.log)
    assert workload.ports == {}


async def test_several_gpus_and_the_longest_request_that_fits(container):
    workload = await container(
        "--model", "org/awq", "-tp", "2", "--max-model-len", "auto", gpu="nvidia-h100-80gb", gpus=2
    )
    await loaded(workload)
    listed = await models(workload.ports[8000])
    assert listed["data"][0]["max_model_len"] > 1000


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("model_gated", "Cannot access gated repo"),
        ("bad_token", "401 Client Error: Unauthorized"),
        ("gpu_out_of_memory", "No available memory for the cache blocks"),
    ],
)
async def test_a_fault_ends_the_start(container, fault, words):
    faults = Faults()
    faults.add(fault)
    workload = await container(faults=faults)
    assert await ended(workload) == 1
    assert words in "\n".join(workload.log)


async def test_a_crash_ends_a_server_that_was_up(container):
    faults = Faults()
    faults.add("crash", exit_code=139, after=1)
    workload = await container(faults=faults)
    port = workload.ports[8000]
    assert await ended(workload) == 139
    assert not await healthy(port)


async def test_only_a_model_with_a_chat_template_chats(container):
    for model, given, status in ((MODEL, (), 200), ("org/plain", (), 400), ("org/plain", ("x.jinja",), 200)):
        template = ("--chat-template", *given) if given else ()
        workload = await container("--model", model, "--max-model-len", "1k", *template)
        await loaded(workload)
        body = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1}
        url = f"http://127.0.0.1:{workload.ports[8000]}/v1/chat/completions"
        async with aiohttp.ClientSession() as client, client.post(url, json=body) as answer:
            assert answer.status == status, model
