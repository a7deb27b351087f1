# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vLLM (0.32) as one of the engines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ...core.deadline import Deadline
from ...core.errors import InvalidOption
from ...models.memory import MemoryRules
from ..engine import ContainerSettings, Engine, GenerationRequest, LaunchPhase, MetricNames, ScalingSignal, TooLong
from ..openai.parameters import argument_spec, check_request
from .arguments import LENGTH, QUANTIZATION, SHARDS, by_name
from .client import SERVICE, VllmClient
from .crash_reasons import CRASH_REASONS
from .deployment_rules import RULES, VARIABLES
from .environment import KNOWN
from .launch_log import COMPILE, LOAD, SERVER, WEIGHTS, read_launch
from .parameters import PARAMETERS
from .request_length import longest_request, too_long

_SHOWN = (
    QUANTIZATION,
    "--dtype",
    SHARDS,
    LENGTH,
    "--gpu-memory-utilization",
    "--max-num-seqs",
    "--max-num-batched-tokens",
    "--kv-cache-dtype",
    "--block-size",
    "--enforce-eager",
    "--tokenizer-mode",
    "--served-model-name",
)
"""Of a container's arguments only these are shown: a key may stand among them."""

PASSING_BYTES = 1536 * 2**20
"""Of a GPU, for the activations of the longest batch and for CUDA graphs: an estimate, see its log for the truth."""


class VllmEngine(Engine):
    """See Engine. It reads its settings from the arguments."""

    name = "vllm"
    title = SERVICE
    metrics = MetricNames(
        received="vllm:request_success_total",
        answered="vllm:e2e_request_latency_seconds_count",
        tokens="vllm:request_generation_tokens_sum",
        seconds="vllm:e2e_request_latency_seconds_sum",
        waiting="vllm:num_requests_waiting",
    )
    scaling_signals = (
        ScalingSignal("vllm:num_requests_waiting", "requests that wait"),
        ScalingSignal("vllm:num_requests_running", "requests that are generated for"),
        ScalingSignal("vllm:kv_cache_usage_perc", "the part of the KV cache that is in use, 0 to 1"),
    )
    phases = {
        WEIGHTS: "until the weights lay on the node",
        LOAD: "until the weights were on the GPU",
        COMPILE: "until the model was compiled and the KV cache made",
        SERVER: "until the server answered",
    }
    crash_reasons = CRASH_REASONS
    memory = MemoryRules(
        server=SERVICE,
        usable=0.92,
        formats={"fp8": "fp8", "fp8_per_tensor": "fp8", "experts_int8": "int8", "bitsandbytes": "nf4"},
        slow=frozenset({"bitsandbytes"}),
        quantization=QUANTIZATION,
        gpus=SHARDS,
        context=LENGTH,
        reserved=PASSING_BYTES,
        block=16,
    )
    parameters = argument_spec(PARAMETERS)
    deployment_rules = RULES
    variables = VARIABLES
    environment = KNOWN

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def check(self, request: GenerationRequest, *, streaming: bool) -> None:
        check_request(request, PARAMETERS, SERVICE, streaming=streaming)
        least, most = request.parameters.get("min_tokens"), request.max_tokens
        if least is not None and most is not None and least > most:
            told = f"min_tokens must be less than or equal to max_tokens={most}, got {least}."
            raise InvalidOption("parameters.min_tokens", least, f"what {SERVICE} takes: {told}")

    def generating_routes(self, model: str) -> Mapping[str, Mapping[str, Any]]:
        prompt = {"model": model, "prompt": "a", "max_tokens": 1}
        chat = {"model": model, "messages": [{"role": "user", "content": "a"}], "max_tokens": 1}
        return {
            "/v1/completions": prompt,
            "/v1/chat/completions": chat,
            "/v1/responses": {"model": model, "input": "a", "max_output_tokens": 1},
            "/v1/messages": chat,
            "/invocations": prompt,
            "/inference/v1/generate": {"model": model, "token_ids": [1], "sampling_params": {"max_tokens": 1}},
        }

    def too_long(
        self, config: Mapping[str, Any], context: int, environment: Mapping[str, Any], arguments: Sequence[str]
    ) -> Iterable[TooLong]:
        return too_long(config, context, environment, arguments)

    def longest_request(self, context: int, arguments: Sequence[str]) -> tuple[str, int] | None:
        return longest_request(context, arguments)

    def connect(self, url: str, api_key: str | None, deadline: Deadline) -> VllmClient:
        return VllmClient(url, api_key, deadline, self._known)

    def launch_phases(self, log: Iterable[str], started: datetime | None) -> Sequence[LaunchPhase]:
        return read_launch(log, started)

    def settings(self, environment: Mapping[str, str], arguments: Sequence[str]) -> ContainerSettings:
        given = by_name(arguments)
        return ContainerSettings(
            quantization=given.get(QUANTIZATION, ""),
            shown={name: given[name] for name in _SHOWN if name in given},
        )
