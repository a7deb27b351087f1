# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A second engine, for tests alone: OpenAI's routes, token counts in usage, arguments in place of environment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.diagnosis.crash_reasons import CrashReason
from ansible_collections.llmops.gke.plugins.module_utils.models.memory import MemoryRules
from ansible_collections.llmops.gke.plugins.module_utils.serving.client import ServerClient, own_headers
from ansible_collections.llmops.gke.plugins.module_utils.serving.engine import (
    Answer,
    ContainerSettings,
    Engine,
    GenerationRequest,
    Identity,
    LaunchPhase,
    MetricNames,
    ScalingSignal,
    Stream,
    StreamEvent,
)

COMPLETIONS, CHAT = "/v1/completions", "/v1/chat/completions"


class SecondClient(ServerClient):
    service = "the second server"

    def identity(self) -> Identity:
        body = self._session.request("GET", "/v1/models", doing="ask what it serves").body
        if not isinstance(body, dict) or not body.get("data"):
            raise self._unexpected("GET", "/v1/models", "a list of models", body)
        (model,) = body["data"]
        return Identity(model["id"], max_total_tokens=model["max_model_len"], details=model)

    def generate(self, request: GenerationRequest) -> Answer:
        route, body = _asked(request)
        reply = self._post(route, body)
        (choice,) = reply.body["choices"]
        text = choice["text"] if "text" in choice else choice["message"]["content"]
        return _answer(text, choice, reply.body["usage"], reply.seconds, own_headers(reply))

    def stream(self, request: GenerationRequest) -> Stream:
        route, body = _asked(request)
        usage = {"include_usage": True, "continuous_usage_stats": True}
        came = self._post_stream(route, {**body, "stream": True, "stream_options": usage})
        events, text, choice, counted = [], "", {}, 0
        for event in came.events:
            tokens = event.data["usage"]["completion_tokens"]
            for choice in event.data["choices"]:
                text += choice["text"] if "text" in choice else choice["delta"].get("content", "")
            if tokens > counted:
                events.append(StreamEvent(event.at, tokens - counted))
                counted = tokens
        seconds = events[-1].at - came.sent
        return Stream(came.sent, events, _answer(text, choice, came.events[-1].data["usage"], seconds, {}))


def _asked(request: GenerationRequest) -> tuple[str, dict[str, Any]]:
    body = {"max_tokens": request.max_tokens, "temperature": request.temperature, **request.parameters}
    body = {name: value for name, value in body.items() if value is not None}
    if request.messages is not None:
        return CHAT, {**body, "messages": list(request.messages)}
    return COMPLETIONS, {**body, "prompt": request.prompt}


def _answer(
    text: str, choice: Mapping[str, Any], usage: Mapping[str, Any], seconds: float, headers: Mapping[str, str]
) -> Answer:
    return Answer(
        text,
        seconds,
        tokens=usage["completion_tokens"],
        prompt_tokens=usage["prompt_tokens"],
        finish_reason=choice["finish_reason"],
        headers=headers,
    )


class SecondEngine(Engine):
    name = "second"
    title = "the second server"
    metrics = MetricNames(
        received="second:requests_total",
        answered="second:latency_seconds_count",
        tokens="second:generation_tokens_total",
        seconds="second:latency_seconds_sum",
        waiting="second:num_requests_waiting",
    )
    scaling_signals = (
        ScalingSignal("second:num_requests_waiting", "requests that wait"),
        ScalingSignal("second:kv_cache_usage_perc", "the part of the cache that is in use"),
    )
    phases = {
        "weights": "until the weights were loaded",
        "compile": "until the graphs were compiled",
        "server": "until it answered",
    }
    crash_reasons = (
        CrashReason(re.compile("no room for the cache"), "the cache does not fit", "lower --max-model-len"),
    )
    memory = MemoryRules(
        server="the second server",
        usable=0.92,
        formats={"fp8": "fp8"},
        slow=frozenset(),
        quantization="--quantization",
        gpus="--tensor-parallel-size",
        context="--max-model-len",
    )
    parameters = {"min_p": {"type": "float"}, "ignore_eos": {"type": "bool"}}

    def check(self, request: GenerationRequest, *, streaming: bool) -> None:
        if request.max_tokens is not None and request.max_tokens < 1:
            raise InvalidOption("max_tokens", request.max_tokens, "at least 1")

    def connect(self, url: str, api_key: str | None, deadline: Deadline) -> SecondClient:
        return SecondClient(url, api_key, deadline)

    def launch_phases(self, log: Iterable[str], started: datetime | None) -> Sequence[LaunchPhase]:
        """Its lines have neither year nor zone."""
        ends: dict[str, datetime] = {}
        for line in log:
            found = re.match(r"INFO (\d\d)-(\d\d) (\d\d):(\d\d):(\d\d) (\w+) done", line)
            if found and started:
                ends[found[6]] = datetime(started.year, *map(int, found.groups()[:5]), tzinfo=UTC)
        return [LaunchPhase(name, ends.get(name)) for name in self.phases]

    def settings(self, environment: Mapping[str, str], arguments: Sequence[str]) -> ContainerSettings:
        given = dict(argument.removeprefix("--").split("=") for argument in arguments if argument.startswith("--"))
        return ContainerSettings(given.get("quantization", ""), {"max-model-len": given["max-model-len"]})
