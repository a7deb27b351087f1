# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A vLLM server on loopback: its routes, and how it ends."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

from aiohttp import web

from llmops_gke_sandbox.workloads.llm.server import ModelServer, never
from llmops_gke_sandbox.workloads.llm.timing import Timing
from llmops_gke_sandbox.workloads.vllm.inference import Inference
from llmops_gke_sandbox.workloads.vllm.openai import chat, completions, invocations
from llmops_gke_sandbox.workloads.vllm.request import NotSimulated
from llmops_gke_sandbox.workloads.vllm.settings import Settings
from llmops_gke_sandbox.workloads.vllm.wire import INFERENCE, Handler, key_guard, refusals

PAYLOAD_LIMIT = 64_000_000
_ABORT_SECONDS = 5.0
"""What a stream may take to tell that it was ended."""

_NOT_SIMULATED = (
    "/tokenize",
    "/detokenize",
    "/v1/responses",
    "/v1/messages",
    "/v1/embeddings",
    "/docs",
    "/openapi.json",
    "/pooling",
    "/score",
)


class VllmServer(ModelServer):
    """One API server with its engine.

    :param timing: its speed. settings: its launch arguments.
    :param listener: a bound socket that does not listen yet; by default one of its own.
    :param longest: tokens of prompt and answer together. capacity: tokens that its cache holds.
    :param overloaded: see Inference.
    :param drain: seconds of wall time that running requests have at its end, by default what its arguments say.
    :param around: what stands before everything else, see middleware.
    """

    def __init__(
        self,
        timing: Timing,
        settings: Settings | None = None,
        *,
        listener: socket.socket | None = None,
        longest: int = 4096,
        capacity: int = 55_000,
        overloaded: Callable[[], bool] = never,
        drain: float | None = None,
        around: Sequence[Handler] = (),
    ) -> None:
        super().__init__(listener)
        self.settings = settings or Settings(model="mistralai/Mistral-7B-Instruct-v0.3")
        self.inference = Inference(self.settings, timing, longest, capacity, overloaded)
        self._around = tuple(around)
        self._created = int(time.time())
        self._drain = self.settings.shutdown_timeout if drain is None else drain

    async def stop(self) -> None:
        """End as on SIGTERM: let what runs be finished for as long as it may be, then end each answer where it is."""
        await self._until_idle(self._drain)
        if self.inference.under_way:
            await self.inference.abort()
            await self._until_idle(_ABORT_SECONDS)
        await super().stop()

    def application(self) -> web.Application:
        """Return the routes."""
        middlewares = [refusals]
        if self.settings.keys:
            middlewares.insert(0, key_guard(self.settings.keys))
        middlewares[:0] = self._around
        application = web.Application(middlewares=middlewares, client_max_size=PAYLOAD_LIMIT)
        application[INFERENCE] = self.inference
        add = application.router
        add.add_post("/v1/chat/completions", chat)
        add.add_post("/v1/completions", completions)
        add.add_post("/invocations", invocations)
        add.add_get("/v1/models", self._models)
        add.add_get("/version", self._version)
        add.add_get("/load", self._load)
        add.add_get("/metrics", self._metrics)
        for method in ("GET", "POST"):
            add.add_route(method, "/ping", _health)
        add.add_get("/health", _health)
        for path in _NOT_SIMULATED:
            add.add_route("*", path, _not_simulated)
        return application

    async def _until_idle(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while self.inference.under_way and time.monotonic() < end:
            await asyncio.sleep(0.005)

    async def _models(self, _request: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [self._card(name) for name in self.settings.served]})

    def _card(self, name: str) -> dict[str, Any]:
        permission = {
            "id": f"modelperm-{name.encode().hex()[:16]:0<16}",
            "object": "model_permission",
            "created": self._created,
            "allow_create_engine": False,
            "allow_sampling": True,
            "allow_logprobs": True,
            "allow_search_indices": False,
            "allow_view": True,
            "allow_fine_tuning": False,
            "organization": "*",
            "group": None,
            "is_blocking": False,
        }
        return {
            "id": name,
            "object": "model",
            "created": self._created,
            "owned_by": "vllm",
            "root": self.settings.model,
            "parent": None,
            "max_model_len": self.inference.longest,
            "permission": [permission],
        }

    async def _version(self, _request: web.Request) -> web.Response:
        return web.json_response({"version": self.settings.version})

    async def _load(self, _request: web.Request) -> web.Response:
        return web.json_response({"server_load": self.inference.under_way})

    async def _metrics(self, _request: web.Request) -> web.Response:
        content_type = "text/plain; version=1.0.0; charset=utf-8"
        return web.Response(text=self.inference.metrics.render(), headers={"Content-Type": content_type})


async def _not_simulated(request: web.Request) -> web.Response:
    raise NotSimulated(f"{request.method} {request.path}")


async def _health(_request: web.Request) -> web.Response:
    return web.Response()
