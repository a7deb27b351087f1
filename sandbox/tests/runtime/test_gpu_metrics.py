# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exporter's figures follow the model server beside it, and are read by way of the API server."""

from __future__ import annotations

import re

import aiohttp

from llmops_gke_sandbox.workloads.dcgm_exporter import Use, exposition

from .conftest import EXPORTER, TOKEN, pod


def _value(text: str, name: str) -> float:
    return float(re.search(rf"^{name}{{.*}} (\S+)$", text, re.MULTILINE)[1])


async def _read(world, path: str, token: str | None = TOKEN) -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(f"https://{world.cluster.endpoint}{path}", ssl=False) as answer,
    ):
        return answer.status, await answer.text()


async def test_figures_come_through_the_api_server(served):
    world, _kubectl = served
    body = pod("exporter", EXPORTER, tolerations=[{"operator": "Exists"}], nodeName="gpu-1")
    await world.api.create("pods", body, "default")
    await world.started("exporter")
    path = "/api/v1/namespaces/default/pods/exporter:9400/proxy/metrics"
    status, text = await _read(world, path)
    assert status == 200
    assert _value(text, "DCGM_FI_DEV_GPU_UTIL") == 0
    assert 'modelName="NVIDIA L4"' in text
    assert (await _read(world, path, token=None))[0] == 403
    status, text = await _read(world, path.replace("9400", "9401"))
    assert status == 503 and "pod exporter does not listen on 9401" in text


def test_a_busy_gpu_is_told_with_its_pod():
    node = {
        "metadata": {"name": "gpu-1", "uid": "u", "labels": {"cloud.google.com/gke-accelerator": "nvidia-l4"}},
        "status": {"allocatable": {"nvidia.com/gpu": "2"}},
    }
    user = {"metadata": {"name": "mistral", "namespace": "default"}, "spec": {"containers": [{"name": "tgi"}]}}
    text = exposition(node, [Use(user, loaded=True, busy=True)])
    busy, idle = re.findall(r"^DCGM_FI_DEV_GPU_UTIL{(.*)} (\d+)$", text, re.MULTILINE)
    assert busy[1] == "99" and 'pod="mistral"' in busy[0] and 'container="tgi"' in busy[0]
    assert idle[1] == "0" and "pod=" not in idle[0]
    assert re.findall(r"^DCGM_FI_DEV_FB_USED{.*} (\d+)$", text, re.MULTILINE) == ["20731", "0"]
    assert re.findall(r"^DCGM_FI_DEV_FB_FREE{.*} (\d+)$", text, re.MULTILINE) == ["2303", "23034"]
