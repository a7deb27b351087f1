# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What vLLM says before it ends, where no restart helps."""

from __future__ import annotations

import re

from ...core.option_names import option
from ...kubernetes.diagnosis.crash_reasons import CrashReason
from ..hub_crashes import HUB_CRASHES
from .arguments import LENGTH, QUANTIZATION, SHARDS

# In a role, the variable that sets an argument is named.
_LENGTH, _QUANTIZATION, _SHARDS = map(option, (LENGTH, QUANTIZATION, SHARDS))
_UTILIZATION, _DTYPE, _BATCH = map(option, ("--gpu-memory-utilization", "--dtype", "--max-num-batched-tokens"))

_MORE_MEMORY = f"quantize the model ({_QUANTIZATION}), share it among more GPUs ({_SHARDS}), or take a larger GPU"

CRASH_REASONS = (
    CrashReason(
        re.compile(r"larger than the available KV cache memory"),
        f"the cache does not hold one request of {_LENGTH} tokens",
        f"set {_LENGTH} to at most the estimated maximum model length that the log names, or raise "
        f"{_UTILIZATION}; else {_MORE_MEMORY}",
    ),
    CrashReason(
        re.compile(r"No available memory for the cache blocks"),
        "the model leaves no GPU memory for the KV cache",
        f"raise {_UTILIZATION}; else {_MORE_MEMORY}",
    ),
    CrashReason(
        re.compile(r"Free memory on device .* is less than desired GPU memory utilization"),
        "another program holds memory of the GPU",
        f"lower {_UTILIZATION}, or give the container a GPU of its own",
    ),
    CrashReason(
        re.compile(r"CUDA out of memory|OutOfMemoryError"),
        "the GPU's memory is not enough",
        f"lower {_BATCH} or {_UTILIZATION}; else {_MORE_MEMORY}",
    ),
    CrashReason(
        re.compile(r"is greater than the derived max_model_len"),
        f"{_LENGTH} is above what the model was made for",
        f"lower {_LENGTH} to the max_position_embeddings that the log names",
    ),
    *HUB_CRASHES,
    CrashReason(
        re.compile(r"Bfloat16 is only supported on GPUs"),
        "the GPU has no bfloat16",
        f"set {_DTYPE} to half, or take a GPU of compute capability 8.0 or more",
    ),
    CrashReason(
        re.compile(r"does not support float16"),
        "the model can't be served in float16",
        f"set {_DTYPE} to bfloat16, on a GPU of compute capability 8.0 or more",
    ),
    CrashReason(
        re.compile(r"is not supported for the current GPU\. Minimum capability"),
        "the GPU is too old for the method of quantisation",
        "take a newer GPU, or a model that is quantised otherwise",
    ),
    CrashReason(
        re.compile(
            r"Quantization method specified in the model config|Cannot find the config file for|"
            r"Unknown quantization method"
        ),
        f"{_QUANTIZATION} does not name how the weights are stored",
        f"leave {_QUANTIZATION} out: the model's own configuration tells its method",
    ),
    CrashReason(
        re.compile(
            r"World size \(\d+\) is larger than the number of available GPUs|must be divisible by tensor parallel"
        ),
        "the model can't be shared among so many GPUs",
        f"set {_SHARDS} to the GPUs of the pod, which must divide the model's attention heads",
    ),
    CrashReason(
        re.compile(r"Model architectures .*not supported"),
        "this version does not know the model's architecture",
        "take a newer image",
    ),
    CrashReason(
        re.compile(r"VLLM_PORT .* appears to be a URI"),
        "a Service named vllm puts its address into the environment as VLLM_PORT",
        "set enableServiceLinks to false in the pod, or name the Service otherwise",
    ),
    CrashReason(
        re.compile(r"getpwuid\(\): uid not found"),
        "the container's user is not known to the image",
        "run it as user 2000 or as root",
    ),
    CrashReason(
        re.compile(r"vllm serve: error:|api_server\.py: error:"),
        "this version does not know an argument, or refuses its value",
        "look at the arguments of the container, and at those of the image's version",
    ),
)
