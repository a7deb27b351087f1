# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an HTTP request to a verb and back."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress

from aiohttp import web

from llmops_gke_sandbox.kubernetes.errors import ApiError, bad_request, flag, not_implemented
from llmops_gke_sandbox.kubernetes.forwarding.legs import PortSource
from llmops_gke_sandbox.kubernetes.lifecycle.strategies import RETURNED_WHEN_DELETED
from llmops_gke_sandbox.kubernetes.options import DeleteOptions
from llmops_gke_sandbox.kubernetes.rest import access, listing, protobuf
from llmops_gke_sandbox.kubernetes.rest.meta import Meta
from llmops_gke_sandbox.kubernetes.rest.paths import Target, resolve
from llmops_gke_sandbox.kubernetes.rest.pod_logs import LogSource
from llmops_gke_sandbox.kubernetes.rest.proxy import Proxy
from llmops_gke_sandbox.kubernetes.rest.representations import plain_list
from llmops_gke_sandbox.kubernetes.rest.requests import body_of, form_of, patch_form, write_options, written
from llmops_gke_sandbox.kubernetes.rest.subresources import Parts
from llmops_gke_sandbox.kubernetes.rest.watches import Watch
from llmops_gke_sandbox.kubernetes.verbs import Verbs, subject_details

_LOG = logging.getLogger(__name__)
_NOT_ALLOWED = "the server does not allow this method on the requested resource"
_NOT_FOUND = "404 page not found\n"


class Handlers:
    """Answers every request of one cluster's API server.

    :param address: returns the server's own HOST:PORT.
    :param log_source: returns what reads pods' logs, None while nothing does.
    :param port_source: returns what knows where pods' ports are, None while nothing does.
    :param granted: see access.require.
    """

    def __init__(
        self,
        verbs: Verbs,
        authenticate: access.Authenticate,
        address: Callable[[], str],
        log_source: Callable[[], LogSource | None],
        port_source: Callable[[], PortSource | None],
        granted: access.Granted = access.everything,
    ) -> None:
        self._verbs = verbs
        self._granted = granted
        self._authenticate = authenticate
        self._meta = Meta(verbs.registry, address)
        self._parts = Parts(verbs, log_source, port_source)
        self._proxy = Proxy(verbs, port_source, granted)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request; failures become Status objects."""
        try:
            return await self._answer(request)
        except ApiError as error:
            return web.json_response(error.body(), status=error.status)
        except Exception as error:
            _LOG.exception("%s %s", request.method, request.path)
            text = f"{type(error).__name__}: {error}"
            return web.json_response(ApiError(500, "InternalError", text).body(), status=500)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        user = access.user_of(request.headers.get("Authorization"), self._authenticate)
        user = access.impersonated(user, request.headers.get("Impersonate-User"))
        passed_on = await self._proxy.answer(request, user)
        if passed_on is not None:
            return passed_on
        target = resolve(self._verbs.registry, request.path)
        if target is None:
            if request.path not in access.OPEN_PATHS:
                access.require_path(user, request.method, request.path)
            answer = self._meta.answer(request) if request.method in ("GET", "HEAD") else None
            if answer is None and self._meta.has_group_of(request.path):
                raise ApiError(404, "NotFound", "the server could not find the requested resource", {})
            return answer or web.Response(status=404, text=_NOT_FOUND)
        watch = flag(request.query, "watch")
        verb = target.verb(request.method, watch)
        access.require(user, verb, target, self._granted)
        if not target.allows(verb):
            raise ApiError(405, "MethodNotAllowed", _NOT_ALLOWED, {})
        if target.subresource not in ("", "status", "finalize"):
            return await self._parts.answer(request, target, verb)
        return await _VERBS[verb](self, request, target, user)

    async def _get(self, request: web.Request, target: Target, _user: str) -> web.Response:
        found = self._verbs.get(target.kind, target.namespace, target.name)
        return web.json_response(form_of(request).one(target.kind, found))

    async def _list(self, request: web.Request, target: Target, _user: str) -> web.Response:
        items, metadata = listing.list_objects(self._verbs.store, target.kind, target.namespace, request.query)
        return web.json_response(form_of(request).many(target.kind, items, metadata))

    async def _watch(self, request: web.Request, target: Target, _user: str) -> web.StreamResponse:
        watch = Watch(self._verbs.store, target.kind, target.namespace, target.name, request.query, form_of(request))
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        # A watch ends as often by its client's going as by its own time.
        with suppress(ConnectionResetError):
            await watch.run(response.write)
            await response.write_eof()
        return response

    async def _create(self, request: web.Request, target: Target, user: str) -> web.Response:
        kind, options = target.kind, write_options(request)
        if access.is_review(kind) and request.content_type == protobuf.CONTENT_TYPE:
            # kubectl asks about rights in protobuf alone. The answer depends on who asks, not on what.
            return web.json_response(access.review(kind, {}, user, options.manager, self._verbs.now()), status=201)
        body = await body_of(request, kind.kind)
        if not isinstance(body, dict):
            raise bad_request(f"the body must be an object of kind {kind.kind}")
        if access.is_review(kind):
            answer = access.review(kind, body, user, options.manager, self._verbs.now())
            return web.json_response(answer, status=201)
        if kind.verbs == ("create",):
            raise not_implemented(kind.resource)
        created = self._verbs.create(kind, target.namespace, body, options)
        return written(form_of(request).one(kind, created), options, 201)

    async def _update(self, request: web.Request, target: Target, _user: str) -> web.Response:
        options, body = write_options(request), await body_of(request, target.kind.kind)
        updated = self._verbs.update(target.kind, target.namespace, target.name, body, options, target.subresource)
        return written(form_of(request).one(target.kind, updated), options)

    async def _patch(self, request: web.Request, target: Target, _user: str) -> web.Response:
        form, options = patch_form(request, target), write_options(request)
        obj, created = self._verbs.patch(
            target.kind, target.namespace, target.name, await body_of(request), form, options, target.subresource
        )
        return written(form_of(request).one(target.kind, obj), options, 201 if created else 200)

    async def _delete(self, request: web.Request, target: Target, _user: str) -> web.Response:
        options = DeleteOptions.of(await body_of(request) or {}, request.query)
        obj, gone = self._verbs.delete(target.kind, target.namespace, target.name, options)
        return web.json_response(_deleted(target, obj, gone))

    async def _delete_collection(self, request: web.Request, target: Target, _user: str) -> web.Response:
        options = DeleteOptions.of(await body_of(request) or {}, request.query)
        items, metadata = listing.list_objects(self._verbs.store, target.kind, target.namespace, request.query)
        for obj in items:
            names = obj["metadata"]
            self._verbs.delete(target.kind, names.get("namespace", ""), names["name"], options)
        return web.json_response(plain_list(target.kind, items, metadata))


_VERBS = {
    "create": Handlers._create,
    "delete": Handlers._delete,
    "deletecollection": Handlers._delete_collection,
    "get": Handlers._get,
    "list": Handlers._list,
    "patch": Handlers._patch,
    "update": Handlers._update,
    "watch": Handlers._watch,
}


def _deleted(target: Target, obj: dict, gone: bool) -> dict:
    kind = target.kind
    if not gone or (kind.custom is None and kind.kind in RETURNED_WHEN_DELETED):
        return obj
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": subject_details(kind, obj),
    }
