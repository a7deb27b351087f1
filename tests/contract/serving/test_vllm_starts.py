# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine vllm makes of the log of a simulated start, the one that ends well and those that fail."""

from __future__ import annotations

import asyncio

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.option_names import plain
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.diagnosis.cluster_view import LOG_LINES
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.diagnosis.crash_reasons import (
    cause_of,
    ending,
    meaning_of,
)
from ansible_collections.llmops.gke.plugins.module_utils.serving.vllm.engine import VllmEngine
from llmops_gke_sandbox.clock import Clock
from llmops_gke_sandbox.config import Config
from llmops_gke_sandbox.faults import Faults
from llmops_gke_sandbox.huggingface.hub import Hub
from llmops_gke_sandbox.workloads import create
from llmops_gke_sandbox.workloads.base import ContainerContext

MODEL = "HuggingFaceH4/zephyr-7b-beta"


def log_of(tmp_path, *args, gpu="nvidia-l4", fault=None, token="hf_canary", **env):
    """The log of a container and the moment of its start, once it serves or has ended."""
    faults, clock = Faults(), Clock(5000)
    if fault:
        faults.add(fault)
    context = ContainerContext(
        pod={"metadata": {"namespace": "default", "name": "model-0"}},
        container={"name": "model", "image": "vllm/vllm-openai:v0.32.0", "args": ["--model", MODEL, *args]},
        env={"HF_TOKEN": token, **env},
        node={"metadata": {"labels": {"cloud.google.com/gke-accelerator": gpu}}},
        clock=clock,
        faults=faults,
        hub=Hub(Config(directory=tmp_path), faults),
    )

    async def run():
        workload, began = create(context), clock.now()
        await workload.start()
        try:
            async with asyncio.timeout(10):
                while not workload.exit.done() and "startup complete" not in "".join(workload.log[-1:]):
                    await asyncio.sleep(0.005)
        finally:
            await workload.stop()
        return list(workload.log), began

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("args", "more", "reason", "shown"),
    [
        (
            ("--gpu-memory-utilization", "0.8"),
            {},
            "the cache does not hold one request of --max-model-len tokens",
            "estimated maximum model length is ",
        ),
        (
            ("--gpu-memory-utilization", "0.6"),
            {},
            "the model leaves no GPU memory for the KV cache",
            "No available memory for the cache blocks",
        ),
        ((), {"fault": "gpu_out_of_memory"}, "the model leaves no GPU memory for the KV cache", ""),
        (("--max-model-len", "40k"), {}, "--max-model-len is above what the model was made for", ""),
        ((), {"fault": "model_gated"}, "the model is gated for this token", ""),
        ((), {"fault": "bad_token"}, "Hugging Face refuses the token or does not know the model", ""),
        (("--dtype", "bfloat16"), {"gpu": "nvidia-tesla-t4"}, "the GPU has no bfloat16", ""),
        (("--quantization", "awq"), {}, "--quantization does not name how the weights are stored", ""),
        (("-tp", "2"), {}, "the model can't be shared among so many GPUs", ""),
        (("--colour",), {}, "this version does not know an argument, or refuses its value", "--colour"),
        ((), {"VLLM_PORT": "tcp://10.0.0.1:80"}, "a Service named vllm puts its address into the environment", ""),
    ],
)
def test_each_end_of_a_start_is_known(tmp_path, args, more, reason, shown):
    log, _began = log_of(tmp_path, *args, **more)
    lines = log[-LOG_LINES:]
    words = ending(lines)
    known, cause = meaning_of(words, VllmEngine.crash_reasons), words
    if known is None:
        known, cause = cause_of(lines, VllmEngine.crash_reasons)
    assert plain(known.reason).startswith(reason)
    assert shown in cause
    assert "hf_canary" not in "".join(log)


def test_the_phases_of_a_start_end_one_after_the_other(tmp_path):
    log, began = log_of(tmp_path)
    phases = VllmEngine().launch_phases(log, began)
    ends = [phase.end for phase in phases]
    assert [phase.name for phase in phases] == list(VllmEngine.phases)
    assert None not in ends
    assert ends == sorted(ends)
    assert ends[0].timestamp() >= int(began.timestamp())
