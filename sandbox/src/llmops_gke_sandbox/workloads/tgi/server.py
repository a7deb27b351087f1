# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A TGI server on loopback: the application, and the socket it listens on."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable

from aiohttp import web

from llmops_gke_sandbox.workloads.llm.server import ModelServer, never
from llmops_gke_sandbox.workloads.llm.timing import Timing
from llmops_gke_sandbox.workloads.tgi.inference import Inference
from llmops_gke_sandbox.workloads.tgi.info import info
from llmops_gke_sandbox.workloads.tgi.native import NativeRoutes
from llmops_gke_sandbox.workloads.tgi.openai import OpenAiRoutes
from llmops_gke_sandbox.workloads.tgi.request import NotSimulated
from llmops_gke_sandbox.workloads.tgi.settings import Settings
from llmops_gke_sandbox.workloads.tgi.wire import INFERENCE, key_guard, refusals

PAYLOAD_LIMIT = 2_000_000
GUARDED = frozenset(
    (
        "/",
        "/generate",
        "/generate_stream",
        "/v1/chat/completions",
        "/v1/completions",
        "/vertex",
        "/invocations",
        "/tokenize",
    )
)
"""What API_KEY guards; ``/chat_tokenize`` and all GETs are open, as in TGI."""

_NOT_SIMULATED = ("/vertex", "/invocations", "/tokenize", "/chat_tokenize", "/docs", "/api-doc/openapi.json")


class TgiServer(ModelServer):
    """One router with its model.

    :param timing: its speed. settings: its launch arguments.
    :param listener: a bound socket that does not listen yet; by default one of its own.
    :param capacity: tokens that its batch holds.
    :param overloaded: see Inference.
    :param drain: seconds of wall time that running requests have at its end.
    """

    def __init__(
        self,
        timing: Timing,
        settings: Settings | None = None,
        *,
        listener: socket.socket | None = None,
        capacity: int = 55_000,
        overloaded: Callable[[], bool] = never,
        drain: float = 0.0,
    ) -> None:
        super().__init__(listener)
        self.settings = settings or Settings(model="mistralai/Mistral-7B-Instruct-v0.1")
        self.inference = Inference(self.settings, timing, capacity, overloaded)
        self._timing, self._drain = timing, drain

    async def stop(self) -> None:
        """End as on SIGTERM: what runs is finished, for as long as the launcher waits for its router."""
        end = time.monotonic() + self._drain
        while self.inference.under_way and time.monotonic() < end:
            await asyncio.sleep(0.005)
        await super().stop()

    def application(self) -> web.Application:
        """Return the router's routes."""
        middlewares = [refusals]
        if self.settings.api_key:
            middlewares.insert(0, key_guard(self.settings.api_key, GUARDED))
        application = web.Application(middlewares=middlewares, client_max_size=PAYLOAD_LIMIT)
        application[INFERENCE] = self.inference
        native, openai = NativeRoutes(self._timing), OpenAiRoutes(self._timing)
        add = application.router
        add.add_post("/", native.compat)
        add.add_post("/generate", native.generate)
        add.add_post("/generate_stream", native.generate_stream)
        add.add_post("/v1/chat/completions", openai.chat)
        add.add_post("/v1/completions", openai.completions)
        if self.settings.version >= (2, 3, 0):
            add.add_get("/v1/models", openai.models)
        for path in _NOT_SIMULATED:
            add.add_route("*", path, _not_simulated)
        for path in ("/", "/health", "/ping"):
            add.add_get(path, _health)
        add.add_get("/info", _info)
        add.add_get("/metrics", _metrics)
        return application


async def _not_simulated(request: web.Request) -> web.Response:
    raise NotSimulated(f"{request.method} {request.path}")


async def _health(_request: web.Request) -> web.Response:
    return web.Response()


async def _info(request: web.Request) -> web.Response:
    return web.json_response(info(request.app[INFERENCE].settings))


async def _metrics(request: web.Request) -> web.Response:
    return web.Response(text=request.app[INFERENCE].metrics.render())
