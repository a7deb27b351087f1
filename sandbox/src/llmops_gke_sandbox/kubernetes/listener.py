# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTPS on loopback, with a certificate authority of its own: where a cluster's clients go."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable

import trustme
from aiohttp import web

from llmops_gke_sandbox.faults import Faults
from llmops_gke_sandbox.request_log import RequestLog, mark_simulated

_HOST = "127.0.0.1"
_LARGEST_BODY = 3 * 1024 * 1024
"""Bytes; the real server's limit on a request."""


class Listener:
    """Listens on a port of its own and logs each request as one of service "kubernetes".

    :param name: the cluster's name, for people who look at its certificate.
    :ivar endpoint: HOST:PORT once it is started.
    """

    def __init__(
        self,
        name: str,
        handle: Callable[[web.Request], Awaitable[web.StreamResponse]],
        log: RequestLog,
        faults: Faults,
    ) -> None:
        self.endpoint = ""
        self._authority = trustme.CA(organization_name="llmops-gke-sandbox", organization_unit_name=name)
        app = web.Application(middlewares=[log.middleware("kubernetes", faults)], client_max_size=_LARGEST_BODY)
        app.on_response_prepare.append(mark_simulated)
        app.router.add_route("*", "/{path:.*}", handle)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)

    @property
    def ca_certificate(self) -> bytes:
        """The authority's certificate, PEM."""
        return self._authority.cert_pem.bytes()

    async def start(self) -> None:
        """Listen on a free port of 127.0.0.1."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(_HOST, "localhost", "kubernetes.default.svc").configure_cert(context)
        await self._runner.setup()
        await web.TCPSite(self._runner, _HOST, 0, ssl_context=context).start()
        host, port = self._runner.addresses[0][:2]
        self.endpoint = f"{host}:{port}"

    async def stop(self) -> None:
        """End every connection, watches included, and listen no more."""
        await self._runner.cleanup()
