# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model server as the tutorial deploys it: through secret, GPU node, probes and load balancer to an answer."""

from __future__ import annotations

import base64
import socket

import aiohttp

from .conftest import TOLERANT, deployment, service

IMAGE = (
    "us-docker.pkg.dev/deeplearning-platform-release/gcr.io/"
    "huggingface-text-generation-inference-cu124.2-4.ubuntu2204.py311"
)


def _model(name: str = "mistral-7b", **fields) -> dict:
    probe = {"httpGet": {"path": "/health", "port": 8080}, "periodSeconds": 10}
    token = {"secretKeyRef": {"name": "mistral-demo", "key": "HF_TOKEN"}}
    container = {
        "ports": [{"containerPort": 8080}],
        "env": [
            {"name": "MODEL_ID", "value": "mistralai/Mistral-7B-Instruct-v0.1"},
            {"name": "PORT", "value": "8080"},
            {"name": "HF_TOKEN", "valueFrom": token},
        ],
        "startupProbe": {**probe, "failureThreshold": 180},
        "readinessProbe": probe,
        "livenessProbe": probe,
        "resources": {"limits": {"nvidia.com/gpu": "1"}},
    }
    selector = {"cloud.google.com/gke-accelerator": "nvidia-l4"}
    return deployment(name, 1, IMAGE, container=container, nodeSelector=selector, **TOLERANT, **fields)


async def _secret(world) -> None:
    data = {"HF_TOKEN": base64.b64encode(b"hf_canary").decode()}
    await world.api.create("secrets", {"metadata": {"name": "mistral-demo"}, "data": data}, "default")


async def _crashed(world) -> list[str]:
    """Return the log's last run once the container is in its crash loop."""
    (pod,) = await world.until(lambda: world.pods("mistral-7b"))
    name = pod["metadata"]["name"]
    await world.waiting(name, "CrashLoopBackOff")
    return world.runtime.pod_logs("default", name, "main", True, None)


async def test_it_answers_through_its_load_balancer(gpu_world):
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    await _secret(gpu_world)
    await gpu_world.api.create("deployments.apps", _model())
    await gpu_world.api.create("services", service("mistral-7b", port=port, target=8080))
    await gpu_world.available("mistral-7b")
    ingress = await gpu_world.until(lambda: gpu_world.service("mistral-7b")["status"]["loadBalancer"].get("ingress"))
    body = {"inputs": "[INST] Hello [/INST]", "parameters": {"max_new_tokens": 4}}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"http://{ingress[0]['ip']}:{port}/generate", json=body) as answer,
    ):
        assert answer.status == 200
        assert (await answer.json())["generated_text"]
    # Until the model was loaded nothing listened, and the startup probe bore with that.
    (pod,) = gpu_world.pods("mistral-7b")
    assert "connection refused" in gpu_world.events(pod["metadata"]["name"], "Unhealthy")[0]["message"]
    assert pod["status"]["containerStatuses"][0]["restartCount"] == 0


async def test_a_gated_model_ends_in_a_crash_loop_whose_log_says_so(gpu_world):
    gpu_world.hub.answer = "gated"
    await _secret(gpu_world)
    await gpu_world.api.create("deployments.apps", _model())
    assert "gated repo" in "\n".join(await _crashed(gpu_world))


async def test_too_little_gpu_memory_ends_in_a_crash_loop_whose_log_says_so(gpu_world):
    gpu_world.faults.add("gpu_out_of_memory", match={"pod": "mistral-7b-.*"})
    await _secret(gpu_world)
    await gpu_world.api.create("deployments.apps", _model())
    assert "Not enough memory to handle" in "\n".join(await _crashed(gpu_world))
