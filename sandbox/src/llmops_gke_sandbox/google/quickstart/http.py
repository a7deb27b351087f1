# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""GKE Inference Quickstart's HTTP face: the schema says what a request may hold, the tables what is known."""

from __future__ import annotations

import json
from collections.abc import Callable

from aiohttp import web

from llmops_gke_sandbox.config import Config
from llmops_gke_sandbox.google import places
from llmops_gke_sandbox.google.discovery import gkerecommender_v1
from llmops_gke_sandbox.google.errors import GoogleError, bad_request, unimplemented
from llmops_gke_sandbox.google.guard import Guard
from llmops_gke_sandbox.google.quickstart.manifests import manifests
from llmops_gke_sandbox.google.quickstart.measurements import PRICING, Targets, curve, dollars

_PAGE = 50
_SERVICE = "gkerecommender"


class Quickstart:
    """Answers /gkerecommender/v1/..."""

    def __init__(self, config: Config, guard: Guard) -> None:
        self._config, self._guard = config, guard
        known = places.table("quickstart")
        self._models, self._servers, self._machines = known["models"], known["servers"], known["machines"]
        # method -> (who plays it, the schema of its answer)
        self._players: dict[str, tuple[Callable[[dict], dict], str]] = {
            "fetchModels": (self._list_models, "FetchModelsResponse"),
            "fetchModelServers": (self._list_servers, "FetchModelServersResponse"),
            "fetchModelServerVersions": (self._list_versions, "FetchModelServerVersionsResponse"),
            "fetchProfiles": (self._profiles, "FetchProfilesResponse"),
            "fetchBenchmarkingData": (self._benchmarks, "FetchBenchmarkingDataResponse"),
            "generateOptimizedManifest": (self._manifest, "GenerateOptimizedManifestResponse"),
        }

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of the API's application."""
        return [web.route("*", "/{path:.*}", self._answer)]

    async def _answer(self, request: web.Request) -> web.Response:
        found = gkerecommender_v1().find(request.method, request.match_info["path"])
        if found is None:
            raise unimplemented(f"{request.method} {request.path}")
        method, _path = found
        if unknown := [name for name in request.query if name not in method.query]:
            text = f'Invalid JSON payload received. Unknown name "{unknown[0]}": Cannot bind query parameter.'
            raise bad_request([("", text)])
        given = gkerecommender_v1().read(method.request, await _json(request)) if method.request else {**request.query}
        name = method.id.rpartition(".")[2]
        self._guard.require(request, _SERVICE, f"{_SERVICE}.{name}", self._config.project)
        play, schema = self._players[name]
        return web.json_response(gkerecommender_v1().shown(schema, play(given)))

    def _list_models(self, given: dict) -> dict:
        return _paged(given, "models", sorted(self._models))

    def _list_servers(self, given: dict) -> dict:
        return _paged(given, "modelServers", self._model(given)["servers"])

    def _list_versions(self, given: dict) -> dict:
        server = _required(given, "modelServer", "model_server")
        if server not in self._model(given)["servers"]:
            raise GoogleError("NOT_FOUND", f"Model server {server} is not supported for model {given['model']}.")
        return _paged(given, "modelServerVersions", self._servers[server]["versions"])

    def _profiles(self, given: dict) -> dict:
        targets = _targets(given.get("performanceRequirements", {}))
        profiles = [
            {**profile, "performanceStats": met[-1:]}
            for profile in self._all(given, targets.pricing, targets.ratio)
            if (met := [one for one in profile["performanceStats"] if targets.met_by(one)])
        ]
        stats = [one for profile in profiles for one in profile["performanceStats"]]
        page = _paged(given, "profile", profiles)
        return page | (
            {"performanceRange": _range(stats)} if stats else {"comments": "No profile meets the requirements."}
        )

    def _benchmarks(self, given: dict) -> dict:
        info, pricing = given.get("modelServerInfo", {}), given.get("pricingModel") or "spot"
        _known_pricing(pricing)
        self._model(info, "model_server_info.model")
        _required(info, "modelServer", "model_server_info.model_server")
        if not info.get("modelServerVersion"):
            # The latest that is available.
            info = {**info, "modelServerVersion": self._latest(info["modelServer"])}
        wanted = given.get("instanceType")
        profiles = self._all(info, pricing)
        return {"profile": [one for one in profiles if not wanted or one["instanceType"] == wanted]}

    def _manifest(self, given: dict) -> dict:
        info = given.get("modelServerInfo", {})
        model = self._model(info, "model_server_info.model")
        server = _required(info, "modelServer", "model_server_info.model_server")
        gpu = _required(given, "acceleratorType", "accelerator_type")
        machine = next((one for one in self._machines.values() if one["gpu"] == gpu), None)
        if server not in model["servers"] or machine is None:
            raise GoogleError("NOT_FOUND", f"No profile of {info['model']} on {gpu} with {server}.")
        targets = given.get("performanceRequirements", {})
        scaled = bool({"targetNtpotMilliseconds", "targetTtftMilliseconds"} & targets.keys())
        namespace = given.get("kubernetesNamespace") or "default"
        return {
            "kubernetesManifests": manifests(
                info["model"], server, self._servers[server], machine, namespace, scaled=scaled
            ),
            "comments": ["Generated by the sandbox's GKE Inference Quickstart: nobody measured what it rests on."],
            "manifestVersion": "0.0.0",
        }

    def _all(self, wanted: dict, pricing: str, ratio: float = 4.0) -> list[dict]:
        """Return the profiles with all their figures, of a model, a server, a version where these are given."""
        return [
            {
                "modelServerInfo": {"model": model, "modelServer": server, "modelServerVersion": version},
                "acceleratorType": machine["gpu"],
                "instanceType": instance,
                "resourcesUsed": {"acceleratorCount": machine["count"]},
                "performanceStats": curve(known["parameters"], machine, pricing, ratio),
            }
            for model, known in self._models.items()
            if wanted.get("model") in (None, "", model)
            for server in known["servers"]
            if wanted.get("modelServer") in (None, "", server)
            for version in self._servers[server]["versions"]
            if wanted.get("modelServerVersion") in (None, "", version)
            for instance, machine in self._machines.items()
        ]

    def _latest(self, server: str) -> str:
        return self._servers.get(server, {"versions": [""]})["versions"][-1]

    def _model(self, given: dict, field: str = "model") -> dict:
        name = _required(given, "model", field)
        if name not in self._models:
            raise GoogleError("NOT_FOUND", f"Model {name} is not supported.")
        return self._models[name]


