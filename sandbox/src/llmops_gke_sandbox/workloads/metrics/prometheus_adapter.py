# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubernetes-sigs/prometheus-adapter: the custom metrics API over a Prometheus, by the rules of its configuration.

It asks the Prometheus that --prometheus-url names, over HTTP, when it is asked itself; the real one lists the series
every --metrics-relist-interval and keeps the list.
"""

from __future__ import annotations

import math
import re

import aiohttp
from aiohttp import web

from llmops_gke_sandbox.workloads.listener import ListenerWorkload
from llmops_gke_sandbox.workloads.metrics import metrics_api
from llmops_gke_sandbox.workloads.metrics.adapter_rules import Rule, rules
from llmops_gke_sandbox.workloads.metrics.metrics_api import CUSTOM

_SERVICE = re.compile(r"http://([a-z0-9-]+)\.([a-z0-9-]+)\.svc(?:\.cluster\.local)?(?::(\d+))?(/[^?#]*)?")
_PATIENCE = aiohttp.ClientTimeout(total=4)


class PrometheusFailed(Exception):
    """The Prometheus did not answer, or not as wanted; the text is for the log."""


class PrometheusAdapterWorkload(ListenerWorkload):
    """See Workload."""

    default_port = 6443

    def routes(self) -> list[web.RouteDef]:
        """See ListenerWorkload. The configuration is read once, at the start, as the real one does."""
        file = self.flag("config")
        if not file:
            raise ValueError("no metrics discovery configuration file specified (make sure to use --config)")
        if file not in self.context.files:
            raise ValueError(f"unable to load metrics discovery configuration: open {file}: no such file or directory")
        self._rules = rules(self.context.files[file])
        return [
            web.get("/livez", self._well),
            web.get("/readyz", self._well),
            *(web.get(f"/apis/{CUSTOM}/{version}", self._resources) for version in ("v1beta1", "v1beta2")),
            web.get(f"/apis/{CUSTOM}/{{version}}/namespaces/{{namespace}}/pods/{{pod}}/{{metric}}", self._custom),
        ]

    async def _well(self, _request: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def _resources(self, request: web.Request) -> web.Response:
        return metrics_api.resources(request.path.removeprefix("/apis/"))

    async def _custom(self, request: web.Request) -> web.Response:
        where = request.match_info
        metric, namespace, pod = where["metric"], where["namespace"], where["pod"]
        async with aiohttp.ClientSession(timeout=_PATIENCE, trust_env=False) as session:
            try:
                found = await self._served(session, metric)
            except PrometheusFailed as error:
                # Then the list of metrics stays as it was: empty.
                self.log.append(f"unable to update list of all metrics: {error}")
                found = None
            if found is None:
                return metrics_api.missing(metric, "pods")
            rule, series = found
            try:
                vector = (await self._get(session, "query", {"query": rule.query(series, namespace, pod)}))["result"]
            except PrometheusFailed as error:
                self.log.append(f"unable to fetch metrics from prometheus: {error}")
                return metrics_api.status(500, "InternalError", "Internal error occurred: unable to fetch metrics")
        values = [(one["metric"].get(rule.pod), float(one["value"][1])) for one in vector]
        clock = self.context.clock
        items = [
            metrics_api.of_pod(where["version"], metric, namespace, name, 0.0 if math.isnan(value) else value, clock)
            for name, value in values
            if name
        ]
        if pod != "*" and not items:
            return metrics_api.missing(metric, f"pods {pod}")
        return metrics_api.values(CUSTOM, where["version"], items)

    async def _served(self, session: aiohttp.ClientSession, metric: str) -> tuple[Rule, str] | None:
        """Return the rule and the series behind a metric's name; of several rules the last, as in the real one."""
        found = None
        for rule in self._rules:
            for series in await self._get(session, "series", {"match[]": rule.series_query}):
                if rule.serves(series) == metric:
                    found = rule, series["__name__"]
        return found

    async def _get(self, session: aiohttp.ClientSession, path: str, query: dict[str, str]) -> list | dict:
        url = self.flag("prometheus-url") or "https://localhost"
        named = _SERVICE.fullmatch(url)
        if named is None:
            raise PrometheusFailed(f"{url}: the sandbox knows http://SERVICE.NAMESPACE.svc:PORT of its cluster alone")
        address = self.context.locate(named[2], named[1], int(named[3] or 80))
        if address is None:
            raise PrometheusFailed(f"{url}: dial tcp: nothing answers as Service {named[2]}/{named[1]}")
        base = f"http://{address}{(named[4] or '').rstrip('/')}"
        try:
            async with session.get(f"{base}/api/v1/{path}", params=query) as answer:
                body = await answer.json()
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise PrometheusFailed(f"{url}: {error}") from None
        if not isinstance(body, dict) or body.get("status") != "success":
            raise PrometheusFailed(f"{url}: {body.get('error') if isinstance(body, dict) else answer.status}")
        return body["data"]
