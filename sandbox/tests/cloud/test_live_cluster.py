# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""With the sandbox's own Kubernetes behind it, a GKE cluster's pools are nodes, and grow for pods that wait."""

import asyncio

import aiohttp
import pytest

from llmops_gke_sandbox.config import Config
from llmops_gke_sandbox.server import Sandbox

LOCATION = "/container/v1/projects/sandbox-project/locations/us-central1"


@pytest.fixture
async def call(tmp_path, token_of):
    sandbox = Sandbox(Config(directory=tmp_path, speed=2000))
    await sandbox.start()
    token = await asyncio.to_thread(token_of, sandbox)
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:

        async def request(method: str, path: str, body: dict | None = None) -> dict:
            url = sandbox.url + LOCATION + path if path.startswith("/") else path
            async with session.request(method, url, json=body, ssl=False) as answer:
                assert answer.status < 300, await answer.text()
                return await answer.json()

        yield request
    await sandbox.stop()


async def until(condition) -> None:
    async with asyncio.timeout(10):
        while not await condition():
            await asyncio.sleep(0.02)


def waiting_pod(name: str) -> dict:
    container = {"name": "c", "image": "registry.k8s.io/pause:3.10", "resources": {"limits": {"nvidia.com/gpu": "1"}}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": [container], "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}]},
    }


async def test_pools_are_nodes_and_grow_for_gpu_pods_up_to_their_maximum(call):
    gpu = {
        "name": "gpu",
        "initialNodeCount": 1,
        "locations": ["us-central1-a"],
        "config": {"machineType": "g2-standard-12", "labels": {"tier": "serving"}},
        "autoscaling": {"enabled": True, "minNodeCount": 1, "maxNodeCount": 2},
    }
    cpu = {"name": "cpu", "initialNodeCount": 1, "config": {"machineType": "n1-standard-4"}}
    await call(
        "POST", "/clusters", {"cluster": {"name": "c1", "locations": ["us-central1-a"], "nodePools": [cpu, gpu]}}
    )

    async def running() -> bool:
        return (await call("GET", "/clusters/c1"))["status"] == "RUNNING"

    await until(running)
    api = f"https://{(await call('GET', '/clusters/c1'))['endpoint']}/api/v1"
    names = {item["metadata"]["labels"]["cloud.google.com/gke-nodepool"] for item in (await nodes(call, api))}
    assert names == {"cpu", "gpu"}
    for number in range(3):
        await call("POST", f"{api}/namespaces/default/pods", waiting_pod(f"pod-{number}"))

    async def two_run_and_one_waits() -> bool:
        pods = (await call("GET", f"{api}/namespaces/default/pods"))["items"]
        phases = sorted(pod["status"]["phase"] for pod in pods)
        return phases == ["Pending", "Running", "Running"]

    await until(two_run_and_one_waits)
    assert len([item for item in await nodes(call, api) if item["metadata"]["labels"].get("tier") == "serving"]) == 2

    async def told_why() -> bool:
        events = (await call("GET", f"{api}/namespaces/default/events?fieldSelector=reason=NotTriggerScaleUp"))["items"]
        return any(one["message"].endswith("1 max node group size reached") for one in events)

    await until(told_why)

    await call("PUT", "/clusters/c1/nodePools/gpu", {"labels": {"labels": {"tier": "other"}}})

    async def relabelled() -> bool:
        return [item["metadata"]["labels"].get("tier") for item in await nodes(call, api)].count("other") == 2

    await until(relabelled)
    await until(running)
    await call("DELETE", "/clusters/c1")

    async def gone() -> bool:
        return await call("GET", "/clusters") == {}

    await until(gone)
    with pytest.raises(aiohttp.ClientConnectionError):
        await call("GET", f"{api}/nodes")


async def nodes(call, api: str) -> list[dict]:
    return (await call("GET", f"{api}/nodes"))["items"]
