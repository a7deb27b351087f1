# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proxy of HTTP requests, as Google's application load balancers are to what is behind them."""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
import tempfile
from collections.abc import Callable
from pathlib import Path

import aiohttp
from aiohttp import web

from llmops_gke_sandbox.agents.network.http_routes import REFUSED, Backend, backend
from llmops_gke_sandbox.agents.network.inference_pools import InferencePools, PickerFailed, PickerRefused
from llmops_gke_sandbox.agents.network.ready_pods import ReadyPods
from llmops_gke_sandbox.clock import Clock

_TIMEOUT_SECONDS = 30
"""For a whole answer, where no policy says another."""

_HEALTH_PATIENCE = aiohttp.ClientTimeout(total=2)
_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade", "content-length", "te", "trailer"})
_CHUNK = 64 * 1024

Policies = Callable[[Backend], tuple[dict, dict]]
"""What the health check and the backend policy of a backend say."""


class Layer7:
    """One listener of a load balancer.

    :param routes: returns the HTTPRoutes of the moment.
    """

    def __init__(
        self,
        routes: Callable[[], list[dict]],
        pods: ReadyPods,
        pools: InferencePools,
        policies: Policies,
        clock: Clock,
    ) -> None:
        self._routes, self._pods, self._pools, self._policies, self._clock = routes, pods, pools, policies, clock
        self._runner: web.ServerRunner | None = None
        self._session: aiohttp.ClientSession | None = None

    async def start(self, listener: socket.socket, context: ssl.SSLContext | None) -> None:
        """Answer on a socket."""
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None), auto_decompress=False)
        self._runner = web.ServerRunner(web.Server(self._answer, access_log=None), shutdown_timeout=0.1)
        await self._runner.setup()
        await web.SockSite(self._runner, listener, ssl_context=context).start()

    async def stop(self) -> None:
        """End it with all connections."""
        if self._runner is not None:
            await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        target = backend(self._routes(), request.host, request.path)
        if target is None:
            return web.Response(status=404, text=REFUSED)
        health, settings = self._policies(target)
        body = await request.read()
        try:
            port = await self._port(target, health, {"path": request.path, "body": body.decode(errors="replace")})
        except PickerFailed:
            return web.Response(status=500)
        except PickerRefused as refusal:
            return web.Response(status=refusal.status, text=refusal.text)
        if port is None:
            return web.Response(status=503, text="no healthy upstream")
        limit = self._clock.scaled(settings.get("timeoutSec", _TIMEOUT_SECONDS))
        response: web.StreamResponse | None = None
        try:
            async with asyncio.timeout(limit):
                url = f"http://127.0.0.1:{port}{request.path_qs}"
                headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
                async with self._session.request(request.method, url, headers=headers, data=body) as answer:
                    given = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP}
                    response = web.StreamResponse(status=answer.status, headers=given)
                    await response.prepare(request)
                    async for piece in answer.content.iter_any():
                        await response.write(piece)
                await response.write_eof()
                return response
        except TimeoutError:
            return _broken(request, response, 504, "upstream request timeout")
        except aiohttp.ClientError:
            return _broken(request, response, 502, "upstream connect error")

    async def _port(self, target: Backend, health: dict, request: dict) -> int | None:
        """Return the port of the pod that takes a request; None where no pod is healthy."""
        if target.kind == "Service":
            ports = self._pods.ports(*target[:3])
            return self._pods.turn([port for port in ports if await self._is_healthy(port, health)])
        endpoints = self._pools.endpoints(target.namespace, target.name)
        healthy = {name: port for name, port in endpoints.items() if await self._is_healthy(port, health)}
        if not healthy:
            return None
        return await self._pools.pick(target.namespace, target.name, request, healthy) or self._pods.turn(
            list(healthy.values())
        )

    async def _is_healthy(self, port: int, health: dict) -> bool:
        path = (health.get("config") or {}).get("httpHealthCheck", {}).get("requestPath", "/")
        try:
            async with self._session.get(f"http://127.0.0.1:{port}{path}", timeout=_HEALTH_PATIENCE) as got:
                return got.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False


def _broken(
    request: web.BaseRequest, response: web.StreamResponse | None, status: int, text: str
) -> web.StreamResponse:
    """What a client gets when the backend fails: an answer that has begun is cut."""
    if response is None:
        return web.Response(status=status, text=text)
    if request.transport is not None:
        request.transport.abort()
    return response


def tls_context(secret: dict) -> ssl.SSLContext:
    """Return a server's TLS context with the certificate of a Secret of type kubernetes.io/tls.

    :raises ValueError: if there is none in it.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory(prefix="llmops-gke-sandbox-") as directory:
        files = {}
        for name in ("tls.crt", "tls.key"):
            files[name] = Path(directory) / name
            files[name].write_bytes(base64.b64decode((secret.get("data") or {}).get(name, "")))
        try:
            context.load_cert_chain(files["tls.crt"], files["tls.key"])
        except (OSError, ssl.SSLError) as error:
            raise ValueError(f"Secret {secret['metadata']['name']} has no certificate with its key: {error}") from None
    return context
