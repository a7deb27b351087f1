# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""custom-metrics-stackdriver-adapter: the custom and external metrics APIs over what managed Prometheus has.

Names are the adapter's: prometheus.googleapis.com|NAME|KIND. A selector of an external metric names
metric.labels.X and resource.labels.X.
"""

from __future__ import annotations

from aiohttp import web

from llmops_gke_sandbox.workloads.listener import ListenerWorkload
from llmops_gke_sandbox.workloads.metrics import metrics_api
from llmops_gke_sandbox.workloads.metrics.metrics_api import CUSTOM, EXTERNAL
from llmops_gke_sandbox.workloads.metrics.series import Series

_PREFIX = "prometheus.googleapis.com"


class MetricsAdapterWorkload(ListenerWorkload):
    """See Workload."""

    default_port = 443

    def routes(self) -> list[web.RouteDef]:
        """See ListenerWorkload."""
        apis = [(CUSTOM, "v1beta1"), (CUSTOM, "v1beta2"), (EXTERNAL, "v1beta1")]
        return [
            *(web.get(path, self._well) for path in ("/healthz", "/livez", "/readyz")),
            *(web.get(f"/apis/{group}/{version}", self._resources) for group, version in apis),
            web.get(f"/apis/{CUSTOM}/{{version}}/namespaces/{{namespace}}/pods/{{pod}}/{{metric}}", self._custom),
            web.get(f"/apis/{EXTERNAL}/v1beta1/namespaces/{{namespace}}/{{metric}}", self._external),
        ]

    async def _well(self, _request: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def _resources(self, request: web.Request) -> web.Response:
        return metrics_api.resources(request.path.removeprefix("/apis/"))

    async def _custom(self, request: web.Request) -> web.Response:
        """A metric of pods: of one, or of all (*) that the caller picks from by their names."""
        where = request.match_info
        found = [
            series
            for series in await self._named(where["metric"])
            if series.resource["namespace"] == where["namespace"] and where["pod"] in ("*", series.labels["pod"])
        ]
        if not found:
            return metrics_api.missing(where["metric"], "pods")
        items = [
            metrics_api.of_pod(
                where["version"], where["metric"], where["namespace"], one.labels["pod"], one.value, self.context.clock
            )
            for one in found
        ]
        return metrics_api.values(CUSTOM, where["version"], items)

    async def _external(self, request: web.Request) -> web.Response:
        # Names of external metrics arrive in lower case, so a series in capitals is never found (kubernetes 72996).
        metric = request.match_info["metric"].lower()
        try:
            wanted = _selector(request.query.get("labelSelector", ""))
        except ValueError as error:
            return metrics_api.status(400, "BadRequest", str(error))
        items = [
            {
                "metricName": metric,
                "metricLabels": {**one.resource, **one.labels},
                **metrics_api.quantity(one.value, self.context.clock),
            }
            for one in await self._named(metric)
            if _fits(one, wanted)
        ]
        return metrics_api.values(EXTERNAL, "v1beta1", items)

    async def _named(self, metric: str) -> list[Series]:
        prefix, _bar, rest = metric.partition("|")
        name, _bar, kind = rest.rpartition("|")
        if prefix != _PREFIX:
            return []
        return [one for one in await self.context.series() if (one.name, one.kind) == (name, kind)]


def _selector(text: str) -> dict[str, str]:
    """Return metric.labels.X and resource.labels.X -> value.

    :raises ValueError: for anything else.
    """
    wanted = {}
    for clause in filter(None, text.split(",")):
        name, equals, value = clause.partition("=")
        if not equals or not name.startswith(("metric.labels.", "resource.labels.")):
            raise ValueError(
                f"invalid label selector {clause!r}: metric.labels.NAME=… or resource.labels.NAME=… is wanted"
            )
        wanted[name] = value.lstrip("=")
    return wanted


def _fits(series: Series, wanted: dict[str, str]) -> bool:
    known = {f"metric.labels.{name}": value for name, value in series.labels.items()}
    known |= {f"resource.labels.{name}": value for name, value in series.resource.items()}
    return all(known.get(name) == value for name, value in wanted.items())
