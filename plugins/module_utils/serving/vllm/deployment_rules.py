# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the variables of role vllm."""

from __future__ import annotations

import re

from ...core.rules import Rule, image, least

_ARGUMENT = re.compile(r"-[-\w.]+(=|$)")

RULES = (
    least("vllm_tensor_parallel_size", 1),
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
