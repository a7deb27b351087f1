# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The admin API, /sandbox/v1: what is on, what was asked, and which faults strike. For tests and the curious.

A web page that somebody on this machine looks at must not steer the sandbox: only a Host header that is loopback is
served, no request that comes from a page of another origin, and a body only as JSON, which no plain form can send.
"""

from __future__ import annotations

from collections import Counter

from aiohttp import web

from llmops_gke_sandbox.body_log import BodyLog
from llmops_gke_sandbox.faults import KNOWN_FAULTS, Faults
from llmops_gke_sandbox.request_log import RequestLog

_LOOPBACK = ("127.0.0.1", "localhost")


class Admin:
    """Answers /sandbox/v1/…

    :param status: returns what `status` shows.
    """

    def __init__(self, faults: Faults, log: RequestLog, bodies: BodyLog, status) -> None:
        self._faults, self._log, self._bodies, self._status = faults, log, bodies, status

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of the admin application."""
        return [
            web.get("/v1/status", self._show_status),
            web.get("/v1/faults", self._list_faults),
            web.post("/v1/faults", self._add_fault),
            web.delete("/v1/faults", self._clear_faults),
            web.delete("/v1/faults/{id}", self._remove_fault),
            web.get("/v1/requests", self._requests),
            web.delete("/v1/requests", self._forget_requests),
            web.get("/v1/bodies", self._show_bodies),
        ]

    async def _show_status(self, _request: web.Request) -> web.Response:
        return web.json_response(self._status())

    async def _list_faults(self, _request: web.Request) -> web.Response:
        return web.json_response({"faults": self._faults.list(), "known": KNOWN_FAULTS})

    async def _add_fault(self, request: web.Request) -> web.Response:
        """Body: {name, times?, skip?, lasts?, match?, …the fault's own settings}."""
        try:
            if request.content_type != "application/json":
                return web.json_response({"error": "a body of Content-Type application/json is wanted"}, status=415)
            body = await request.json()
            if not isinstance(body, dict) or not isinstance(body.get("name"), str):
                raise ValueError("a JSON object with the fault's name is wanted")
            identifier = self._faults.add(**body)
        except (ValueError, TypeError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response({"id": identifier}, status=201)

    async def _clear_faults(self, _request: web.Request) -> web.Response:
        cleared = len(self._faults.list())
        self._faults.clear()
        return web.json_response({"cleared": cleared})

    async def _remove_fault(self, request: web.Request) -> web.Response:
        identifier = request.match_info["id"]
        if not self._faults.remove(identifier):
            return web.json_response({"error": f"there is no fault {identifier}"}, status=404)
        return web.json_response({})

    async def _requests(self, request: web.Request) -> web.Response:
        """Query: service, since (RFC 3339, UTC)."""
        entries = self._log.entries(request.query.get("service"), request.query.get("since"))
        counts = Counter(entry["service"] for entry in entries)
        return web.json_response({"total": len(entries), "counts": dict(counts), "requests": entries})

    async def _forget_requests(self, _request: web.Request) -> web.Response:
        self._log.clear()
        self._bodies.entries.clear()
        return web.json_response({})

    async def _show_bodies(self, _request: web.Request) -> web.Response:
        if not self._bodies.wanted:
            return web.json_response({"error": "the sandbox was started without record_bodies"}, status=404)
        return web.json_response({"bodies": self._bodies.entries})


@web.middleware
async def loopback_only(request: web.Request, handler) -> web.StreamResponse:
    """Refuse a request whose Host header is another name than loopback's, or that a page of another origin makes."""
    if request.host.rpartition(":")[0] not in _LOOPBACK and request.host not in _LOOPBACK:
        return web.json_response({"error": "only loopback hosts are served"}, status=403)
    if request.headers.get("Origin", f"http://{request.host}") != f"http://{request.host}":
        return web.json_response({"error": "pages of other origins are not served"}, status=403)
    return await handler(request)
