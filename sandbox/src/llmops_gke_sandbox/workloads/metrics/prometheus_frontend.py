# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The frontend of Managed Service for Prometheus: Prometheus' query API over what it has of the cluster.

Of the API only what asks for the present is played: instant queries and the series that there are, and of PromQL what
promql.py tells.
"""

from __future__ import annotations

from aiohttp import web

from llmops_gke_sandbox.workloads.listener import ListenerWorkload
from llmops_gke_sandbox.workloads.metrics import promql
from llmops_gke_sandbox.workloads.metrics.promql import NotPlayed, Sample


class PrometheusFrontendWorkload(ListenerWorkload):
    """See Workload. It has the series of one project, as the real one is given one by --query.project-id."""

    default_port = 9090

    def routes(self) -> list[web.RouteDef]:
        """See ListenerWorkload."""
        if not self.flag("query.project-id"):
            raise ValueError("--query.project-id must be set")
        return [
            web.get("/-/healthy", self._well),
            web.get("/-/ready", self._well),
            web.get("/api/v1/query", self._query),
            web.get("/api/v1/series", self._series),
            web.route("*", "/api/{rest:.*}", self._unplayed),
        ]

    async def _well(self, _request: web.Request) -> web.Response:
        return web.Response(text="Prometheus frontend is Ready.\n")

    async def _query(self, request: web.Request) -> web.Response:
        try:
            found = promql.evaluate(request.query.get("query", ""), await self._samples())
        except NotPlayed as error:
            return _error(422, "execution", str(error))
        now = self.context.clock.now().timestamp()
        result = [{"metric": labels, "value": [now, str(value)]} for labels, value in found]
        return web.json_response({"status": "success", "data": {"resultType": "vector", "result": result}})

    async def _series(self, request: web.Request) -> web.Response:
        try:
            wanted = [promql.selector(text) for text in request.query.getall("match[]", [])]
        except NotPlayed as error:
            return _error(400, "bad_data", str(error))
        samples = await self._samples()
        found = [labels for labels, _value in samples if any(one.takes(labels) for one in wanted)]
        return web.json_response({"status": "success", "data": found})

    async def _unplayed(self, request: web.Request) -> web.Response:
        return _error(501, "unimplemented", f"the sandbox does not play {request.method} {request.path} of Prometheus")

    async def _samples(self) -> list[Sample]:
        project = self.flag("query.project-id")
        return [
            ({**one.resource, **one.labels, "__name__": one.name}, one.value)
            for one in await self.context.series()
            if one.resource["project_id"] == project
        ]


def _error(code: int, kind: str, message: str) -> web.Response:
    return web.json_response({"status": "error", "errorType": kind, "error": message}, status=code)
