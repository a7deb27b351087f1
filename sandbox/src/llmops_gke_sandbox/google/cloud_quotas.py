# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cloud Quotas: the limits of GPUs, of families too, which Compute's own list lacks. It tells no use."""

from __future__ import annotations

from aiohttp import web

from llmops_gke_sandbox.config import Config
from llmops_gke_sandbox.google import places
from llmops_gke_sandbox.google.discovery import cloudquotas_v1
from llmops_gke_sandbox.google.errors import GoogleError, bad_request, unimplemented
from llmops_gke_sandbox.google.guard import Guard
from llmops_gke_sandbox.google.quotas import FAMILIES, Quotas

SERVICE = "compute.googleapis.com"
_PERMISSION = "cloudquotas.quotas.get"
_PAGE = 100


class CloudQuotas:
    """Answers /cloudquotas/v1/projects/..."""

    def __init__(self, config: Config, quotas: Quotas, guard: Guard) -> None:
        self._config, self._quotas, self._guard = config, quotas, guard

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of the API's application."""
        return [web.route("*", "/{path:.*}", self._answer)]

    async def _answer(self, request: web.Request) -> web.Response:
        found = cloudquotas_v1().find(request.method, request.match_info["path"])
        if found is None:
            raise unimplemented(f"{request.method} {request.path}")
        method, path = found
        if unknown := [name for name in request.query if name not in method.query]:
            text = f'Invalid JSON payload received. Unknown name "{unknown[0]}": Cannot bind query parameter.'
            raise bad_request([("", text)])
        self._guard.require(request, "cloudquotas", _PERMISSION, path["projectsId"])
        if path["locationsId"] != "global":
            raise bad_request([("parent", "The location must be global.")])
        if path["servicesId"] != SERVICE:
            raise unimplemented(f"the quotas of {path['servicesId']}")
        infos = self._infos()
        if method.id.endswith(".get"):
            return web.json_response(self._shown(_named(infos, path["quotaInfosId"])))
        return web.json_response(self._page(infos, request))

    def _page(self, infos: list[dict], request: web.Request) -> dict:
        size = int(request.query.get("pageSize") or 0) or _PAGE
        start = int(request.query.get("pageToken") or 0)
        page = {"quotaInfos": [self._shown(info) for info in infos[start : start + size]]}
        return page | ({"nextPageToken": str(start + size)} if start + size < len(infos) else {})

    def _infos(self) -> list[dict]:
        metrics = self._quotas.gpus()
        families = [metric for metric in metrics if metric.startswith(f"{FAMILIES}/")]
        infos = [self._info(metric, ["region"], [self._of_region(metric)]) for metric in metrics if "/" not in metric]
        each = [self._of_family(metric) for metric in families]
        # Any other family, anywhere: nothing, and the API leaves a zero out.
        rest = {"details": {}, "applicableLocations": sorted(places.regions())}
        return [self._info("GPUS-PER-GPU-FAMILY", ["region", "gpu_family"], [*each, rest]), *infos]

    def _of_region(self, metric: str) -> dict:
        """Return a limit that every region has."""
        return {
            "details": {"value": str(int(self._quotas.limit(metric)))},
            "applicableLocations": sorted(places.regions()),
        }

    def _of_family(self, metric: str) -> dict:
        return {"dimensions": {"gpu_family": metric.partition("/")[2]}} | self._of_region(metric)

    def _info(self, metric: str, dimensions: list[str], infos: list[dict]) -> dict:
        quota = f"{metric.replace('_', '-')}-per-project-region"
        parent = f"projects/{self._config.project_number}/locations/global/services/{SERVICE}"
        return {
            "name": f"{parent}/quotaInfos/{quota}",
            "quotaId": quota,
            "metric": f"{SERVICE}/{metric.replace('-', '_').lower()}",
            "service": SERVICE,
            "isPrecise": True,
            "containerType": "PROJECT",
            "dimensions": dimensions,
            "metricDisplayName": metric.replace("_", " ").replace("-", " "),
            "quotaDisplayName": f"{metric.replace('_', ' ').replace('-', ' ')} per project per region",
            "metricUnit": "1",
            "quotaIncreaseEligibility": {"isEligible": True},
            "dimensionsInfos": infos,
        }

    def _shown(self, info: dict) -> dict:
        return cloudquotas_v1().shown("QuotaInfo", info)


def _named(infos: list[dict], quota: str) -> dict:
    for info in infos:
        if info["quotaId"] == quota:
            return info
    raise GoogleError("NOT_FOUND", f"Quota info {quota} not found for service {SERVICE}.")
