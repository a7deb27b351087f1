# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model server that really runs stands in for the played one."""

from __future__ import annotations

import pytest

from llmops_gke_sandbox.clock import Clock
from llmops_gke_sandbox.config import Config
from llmops_gke_sandbox.faults import Faults
from llmops_gke_sandbox.huggingface.hub import Hub
from llmops_gke_sandbox.workloads import create
from llmops_gke_sandbox.workloads.base import ContainerContext, Workload


def workload(tmp_path, **env: str) -> Workload:
    faults = Faults()
    model = "mistralai/Mistral-7B-Instruct-v0.1"
    container = {"name": "mistral-7b", "image": "vllm/vllm-openai:v0.26.0", "args": [model, "--port=8000"]}
    context = ContainerContext(
        pod={"metadata": {"namespace": "default", "name": "mistral-7b-0"}},
        container=container,
        env=env,
        node={},
        clock=Clock(1000),
        faults=faults,
        hub=Hub(Config(directory=tmp_path), faults),
    )
    return create(context)


async def test_its_port_is_the_containers(tmp_path):
    served = workload(tmp_path, SANDBOX_MODEL_SERVER="http://127.0.0.1:8999")
    await served.start()
    assert served.ports == {8000: 8999}
    assert "not simulated" in served.log[-1]
    await served.stop()


@pytest.mark.parametrize("given", ["http://192.0.2.1:80", "https://127.0.0.1:1", "127.0.0.1:80", "http://127.0.0.1"])
async def test_it_is_on_loopback(tmp_path, given):
    refused = workload(tmp_path, SANDBOX_MODEL_SERVER=given)
    await refused.start()
    assert refused.exit.result() == 2
    assert given in refused.log[-1]
    await refused.stop()
