# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What preflight says fits a GPU, and what the played vLLM starts with: the same tokens, whoever is asked."""

from __future__ import annotations

import dataclasses
from importlib import resources
from typing import Any

import pytest
import yaml

from ansible_collections.llmops.gke.plugins.module_utils.google.accelerators import GPUS
from ansible_collections.llmops.gke.plugins.module_utils.models import memory
from ansible_collections.llmops.gke.plugins.module_utils.models.shape import read_shape
from ansible_collections.llmops.gke.plugins.module_utils.serving.vllm.engine import VllmEngine
from llmops_gke_sandbox.huggingface import hub
from llmops_gke_sandbox.workloads.llm.timing import GPUS as PLAYED
from llmops_gke_sandbox.workloads.vllm.memory import DoesNotRun, room
from llmops_gke_sandbox.workloads.vllm.settings import Settings

MODELS = yaml.safe_load(resources.files(hub.__package__).joinpath("models.yml").read_text(encoding="utf-8"))
GEMMA, MISTRAL = "google/gemma-2-9b-it", "mistralai/Mistral-7B-Instruct-v0.3"
RULES = VllmEngine.memory


def preflight(model: dict[str, Any], gpu: str, settings: Settings, context: int) -> tuple[int, bool]:
    """Tokens of cache, and whether a request of so many fits, by the collection."""
    shape, parameters = read_shape(model["config"]), model["parameters"]
    gpus = memory.Gpus(GPUS[gpu], settings.shards, settings.utilization, reserved=RULES.reserved)
    chosen = RULES.format_of(settings.quantization or "")
    weights = {chosen: memory.weight_bytes(parameters, shape, chosen)}
    found = memory.fit(weights, parameters, shape, gpus, context, RULES.block)[chosen]
    return found["kv_tokens"], found["fits"]


def played(model: dict[str, Any], gpu: str, settings: Settings, context: int) -> tuple[int, bool]:
    """The same, by the sandbox's server."""
    size = float(model["parameters"] * 2)
    config = {**model["config"], "max_position_embeddings": 10**9}

    def started(longest: int) -> int | None:
        try:
            given = dataclasses.replace(settings, max_model_len=longest)
            return room(given, config, size, PLAYED[gpu], 1.0).longest
        except DoesNotRun:
            return None

    return started(-1) or 0, started(context) is not None


@pytest.mark.parametrize("name", [GEMMA, MISTRAL])
@pytest.mark.parametrize("gpu", ["nvidia-l4", "nvidia-tesla-t4", "nvidia-tesla-a100", "nvidia-a100-80gb"])
@pytest.mark.parametrize("shards", [1, 2])
@pytest.mark.parametrize("utilization", [0.92, 0.8])
@pytest.mark.parametrize("quantization", [None, "fp8", "bitsandbytes"])
def test_both_have_the_same_room(name: str, gpu: str, shards: int, utilization: float, quantization: str | None):
    settings = Settings(name, shards=shards, utilization=utilization, quantization=quantization)
    model = MODELS[name]
    for context in (4096, 8192, 32768):
        assert preflight(model, gpu, settings, context) == played(model, gpu, settings, context)


def test_8192_tokens_of_gemma_do_not_fit_an_l4_by_either():
    model, settings = MODELS[GEMMA], Settings(GEMMA)
    assert preflight(model, "nvidia-l4", settings, 8192) == played(model, "nvidia-l4", settings, 8192) == (6176, False)
    assert preflight(model, "nvidia-l4", settings, 6176) == played(model, "nvidia-l4", settings, 6176) == (6176, True)
