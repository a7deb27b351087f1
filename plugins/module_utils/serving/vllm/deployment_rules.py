# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of role vllm: what each sets, and their rules."""

from __future__ import annotations

import re

from ...core.rules import Rule, image, least
from .arguments import LENGTH, QUANTIZATION, SHARDS

VARIABLES = {
    "--port": "vllm_port",
    "--served-model-name": "llmops_served_name",
    SHARDS: "vllm_tensor_parallel_size",
    "--gpu-memory-utilization": "vllm_gpu_memory_utilization",
    "--dtype": "vllm_dtype",
    "--tokenizer-mode": "vllm_tokenizer_mode",
    "--shutdown-timeout": "llmops_answer_seconds",
    LENGTH: "vllm_max_model_len",
    QUANTIZATION: "vllm_quantization",
    "--chat-template": "vllm_chat_template",
    "--max-num-batched-tokens": "--max-num-batched-tokens in vllm_extra_args",
}

_ARGUMENT = re.compile(r"-[-\w.]+(=|$)")

RULES = (
    least("vllm_tensor_parallel_size", 1, "llmops_gpus_per_replica"),
    least("vllm_port", 1),
    least("vllm_max_model_len", 0),
    Rule(
        "vllm_gpu_memory_utilization",
        ("vllm_gpu_memory_utilization",),
        lambda values: 0 < values["vllm_gpu_memory_utilization"] <= 1,
        "more than 0 and at most 1",
    ),
    Rule(
        "vllm_extra_args",
        ("vllm_extra_args",),
        lambda values: all(_ARGUMENT.match(one) for one in values["vllm_extra_args"]),
        "arguments that begin with a hyphen, each with its value behind an equals sign",
    ),
    Rule(
        "vllm_command",
        ("vllm_command",),
        lambda values: bool(values["vllm_command"]),
        "the command that takes the model and the arguments, such as [vllm, serve]",
    ),
    image("vllm_image"),
)
