# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of any API server, over HTTP, for controllers and agents."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from urllib.parse import quote

import aiohttp

from llmops_gke_sandbox.kubernetes.api import DEFAULT_MANAGER
from llmops_gke_sandbox.kubernetes.errors import ApiError
from llmops_gke_sandbox.kubernetes.schema.builtin_kinds import builtin_kinds
from llmops_gke_sandbox.kubernetes.schema.custom_resources import custom_kinds
from llmops_gke_sandbox.kubernetes.schema.registry import Registry
from llmops_gke_sandbox.remote.kubeconfig import Access

_WATCH_SECONDS = 290
_PAGE = 500
_JSON, _MERGE = "application/json", "application/merge-patch+json"
# A server that is busy, or restarts, is asked again; wall seconds.
_BUSY = (429, 500, 502, 503, 504)
_ATTEMPTS, _FIRST_PAUSE = 5, 0.1


class HttpApi:
    """The cluster of another process; see KubernetesApi. It knows the builtin kinds, and those it is told of."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._kinds = Registry(builtin_kinds())
        self._opened: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """The connections to the server; nothing of the environment's proxies is asked."""
        if self._opened is None:
            connector = aiohttp.TCPConnector(ssl=self._access.tls or False, limit=0)
            timeout = aiohttp.ClientTimeout(total=None, connect=10, sock_read=_WATCH_SECONDS + 30)
            self._opened = aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False)
        return self._opened

    def define(self, definition: dict) -> None:
        """Know the kinds of a CustomResourceDefinition from now on."""
        self._kinds.set_custom(definition["metadata"]["name"], custom_kinds(definition))

    async def close(self) -> None:
        """Close what is open."""
        if self._opened is not None:
            await self._opened.close()
            self._opened = None

    async def get(self, resource: str, name: str, namespace: str | None = None) -> dict | None:
        try:
            return await self._request("GET", self._path(resource, namespace, name))
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    async def list(self, resource: str, namespace: str | None = None) -> list[dict]:
        return (await self._pages(resource, namespace))[0]

    async def snapshot(self, resource: str) -> tuple[list[dict], str]:
        return await self._pages(resource, None)

    async def create(
        self, resource: str, obj: dict, namespace: str | None = None, manager: str = DEFAULT_MANAGER
    ) -> dict:
        kind = self._kinds.named(resource)
        body = {"apiVersion": kind.api_version, "kind": kind.kind, **obj}
        namespace = namespace or obj.get("metadata", {}).get("namespace")
        return await self._request("POST", self._path(resource, namespace), body, {"fieldManager": manager})

    async def patch(
        self,
        resource: str,
        name: str,
        body: dict,
        namespace: str | None = None,
        subresource: str | None = None,
        manager: str = DEFAULT_MANAGER,
    ) -> dict:
        path = self._path(resource, namespace, name, subresource)
        return await self._request("PATCH", path, body, {"fieldManager": manager}, _MERGE)

    async def delete(
        self,
        resource: str,
        name: str,
        namespace: str | None = None,
        propagation: str = "Background",
        uid: str | None = None,
        grace_period: int | None = None,
    ) -> None:
        options: dict = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation}
        if uid is not None:
            options["preconditions"] = {"uid": uid}
        if grace_period is not None:
            options["gracePeriodSeconds"] = grace_period
        try:
            await self._request("DELETE", self._path(resource, namespace, name), options)
        except ApiError as error:
            if error.status != 404:
                raise

    async def watch(
        self, resource: str, namespace: str | None = None, since: str | None = None
    ) -> AsyncIterator[tuple[str, dict]]:
        """See KubernetesApi. Goes on over the server's own timeouts."""
        if since is None:
            objects, since = await self._pages(resource, namespace)
            for obj in objects:
                yield "ADDED", obj
        kind = self._kinds.named(resource)
        while True:
            query = {
                "watch": "true",
                "resourceVersion": since,
                "allowWatchBookmarks": "true",
                "timeoutSeconds": str(_WATCH_SECONDS),
            }
            async with self._answer("GET", self._path(resource, namespace), None, query) as answer:
                # Lines may be longer than the reader's own limit for lines.
                async for line in _lines(answer.content):
                    event = json.loads(line)
                    obj = event["object"]
                    if event["type"] == "ERROR":
                        raise ApiError(obj.get("code", 500), obj.get("reason", ""), obj.get("message", "watch failed"))
                    since = obj["metadata"]["resourceVersion"]
                    if event["type"] != "BOOKMARK":
                        yield event["type"], {"apiVersion": kind.api_version, "kind": kind.kind, **obj}

    async def _pages(self, resource: str, namespace: str | None) -> tuple[list[dict], str]:
        kind, found, query = self._kinds.named(resource), [], {"limit": str(_PAGE)}
        while True:
            page = await self._request("GET", self._path(resource, namespace), None, query)
            found += [{"apiVersion": kind.api_version, "kind": kind.kind, **obj} for obj in page.get("items") or []]
            if not page["metadata"].get("continue"):
                return found, page["metadata"]["resourceVersion"]
            query["continue"] = page["metadata"]["continue"]

    def _path(self, resource: str, namespace: str | None, *rest: str | None) -> str:
        kind = self._kinds.named(resource)
        start = f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"
        where = ["namespaces", namespace] if kind.namespaced and namespace else []
        return "/".join([start, *(quote(one) for one in [*where, kind.plural, *rest] if one)])

    async def _request(
        self, method: str, path: str, body: dict | None = None, query: dict | None = None, content_type: str = _JSON
    ) -> dict:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                async with self._answer(method, path, body, query, content_type) as answer:
                    return json.loads(await answer.read())
            except ApiError as error:
                if error.status not in _BUSY or attempt == _ATTEMPTS:
                    raise
            except (aiohttp.ClientError, TimeoutError) as error:
                if attempt == _ATTEMPTS:
                    text = f"{self._access.server} does not answer: {error or type(error).__name__}"
                    raise ApiError(503, "ServiceUnavailable", text) from None
            await asyncio.sleep(_FIRST_PAUSE * 2 ** (attempt - 1))
        raise AssertionError("the last attempt returns or raises")

    def _answer(
        self, method: str, path: str, body: dict | None, query: dict | None, content_type: str = _JSON
    ) -> _Answer:
        headers = {
            **self._access.headers,
            "Accept": _JSON,
            "Accept-Encoding": "identity",
            "User-Agent": "llmops-gke-sandbox",
        }
        if body is not None:
            headers["Content-Type"] = content_type
        data = None if body is None else json.dumps(body)
        return _Answer(
            self.session.request(method, self._access.server + path, params=query, data=data, headers=headers)
        )


class _Answer:
    """An answer that has arrived, and is not a failure."""

    def __init__(self, request) -> None:
        self._request = request

    async def __aenter__(self) -> aiohttp.ClientResponse:
        answer = await self._request.__aenter__()
        if answer.status < 400:
            return answer
        try:
            status = json.loads(await answer.read())
        except ValueError:
            status = {}
        await self._request.__aexit__(None, None, None)
        text = status.get("message") or f"HTTP status {answer.status}"
        raise ApiError(answer.status, status.get("reason", ""), text, status.get("details"))

    async def __aexit__(self, *failure) -> None:
        await self._request.__aexit__(*failure)


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    rest = b""
    async for chunk in content.iter_any():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line
