"""custom-metrics-stackdriver-adapter: the custom and external metrics APIs over what managed Prometheus has.

Names are the adapter's: prometheus.googleapis.com|NAME|KIND. A selector of an external metric names
metric.labels.X and resource.labels.X.
"""

from __future__ import annotations

import asyncio

from aiohttp import web

from llmops_gke_sandbox.clock import rfc3339
from llmops_gke_sandbox.request_log import mark_simulated
from llmops_gke_sandbox.workloads.base import ContainerContext
from llmops_gke_sandbox.workloads.series import Series

_PORT = 443
_PREFIX = "prometheus.googleapis.com"
_CUSTOM, _EXTERNAL = "custom.metrics.k8s.io", "external.metrics.k8s.io"


class MetricsAdapterWorkload:
    """See Workload. It speaks plain HTTP to the API server of the sandbox, which trusts it without a certificate."""

    def __init__(self, context: ContainerContext) -> None:
        self.ports: dict[int, int] = {}
        self.log: list[str] = []
        self.exit: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._context = context
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen."""
        application = web.Application()
        application.on_response_prepare.append(mark_simulated)
        router = application.router
        for group, versions in ((_CUSTOM, ("v1beta1", "v1beta2")), (_EXTERNAL, ("v1beta1",))):
            for version in versions:
                router.add_get(f"/apis/{group}/{version}", self._resources)
        router.add_get(f"/apis/{_CUSTOM}/{{version}}/namespaces/{{namespace}}/pods/{{pod}}/{{metric}}", self._custom)
        router.add_get(f"/apis/{_EXTERNAL}/v1beta1/namespaces/{{namespace}}/{{metric}}", self._external)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        named = self._context.container.get("ports") or [{"containerPort": _PORT}]
        self.ports = {named[0]["containerPort"]: self._runner.addresses[0][1]}
        self.log.append(f"Serving securely on [::]:{named[0]['containerPort']}")

    async def stop(self) -> None:
        """End the listener."""
        self.ports = {}
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _resources(self, request: web.Request) -> web.Response:
        version = request.path.removeprefix("/apis/")
        return web.json_response(
            {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": []}
        )

    async def _custom(self, request: web.Request) -> web.Response:
        """A metric of pods: of one, or of all (*) that the caller picks from by their names."""
        where = request.match_info
        found = [
            series
            for series in await self._named(where["metric"])
            if series.resource["namespace"] == where["namespace"] and where["pod"] in ("*", series.labels["pod"])
        ]
        if not found:
            return _missing(where["metric"], "pods")
        items = [self._custom_item(where["version"], where["metric"], series) for series in found]
        kind = {"kind": "MetricValueList", "apiVersion": f"{_CUSTOM}/{where['version']}", "metadata": {}}
        return web.json_response({**kind, "items": items})

    def _custom_item(self, version: str, metric: str, series: Series) -> dict:
        pod = {"kind": "Pod", "namespace": series.resource["namespace"], "name": series.labels["pod"]}
        named = {"metricName": metric} if version == "v1beta1" else {"metric": {"name": metric, "selector": None}}
        return {"describedObject": {**pod, "apiVersion": "/v1"}, **named, **self._value(series)}

    async def _external(self, request: web.Request) -> web.Response:
        # Names of external metrics arrive in lower case, so a series in capitals is never found (kubernetes 72996).
        metric = request.match_info["metric"].lower()
        try:
            wanted = _selector(request.query.get("labelSelector", ""))
        except ValueError as error:
            return _status(400, "BadRequest", str(error))
        found = [series for series in await self._named(metric) if _fits(series, wanted)]
        items = [
            {"metricName": metric, "metricLabels": {**series.resource, **series.labels}, **self._value(series)}
            for series in found
        ]
        kind = {"kind": "ExternalMetricValueList", "apiVersion": f"{_EXTERNAL}/v1beta1", "metadata": {}}
        return web.json_response({**kind, "items": items})

    async def _named(self, metric: str) -> list[Series]:
        prefix, _bar, rest = metric.partition("|")
        name, _bar, kind = rest.rpartition("|")
        if prefix != _PREFIX:
            return []
        return [one for one in await self._context.series() if (one.name, one.kind) == (name, kind)]

    def _value(self, series: Series) -> dict:
        milli = round(series.value * 1000)
        value = str(milli // 1000) if milli % 1000 == 0 else f"{milli}m"
        return {"timestamp": rfc3339(self._context.clock.now()), "value": value}


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


def _missing(metric: str, resource: str) -> web.Response:
    return _status(404, "NotFound", f"the server could not find the metric {metric} for {resource}")


def _status(code: int, reason: str, message: str) -> web.Response:
    body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    return web.json_response({**body, "message": message, "reason": reason, "code": code}, status=code)
