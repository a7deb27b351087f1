# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A log of every HTTP request of every service, and the place where "http" faults strike."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from llmops_gke_sandbox.faults import Faults

SIMULATED_HEADER = ("x-simulated", "llmops-gke-sandbox")

_KEPT_IN_MEMORY = 50_000
_SECRET_QUERY = re.compile(r"((?:access_token|id_token|key|token)=)[^&]*")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def mark_simulated(_request: web.Request, response: web.StreamResponse) -> None:
    """Say in every answer that it is simulated: ``app.on_response_prepare.append(mark_simulated)``."""
    response.headers[SIMULATED_HEADER[0]] = SIMULATED_HEADER[1]


class RequestLog:
    """One entry a request: time, service, method, path with query, status, seconds, user_agent, connection.

    The connection is a text that requests which came over one connection have in common.

    Neither bodies nor headers are kept, and tokens are cut out of queries.

    :param file: where entries are appended too, one JSON object a line; None keeps them in memory alone.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._entries: deque[dict] = deque(maxlen=_KEPT_IN_MEMORY)
        self._file = file
        self._stream = None

    def entries(self, service: str | None = None, since: str | None = None) -> list[dict]:
        """Return the entries, oldest first, of one service and from a time (RFC 3339, UTC) on."""
        return [
            entry
            for entry in self._entries
            if service in (None, entry["service"]) and (since is None or entry["time"] >= since)
        ]

    def clear(self) -> None:
        """Forget every entry, in the file too."""
        self._entries.clear()
        self.close()
        if self._file is not None:
            self._file.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file; a later entry opens it again."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def middleware(self, service: str, faults: Faults):
        """Return an aiohttp middleware that logs the requests of a service and applies its "http" faults.

        A dropped connection and a client that went away are logged with status 0.
        """

        @web.middleware
        async def logged(request: web.Request, handler: Handler) -> web.StreamResponse:
            started_at, started = datetime.now(UTC), time.monotonic()
            status = 0
            try:
                response = await _answer(service, faults, request, handler)
                status = response.status
                return response
            except web.HTTPException as answer:
                status = answer.status
                raise
            finally:
                self._add(service, request, status, started_at, time.monotonic() - started)

        return logged

    def _add(self, service: str, request: web.Request, status: int, started_at: datetime, seconds: float) -> None:
        entry = {
            "time": started_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "service": service,
            "method": request.method,
            "path": _SECRET_QUERY.sub(r"\1***", request.path_qs),
            "status": status,
            "seconds": round(seconds, 6),
            "user_agent": request.headers.get("User-Agent", ""),
            "connection": _connection(request.transport),
        }
        self._entries.append(entry)
        if self._file is not None:
            if self._stream is None:
                self._stream = self._file.open("a", encoding="utf-8", buffering=1)
            self._stream.write(json.dumps(entry) + "\n")


def _connection(transport: asyncio.BaseTransport | None) -> str:
    """Both ends of a connection; empty where the client has gone."""
    ends = (transport.get_extra_info(end) for end in ("peername", "sockname")) if transport else ()
    return " ".join(f"{end[0]}:{end[1]}" for end in ends if end)


async def _answer(service: str, faults: Faults, request: web.Request, handler: Handler) -> web.StreamResponse:
    fault = faults.take("http", service=service, method=request.method, path=request.path)
    if fault is None:
        return await handler(request)
    if fault.get("drop") == "after" or ("status" in fault and fault.get("acted")):
        await handler(request)
    await asyncio.sleep(float(fault.get("delay", 0)))
    if "drop" in fault:
        _drop(request)
    if "status" in fault:
        return _refusal(service, fault)
    return await handler(request)


def _drop(request: web.Request) -> None:
    """Close the connection without an answer, as a proxy that dies does."""
    if request.transport is not None:
        request.transport.abort()
    raise asyncio.CancelledError


def _refusal(service: str, fault: dict) -> web.Response:
    status = int(fault["status"])
    reason = str(fault.get("reason", "UNAVAILABLE" if service != "kubernetes" else "ServiceUnavailable"))
    message = str(fault.get("message", "The service is currently unavailable."))
    if service == "kubernetes":
        body = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "reason": reason,
            "code": status,
        }
    elif service == "huggingface":
        body = {"error": message}
    else:
        body = {"error": {"code": status, "message": message, "status": reason}}
    headers = {"Retry-After": str(fault["retry_after"])} if fault.get("retry_after") is not None else {}
    return web.json_response(body, status=status, headers=headers)
