# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths that are no resources: version, health, discovery, schemas."""

from __future__ import annotations

import json
from collections.abc import Callable

from aiohttp import web

from llmops_gke_sandbox.kubernetes.rest import discovery
from llmops_gke_sandbox.kubernetes.rest.paths import group_version
from llmops_gke_sandbox.kubernetes.schema.openapi import group_document, index
from llmops_gke_sandbox.kubernetes.schema.registry import Registry

_HEALTH = ("/readyz", "/livez", "/healthz")


class Meta:
    """Answers what is not about objects. ``address`` returns the server's own HOST:PORT."""

    def __init__(self, registry: Registry, address: Callable[[], str]) -> None:
        self._registry = registry
        self._address = address

    def answer(self, request: web.Request) -> web.Response | None:
        """Return the answer, None if the path is not known."""
        path = request.path.rstrip("/")
        if path in _HEALTH:
            return web.Response(text="ok")
        if path == "/version":
            return web.json_response(discovery.VERSION)
        if path in ("/api", "/apis"):
            return self._root(request, path)
        if path == "/openapi/v3":
            return web.json_response(index(self._registry))
        found = group_version(path.removeprefix("/openapi/v3"))
        body = None
        if path.startswith("/openapi/v3/") and found:
            body = group_document(self._registry, found[0], found[1])
        elif found and not found[2]:
            body = discovery.resources(self._registry, found[0], found[1])
        elif path.startswith("/apis/") and path.count("/") == 2:
            body = discovery.group(self._registry, path.rsplit("/", 1)[-1])
            body = body and {"kind": "APIGroup", "apiVersion": "v1", **body}
        return None if body is None else web.json_response(body)

    def has_group_of(self, path: str) -> bool:
        """Whether a path lies in a group that is served, whatever is looked for there."""
        parts = path.strip("/").split("/")
        if parts[0] == "api":
            return len(parts) > 1
        return parts[0] == "apis" and len(parts) > 2 and any(kind.group == parts[1] for kind in self._registry)

    def _root(self, request: web.Request, path: str) -> web.Response:
        accepted = request.headers.get("Accept", "").replace(" ", "")
        if discovery.AGGREGATED in accepted:
            body = discovery.aggregated(self._registry, core=path == "/api")
            return web.Response(body=json.dumps(body).encode(), headers={"Content-Type": discovery.AGGREGATED})
        if path == "/api":
            return web.json_response(discovery.api_versions(self._address()))
        return web.json_response(discovery.groups(self._registry))
