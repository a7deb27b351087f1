# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all of TGI's routes share: bodies in, refusals out, server-sent events."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import TracebackType
from typing import Any

from aiohttp import web

from llmops_gke_sandbox.workloads.llm.timing import Timing
from llmops_gke_sandbox.workloads.tgi.inference import End, Inference, Refused
from llmops_gke_sandbox.workloads.tgi.request import BodyRefused, NotSimulated, read_json

INFERENCE: web.AppKey[Inference] = web.AppKey("inference", Inference)
COMPUTE_TYPE = "gpu+optimized"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what the handlers raise into TGI's answers."""
    try:
        return await handler(request)
    except Refused as refused:
        return web.json_response(refused.body(), status=refused.status)
    except BodyRefused as refused:
        return web.Response(text=str(refused), status=refused.status)
    except NotSimulated as refused:
        body = {"error": f"not simulated: {refused}", "error_type": "not_simulated"}
        return web.json_response(body, status=501)


def key_guard(api_key: str, paths: frozenset[str]) -> Handler:
    """Return a middleware that wants the key for POSTs to some paths; as in TGI, case does not matter."""
    wanted = f"Bearer {api_key}".lower()

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        asked = request.method == "POST" and request.path in paths
        if asked and request.headers.get("Authorization", "").lower() != wanted:
            return web.Response(status=401)
        return await handler(request)

    return guarded


async def body_of(request: web.Request) -> dict[str, Any]:
    """Return the JSON object that was posted; raises BodyRefused."""
    return read_json(request.content_type, await request.read())


def headers_of(inputs: str, end: End) -> dict[str, str]:
    """Return the headers of an answer that is not streamed: seconds in x-compute-time, milliseconds elsewhere."""
    served = end.served
    return {
        "x-compute-type": COMPUTE_TYPE,
        "x-compute-time": str(served.total),
        "x-compute-characters": str(len(inputs)),
        "x-total-time": _milliseconds(served.total),
        "x-validation-time": _milliseconds(served.queued - served.received),
        "x-queue-time": _milliseconds(served.begun - served.queued),
        "x-inference-time": _milliseconds(served.end - served.begun),
        "x-time-per-token": _milliseconds(served.per_token),
        "x-prompt-tokens": str(len(end.input_pieces)),
        "x-generated-tokens": str(served.tokens),
    }


class EventStream:
    """A server-sent event stream for a ``with`` block; in a silence it sends comments, as axum's KeepAlive does."""

    def __init__(self, request: web.Request, inputs: str, timing: Timing) -> None:
        self._request = request
        self._prefix = "data: " if timing.space_after_data else "data:"
        self._patience = timing.keep_alive
        self._wrote = 0.0
        headers = {
            "Content-Type": "text/event-stream",
            "Cache-Control": "no-cache",
            "x-compute-type": COMPUTE_TYPE,
            "x-compute-characters": str(len(inputs)),
            "X-Accel-Buffering": "no",
        }
        self.response = web.StreamResponse(headers=headers)

    async def __aenter__(self) -> EventStream:
        """Send the headers. TGI's streams answer 200 before anything is known."""
        await self.response.prepare(self._request)
        self._wrote = time.monotonic()
        self._alive = asyncio.create_task(self._keep_alive())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._alive.cancel()
        if kind is None:
            await self.response.write_eof()

    async def send(self, event: dict[str, Any] | str) -> None:
        """Send one event."""
        data = event if isinstance(event, str) else json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        await self._write(f"{self._prefix}{data}\n\n")

    async def _write(self, text: str) -> None:
        self._wrote = time.monotonic()
        await self.response.write(text.encode())

    async def _keep_alive(self) -> None:
        # A client that went away is noticed by the next event.
        with suppress(ConnectionError):
            while True:
                left = self._wrote + self._patience - time.monotonic()
                if left > 0:
                    await asyncio.sleep(left)
                else:
                    await self._write(":\n\n")


def _milliseconds(seconds: float) -> str:
    return str(int(seconds * 1000))