async def _json(request: web.Request) -> object:
    try:
        return json.loads(await request.text() or "{}")
    except ValueError:
        raise bad_request([("", "Invalid JSON payload received.")]) from None


def _required(given: dict, name: str, field: str) -> str:
    if not given.get(name):
        raise bad_request([(field, f"{field} is required.")])
    return given[name]


def _known_pricing(model: str) -> None:
    if model not in PRICING:
        raise unimplemented(f"the pricing model {model}; it knows {', '.join(PRICING)}")


def _targets(given: dict) -> Targets:
    cost = given.get("targetCost", {})
    pricing = cost.get("pricingModel") or "spot"
    _known_pricing(pricing)

    def limit(name: str) -> float | None:
        return dollars(cost[name]) if name in cost else None

    return Targets(
        ttft=given.get("targetTtftMilliseconds"),
        ntpot=given.get("targetNtpotMilliseconds"),
        output_cost=limit("costPerMillionOutputTokens"),
        input_cost=limit("costPerMillionInputTokens"),
        pricing=pricing,
        ratio=float(cost.get("outputInputCostRatio") or 4.0),
    )


def _range(stats: list[dict]) -> dict:
    def of(name: str) -> dict:
        values = [one[name] for one in stats]
        return {"min": min(values), "max": max(values)}

    return {
        "throughputOutputRange": of("outputTokensPerSecond"),
        "ttftRange": of("ttftMilliseconds"),
        "ntpotRange": of("ntpotMilliseconds"),
    }


def _paged(given: dict, key: str, items: list) -> dict:
    size, token = int(given.get("pageSize") or 0) or _PAGE, str(given.get("pageToken") or "0")
    if not token.isdecimal():
        raise bad_request([("page_token", "The page token is invalid.")])
    start = int(token)
    page = {key: items[start : start + size]}
    return page | ({"nextPageToken": str(start + size)} if start + size < len(items) else {})
