# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""text-generation-inference (TGI 3.3.7) as one of the engines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ...core.deadline import Deadline
from ...core.errors import InvalidOption
from ...models.memory import MemoryRules
from ..engine import ContainerSettings, Engine, GenerationRequest, LaunchPhase, MetricNames, ScalingSignal, TooLong
from .chat import check_chat
from .client import TgiClient, TgiRequest
from .crash_reasons import CRASH_REASONS
from .deployment_rules import RULES, VARIABLES
from .environment import KNOWN
from .launch_log import LOAD, WEIGHTS, read_launch
from .parameters import ARGUMENT_SPEC, NAMES, check_request, own_parameters
from .request_length import too_long

_QUANTIZE = "QUANTIZE"
_SHOWN = (
    _QUANTIZE,
    "DTYPE",
    "NUM_SHARD",
    "MAX_INPUT_TOKENS",
    "MAX_TOTAL_TOKENS",
    "MAX_BATCH_PREFILL_TOKENS",
)
"""Of a container's environment only this is shown: a key may stand there in the open."""

_OPTIONS = {f"parameters.{own}": name for name, own in NAMES.items()} | {"inputs": "prompt"}


class TgiEngine(Engine):
    """See Engine. The launcher reads its settings from the environment; arguments may give them as well."""

    name = "tgi"
    title = "text-generation-inference"
    metrics = MetricNames(
        received="tgi_request_count",
        answered="tgi_request_duration_count",
        tokens="tgi_request_generated_tokens_sum",
        seconds="tgi_request_duration_sum",
        waiting="tgi_queue_size",
    )
    scaling_signals = (
        ScalingSignal("tgi_queue_size", "requests that wait"),
        ScalingSignal("tgi_batch_current_size", "requests that are generated for"),
    )
    phases = {
        WEIGHTS: "until the weights lay on the node",
        LOAD: "until the server answered: weights onto the GPU, warm-up",
    }
    crash_reasons = CRASH_REASONS
    memory = MemoryRules(
        server="TGI",
        usable=0.9,
        formats={
            "fp8": "fp8",
            "eetq": "int8",
            "bitsandbytes": "int8",
            "bitsandbytes-nf4": "nf4",
            "bitsandbytes-fp4": "nf4",
        },
        slow=frozenset({"bitsandbytes", "bitsandbytes-nf4", "bitsandbytes-fp4"}),
        quantization=_QUANTIZE,
        gpus="NUM_SHARD",
        context="MAX_TOTAL_TOKENS",
    )
    parameters = ARGUMENT_SPEC
    deployment_rules = RULES
    variables = VARIABLES
    environment = KNOWN
    answer_tokens = ("max_new_tokens", "max_tokens")

    def check(self, request: GenerationRequest, *, streaming: bool) -> None:
        for name, own in NAMES.items():
            if getattr(request, name) is not None and request.parameters.get(own) is not None:
                raise InvalidOption(name, getattr(request, name), f"no parameters.{own} beside it: they are the same")
        parameters = own_parameters(request)
        try:
            if request.messages is not None:
                check_chat(request.messages, parameters)
            # The router's rules hold for a chat's parameters too; its prompt is what the model's template makes of it.
            check_request(request.prompt if request.messages is None else "chat", parameters, streaming=streaming)
        except InvalidOption as error:
            option = error.fields["option"]
            general = not isinstance(request, TgiRequest)
            if general and option in _OPTIONS and option.removeprefix("parameters.") not in request.parameters:
                raise error.renamed(_OPTIONS[option]) from error
            raise

    def generating_routes(self, model: str) -> Mapping[str, Mapping[str, Any]]:
        own = {"inputs": "a", "parameters": {"max_new_tokens": 1}}
        chat = {"model": model, "messages": [{"role": "user", "content": "a"}], "max_tokens": 1}
        return {
            **dict.fromkeys(("/", "/generate", "/generate_stream", "/invocations"), own),
            "/v1/completions": {"model": model, "prompt": "a", "max_tokens": 1},
            "/v1/chat/completions": chat,
            "/vertex": {"instances": [{"inputs": chat}]},
        }

    def too_long(
        self, config: Mapping[str, Any], context: int, environment: Mapping[str, Any], arguments: Sequence[str]
    ) -> Iterable[TooLong]:
        return too_long(config, environment)

    def connect(self, url: str, api_key: str | None, deadline: Deadline) -> TgiClient:
        return TgiClient(url, api_key, deadline)

    def launch_phases(self, log: Iterable[str], started: datetime | None) -> Sequence[LaunchPhase]:
        return read_launch(log)

    def settings(self, environment: Mapping[str, str], arguments: Sequence[str]) -> ContainerSettings:
        given = {**environment, **_of_arguments(arguments)}
        return ContainerSettings(
            quantization=given.get(_QUANTIZE, ""),
            shown={name: given[name] for name in _SHOWN if name in given},
        )


def _of_arguments(arguments: Sequence[str]) -> dict[str, str]:
    """The launcher's arguments by the names that they have in the environment: ``--num-shard 2`` and ``--x=y``."""
    found: dict[str, str] = {}
    name = ""
    for argument in arguments:
        if argument.startswith("--"):
            name, _equals, value = argument.removeprefix("--").partition("=")
            name = name.replace("-", "_").upper()
            found[name] = value
        elif name:
            found[name] = argument
            name = ""
    return found
