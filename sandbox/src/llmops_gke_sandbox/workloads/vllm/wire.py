# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all of vLLM's routes share: bodies in, refusals out, the key, server-sent events."""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any

from aiohttp import web

from llmops_gke_sandbox.workloads.vllm.inference import Inference
from llmops_gke_sandbox.workloads.vllm.request import NotSimulated, Refused, read_json

INFERENCE: web.AppKey[Inference] = web.AppKey("inference", Inference)
GUARDED = ("/v1", "/v2", "/inference", "/cohere")
"""What a key guards: every route below these and no other, so that ``/invocations`` generates without one."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what the handlers raise into vLLM's answers, and the router's own into those of its web framework."""
    try:
        return await handler(request)
    except Refused as refused:
        return web.json_response(refused.body(), status=refused.status)
    except NotSimulated as refused:
        body = {"message": f"not simulated: {refused}", "type": "NotImplementedError", "param": None, "code": 501}
        return web.json_response({"error": body}, status=501)
    except web.HTTPNotFound:
        return web.json_response({"detail": "Not Found"}, status=404)
    except web.HTTPMethodNotAllowed as error:
        allow = ", ".join(sorted(error.allowed_methods))
        return web.json_response({"detail": "Method Not Allowed"}, status=405, headers={"Allow": allow})


def key_guard(keys: Sequence[str]) -> Handler:
    """Return a middleware that wants one of the keys."""
    wanted = [f"Bearer {key}".encode() for key in keys]

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(GUARDED):
            given = request.headers.get("Authorization", "").encode()
            if not any(hmac.compare_digest(given, one) for one in wanted):
                return web.json_response({"error": "Unauthorized"}, status=401)
        return await handler(request)

    return guarded


async def body_of(request: web.Request) -> dict[str, Any]:
    """Return the JSON object that was posted; raises Refused."""
    return read_json(await request.read())


class EventStream:
    """A server-sent event stream for a ``with`` block."""

    def __init__(self, request: web.Request) -> None:
        self._request = request
        self.response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})

    async def __aenter__(self) -> EventStream:
        """Send the headers."""
        await self.response.prepare(self._request)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            await self.response.write_eof()

    async def send(self, event: dict[str, Any] | str) -> None:
        """Send one event."""
        data = event if isinstance(event, str) else json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        await self.response.write(f"data: {data}\n\n".encode())
