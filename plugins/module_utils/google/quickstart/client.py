# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What GKE Inference Quickstart knows of models that Google measured on GKE (gkerecommender.googleapis.com, v1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...http.answers import INT64, NUMBER
from ..apis import GoogleApis
from .profiles import Profile, Targets, read_profile

QUICKSTART = "GKE Inference Quickstart"
API = "gkerecommender.googleapis.com"

_AMOUNT = {"units": INT64, "nanos": int}
_COST = {"pricingModel": str, "costPerMillionOutputTokens": _AMOUNT, "costPerMillionInputTokens": _AMOUNT}
_STATS = {
    "queriesPerSecond": NUMBER,
    "outputTokensPerSecond": int,
    "ntpotMilliseconds": int,
    "ttftMilliseconds": int,
    "cost": [_COST],
}
_PROFILE = {
    "modelServerInfo!": {"model!": str, "modelServer!": str, "modelServerVersion": str},
    "acceleratorType": str,
    "instanceType": str,
    "tpuTopology": str,
    "resourcesUsed": {"acceleratorCount": int},
    "performanceStats": [_STATS],
}
_MANIFESTS = {
    "kubernetesManifests": [{"kind": str, "apiVersion": str, "content": str}],
    "comments": [str],
    "manifestVersion": str,
}


def models(apis: GoogleApis) -> list[str]:
    """The models that were measured, by their names on the Hub."""
    return _names(apis, "/v1/models:fetch", "models", "read which models Google has measured")


def model_servers(apis: GoogleApis, model: str) -> list[str]:
    """The model servers that a model was measured with."""
    doing = f"read which servers Google has measured {model} with"
    return _names(apis, "/v1/modelServers:fetch", "modelServers", doing, model=model)


def model_server_versions(apis: GoogleApis, model: str, server: str) -> list[str]:
    """The versions of a server that a model was measured with."""
    doing = f"read which versions of {server} Google has measured {model} with"
    return _names(apis, "/v1/modelServerVersions:fetch", "modelServerVersions", doing, model=model, modelServer=server)


def profiles(
    apis: GoogleApis, model: str, server: str | None, version: str | None, targets: Targets, pricing: str
) -> list[Profile]:
    """What meets the targets: machines, each with its figures there."""
    body = {"performanceRequirements": targets.requirements(pricing), **_info(model, server, version)}
    doing = f"read what Google has measured of {model}"
    pages = apis.asked_pages(QUICKSTART, "/v1/profiles:fetch", doing, body, {"profile": [_PROFILE]})
    return [read_profile(one) for page in pages for one in page.get("profile", [])]


def benchmarks(
    apis: GoogleApis, model: str, server: str, version: str | None, instance_type: str | None, pricing: str
) -> list[Profile]:
    """All that was measured of a model with a server, from the lowest rate of requests to the highest."""
    body: dict[str, Any] = {"modelServerInfo": _info(model, server, version), "pricingModel": pricing}
    if instance_type:
        body["instanceType"] = instance_type
    doing = f"read Google's benchmarks of {model} with {server}"
    answer = apis.ask(QUICKSTART, "/v1/benchmarkingData:fetch", doing, body, {"profile": [_PROFILE]})
    return [read_profile(one) for one in answer.get("profile", [])]


def manifest(
    apis: GoogleApis, model: str, server: str, version: str | None, gpu: str, namespace: str | None, targets: Targets
) -> dict[str, Any]:
    """The manifests that Google generates: ``kubernetesManifests``, ``comments``, ``manifestVersion``."""
    body: dict[str, Any] = {"modelServerInfo": _info(model, server, version), "acceleratorType": gpu}
    if namespace:
        body["kubernetesNamespace"] = namespace
    # Cost is no target that an autoscaler is made for.
    if latency := targets.latency():
        body["performanceRequirements"] = latency
    return apis.ask(
        QUICKSTART, "/v1/optimizedManifest:generate", f"read Google's manifests for {model}", body, _MANIFESTS
    )


def _info(model: str, server: str | None, version: str | None) -> dict[str, str]:
    named = {"model": model, "modelServer": server, "modelServerVersion": version}
    return {name: value for name, value in named.items() if value}


def _names(apis: GoogleApis, path: str, key: str, doing: str, **params: str) -> list[str]:
    pages: Iterator[dict[str, Any]] = apis.pages(QUICKSTART, path, doing, {key: [str]}, **params)
    return [name for page in pages for name in page.get(key, [])]
