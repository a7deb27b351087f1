"""One cluster's API server: what it knows, and the HTTPS listener through which clients reach it."""

from __future__ import annotations

import ssl
from collections.abc import Callable

import trustme
from aiohttp import web

from ..clock import Clock
from ..faults import Faults
from ..request_log import RequestLog, mark_simulated
from .bootstrap import bootstrap
from .builtin_kinds import builtin_kinds
from .kinds import Registry
from .local import LocalApi
from .rest.handlers import Handlers
from .rest.pod_logs import LogSource
from .store import Store
from .verbs import Verbs

_HOST = "127.0.0.1"
_LARGEST_BODY = 3 * 1024 * 1024
"""Bytes; the real server's limit on a request."""


class KubernetesCluster:
    """An API server on loopback, on a port of its own, with a certificate authority of its own.

    :param name: the cluster's name, for people who look at its certificate.
    :param authenticate: returns the user whom a bearer token stands for, None for an unknown token.
    """

    def __init__(
        self,
        name: str,
        *,
        clock: Clock,
        faults: Faults,
        log: RequestLog,
        authenticate: Callable[[str], str | None],
    ) -> None:
        self.name = name
        self.endpoint = ""
        self.log_source: LogSource | None = None
        """Set by what runs pods: (namespace, pod, container, previous, tail) -> lines."""
        self._authority = trustme.CA(organization_name="llmops-gke-sandbox", organization_unit_name=name)
        verbs = Verbs(Registry(builtin_kinds()), Store(), lambda: clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"))
        bootstrap(verbs)
        self.api = LocalApi(verbs)
        handlers = Handlers(verbs, authenticate, lambda: self.endpoint, lambda: self.log_source)
        app = web.Application(middlewares=[log.middleware("kubernetes", faults)], client_max_size=_LARGEST_BODY)
        app.on_response_prepare.append(mark_simulated)
        app.router.add_route("*", "/{path:.*}", handlers.handle)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)

    @property
    def ca_certificate(self) -> bytes:
        """The authority's certificate, PEM."""
        return self._authority.cert_pem.bytes()

    async def start(self) -> None:
        """Listen on a free port of 127.0.0.1; ``endpoint`` is HOST:PORT from then on."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(_HOST, "localhost", "kubernetes.default.svc").configure_cert(context)
        await self._runner.setup()
        site = web.TCPSite(self._runner, _HOST, 0, ssl_context=context)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.endpoint = f"{host}:{port}"

    async def stop(self) -> None:
        """End every connection, watches included, and listen no more."""
        await self._runner.cleanup()
