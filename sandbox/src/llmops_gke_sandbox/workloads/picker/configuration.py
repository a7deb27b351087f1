# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""An EndpointPickerConfig: which plugins score, with which weights, and the metrics that they read. Pure.

Source: llm-d/llm-d-router v0.10.0, apix/config and pkg/epp. What is not played is refused by name.
"""

from __future__ import annotations

from dataclasses import dataclass

import yaml

QUEUE, RUNNING, CACHE, PREFIX = (
    "queue-scorer", "running-requests-size-scorer", "kv-cache-utilization-scorer", "prefix-cache-scorer",
)  # fmt: skip
_SCORERS = (QUEUE, RUNNING, CACHE, PREFIX)
_OTHERS = ("metrics-data-source", "core-metrics-extractor", "openai-parser", "passthrough-parser")
_VLLM = {
    "name": "vllm",
    "queuedRequestsSpec": "vllm:num_requests_waiting",
    "runningRequestsSpec": "vllm:num_requests_running",
    "kvUsageSpec": "vllm:kv_cache_usage_perc",
}


@dataclass(frozen=True)
class Configuration:
    """scorers: plugin -> weight. metrics: scorer -> the name of the metric that it reads, empty where there is none."""

    scorers: dict[str, float]
    metrics: dict[str, str]
    parsers: tuple[str, ...]


def read(text: str | None) -> Configuration:
    """Return what a configuration says; the default one where there is none.

    :raises ValueError: as the program ends at its start.
    """
    given = yaml.safe_load(text) if text else {}
    if not isinstance(given, dict):
        raise ValueError("failed to load config: the configuration is invalid")
    if given and (given.get("apiVersion"), given.get("kind")) != ("llm-d.ai/v1alpha1", "EndpointPickerConfig"):
        raise ValueError(
            f'failed to load config: no kind "{given.get("kind")}" is registered for {given.get("apiVersion")}'
        )
    plugins = {one.get("name") or one["type"]: one for one in given.get("plugins") or []}
    for one in plugins.values():
        if one["type"] not in (*_SCORERS, *_OTHERS):
            raise ValueError(f"plugin type '{one['type']}' is not found in registry, or the sandbox does not play it")
    return Configuration(_scorers(given, plugins), _metrics(plugins), tuple(_parsers(given, plugins)))


def _scorers(given: dict, plugins: dict[str, dict]) -> dict[str, float]:
    profiles = given.get("schedulingProfiles") or []
    if not profiles:
        return {QUEUE: 2, CACHE: 2, PREFIX: 3}
    if len(profiles) > 1:
        raise ValueError("the sandbox does not play several scheduling profiles")
    found = {}
    for one in profiles[0].get("plugins") or []:
        found[_known(plugins, one["pluginRef"])] = float(one.get("weight", 1))
    return found


def _parsers(given: dict, plugins: dict[str, dict]) -> list[str]:
    named = (given.get("requestHandler") or {}).get("parsers") or []
    return [_known(plugins, one["pluginRef"]) for one in named] or ["openai-parser"]


def _known(plugins: dict[str, dict], name: str) -> str:
    if name not in plugins:
        raise ValueError(f"plugin '{name}' is referenced, and there is none of that name")
    return plugins[name]["type"]


def _metrics(plugins: dict[str, dict]) -> dict[str, str]:
    parameters = next((one.get("parameters") or {} for one in plugins.values() if "extractor" in one["type"]), {})
    engines = {one["name"]: one for one in (_VLLM, *(parameters.get("engineConfigs") or []))}
    engine = parameters.get("defaultEngine") or "vllm"
    if engine not in engines:
        raise ValueError(f'default engine "{engine}" not found in engineConfigs')
    of_it = engines[engine]
    return {
        QUEUE: of_it.get("queuedRequestsSpec") or "",
        RUNNING: of_it.get("runningRequestsSpec") or "",
        CACHE: of_it.get("kvUsageSpec") or "",
    }
