# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where model servers find their weights: a volume, the Hub, a mirror of it; and what they say where they find none."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from llmops_gke_sandbox.clock import Clock
from llmops_gke_sandbox.config import Config
from llmops_gke_sandbox.faults import Faults
from llmops_gke_sandbox.huggingface.hub import Hub
from llmops_gke_sandbox.workloads import create
from llmops_gke_sandbox.workloads.base import ContainerContext, Directory

MODEL = "mistralai/Mistral-7B-Instruct-v0.1"
TGI, VLLM = "ghcr.io/huggingface/text-generation-inference:3.3.5", "vllm/vllm-openai:v0.32.0"
MOUNT = f"/models/{MODEL}"
SLOW = 0.24e9


@pytest.fixture
async def container(tmp_path):
    """Makes started servers and ends them after the test."""
    made = []

    async def start(image, directories=None, url="", speed=2000, **env):
        faults = Faults()
        hub = Hub(Config(directory=tmp_path), faults)
        hub.url = url
        spec = {"name": "server", "image": image, "resources": {"limits": {"nvidia.com/gpu": 1}}}
        if image == TGI:
            env["MODEL_ID"] = MODEL
            spec |= {"workingDir": "/models"} if directories else {}
        else:
            name = MOUNT if directories else MODEL
            spec["args"] = ["--model", name, f"--served-model-name={MODEL}", "--max-model-len", "4096"]
        context = ContainerContext(
            pod={"metadata": {"namespace": "default", "name": "one"}},
            container=spec,
            env=env,
            node={"metadata": {"labels": {"cloud.google.com/gke-accelerator": "nvidia-l4"}}},
            clock=Clock(speed),
            faults=faults,
            hub=hub,
            directories=directories or {},
        )
        workload = create(context)
        await workload.start()
        made.append(workload)
        return workload

    yield start
    for workload in made:
        await workload.stop()


async def loaded(workload) -> str:
    """Return the log once the server answers."""
    for _ in range(1000):
        if workload.log and workload.log[-1].endswith(("Connected", "Application startup complete.")):
            return "\n".join(workload.log)
        await asyncio.sleep(0.01)
    raise AssertionError(workload.log)


async def failed(workload) -> str:
    """Return the log of a server that has ended."""
    assert await asyncio.wait_for(asyncio.shield(workload.exit), 10) == 1
    return "\n".join(workload.log)


@pytest.mark.parametrize("image", [TGI, VLLM])
async def test_files_on_a_volume_need_no_hub_and_keep_the_models_name(container, image):
    workload = await container(image, {MOUNT: Directory({"": MODEL}, SLOW)}, HF_HUB_OFFLINE="1")
    log = await loaded(workload)
    port = next(iter(workload.ports.values()))
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client, client.get("/v1/models") as answer:
        (model,) = (await answer.json())["data"]
    assert model["id"] == MODEL
    if image == TGI:
        assert "Files are already present on the host. Skipping download." in log and "Download file" not in log
    else:
        assert "Time spent downloading weights" not in log and f"model='{MOUNT}'" in log
        assert model["root"] == MOUNT


@pytest.mark.parametrize("image", [TGI, VLLM])
async def test_they_are_read_as_fast_as_the_volume_is(container, image):
    """14.5 GB at 240 MB a second take a minute of life; the log tells it as its own clock runs."""
    log = await loaded(await container(image, {MOUNT: Directory({"": MODEL}, SLOW)}, speed=100))
    word = "Shard ready in " if image == TGI else "Loading weights took "
    assert float(log.partition(word)[2].split()[0].rstrip("s")) * 100 > 60


@pytest.mark.parametrize("image", [TGI, VLLM])
async def test_a_directory_without_the_model(container, image):
    log = await failed(await container(image, {MOUNT: Directory({"other": MODEL}, SLOW)}, HF_HUB_OFFLINE="1"))
    assert f"FileNotFoundError: [Errno 2] No such file or directory: '{MOUNT}/config.json'" in log


@pytest.mark.parametrize("image", [TGI, VLLM])
async def test_offline_nobody_is_asked(container, image):
    log = await failed(await container(image, HF_HUB_OFFLINE="1", HF_TOKEN="hf_a"))
    assert "LocalEntryNotFoundError" in log and "outgoing traffic has been disabled" in log


@pytest.mark.parametrize("image", [TGI, VLLM])
async def test_a_mirror_that_is_there_and_one_that_is_not(container, image):
    url = "http://127.0.0.1:4711/huggingface"
    await loaded(await container(image, url=url, HF_ENDPOINT=url, HF_TOKEN="hf_a"))
    log = await failed(await container(image, url=url, HF_ENDPOINT="https://mirror.example.com", HF_TOKEN="hf_a"))
    assert "Failed to resolve 'mirror.example.com'" in log


@pytest.mark.parametrize(
    ("endpoint", "here"),
    [
        ("http://127.0.0.1:4711/huggingface", True),
        ("http://localhost:4711/huggingface/", True),
        ("https://huggingface.co", True),
        ("http://127.0.0.1:4712/huggingface", False),
        ("https://mirror.example.com", False),
    ],
)
def test_where_the_hub_is(tmp_path, endpoint, here):
    hub = Hub(Config(directory=tmp_path), Faults())
    assert hub.is_at(endpoint)
    hub.url = "http://127.0.0.1:4711/huggingface"
    assert hub.is_at(endpoint) is here
