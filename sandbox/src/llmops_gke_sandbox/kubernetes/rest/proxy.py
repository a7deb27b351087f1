# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API server passes on: requests to a pod's port, and APIs that a Service of the cluster serves."""

from __future__ import annotations

import re
from collections.abc import Callable

import aiohttp
from aiohttp import web

from llmops_gke_sandbox.kubernetes.errors import ApiError
from llmops_gke_sandbox.kubernetes.forwarding.legs import PortSource
from llmops_gke_sandbox.kubernetes.rest import access
from llmops_gke_sandbox.kubernetes.verbs import Verbs

_POD = re.compile(r"/api/v1/namespaces/(?P<namespace>[^/]+)/pods/(?P<pod>[^/:]+)(:(?P<port>\d+))?/proxy(?P<path>/.*)?")
_GROUP = re.compile(r"/apis/(?P<group>[^/]+)/(?P<version>[^/]+)(/.*)?")
_API_SERVICES = "apiservices.apiregistration.k8s.io"
_DEFAULT_PORT = 80
_HOP = ("Connection", "Content-Length", "Host", "Transfer-Encoding", "Authorization")


class Proxy:
    """Passes requests on.

    :param port_source: returns what knows where pods' ports are, None while nothing does.
    """

    def __init__(
        self,
        verbs: Verbs,
        port_source: Callable[[], PortSource | None],
        granted: access.Granted = access.everything,
    ) -> None:
        self._verbs, self._port_source, self._granted = verbs, port_source, granted

    async def answer(self, request: web.Request, user: str) -> web.StreamResponse | None:
        """Answer a request that is another server's to answer; None for all others.

        :raises ApiError: 403 for who may not, 503 where nothing listens.
        """
        if pod := pod_of(request.path):
            require(user, request.path, "container.pods.proxy", self._granted)
            return await pass_on(request, self._port_source(), *pod)
        found = _GROUP.fullmatch(request.path)
        service = self._service_of(found["group"], found["version"]) if found else None
        if service is None:
            return None
        require(user, request.path, "container.thirdPartyObjects.get", self._granted)
        namespace, pod, port = self._behind(service, found["group"], found["version"])
        return await pass_on(request, self._port_source(), namespace, pod, port, request.path)

    def _service_of(self, group: str, version: str) -> dict | None:
        """Return the Service that an APIService names for a group and version."""
        kind = self._verbs.registry.named(_API_SERVICES)
        for one in self._verbs.store.items(kind):
            if (one["spec"].get("group"), one["spec"].get("version")) == (group, version):
                return one["spec"].get("service")
        return None

    def _behind(self, service: dict, group: str, version: str) -> tuple[str, str, int]:
        """Return (namespace, pod, port) of a ready pod of a Service.

        :raises ApiError: 503, as the aggregator says it.
        """
        namespace, name = service["namespace"], service["name"]
        kind = self._verbs.registry.named("endpoints")
        for one in self._verbs.store.items(kind):
            if (one["metadata"]["namespace"], one["metadata"]["name"]) != (namespace, name):
                continue
            for subset in one.get("subsets") or []:
                for address in subset.get("addresses") or []:
                    if pod := (address.get("targetRef") or {}).get("name"):
                        return namespace, pod, subset["ports"][0]["port"]
        raise ApiError(
            503, "ServiceUnavailable", f"the server is currently unable to handle the request ({version}.{group})"
        )


def pod_of(path: str) -> tuple[str, str, int, str] | None:
    """Return (namespace, pod, port, path there) of a path that leads to a pod's port; None for any other."""
    found = _POD.fullmatch(path)
    if found is None:
        return None
    return found["namespace"], found["pod"], int(found["port"] or _DEFAULT_PORT), found["path"] or "/"


async def pass_on(
    request: web.Request, source: PortSource | None, namespace: str, pod: str, port: int, path: str
) -> web.StreamResponse:
    """Pass a request on to a pod's port.

    :raises ApiError: 503 where nothing listens.
    """
    local = source(namespace, pod, port) if source else None
    refused = ApiError(503, "ServiceUnavailable", f"error trying to reach service: pod {pod} does not listen on {port}")
    if local is None:
        raise refused
    url = f"http://127.0.0.1:{local}{path}" + (f"?{request.query_string}" if request.query_string else "")
    headers = {name: value for name, value in request.headers.items() if name not in _HOP}
    try:
        async with (
            aiohttp.ClientSession(auto_decompress=False) as session,
            session.request(request.method, url, data=await request.read(), headers=headers) as answer,
        ):
            kept = {name: value for name, value in answer.headers.items() if name not in _HOP}
            return web.Response(status=answer.status, headers=kept, body=await answer.read())
    except aiohttp.ClientError:
        raise refused from None


def require(user: str, path: str, permission: str, granted: access.Granted = access.everything) -> None:
    """Refuse those without rights, and whom IAM does not grant the permission. :raises ApiError: 403."""
    refusal = f'User "{user}" cannot get path "{path}"'
    if not access.may(user):
        raise ApiError(403, "Forbidden", refusal)
    if not granted(permission):
        raise ApiError(403, "Forbidden", f'{refusal}: requires one of ["{permission}"] permission(s).')
