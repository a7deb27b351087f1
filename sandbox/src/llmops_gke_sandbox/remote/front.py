# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster's clients see of an API server that somebody else runs.

Google's tokens mean nothing to that server, and it can't reach the kubelets of simulated nodes. So clients come here:
they are signed in as the GKE API would sign them in, their requests are passed on, and what pods wrote and listen on
is answered from here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from llmops_gke_sandbox.faults import Faults
from llmops_gke_sandbox.kubernetes.errors import ApiError, not_found, not_implemented
from llmops_gke_sandbox.kubernetes.forwarding.legs import PortSource
from llmops_gke_sandbox.kubernetes.listener import Listener
from llmops_gke_sandbox.kubernetes.rest import access, proxy
from llmops_gke_sandbox.kubernetes.rest.paths import Target, resolve
from llmops_gke_sandbox.kubernetes.rest.pod_logs import LogSource, send_log
from llmops_gke_sandbox.kubernetes.rest.port_forward import forward
from llmops_gke_sandbox.kubernetes.schema.builtin_kinds import builtin_kinds
from llmops_gke_sandbox.kubernetes.schema.registry import Registry
from llmops_gke_sandbox.remote.belongings import Belongings
from llmops_gke_sandbox.remote.http_api import HttpApi
from llmops_gke_sandbox.remote.kubeconfig import Access
from llmops_gke_sandbox.request_log import RequestLog

_log = logging.getLogger(__name__)

# A watch without changes may be silent for as long as its client wants.
_PATIENCE = aiohttp.ClientTimeout(total=None, connect=10)
# Headers that are about one connection and not about what is said over it (RFC 9110, 7.6.1), and who asks.
_OWN = (
    "Authorization", "Connection", "Content-Length", "Host", "Keep-Alive", "Proxy-Authorization", "Proxy-Connection",
    "TE", "Trailer", "Transfer-Encoding", "Upgrade",
)  # fmt: skip


class RemoteCluster:
    """An API server behind a front of its own; see kubernetes.cluster.KubernetesCluster.

    :ivar belongings: what the sandbox brought to the server.
    :ivar pod: set by what runs pods: (namespace, name) -> the pod, None for one that runs elsewhere.
    """

    def __init__(
        self,
        name: str,
        server: Access,
        *,
        faults: Faults,
        log: RequestLog,
        authenticate: Callable[[str], str | None],
    ) -> None:
        self.log_source: LogSource | None = None
        self.port_source: PortSource | None = None
        self.pod: Callable[[str, str], dict | None] = lambda _namespace, _name: None
        self.api = HttpApi(server)
        self.belongings = Belongings(self.api)
        self._server, self._authenticate = server, authenticate
        self._kinds = Registry(builtin_kinds())
        self._listener = Listener(name, self._handle, log, faults)

    @property
    def endpoint(self) -> str:
        """HOST:PORT of the front once it is started."""
        return self._listener.endpoint

    @property
    def ca_certificate(self) -> bytes:
        """The front's authority, PEM."""
        return self._listener.ca_certificate

    async def start(self) -> None:
        """See that the server answers and has what every GKE cluster has, then listen.

        :raises ApiError: if it does not answer or does not let us in.
        """
        await self.belongings.bring()
        await self._listener.start()

    async def define(self, definition: dict) -> None:
        """Have a CustomResourceDefinition, where there is none of its name yet."""
        await self.belongings.bring([definition])

    async def stop(self) -> None:
        """Listen no more; the server behind goes on."""
        await self._listener.stop()
        await self.api.close()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        try:
            user = access.user_of(request.headers.get("Authorization"), self._authenticate)
            there = proxy.pod_of(request.path)
            if there is not None and self.pod(*there[:2]) is not None:
                proxy.require(user, request.path, "container.pods.proxy")
                return await proxy.pass_on(request, self.port_source, *there)
            target = resolve(self._kinds, request.path)
            pod = self._simulated_pod(target)
            if pod is not None:
                access.require(user, target.verb(request.method, False), target)
                return await self._pod_part(request, target, pod)
            if request.headers.get("Upgrade"):
                await self._refuse_upgrade(target)
            return await self._pass_on(request, user)
        except ApiError as error:
            return web.json_response(error.body(), status=error.status)

    def _simulated_pod(self, target: Target | None) -> dict | None:
        if target is None or target.kind.kind != "Pod" or target.subresource not in ("log", "portforward"):
            return None
        return self.pod(target.namespace, target.name)

    async def _pod_part(self, request: web.Request, target: Target, pod: dict) -> web.StreamResponse:
        if target.subresource == "portforward":
            return await forward(request, pod, self.port_source)

        def present() -> dict:
            found = self.pod(target.namespace, target.name)
            if found is None:
                raise not_found(target.kind, target.name)
            return found

        return await send_log(request, present, self.log_source)

    async def _refuse_upgrade(self, target: Target | None) -> None:
        is_pod = target is not None and target.kind.kind == "Pod"
        if is_pod and await self.api.get("pods", target.name, target.namespace) is None:
            raise not_found(target.kind, target.name)
        raise not_implemented("upgrades of connections to pods that do not run on simulated nodes")

    async def _pass_on(self, request: web.Request, user: str) -> web.StreamResponse:
        headers = _kept(request.headers)
        headers.update(self._server.headers)
        # Else the session would ask for a compression that the client may not know.
        headers.setdefault("Accept-Encoding", "identity")
        if not access.may(user):
            headers["Impersonate-User"] = user
        url = URL(self._server.server + str(request.rel_url), encoded=True)
        body = await request.read()
        try:
            async with self.api.session.request(
                request.method, url, headers=headers, data=body or None, allow_redirects=False, timeout=_PATIENCE
            ) as answer:
                return await _relayed(request, answer)
        except aiohttp.ClientConnectorError as error:
            text = f"the API server at {self._server.server} does not answer: {error}"
            raise ApiError(503, "ServiceUnavailable", text) from None


async def _relayed(request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=_kept(answer.headers))
    if "Content-Length" in answer.headers:
        response.content_length = int(answer.headers["Content-Length"])
    await response.prepare(request)
    try:
        async for chunk in answer.content.iter_any():
            await response.write(chunk)
    except aiohttp.ClientError as error:
        # Too late for a failure of its own: the client sees that the answer breaks off.
        _log.warning("%s %s broke off: %r", request.method, request.path, error)
        if request.transport is not None:
            request.transport.abort()
        return response
    await response.write_eof()
    return response


def _kept(headers) -> CIMultiDict[str]:
    kept = CIMultiDict(headers)
    for name in _OWN:
        kept.popall(name, None)
    return kept
